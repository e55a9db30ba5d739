"""Data files of this package."""
