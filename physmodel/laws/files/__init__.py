"""Laws in run folders."""
