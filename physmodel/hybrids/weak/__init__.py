"""Fits of known part, terms and network in the weak form, and the test of what they leave."""
