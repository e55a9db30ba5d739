"""How many atoms surround the moving lithium."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.hops.neighbours import points_near

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.hops.sites import Sites

_FARTHEST = 1.6  # of the closest atom: a second shell of close packings is at 1.41 to 1.63
_SMALLEST_GAP = 0.05  # relative; noise of a relaxation is not a gap


@dataclass(frozen=True, kw_only=True)
class Coordination:
    """The neighbours of one atom.

    Attributes
    ----------
    number
        Atoms within ``radius``.
    by_element
        The same by element.
    radius
        Å.
    effective
        Effective coordination number by Hoppe (Z. Kristallogr. 150, 23 (1979)): neighbours weighted by their distance,
        so that no radius has to be chosen: 12.0 in fcc, 11.6 for the 8 + 6 neighbours in bcc.
    closest
        Distance of the nearest atom, Å.
    """

    number: int
    by_element: dict[str, int]
    radius: float
    effective: float
    closest: float


def coordination(structure: Structure, atom: int, *, radius: float) -> Coordination:
    """Count the neighbours of an atom, at an end point or at a saddle.

    Parameters
    ----------
    structure
        Any cell: an end point, or the image at the saddle.
    atom
        Number of the atom, such as ``EndPoints.moving``.
    radius
        Å. One radius for all structures that are compared: :func:`shell_radius` of the perfect crystal.

    Raises
    ------
    InputError
        Where there is no such atom, or the radius is no length.
    """
    from pymatgen.analysis.local_env import EconNN

    if not 0 <= atom < len(structure):
        raise InputError(f"there is no atom {atom}; there are {len(structure)}, numbered from 0", structure.formula)
    if not 0 < radius < np.inf:
        raise InputError(f"neighbours within {radius} Å cannot be counted", structure.formula)
    near = structure.get_neighbors(structure[atom], radius)
    around = near or structure.get_neighbors(structure[atom], 4 * radius)
    if not around:
        raise InputError(f"atom {atom} has no neighbours within {4 * radius:g} Å", structure.formula)
    closest = min(float(neighbour.nn_distance) for neighbour in around)
    # weights fall as exp(1 - (d/d0)^6): at three times the shortest distance nothing is left
    effective = EconNN(tol=0.0, cutoff=3 * closest).get_cn(structure, atom, use_weights=True)
    counts = Counter(neighbour.specie.symbol for neighbour in near)
    return Coordination(
        number=len(near),
        by_element=dict(sorted(counts.items())),
        radius=radius,
        effective=float(effective),
        closest=closest,
    )


def shell_radius(sites: Sites) -> float:
    """Return the radius that parts the first neighbours of a crystal's sites from the rest, Å.

    It lies in the middle of the widest gap, in proportion, among the distances from all sites, up to 1.6 times the
    shortest of each: beyond 8 + 6 neighbours in bcc, 12 in fcc.

    Parameters
    ----------
    sites
        Whose surroundings count, in the perfect crystal.
    """
    lattice, crystal = sites.crystal.lattice, sites.crystal
    distances: list[float] = []
    for place in lattice.get_cartesian_coords(sites.positions):
        found = np.sort(points_near(lattice, crystal.frac_coords, place, 10.0)[1])
        found = found[found > 0.1]
        distances += found[found < _FARTHEST * found[0] * 1.1].tolist()
    ordered = np.unique(np.round(distances, 3))
    first = ordered[ordered <= _FARTHEST * ordered[0]]
    after = ordered[1 : len(first) + 1]
    gaps = after / first[: len(after)] - 1
    widest = int(np.argmax(gaps))
    if gaps[widest] < _SMALLEST_GAP:
        return float(_FARTHEST * ordered[0])
    return float((first[widest] + after[widest]) / 2)
