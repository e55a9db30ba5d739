"""Migration barriers: entry, flow, starts of bands and analysis."""
