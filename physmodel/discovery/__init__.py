"""From data to laws: composes problem, data, models, losses and optimisers."""
