"""Suites of systems whose equations are known."""
