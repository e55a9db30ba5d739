"""Adsorption energies: entry, flow, slabs with adsorbates and analysis."""
