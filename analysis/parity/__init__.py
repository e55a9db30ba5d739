"""Energies of one method beside those of another, on the same structures."""
