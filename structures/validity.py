"""Whether a structure can be a crystal at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import PeriodicSite, Structure

OVERLAP = 0.5
"""Å. Below it two atoms are on top of each other; the shortest bond there is, H-H, has 0.74 Å."""

SHORTEST_BOND = 0.6
"""Share of the sum of covalent radii that no bond goes below: N2 reaches 0.77, a quadruple bond of Cr 0.66."""

LONGEST_BOND = 1.7
"""Share of the sum of covalent radii within which some pair has to be: metals and salts have 1.0 to 1.2. A cell in Bohr
read as Å has 1.9 and more."""

DENSITY_RANGE = (0.05, 25.0)
"""g/cm³, from below solid hydrogen (0.09) to above osmium (22.6)."""

_SMALLEST_VOLUME_PER_ATOM = 1.0  # Å³; diamond has 5.7


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Two neighbouring atoms, or an atom and its own periodic image.

    Attributes
    ----------
    first, second
        Indices of the two sites.
    distance
        Å.
    relative_distance
        Distance divided by the sum of the covalent radii (Cordero et al., Dalton Trans. 2008, 2832).
    """

    first: int
    second: int
    distance: float
    relative_distance: float


def shortest_contact(structure: Structure) -> Contact:
    """Return the closest pair of atoms, periodic images (an atom's own too) included.

    On a site of mixed occupancy the largest of the radii counts.
    """
    reach = OVERLAP
    while (contact := _closest(structure, reach)) is None:
        reach *= 1.5
    return contact


def tightest_contact(structure: Structure) -> Contact:
    """Return the pair that is closest in units of the sum of covalent radii."""
    shortest = shortest_contact(structure)
    # a pair that beats this one cannot be further apart than its ratio times the largest sum of radii
    reach = shortest.relative_distance * 2 * max(_radius(site) for site in structure)
    return _closest(structure, reach, relative=True) or shortest


def check_ordered(structure: Structure, where: str) -> None:
    """Refuse a crystal with partly or mixedly occupied sites.

    Raises
    ------
    InputError
        With what to do about it.
    """
    disordered = [site for site in structure if not site.is_ordered]
    if disordered:
        raise InputError(
            f"{len(disordered)} of {len(structure)} sites are partly or mixedly occupied (the first is "
            f"{disordered[0].species_string} at {_place(disordered[0])}) and cannot be computed; write an ordered "
            "cell, for example with pymatgen's OrderDisorderedStructureTransformation, and give that as CIF or POSCAR",
            where,
        )


def check_crystal(structure: Structure, where: str) -> None:
    """Refuse a structure that cannot be a crystal: bad cell, atoms too close or too far apart, absurd density.

    Parameters
    ----------
    structure
        Ordered or disordered.
    where
        File or name for the message.

    Raises
    ------
    InputError
        With the first thing that is wrong.
    """
    _check_cell(structure, where)
    contact = shortest_contact(structure)
    if contact.distance < OVERLAP:
        raise InputError(f"{_pair(structure, contact)}, which is on top of each other", where)
    contact = tightest_contact(structure)
    if contact.relative_distance < SHORTEST_BOND:
        raise InputError(
            f"{_pair(structure, contact)}, less than {SHORTEST_BOND:.0%} of the sum of their covalent radii; is it the "
            "average of a disordered crystal written as if every site were full, or a length in another unit than Å?",
            where,
        )
    if contact.relative_distance > LONGEST_BOND:
        raise InputError(
            f"{_pair(structure, contact)}, and no pair is closer for its size, so nothing holds this crystal together; "
            "is a length in another unit than Å, or is this an atom in a box?",
            where,
        )


def _check_cell(structure: Structure, where: str) -> None:
    matrix = np.asarray(structure.lattice.matrix, dtype=float)
    if not np.isfinite(matrix).all():
        raise InputError("a cell vector is not a finite number", where)
    if not np.isfinite(structure.frac_coords).all():
        raise InputError("a coordinate is not a finite number", where)
    volume = abs(float(np.linalg.det(matrix)))
    lengths = np.linalg.norm(matrix, axis=1)
    if volume <= 1e-6 * float(np.prod(lengths)) or volume == 0.0:
        raise InputError("the cell has no volume: its three vectors lie in a plane or are zero", where)
    # before any search for neighbours, whose cost explodes in cells that are far too small or too large
    if volume < _SMALLEST_VOLUME_PER_ATOM * len(structure):
        raise InputError(
            f"the cell has {volume:.3g} Å³ for {len(structure)} atoms, which then are on top of each other; check the "
            "cell and its unit (Å)",
            where,
        )
    image = float(np.linalg.norm(structure.lattice.get_lll_reduced_lattice().matrix, axis=1).min())
    if image < OVERLAP:
        raise InputError(f"the cell repeats after {image:.3g} Å, so that atoms are on top of their own images", where)
    low, high = DENSITY_RANGE
    density = float(structure.density)
    if not low < density < high:
        raise InputError(
            f"the density of {density:.3g} g/cm³ is outside {low:g} to {high:g}; check the cell and its unit (Å)", where
        )


def _closest(structure: Structure, reach: float, *, relative: bool = False) -> Contact | None:
    from pymatgen.core import Structure as Crystal

    # the cost explodes in skewed cells and far from the origin: search inside the most compact cell of this lattice
    compact = Crystal(
        structure.lattice.get_lll_reduced_lattice(),
        [site.species for site in structure],
        structure.cart_coords,
        coords_are_cartesian=True,
        to_unit_cell=True,
    )
    first, second, _, distances = compact.get_neighbor_list(reach, exclude_self=True)
    if not len(first):
        return None
    radii = np.array([_radius(site) for site in structure])
    ratios = distances / (radii[first] + radii[second])
    closest = int(np.argmin(ratios if relative else distances))
    return Contact(
        first=int(first[closest]),
        second=int(second[closest]),
        distance=float(distances[closest]),
        relative_distance=float(ratios[closest]),
    )


def _radius(site: PeriodicSite) -> float:
    from ase.data import covalent_radii

    return max(float(covalent_radii[specie.Z]) for specie in site.species)


def _pair(structure: Structure, contact: Contact) -> str:
    first, second = structure[contact.first], structure[contact.second]
    if contact.first == contact.second:
        return (
            f"atom {contact.first + 1} ({first.species_string} at {_place(first)}) is {contact.distance:.2f} Å from "
            "its own periodic image"
        )
    return (
        f"atoms {contact.first + 1} ({first.species_string} at {_place(first)}) and {contact.second + 1} "
        f"({second.species_string} at {_place(second)}) are {contact.distance:.2f} Å apart"
    )


def _place(site: PeriodicSite) -> str:
    return "(" + ", ".join(f"{x:.3f}" for x in site.frac_coords) + ")"
