"""Noise, filters, outliers and time scales of what was measured."""
