"""What a straight path passes on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.hops.neighbours import points_near

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

THROUGH = 0.5
"""Share of the sum of covalent radii. Midway between two atoms that touch each other a path is this far from both: one
that comes closer does not lead between atoms but through one. The hole in a triangle of touching atoms has 0.58, hops
into a nearest neighbour's place 0.9 to 1.1."""

_OWN = 0.1  # Å: an atom this close to an end of the path is the one that moves, or the one that was removed


@dataclass(frozen=True, kw_only=True)
class Passage:
    """The atom that a straight path comes closest to.

    Attributes
    ----------
    atom
        Its number in the crystal.
    element
        Its symbol.
    distance
        From the path, Å.
    relative_distance
        Distance divided by the sum of the covalent radii of the moving atom and this one.
    """

    atom: int
    element: str
    distance: float
    relative_distance: float

    @property
    def blocked(self) -> bool:
        """Whether the path leads through the atom."""
        return self.relative_distance < THROUGH


def narrowest_passage(
    crystal: Structure, mobile: str, start: NDArray[np.float64], end: NDArray[np.float64]
) -> Passage | None:
    """Find what a straight path comes closest to, in units of the sum of covalent radii.

    Parameters
    ----------
    crystal
        With all its atoms; those at the two ends are passed over.
    mobile
        Element that moves.
    start, end
        Fractional coordinates, not wrapped: the path is the line between them.

    Returns
    -------
    Passage or None
        None where no atom is near.
    """
    from ase.data import atomic_numbers, covalent_radii

    first, last = (np.asarray(crystal.lattice.get_cartesian_coords(point)) for point in (start, end))
    way = last - first
    length = float(np.linalg.norm(way))
    radii = np.array([covalent_radii[site.specie.Z] for site in crystal]) + covalent_radii[atomic_numbers[mobile]]
    reach = length / 2 + 1.5 * float(radii.max())
    places, _, atoms = points_near(crystal.lattice, crystal.frac_coords, (first + last) / 2, reach)
    if not len(atoms):
        return None
    along = np.clip((places - first) @ way / length**2, 0.0, 1.0)
    distances = np.linalg.norm(places - first - along[:, None] * way, axis=1)
    to_ends = np.minimum(np.linalg.norm(places - first, axis=1), np.linalg.norm(places - last, axis=1))
    relative = np.where(to_ends < _OWN, np.inf, distances / radii[atoms])
    closest = int(np.argmin(relative))
    if not np.isfinite(relative[closest]):
        return None
    return Passage(
        atom=int(atoms[closest]),
        element=crystal[int(atoms[closest])].specie.symbol,
        distance=float(distances[closest]),
        relative_distance=float(relative[closest]),
    )


def check_path(
    crystal: Structure, mobile: str, start: NDArray[np.float64], end: NDArray[np.float64], where: str
) -> None:
    """Refuse a straight path that leads through an atom.

    Parameters
    ----------
    crystal, mobile, start, end
        As in :func:`narrowest_passage`.
    where
        For the message.

    Raises
    ------
    InputError
        With the atom, and how close the path comes to it.
    """
    passage = narrowest_passage(crystal, mobile, start, end)
    if passage is not None and passage.blocked:
        raise InputError(
            f"the straight path of {mobile} crosses {passage.element} (atom {passage.atom + 1}) at "
            f"{passage.distance:.2f} Å; choose a hop that leads between the atoms, or go over the site in steps",
            where,
        )
