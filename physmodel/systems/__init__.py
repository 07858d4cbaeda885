"""Systems whose laws are known, records drawn from them, and how an answer is judged."""
