"""Which weights a network has: pruned, drawn, updated by low rank, and its files."""
