"""Parameters of fields fitted to records."""
