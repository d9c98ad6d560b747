"""What runs did as a graph: processes, files, packages, and what joins them."""
