"""The weak form of an equation on noisy samples, whitened."""
