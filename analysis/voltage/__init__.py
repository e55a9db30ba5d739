"""Voltage curves and capacities, computed and measured, and titration."""
