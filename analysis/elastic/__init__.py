"""Elastic tensors, moduli and mechanical stability."""
