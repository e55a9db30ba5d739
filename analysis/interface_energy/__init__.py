"""Interface energies, strain energies and works of adhesion."""
