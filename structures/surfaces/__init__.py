"""Slabs with vacuum: which planes, which cuts, how thick."""
