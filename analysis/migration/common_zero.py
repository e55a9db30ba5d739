"""Energies of sites and saddles of one phase on one zero.

Every end point of a band is the energy E of a supercell with the vacancy (or the extra lithium) on one kind of site,

    E = Z + e(site),

with the same unknown Z for all supercells of one composition, and unknown site energies e. The bands of a phase give
more such equations than there are unknowns; the least-squares solution is unique up to one constant for each group of
sites that end points join, and its residuals vanish exactly when the energy differences along every closed loop of hops
add up to 0. Saddles follow as E_s - Z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.checks import Check
from lianode.analysis.migration.barrier_checks import MEV

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.migration.barrier import BarrierDocument


@dataclass(frozen=True, kw_only=True)
class CommonZero:
    """Site and saddle energies, eV; the lowest site of each group is 0.

    Attributes
    ----------
    sites
        By symmetry-distinct site.
    saddles
        By label of the hop.
    departure
        Largest residual of an end point, eV: 0 when all loops close.
    worst
        Hop with that residual.
    groups
        Sites that end points put on one zero; energies of different groups cannot be compared.
    """

    sites: Mapping[str, float]
    saddles: Mapping[str, float]
    departure: float
    worst: str
    groups: tuple[frozenset[str], ...]

    def checks(self, tolerance: float = 0.005) -> list[Check]:
        """Say whether the loops close to ``tolerance``, eV, and whether there is one zero."""
        names = [" and ".join(sorted(group)) for group in self.groups]
        return [
            Check(
                name="loops_close",
                passed=self.departure <= tolerance,
                message=f"end points of different hops agree on the energies of their sites within "
                f"{MEV * self.departure:.1f} meV ({MEV * tolerance:g} allowed)"
                + ("" if self.departure <= tolerance else f"; the worst is {self.worst}"),
            ),
            Check(
                name="common_zero",
                passed=len(self.groups) == 1,
                message="all sites are on one zero of energy"
                if len(self.groups) == 1
                else f"nothing joins the energies of {'; '.join(names)}: each group has a zero of its own",
            ),
        ]


def on_common_zero(barriers: Sequence[BarrierDocument]) -> CommonZero:
    """Put the energies of a phase's hops on one zero.

    Parameters
    ----------
    barriers
        At least one hop of the phase.
    """
    ends = [
        (barrier.hop, orbit, barrier.zero, energy)
        for barrier in barriers
        for orbit, energy in (
            (barrier.start_orbit, barrier.initial_energy),
            (barrier.end_orbit, barrier.final_energy),
        )
    ]
    sites = sorted({orbit for _, orbit, _, _ in ends})
    zeros = sorted({zero for _, _, zero, _ in ends})
    groups = _groups(sites, zeros, [(orbit, zero) for _, orbit, zero, _ in ends])
    matrix = np.zeros((len(ends) + len(groups), len(sites) + len(zeros)))
    energies = np.zeros(len(matrix))
    for row, (_, orbit, zero, energy) in enumerate(ends):
        matrix[row, sites.index(orbit)] = matrix[row, len(sites) + zeros.index(zero)] = 1.0
        energies[row] = energy
    for row, group in enumerate(groups, start=len(ends)):  # one constant of each group is free
        matrix[row, sites.index(min(group))] = 1.0
    solution = np.linalg.lstsq(matrix, energies, rcond=None)[0]
    residuals = np.abs(matrix @ solution - energies)[: len(ends)]
    level = dict(zip(zeros, solution[len(sites) :], strict=True))
    found = dict(zip(sites, solution[: len(sites)], strict=True))
    lowest = {orbit: min(found[other] for other in group) for group in groups for orbit in group}
    worst = int(residuals.argmax())
    return CommonZero(
        sites={orbit: float(found[orbit] - lowest[orbit]) for orbit in sites},
        saddles={b.hop: float(b.saddle_energy - level[b.zero] - lowest[b.start_orbit]) for b in barriers},
        departure=float(residuals[worst]),
        worst=ends[worst][0],
        groups=groups,
    )


def _groups(
    sites: Sequence[str], zeros: Sequence[str], joined: Sequence[tuple[str, str]]
) -> tuple[frozenset[str], ...]:
    """Return the sites that share zeros, directly or through others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = [sites.index(orbit) for orbit, _ in joined]
    columns = [len(sites) + zeros.index(zero) for _, zero in joined]
    size = len(sites) + len(zeros)
    graph = coo_array((np.ones(len(joined)), (rows, columns)), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    return tuple(
        frozenset(site for site, label in zip(sites, labels, strict=False) if label == group)
        for group in sorted(set(labels[: len(sites)]))
    )
