"""What measured motion conserves, and its symmetries: of data, with or without a law."""
