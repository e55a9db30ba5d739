"""The structures of a store as an OPTIMADE provider shows them: https://www.optimade.org."""
