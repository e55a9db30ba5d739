"""The sites that a moving atom can be on, and which of them symmetry makes equal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError, nearest
from lianode.structures.hops.action import act_on_points
from lianode.structures.hops.environment import environments, stable_order
from lianode.structures.phase import Phase
from lianode.structures.validity import check_ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.hops.action import GroupAction


@dataclass(frozen=True, kw_only=True)
class Sites:
    """Sites of a primitive cell between which an atom hops.

    Attributes
    ----------
    crystal
        Primitive cell.
    name
        Of the phase, for messages.
    mobile
        Element that hops.
    positions
        Fractional coordinates, shape (sites, 3).
    atoms
        Number of the atom on each site; empty for interstitial sites.
    orbits
        Name of each site's class of symmetry: ``Li1``, ``Li2``, ..., first those with fewer sites per primitive cell,
        then by their surroundings. The names do not depend on setting, supercell, origin or order of atoms.
    action
        Of the space group on the sites.
    """

    crystal: Structure
    name: str
    mobile: str
    positions: NDArray[np.float64]
    atoms: tuple[int, ...]
    orbits: tuple[str, ...]
    action: GroupAction

    def __len__(self) -> int:
        return len(self.orbits)

    @property
    def distinct(self) -> dict[str, int]:
        """Sites per primitive cell of each class, by name."""
        return {name: self.orbits.count(name) for name in sorted(set(self.orbits), key=_by_number)}

    def first(self, orbit: str) -> int:
        """Return the first site of a class.

        Raises
        ------
        InputError
            Where there is no such class; the message names those there are.
        """
        if orbit not in self.orbits:
            known = list(self.distinct)
            raise InputError(
                f"there is no site '{orbit}'{nearest(orbit, known)}; the distinct sites are {', '.join(known)}",
                self.name,
            )
        return self.orbits.index(orbit)

    def vector(self, start: int, end: int, image: tuple[int, int, int]) -> NDArray[np.float64]:
        """Return the way from one site to another in some cell, Å."""
        step = self.positions[end] + np.array(image) - self.positions[start]
        return np.asarray(self.crystal.lattice.get_cartesian_coords(step))

    def on(self, crystal: Structure) -> Sites:
        """Return the same sites in the crystal after a relaxation that kept its symmetry.

        Parameters
        ----------
        crystal
            The same atoms in the same order and cell setting. Interstitial sites keep their fractional coordinates.

        Raises
        ------
        InputError
            Where it has other atoms.
        """
        if [site.specie for site in crystal] != [site.specie for site in self.crystal]:
            raise InputError(
                f"the relaxed cell has other atoms ({crystal.formula}) than the one the sites were found in "
                f"({self.crystal.formula}), or another order of them",
                self.name,
            )
        if not self.atoms:
            return replace(self, crystal=crystal)
        old = self.positions
        moved = np.asarray(crystal.frac_coords)[list(self.atoms)]
        # an atom that crossed the cell's boundary is put back beside its old place, so that translations stay
        return replace(self, crystal=crystal, positions=moved - np.rint(moved - old))


def lithium_sites(crystal: Phase | Structure) -> Sites:
    """Find the lithium sites of a crystal's primitive cell.

    Parameters
    ----------
    crystal
        A phase, whose primitive cell is taken, or a structure, which is taken as it is.

    Raises
    ------
    InputError
        Where there is no lithium, or the crystal is disordered.
    """
    return element_sites(crystal, "Li")


def element_sites(crystal: Phase | Structure, element: str) -> Sites:
    """Find the sites of one element, as :func:`lithium_sites` does those of lithium.

    Raises
    ------
    InputError
        Where the element is not in the crystal, or the crystal is disordered.
    """
    structure, name = primitive_cell(crystal)
    atoms = [number for number, site in enumerate(structure) if site.specie.symbol == element]
    if not atoms:
        raise InputError(f"the phase has no {'lithium' if element == 'Li' else element} that could hop", name)
    positions = np.asarray(structure.frac_coords)[atoms]
    return points_as_sites(structure, positions, name=name, mobile=element, prefix=element, atoms=tuple(atoms))


def points_as_sites(
    crystal: Structure,
    positions: NDArray[np.float64],
    *,
    name: str,
    mobile: str,
    prefix: str,
    atoms: tuple[int, ...] = (),
) -> Sites:
    """Name a set of points that the space group maps onto itself.

    Parameters
    ----------
    crystal
        Primitive cell.
    positions
        Fractional coordinates, shape (sites, 3).
    name
        Of the phase.
    mobile
        Element that hops.
    prefix
        Of the classes' names.
    atoms
        Number of the atom on each, or nothing.
    """
    action = act_on_points(crystal, positions)
    orbits = action.orbits()
    around = environments(crystal, np.array([positions[orbit].tolist()[0] for orbit in orbits]).reshape(-1, 3))
    order = stable_order([[len(orbit), *row] for orbit, row in zip(orbits, around.tolist(), strict=True)])
    names = [""] * len(positions)
    for number, which in enumerate(order, 1):
        for site in orbits[which]:
            names[site] = f"{prefix}{number}"
    return Sites(
        crystal=crystal,
        name=name,
        mobile=mobile,
        positions=positions,
        atoms=atoms,
        orbits=tuple(names),
        action=action,
    )


def primitive_cell(crystal: Phase | Structure) -> tuple[Structure, str]:
    """Return the cell that hops are looked for in, and a name for messages.

    Raises
    ------
    InputError
        Where the crystal is disordered.
    """
    name = crystal.name if isinstance(crystal, Phase) else crystal.formula
    check_ordered(crystal.structure if isinstance(crystal, Phase) else crystal, name)
    return (crystal.primitive() if isinstance(crystal, Phase) else crystal), name


def _by_number(name: str) -> int:
    return int("".join(letter for letter in name if letter.isdigit()) or 0)
