"""A hop: where lithium goes from and to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pymatgen.core import Structure

Mechanism = Literal["vacancy", "interstitial", "exchange"]
"""``vacancy``: lithium moves into a neighbouring lithium vacancy. ``interstitial``: an extra lithium moves between
interstitial sites. ``exchange``: lithium changes places with a neighbouring vacancy of another element."""


@dataclass(frozen=True, kw_only=True)
class Hop:
    """One representative of all hops that symmetry makes equal.

    Attributes
    ----------
    label
        For people and documents, such as ``Li1-Li2a``; unique within a phase.
    mechanism
        How lithium moves.
    start, end
        Numbers of the sites in the primitive cell (its lithium sites, or its interstitial candidates).
    start_orbit, end_orbit
        Names of the symmetry-distinct sites they belong to, such as ``Li1``.
    image
        Lattice translation, in the primitive cell's vectors, of the end site.
    length
        Distance between the two, Å.
    multiplicity
        Hops of this kind per primitive cell, each direction of a pair counted once.
    symmetric
        Whether an operation of the crystal takes the hop into its own reverse: both end points have one energy and half
        a path is enough.
    """

    label: str
    mechanism: Mechanism
    start: int
    end: int
    start_orbit: str
    end_orbit: str
    image: tuple[int, int, int]
    length: float
    multiplicity: int
    symmetric: bool


@dataclass(frozen=True, kw_only=True)
class EndPoints:
    """The two ends of a hop in a supercell, atom by atom in the same order.

    Attributes
    ----------
    initial, final
        Unrelaxed; only the moving atom has another place.
    moving
        Number of the atom that moves.
    repeats
        Of the primitive cell.
    """

    initial: Structure
    final: Structure
    moving: int
    repeats: tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]
