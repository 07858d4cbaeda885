"""What `physmodel.hybrid` returns: its numbers, text, equations and files."""
