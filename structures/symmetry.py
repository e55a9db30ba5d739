"""The operations of a crystal's space group."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

SYMPREC = 0.01
"""Å. Distance within which atoms count as mapped on each other."""


def keeps_symmetry(structure: Structure, of: Structure, *, tolerance: float = 0.1) -> bool:
    """Whether all operations of one crystal's space group take another one, with the same atoms in order, to itself.

    A relaxed crystal may have more symmetry than the one it began from; with less, what was equal is not any more.

    Parameters
    ----------
    structure
        Whose atoms are moved.
    of
        Whose operations they are.
    tolerance
        Å.
    """
    lattice, metric = structure.lattice, np.asarray(structure.lattice.metric_tensor)
    short = float(min(lattice.abc))
    like = np.array([[a.specie == b.specie for b in structure] for a in structure])
    for rotation, translation in zip(*space_group_operations(of), strict=True):
        turned = rotation.T @ metric @ rotation
        if float(np.abs(turned - metric).max()) > 2.0 * tolerance * short:  # d(a²) = 2 a da
            return False
        moved = structure.frac_coords @ rotation.T + translation
        apart = lattice.get_all_distances(moved, structure.frac_coords)
        if float(np.where(like, apart, np.inf).min(axis=1).max()) > tolerance:
            return False
    return True


def space_group_operations(structure: Structure) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return rotations (n, 3, 3) and translations (n, 3) of a crystal, acting on columns of fractional coordinates.

    spglib finds them, within :data:`SYMPREC`. In a cell that is not primitive its centring translations are among them.

    Parameters
    ----------
    structure
        Ordered crystal.
    """
    found = symmetry_dataset(structure)
    if found is None:
        raise RuntimeError(f"spglib finds no symmetry in {structure.formula}")
    return np.asarray(found.rotations, dtype=np.int64), np.asarray(found.translations, dtype=np.float64)


def symmetry_dataset(structure: Structure, symprec: float = SYMPREC) -> Any | None:
    """Return spglib's dataset of an ordered crystal, or None where it finds no symmetry.

    Parameters
    ----------
    structure
        Ordered crystal.
    symprec
        Tolerance, Å.
    """
    numbers = np.array([site.specie.Z for site in structure], dtype=np.intp)
    return cell_dataset(np.asarray(structure.lattice.matrix), np.asarray(structure.frac_coords), numbers, symprec)


def cell_dataset(
    cell: NDArray[np.float64], fractions: NDArray[np.float64], numbers: NDArray[np.intp], symprec: float = SYMPREC
) -> Any | None:
    """Return spglib's dataset of a cell (3, 3), Å, with atoms at fractional coordinates (n, 3), or None.

    spglib returns None where it fails, or raises where some other package has set it to; and it warns of its future.
    """
    import spglib

    crystal: Any = (cell, fractions, numbers)  # its annotation knows lists only
    with warnings.catch_warnings(), suppress(spglib.SpglibError):
        warnings.simplefilter("ignore", DeprecationWarning)
        return spglib.get_symmetry_dataset(crystal, symprec=symprec)
    return None
