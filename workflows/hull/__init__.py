"""Hulls, voltages and free energies: entry, flow and analysis."""
