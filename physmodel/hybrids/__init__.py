"""Known physics, a network for what it leaves out, and the equation behind the network."""
