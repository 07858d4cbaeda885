"""Search over the settings of a pipeline: Hyperband, or Optuna when asked for."""
