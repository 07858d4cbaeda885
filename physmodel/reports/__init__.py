"""Reports for people: figures, one self-contained HTML page, run folders."""
