"""Step 4, the loss: vectors of whitened residuals of a model on data."""
