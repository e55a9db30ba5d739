"""A relaxation carried from one defect to another one that symmetry makes equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.hops.defects import DefectCell
    from lianode.structures.hops.supercell import Supercell

_CLOSE = 0.1  # Å: places of unrelaxed atoms that agree; the symmetry of the crystal holds to 0.01 Å


def transported(
    relaxed: Structure, reference: DefectCell, target: DefectCell, cell: Supercell, rotations: NDArray[np.int64]
) -> Structure | None:
    """Carry displacements from one defect to another.

    An operation is looked for that takes the unrelaxed reference to the unrelaxed target. Its rotation is one of the
    crystal's; its translation follows from the two defects.

    Parameters
    ----------
    relaxed
        The reference after its relaxation, atoms in the same order, in the same cell.
    reference, target
        Unrelaxed cells.
    cell
        Their supercell.
    rotations
        Of the crystal, shape (n, 3, 3), on columns of fractional coordinates in the primitive cell.

    Returns
    -------
    Structure or None
        The target with the displacements, atoms in its order and coordinates not wrapped. None where no operation does
        it.
    """
    species = np.array([site.specie.Z for site in reference.structure])
    wanted = np.array([site.specie.Z for site in target.structure])
    old, new = (np.asarray(one.structure.frac_coords) for one in (reference, target))
    displacements = np.asarray(relaxed.frac_coords) - old
    displacements -= np.rint(displacements)
    lattice = np.asarray(target.structure.lattice.matrix)
    inverse = np.linalg.inv(cell.matrix)
    for rotation in np.unique(rotations, axis=0):
        turn = cell.matrix @ rotation.T @ inverse  # on rows of coordinates in the supercell
        if np.abs(turn - np.rint(turn)).max() > 1e-6:
            continue
        places = (old - reference.anchor) @ turn + target.anchor
        found = _matched(places, species, new, wanted, lattice)
        if found is not None:
            return _with(target.structure, new + (displacements @ turn)[found])
    return None


def _matched(
    places: NDArray[np.float64],
    species: NDArray[np.int64],
    wanted_places: NDArray[np.float64],
    wanted_species: NDArray[np.int64],
    lattice: NDArray[np.float64],
) -> NDArray[np.int64] | None:
    """Return for each wanted atom which of the places is its own, or None where one has none."""
    difference = wanted_places[:, None, :] - places[None, :, :]
    difference -= np.rint(difference)
    distances = np.linalg.norm(difference @ lattice, axis=2)
    distances[wanted_species[:, None] != species[None, :]] = np.inf
    nearest: NDArray[np.int64] = np.argmin(distances, axis=1)
    if distances[np.arange(len(nearest)), nearest].max() > _CLOSE or len(np.unique(nearest)) < len(nearest):
        return None
    return nearest


def _with(structure: Structure, coordinates: NDArray[np.float64]) -> Structure:
    from pymatgen.core import Structure as Crystal

    return Crystal(structure.lattice, structure.species, coordinates)
