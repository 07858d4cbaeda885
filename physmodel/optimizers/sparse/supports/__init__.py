"""Few columns by choosing them: pursuits, thresholds, best subsets."""
