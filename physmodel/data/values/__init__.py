"""Single values as they are written: numerals, quantities, times and their zones."""
