"""Band gaps, densities of states and work functions of a campaign."""
