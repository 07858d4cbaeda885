"""Step 1, what are we modelling: variables, units, expressions, symmetries and laws."""
