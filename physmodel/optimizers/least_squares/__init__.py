"""Nonlinear least squares: Levenberg-Marquardt dense, bordered and many at once; ridge."""
