"""Hops of a crystal as a periodic network, and the barrier over which lithium crosses it.

Nodes are the sites of the primitive cell with the energy of the vacancy (or the extra lithium) there, edges are hops
with the energies of their saddles, all on one zero. The percolating barrier in d dimensions is

    E_d = min { E : the hops with saddles <= E generate d independent lattice translations } - min_i e_i ,

with e_i the site energies of the whole network: a vacancy waits where it is most stable. E_1 <= E_2 <= E_3.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from lianode.structures.hops.percolation import dimensionality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Edge = tuple[int, int, tuple[int, int, int]]
"""First site, second site, lattice translation of the second."""


def edge_key(edge: Edge) -> Edge:
    """Return an edge in the one of its two directions that comes first."""
    first, second, (a, b, c) = edge
    return min(edge, (second, first, (-a, -b, -c)))


@dataclass(frozen=True, kw_only=True)
class NetworkHop:
    """All hops of one kind.

    Attributes
    ----------
    label
        Of the kind.
    saddle
        Its energy on the zero of the network, eV.
    edges
        All of them in the primitive cell, each pair once, in either direction.
    """

    label: str
    saddle: float
    edges: tuple[Edge, ...]


@dataclass(frozen=True, kw_only=True)
class HopNetwork:
    """Sites and hops of a primitive cell, repeated by its lattice.

    Attributes
    ----------
    lattice
        Vectors of the primitive cell in rows, (3, 3), Å.
    positions
        Of the sites, Cartesian, (n, 3), Å.
    energies
        Of the defect on each site, (n,), eV. Infinite where it is not known: no vacancy is there, no hop leads there.
    hops
        By kind.
    """

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    energies: NDArray[np.float64]
    hops: tuple[NetworkHop, ...]

    def __post_init__(self) -> None:
        n = len(self.energies)
        if self.lattice.shape != (3, 3) or self.positions.shape != (n, 3) or not np.isfinite(self.energies).any():
            raise ValueError("a network needs three lattice vectors, and a position and an energy for each site")
        for hop in self.hops:
            keys = {edge_key(edge) for edge in hop.edges}
            if len(keys) < len(hop.edges):
                raise ValueError(f"{hop.label}: an edge is listed twice")
            if any(not (0 <= i < n and 0 <= j < n) or (i == j and not any(image)) for i, j, image in hop.edges):
                raise ValueError(f"{hop.label}: an edge leads to no site, or from a site to itself")
            if any(not np.isfinite(self.energies[[i, j]]).all() for i, j, _ in hop.edges):
                raise ValueError(f"{hop.label}: the energy of one of its sites is not known")

    def displacement(self, edge: Edge) -> NDArray[np.float64]:
        """Return the way from the first site of an edge to its second, (3,), Å."""
        first, second, image = edge
        way: NDArray[np.float64] = self.positions[second] + np.array(image) @ self.lattice - self.positions[first]
        return way

    def height(self, hop: NetworkHop) -> float:
        """Return the highest energy along a hop, eV: that of its saddle, or of a site where there is no saddle."""
        return max(hop.saddle, *(float(self.energies[site]) for edge in hop.edges for site in edge[:2]))

    def climb(self, hop: NetworkHop) -> float:
        """Return the barrier of a hop from the lower of its two sites, eV."""
        return self.height(hop) - min(float(self.energies[site]) for edge in hop.edges for site in edge[:2])


class PercolatingBarrier(BaseModel):
    """The best path on which lithium crosses the crystal in so many dimensions.

    Attributes
    ----------
    dimension
        Independent directions, 1 to 3.
    barrier
        Highest saddle on the path less the lowest site energy of the network, eV.
    hops
        Kinds of hops that make the path, in the order of the network. Of the kinds below the highest saddle, those that
        it can do without are left out, the highest first.
    bottleneck
        Those with the highest saddle.
    largest_hop_barrier
        Largest barrier of a single hop among them, from the lower of its two sites, eV.
    largest_hop
        That hop.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dimension: int
    barrier: float
    hops: list[str]
    bottleneck: list[str]
    largest_hop_barrier: float
    largest_hop: str


def percolating_barriers(network: HopNetwork) -> list[PercolatingBarrier]:
    """Return the percolating barriers of a network for 1, 2, ... dimensions, as far as its hops reach."""
    heights = sorted({network.height(hop) for hop in network.hops})
    reached = {height: _dimension(_below(network, height)) for height in (heights[-1:] if heights else [])}

    def dimension(height: float) -> int:
        if height not in reached:
            reached[height] = _dimension(_below(network, height))
        return reached[height]

    most = dimension(heights[-1]) if heights else 0
    return [
        _path(network, wanted, heights[bisect_left(heights, wanted, key=dimension)]) for wanted in range(1, most + 1)
    ]


def _path(network: HopNetwork, dimension: int, height: float) -> PercolatingBarrier:
    """Leave out what the path does not need, the highest hops first."""
    hops = list(_below(network, height))
    for hop in sorted(hops, key=lambda hop: (-network.height(hop), hop.label)):
        others = [other for other in hops if other is not hop]
        if _dimension(others) >= dimension:
            hops = others
    largest = max(hops, key=network.climb)
    return PercolatingBarrier(
        dimension=dimension,
        barrier=height - float(network.energies.min()),
        hops=[hop.label for hop in hops],
        bottleneck=[hop.label for hop in hops if network.height(hop) == height],
        largest_hop_barrier=network.climb(largest),
        largest_hop=largest.label,
    )


def _below(network: HopNetwork, height: float) -> list[NetworkHop]:
    return [hop for hop in network.hops if network.height(hop) <= height]


def _dimension(hops: Sequence[NetworkHop]) -> int:
    return dimensionality(edge for hop in hops for edge in hop.edges)
