"""The operations of a crystal's space group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

SYMPREC = 0.01
"""Å. Distance within which atoms count as mapped on each other."""


def space_group_operations(structure: Structure) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return rotations (n, 3, 3) and translations (n, 3) of a crystal, acting on columns of fractional coordinates.

    spglib finds them, within :data:`SYMPREC`. In a cell that is not primitive its centring translations are among them.

    Parameters
    ----------
    structure
        Ordered crystal.
    """
    import spglib

    cell = (
        structure.lattice.matrix.tolist(),
        structure.frac_coords.tolist(),
        [int(site.specie.Z) for site in structure],
    )
    found = spglib.get_symmetry_dataset(cell, symprec=SYMPREC)
    if found is None:
        raise RuntimeError(f"spglib finds no symmetry in {structure.formula}")
    return np.asarray(found.rotations, dtype=np.int64), np.asarray(found.translations, dtype=np.float64)
