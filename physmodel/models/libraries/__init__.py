"""Libraries of candidate terms: which are tried, of which units, what symmetries leave free."""
