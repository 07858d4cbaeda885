"""Penalties on the sum of sizes: Lasso, elastic net, groups, paths, basis pursuit."""
