"""Conserved quantities and symmetries, found in data or in a fitted law."""
