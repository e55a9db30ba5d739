"""Hops of lithium in a crystal: between which sites, by which mechanism, how they join."""
