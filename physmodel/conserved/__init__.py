"""Conserved quantities and symmetries of a law, and the search that data use, too."""
