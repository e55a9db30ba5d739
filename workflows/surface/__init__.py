"""Surface energies: entry, flow, slabs and analysis."""
