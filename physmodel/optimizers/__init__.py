"""Step 5, optimisation: arrays and operators in, arrays out; no physics is known here."""
