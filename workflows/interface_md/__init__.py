"""Interfaces in time: entry, flow, cells, bonds of reference crystals and analysis."""
