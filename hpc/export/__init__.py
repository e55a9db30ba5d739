"""Results in the formats of other programs: ASE databases, pymatgen entries, extended XYZ."""
