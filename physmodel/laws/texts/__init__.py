"""Laws as text, LaTeX, HTML, SymPy and tables."""
