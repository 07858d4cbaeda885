"""``physmodel bench``."""
