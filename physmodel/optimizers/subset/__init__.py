"""Best subsets of columns on a triangular factor: elimination, exchange, nested descents."""
