"""Places on a surface where an atom can sit."""
