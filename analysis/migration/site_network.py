"""Sites, or pairs, of a primitive cell and all the hops that join them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.migration.hop_network import Edge
    from lianode.structures.hops.exchange import ExchangeSurvey
    from lianode.structures.hops.survey import HopSurvey


@dataclass(frozen=True, kw_only=True)
class SiteNetwork:
    """Where the sites are and which hops join them.

    Attributes
    ----------
    lattice
        Vectors of the primitive cell in rows, (3, 3), Å.
    positions
        Of the sites, Cartesian, (n, 3), Å.
    orbits
        Symmetry-distinct site of each.
    edges
        All hops of each kind in the primitive cell, each pair once, by label; missing hops too.
    cutoff
        Longest hop that was looked for, Å.
    """

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    orbits: tuple[str, ...]
    edges: Mapping[str, Sequence[Edge]]
    cutoff: float | None = None


def site_network(survey: HopSurvey) -> SiteNetwork:
    """Return the network of the vacancy or interstitial hops that a survey found: nodes are sites."""
    return SiteNetwork(
        lattice=np.asarray(survey.sites.crystal.lattice.matrix),
        positions=np.asarray(survey.sites.crystal.lattice.get_cartesian_coords(survey.sites.positions)),
        orbits=survey.sites.orbits,
        edges={hop.label: steps for hop, steps in zip(survey.hops, survey.equivalents, strict=True)},
        cutoff=survey.cutoff,
    )


def pair_network(survey: ExchangeSurvey) -> SiteNetwork:
    """Return the network of the exchange of lithium with a vacancy: nodes are pairs, at the place of their lithium."""
    lithium = survey.sites.positions[[pair.lithium for pair in survey.pairs]]
    return SiteNetwork(
        lattice=np.asarray(survey.sites.crystal.lattice.matrix),
        positions=np.asarray(survey.sites.crystal.lattice.get_cartesian_coords(lithium)),
        orbits=survey.orbits,
        edges={hop.label: steps for hop, steps in zip(survey.hops, survey.equivalents, strict=True)},
        cutoff=survey.cutoff,
    )
