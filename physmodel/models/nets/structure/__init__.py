"""Networks whose equations have a structure: canonical, Lagrangian, dissipative, with rods."""
