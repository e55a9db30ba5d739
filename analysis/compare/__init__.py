"""Computed values beside published ones."""
