"""Interfaces of two crystals: planes, terminations, lattice matches, registry, and the cells built from them."""
