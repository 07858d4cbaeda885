"""From files and objects of every kind to one dataset."""
