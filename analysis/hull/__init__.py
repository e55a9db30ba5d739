"""Convex hulls: which phases are stable, by how much, and between which chemical potentials."""
