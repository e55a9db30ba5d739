"""The campaign file: its entries, units and engines, and how it is read."""
