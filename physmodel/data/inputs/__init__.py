"""Inputs: how they run between samples, and columns that look like one."""
