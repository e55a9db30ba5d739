"""Nudged elastic bands: paths, the surrogate they are relaxed on, and the rounds that make them exact."""
