"""Bodies that pull each other: central forces, the balance of momentum, unseen bodies."""
