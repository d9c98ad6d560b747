"""What a publication says of runs: who made them, under which licence, beside which paper."""
