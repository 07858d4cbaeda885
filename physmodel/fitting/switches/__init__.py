"""Fits of systems that switch between regimes."""
