"""Elastic moduli: entry, flow, strained starts and analysis."""
