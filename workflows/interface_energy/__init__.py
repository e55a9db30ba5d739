"""Interface energies: entry, flow and analysis."""
