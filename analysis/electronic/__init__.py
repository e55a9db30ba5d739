"""Electronic structure: band gaps, densities of states, and the potential of slabs."""
