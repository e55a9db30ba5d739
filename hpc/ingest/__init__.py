"""Existing VASP folders as calculations of this project."""
