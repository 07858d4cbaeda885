"""Checks and strategies for the tests of physmodel and of its users."""
