"""Adsorption energies: the sites of a surface, referred to the metal and to the free atom."""
