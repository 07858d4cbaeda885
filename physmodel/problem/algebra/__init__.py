"""Formulas in text: read, differentiated, printed."""
