"""What the numbers mean: pure functions from energies to property documents, and the figures.

Nothing here runs a calculation or opens a store.
"""
