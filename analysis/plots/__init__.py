"""Figures that could go into a paper."""
