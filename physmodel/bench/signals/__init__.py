"""Suites of sparse solvers and dictionaries."""
