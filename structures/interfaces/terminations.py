"""Where a crystal can be cut along a plane, and the slabs between such cuts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import reduced_formula, write_formula
from lianode.structures.interfaces.units import covalent_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.structures.interfaces.surface_cell import SurfaceCell

PLANE_THICKNESS = 0.1
"""Å. Atoms whose heights differ by less are in one plane; no cut goes between them."""


@dataclass(frozen=True, kw_only=True)
class Termination:
    """A cut between two planes of atoms, and the two surfaces that it makes.

    Attributes
    ----------
    name
        ``Li|Cl``: the plane below the cut (the surface that looks up), the plane above it (the surface that looks
        down). A number follows where two cuts have the same planes: ``PS4|Li#2``.
    height
        Of the cut, Å, in [0, spacing).
    opening
        Distance of the two planes, Å: the wider, the fewer bonds are cut.
    below, above
        Composition of the two planes.
    equal_cuts
        How many cuts in one lattice spacing symmetry makes equal, this one included.
    """

    name: str
    height: float
    opening: float
    below: str
    above: str
    equal_cuts: int


@dataclass(frozen=True, kw_only=True)
class Slab:
    """Atoms between two cuts, in the frame of a surface cell.

    Attributes
    ----------
    surface
        What was cut.
    lower, upper
        The cuts at its bottom and top.
    repeats
        Lattice planes it is thick.
    elements
        Symbol of each atom, bottom to top.
    positions
        Shape (atoms, 3), Å, heights from 0 at the lower cut; for one surface cell in the plane.
    layers
        Number of each atom's lattice plane from the bottom, from 0.
    thickness
        Distance between the two cuts, Å.
    """

    surface: SurfaceCell
    lower: Termination
    upper: Termination
    repeats: int
    elements: tuple[str, ...]
    positions: NDArray[np.float64]
    layers: NDArray[np.int64]
    thickness: float

    @cached_property
    def formula_units(self) -> int:
        """Whole reduced formula units of the crystal that fit into one surface cell of the slab."""
        unit, own = self._unit, Counter(self.elements)
        return min(own[element] // amount for element, amount in unit.items())

    @cached_property
    def excess(self) -> dict[str, int]:
        """Atoms beyond whole formula units; empty for a stoichiometric slab."""
        own = Counter(self.elements)
        left = {element: own[element] - self.formula_units * amount for element, amount in self._unit.items()}
        return {element: amount for element, amount in left.items() if amount}

    @property
    def _unit(self) -> dict[str, int]:
        import math

        amounts = Counter(self.surface.elements)
        divisor = math.gcd(*amounts.values())
        return {element: amount // divisor for element, amount in amounts.items()}


def terminations(surface: SurfaceCell) -> list[Termination]:
    """List every distinct way to cut a crystal along a plane.

    Planes are atoms, or molecular ions (PS4, by their centre), whose heights differ by less than
    :data:`PLANE_THICKNESS`. A cut goes half-way between two planes; no cut breaks a molecular ion. Cuts that a symmetry
    of the crystal takes into each other without turning the normal are one.

    Returns
    -------
    list[Termination]
        The widest opening first, then by height.
    """
    units, heights = _units(surface)
    order = np.argsort(heights, kind="stable")
    spacing = surface.spacing
    steps = np.diff(np.append(heights[order], heights[order[0]] + spacing))
    ends = np.flatnonzero(steps > PLANE_THICKNESS)
    if not len(ends):
        ends = np.array([int(np.argmax(steps))])
    planes = [
        np.roll(order, -(end + 1))[: (ends[n] - end - 1) % len(order) + 1] for n, end in enumerate(np.roll(ends, 1))
    ]
    names = [_plane_name(surface, [units[number] for number in plane]) for plane in planes]
    cuts = np.mod(heights[order[ends]] + steps[ends] / 2, spacing)
    classes = _equal_cuts(surface, cuts)
    firsts = sorted({min(equal) for equal in classes}, key=lambda n: (-round(float(steps[ends[n]]), 3), float(cuts[n])))
    labels = [f"{names[n]}|{names[(n + 1) % len(names)]}" for n in firsts]
    seen: Counter[str] = Counter()
    found = []
    for n, label in zip(firsts, labels, strict=True):
        seen[label] += 1
        found.append(
            Termination(
                name=label if labels.count(label) == 1 else f"{label}#{seen[label]}",
                height=float(cuts[n]),
                opening=float(steps[ends[n]]),
                below=names[n],
                above=names[(n + 1) % len(names)],
                equal_cuts=next(len(equal) for equal in classes if n in equal),
            )
        )
    return found


def termination(surface: SurfaceCell, name: str | None = None) -> Termination:
    """Return the termination with a name, or the one with the widest opening.

    Raises
    ------
    InputError
        Where there is none of that name; the message lists those there are.
    """
    known = terminations(surface)
    if name is None:
        return known[0]
    for one in known:
        if one.name == name:
            return one
    names = [one.name for one in known]
    raise InputError(
        f"there is no termination '{name}'{nearest(name, names)}; there are {', '.join(names)}", surface.name
    )


def cut_slab(surface: SurfaceCell, repeats: int, lower: Termination, upper: Termination | None = None) -> Slab:
    """Cut a slab out of a crystal.

    Parameters
    ----------
    surface
        Crystal and plane.
    repeats
        Lattice planes, 1 or more.
    lower
        The cut at its bottom.
    upper
        The cut at its top; None is the same cut, which gives a slab of the crystal's composition. Another one adds the
        planes up to the next cut of that kind.

    Raises
    ------
    InputError
        Where the slab has no lattice plane.
    """
    if repeats < 1:
        raise InputError(f"a slab of {repeats} lattice planes has no atoms; 1 or more are needed", surface.name)
    upper = upper or lower
    extra = float(np.mod(upper.height - lower.height, surface.spacing))
    units, heights = _units(surface)
    atoms: list[tuple[float, int, str, NDArray[np.float64]]] = []
    for unit, height in zip(units, heights, strict=True):
        lift = int(np.ceil((lower.height - height) / surface.spacing - 1e-9))
        count = repeats + (height + lift * surface.spacing < lower.height + extra)
        for layer in range(count):
            for atom, position in unit.items():
                place = position + (lift + layer) * surface.vectors[2]
                place[2] -= lower.height
                atoms.append((float(place[2]), layer, surface.elements[atom], place))
    atoms.sort(key=lambda one: (round(one[0], 6), one[2]))
    return Slab(
        surface=surface,
        lower=lower,
        upper=upper,
        repeats=repeats,
        elements=tuple(one[2] for one in atoms),
        positions=np.array([one[3] for one in atoms]),
        layers=np.array([one[1] for one in atoms], dtype=np.int64),
        thickness=repeats * surface.spacing + extra,
    )


def _units(surface: SurfaceCell) -> tuple[list[dict[int, NDArray[np.float64]]], NDArray[np.float64]]:
    """Units with the heights of their centres, all of them in [0, spacing)."""
    units = []
    for unit in covalent_units(surface):
        height = float(np.mean([position[2] for position in unit.values()]))
        lift = np.floor(height / surface.spacing + 1e-9) * surface.vectors[2]
        units.append({atom: position - lift for atom, position in unit.items()})
    heights = np.array([np.mean([position[2] for position in unit.values()]) for unit in units])
    return units, heights


def _plane_name(surface: SurfaceCell, units: list[dict[int, NDArray[np.float64]]]) -> str:
    amounts = Counter(surface.elements[atom] for unit in units for atom in unit)
    single = len(units) == 1
    return write_formula(amounts) if single else reduced_formula(amounts)


def _equal_cuts(surface: SurfaceCell, cuts: NDArray[np.float64]) -> list[set[int]]:
    """Group the cuts that the crystal's symmetries along the normal take into each other."""
    classes: list[set[int]] = []
    for number, cut in enumerate(cuts):
        apart = cuts[:, None] - cut - surface.lifts[None, :]
        apart -= surface.spacing * np.rint(apart / surface.spacing)
        equal = set(np.flatnonzero((np.abs(apart) < PLANE_THICKNESS / 2).any(axis=1)).tolist()) | {number}
        joined = [one for one in classes if one & equal]
        classes = [one for one in classes if not one & equal] + [equal.union(*joined)]
    return classes
