"""Ordered models of disordered crystals: which atom is on which of the sites that several share."""
