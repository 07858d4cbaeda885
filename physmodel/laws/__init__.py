"""Laws as records: what tasks return, and how it is simulated, scored, written and read."""
