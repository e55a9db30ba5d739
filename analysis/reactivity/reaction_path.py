"""Reactions of two materials along their mixing ratio, from energies alone.

Both materials are mixed so that a fraction x of the atoms comes from the first. The phases in equilibrium at that
composition are the products, and the reaction energy per atom of the mixture is

    dE(x) = E_hull[x c1 + (1 - x) c2] - x E1 - (1 - x) E2

(Richards, Miara, Wang, Kim & Ceder, Chem. Mater. 28, 266 (2016)). Along x it is convex and made of straight pieces;
its corners are where the products change. At an end it is minus the energy above hull of that material. What the two
do to each other, beyond falling apart by themselves, is the mutual reaction energy: dE less the straight line between
its ends, which is zero at both (Zhu, He & Mo, J. Mater. Chem. A 4, 3253 (2016)).

Where lithium comes and goes at a potential mu, the energy is replaced by E - mu N_Li, and atoms are counted without
lithium. The potential is given as a voltage against lithium metal: mu = mu(Li metal) - e V.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.analysis.hull.diagram import SAME_FRACTION, Diagram, Point, same_composition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.energies import PhaseEnergy

RESERVOIR = "Li"
"""The element that is exchanged at a fixed potential."""


class NothingToMixError(ValueError):
    """Two materials are one point of the phase diagram."""


@dataclass(frozen=True, kw_only=True)
class PathPoint:
    """One corner of the path.

    Attributes
    ----------
    mixing_ratio
        Fraction of the counted atoms that come from the first material.
    energy
        Reaction energy, eV per counted atom of the mixture.
    mutual_energy
        The same less what the materials would release by themselves.
    products
        Phases in equilibrium, each with its fraction of the counted atoms.
    """

    mixing_ratio: float
    energy: float
    mutual_energy: float
    products: Mapping[str, float]


def counted_fractions(composition: Mapping[str, int], elements: Sequence[str]) -> dict[str, float]:
    """Return atomic fractions among some elements, which have to be in the composition."""
    total = sum(composition.get(element, 0) for element in elements)
    return {element: composition.get(element, 0) / total for element in elements}


def closed_points(phases: Sequence[PhaseEnergy], zero: Mapping[str, float]) -> list[Point]:
    """Return phases as points of energies of formation per atom.

    Parameters
    ----------
    phases
        Of one method.
    zero
        Energy of each element, eV/atom.
    """
    return [
        Point(
            name=phase.name,
            fractions=counted_fractions(phase.composition, list(zero)),
            energy=_formation(phase, zero) / phase.n_atoms,
        )
        for phase in phases
    ]


def open_points(phases: Sequence[PhaseEnergy], zero: Mapping[str, float], voltage: float) -> list[Point]:
    """Return phases as points of grand potentials per atom that is not lithium; phases of lithium alone are left out.

    Parameters
    ----------
    phases
        Of one method.
    zero
        Energy of each element, eV/atom; that of lithium is the metal's.
    voltage
        Potential of lithium against its metal, V.
    """
    elements = [element for element in zero if element != RESERVOIR]
    points = []
    for phase in phases:
        lithium = phase.composition.get(RESERVOIR, 0)
        others = phase.n_atoms - lithium
        if others:
            potential = (_formation(phase, zero) + lithium * voltage) / others
            fractions = counted_fractions(phase.composition, elements)
            points.append(Point(name=phase.name, fractions=fractions, energy=potential))
    return points


def reaction_path(points: Sequence[Point], first: str, second: str, elements: Sequence[str]) -> list[PathPoint]:
    """Return the corners of the path from the second material to the first, both ends included.

    Parameters
    ----------
    points
        Phases that can form, both materials among them; every element needs one.
    first, second
        Names of the materials.
    elements
        That are counted.

    Raises
    ------
    NothingToMixError
        Where both have one composition.
    """
    by_name = {point.name: point for point in points}
    one, two = by_name[first], by_name[second]
    if same_composition(one.fractions, two.fractions):
        raise NothingToMixError(f"{first} and {second} have one composition")
    diagram = Diagram(points, elements)
    corners = diagram.critical(two.fractions, one.fractions)
    ratios = {0.0, *(_ratio(corner, two.fractions, one.fractions) for corner in corners), 1.0}
    ends = [diagram.energy(point.fractions) - point.energy for point in (two, one)]
    path = []
    for ratio in _distinct(ratios):
        mixture = {e: ratio * one.fractions[e] + (1 - ratio) * two.fractions[e] for e in elements}
        energy = diagram.energy(mixture) - ratio * one.energy - (1 - ratio) * two.energy
        path.append(
            PathPoint(
                mixing_ratio=ratio,
                energy=_without_noise(energy),
                mutual_energy=_without_noise(energy - (1 - ratio) * ends[0] - ratio * ends[1]),
                products=_products(diagram, mixture),
            )
        )
    return path


def _formation(phase: PhaseEnergy, zero: Mapping[str, float]) -> float:
    """Return the energy of formation of the computed cell, eV."""
    return phase.energy - sum(n * zero[element] for element, n in phase.composition.items() if n)


def _ratio(fractions: Mapping[str, float], start: Mapping[str, float], end: Mapping[str, float]) -> float:
    """Return how far along the line from ``start`` to ``end`` a composition lies, by its widest coordinate."""
    widest = max(start, key=lambda element: abs(end[element] - start[element]))
    return (fractions[widest] - start[widest]) / (end[widest] - start[widest])


def _distinct(ratios: set[float]) -> list[float]:
    """Return ratios in order; those closer than a composition can be told apart are one, the ends exact."""
    inner = [ratio for ratio in sorted(ratios) if SAME_FRACTION < ratio < 1 - SAME_FRACTION]
    kept: list[float] = []
    for ratio in inner:
        if not kept or ratio - kept[-1] > SAME_FRACTION:
            kept.append(ratio)
    return [0.0, *kept, 1.0]


def _products(diagram: Diagram, mixture: Mapping[str, float]) -> dict[str, float]:
    found = {name: amount for name, amount in diagram.decomposition(mixture).items() if amount > SAME_FRACTION}
    total = sum(found.values())
    return {name: amount / total for name, amount in found.items()}


def _without_noise(energy: float) -> float:
    """Return 0 for energies that are rounding errors of a difference of hull energies."""
    return 0.0 if abs(energy) < 1e-9 else energy
