"""Migration: bands, barriers, networks of hops and diffusivities."""
