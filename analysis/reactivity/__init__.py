"""Reactions between an anode and an electrolyte."""
