"""Harmonic free energies from displaced supercells."""
