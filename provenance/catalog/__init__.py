"""The catalogue: which runs there are, what they read and wrote, where they are kept."""
