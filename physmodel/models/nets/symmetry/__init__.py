"""Networks whose symmetry is exact: averages over groups, invariants."""
