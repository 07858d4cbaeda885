"""Equations over space: stated in text, solved, and fitted to measurements."""
