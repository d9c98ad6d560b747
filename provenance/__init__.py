"""What describes, compares and publishes runs: it reads the formats that the others write."""
