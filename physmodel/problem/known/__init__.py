"""Symmetries and laws of nature that are known to hold."""
