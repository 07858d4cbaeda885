"""Laws as source text of programming languages, which needs nothing of physmodel to run."""
