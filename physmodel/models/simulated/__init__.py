"""Systems that can be simulated: the catalogue's own."""
