"""The lower convex hull of formation energies; pymatgen does the geometry."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymatgen.analysis.phase_diagram import PhaseDiagram
    from pymatgen.entries import Entry

SAME_FRACTION = 1e-6
"""Atomic fractions closer than this are one composition."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A phase as the hull sees it.

    Attributes
    ----------
    name
        Unique name.
    fractions
        Atomic fraction of each element; they sum to 1.
    energy
        Formation energy, eV/atom, against elemental phases that are points of energy 0.
    """

    name: str
    fractions: Mapping[str, float]
    energy: float


def same_composition(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Whether two sets of atomic fractions are one composition."""
    return all(abs(first.get(e, 0.0) - second.get(e, 0.0)) < SAME_FRACTION for e in {*first, *second})


class Diagram:
    """Convex hull of some points.

    Parameters
    ----------
    points
        All elements have to be among them.
    elements
        Symbols, lithium first.
    """

    def __init__(self, points: Sequence[Point], elements: Sequence[str]) -> None:
        from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
        from pymatgen.core import Composition, Element

        entries = [PDEntry(Composition(point.fractions), point.energy, name=point.name) for point in points]
        self._diagram: PhaseDiagram = PhaseDiagram(entries, elements=[Element(symbol) for symbol in elements])
        self._names: dict[Entry, str] = {entry: point.name for entry, point in zip(entries, points, strict=True)}
        self.elements = tuple(elements)

    @property
    def stable(self) -> set[str]:
        """Names of the points on the hull."""
        return {self._names[entry] for entry in self._diagram.stable_entries}

    @property
    def tie_lines(self) -> set[tuple[str, str]]:
        """Pairs of points, by name, that are in equilibrium with each other: the edges of the stable facets."""
        entries = self._diagram.qhull_entries
        facets = ([self._names[entries[vertex]] for vertex in facet] for facet in self._diagram.facets)
        return {(min(pair), max(pair)) for facet in facets for pair in combinations(facet, 2)}

    def equilibria(self, name: str) -> dict[tuple[str, ...], dict[str, float]]:
        """Return the chemical potentials at the limits of a point's stability.

        At such a limit the point is in equilibrium with as many others as there are further elements, the vertices of
        a facet; their energies per atom are e = sum x_i mu_i, which gives all mu_i (eV/atom, of the same zero).

        Returns
        -------
        dict
            Chemical potential of each element, by the names of the other points; empty for a point above the hull.
        """
        entries, found = self._diagram.qhull_entries, {}
        for facet in self._diagram.facets:
            names = [self._names[entries[vertex]] for vertex in facet]
            if name in names:
                symbols = self._diagram.elements
                fractions = [
                    [entries[vertex].composition.get_atomic_fraction(symbol) for symbol in symbols] for vertex in facet
                ]
                potentials = np.linalg.solve(fractions, [entries[vertex].energy_per_atom for vertex in facet])
                others = tuple(sorted(other for other in names if other != name))
                found[others] = {
                    symbol.symbol: float(mu) for symbol, mu in zip(symbols, potentials, strict=True)
                }  # fmt: skip
        return found

    def energy(self, fractions: Mapping[str, float]) -> float:
        """Return the energy of the hull at a composition, eV/atom."""
        from pymatgen.core import Composition

        return float(self._diagram.get_hull_energy_per_atom(Composition(fractions)))

    def decomposition(self, fractions: Mapping[str, float]) -> dict[str, float]:
        """Return the phases in equilibrium at a composition, each with its fraction of the atoms."""
        from pymatgen.core import Composition

        amounts = self._diagram.get_decomposition(Composition(fractions))
        named = {self._names[entry]: float(amount) for entry, amount in amounts.items()}
        return dict(sorted(named.items()))

    def critical(self, start: Mapping[str, float], end: Mapping[str, float]) -> list[dict[str, float]]:
        """Return the compositions on the line from ``start`` to ``end`` where the phases in equilibrium change.

        Returns
        -------
        list
            Atomic fractions, both ends included, in order.
        """
        from pymatgen.core import Composition

        found = self._diagram.get_critical_compositions(Composition(start), Composition(end))
        # rounding errors of the projection leave fractions of 1e-17 on either side of zero
        return [
            {symbol: max(0.0, float(composition.get_atomic_fraction(symbol))) for symbol in self.elements}
            for composition in found
        ]
