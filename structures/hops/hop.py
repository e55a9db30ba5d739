"""A hop: from where to where a vacancy, or an extra lithium, goes."""

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

    ``start`` and ``end`` are nodes of the hop network: where the defect is that the hop moves. The initial end point
    has it at ``start``, the final one at ``end``, and the energy of a node is that of the defect there.

    - ``vacancy``: the lithium sites. The vacancy goes from ``start`` to ``end``, the lithium the other way.
    - ``interstitial``: the interstitial sites, on which the extra lithium is.
    - ``exchange``: pairs of a lithium on a host site and a vacancy near it; their classes are ``V1``, ``V2``, ... by
      distance. ``image`` is how far the lithium went.

    Attributes
    ----------
    label
        For people and documents, such as ``Li1-Li2a``; unique within a phase.
    mechanism
        How lithium moves.
    start, end
        Numbers of the nodes in the list of the primitive cell's sites (or pairs) that the hops were found on.
    start_orbit, end_orbit
        Names of the symmetry-distinct sites they belong to, such as ``Li1``: those of the initial and of the final end
        point.
    image
        Lattice translation, in the primitive cell's vectors, of the end node.
    length
        Distance that the moving atom goes, Å.
    multiplicity
        Hops of this kind per primitive cell, each direction of a pair counted once.
    symmetric
        Whether an operation of the crystal takes the hop into its own reverse: both end points have one energy and half
        a path is enough.
    moves
        Element of the atom that moves: the host's for the hops that carry a vacancy around lithium.
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
    moves: str = "Li"


@dataclass(frozen=True, kw_only=True)
class EndPoints:
    """The two ends of a hop in a supercell, atom by atom in the same order.

    Attributes
    ----------
    initial, final
        Unrelaxed, where only the moving atom has another place, or relaxed. The moving atom's coordinates are not
        wrapped: the straight line between them is the hop.
    moving
        Number of the atom that moves.
    repeats
        Of the primitive cell: vectors of the supercell as rows.
    """

    initial: Structure
    final: Structure
    moving: int
    repeats: tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]
