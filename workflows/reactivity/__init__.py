"""Reactions of anode and electrolyte: entry, flow and analysis."""
