"""Neighbours: other people's toolkits, plugged into this one and the other way round."""
