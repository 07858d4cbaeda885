"""Pictures of laws against the data that they were found in."""
