"""The distinct hops of a crystal by one mechanism."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError, nearest
from lianode.structures.hops.paths import check_path

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.hops.action import Step
    from lianode.structures.hops.hop import Hop
    from lianode.structures.hops.sites import Sites


@dataclass(frozen=True, kw_only=True)
class HopSurvey:
    """The distinct hops of a crystal by one mechanism, and what they add up to.

    Attributes
    ----------
    sites
        The nodes: sites of the primitive cell.
    hops
        By length.
    equivalents
        For each hop, in the same order: all steps of one primitive cell that symmetry makes equal to it, each turned
        like it, so that their forward barriers are equal.
    cutoff
        Length up to which hops were looked for, Å.
    dimensions
        In how many dimensions they percolate together.
    set_aside
        One sentence for each kind of step within the cut-off that is not a hop: its path leads through an atom.
    """

    sites: Sites
    hops: tuple[Hop, ...]
    equivalents: tuple[tuple[Step, ...], ...]
    cutoff: float
    dimensions: int
    set_aside: tuple[str, ...]

    @property
    def edges(self) -> list[Step]:
        """Every hop of one primitive cell, each pair in one direction."""
        return [step for steps in self.equivalents for step in steps]

    @property
    def orbits(self) -> tuple[str, ...]:
        """Name of each node's class."""
        return self.sites.orbits

    @property
    def longest(self) -> float:
        """Longest hop, Å."""
        return max((hop.length for hop in self.hops), default=0.0)

    def check_path(self, hop: Hop) -> None:
        """Refuse a hop whose straight path leads through an atom.

        Raises
        ------
        InputError
            With the atom.
        """
        start, end = self.sites.positions[hop.start], self.sites.positions[hop.end] + np.array(hop.image)
        check_path(self.sites.crystal, self.sites.mobile, start, end, f"{self.sites.name}, {hop.label}")

    def hop(self, label: str) -> Hop:
        """Return one hop by its label.

        Raises
        ------
        InputError
            Where there is none; the message names those there are.
        """
        for hop in self.hops:
            if hop.label == label:
                return hop
        known = [hop.label for hop in self.hops]
        raise InputError(
            f"there is no hop '{label}'{nearest(label, known)} up to {self.cutoff:g} Å; there are {', '.join(known)}",
            self.sites.name,
        )

    def between(self, first: str, second: str) -> tuple[Hop, ...]:
        """Return the hops that join two classes of sites, in either direction.

        Raises
        ------
        InputError
            Where a class does not exist, or no hop joins them.
        """
        for orbit in (first, second):
            self.sites.first(orbit)
        found = tuple(hop for hop in self.hops if {hop.start_orbit, hop.end_orbit} == {first, second})
        if not found:
            raise InputError(
                f"no hop up to {self.cutoff:g} Å joins {first} and {second}; a longer cut-off would be needed",
                self.sites.name,
            )
        return found

    def on(self, crystal: Structure) -> HopSurvey:
        """Return the same hops in the crystal after a relaxation that kept its symmetry, with their new lengths.

        Raises
        ------
        InputError
            Where it has other atoms.
        """
        sites = self.sites.on(crystal)
        hops = tuple(
            replace(hop, length=float(np.linalg.norm(sites.vector(hop.start, hop.end, hop.image)))) for hop in self.hops
        )
        return replace(self, sites=sites, hops=hops)
