"""Networks fitted to data: trained, tuned, pruned, and carried to other data."""
