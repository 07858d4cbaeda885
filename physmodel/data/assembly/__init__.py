"""From tables, arrays and labelled arrays of every kind to one checked dataset."""
