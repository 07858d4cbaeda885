"""Combinations of terms that do not change along the motion: looked for, and judged."""
