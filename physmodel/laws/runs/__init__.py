"""Laws run forward and compared with data."""
