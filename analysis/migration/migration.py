"""How lithium crosses a phase: percolating barriers and diffusivity from the barriers of its hops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import Check
from lianode.analysis.method import single_method
from lianode.analysis.migration.barrier_checks import MEV
from lianode.analysis.migration.common_zero import on_common_zero
from lianode.analysis.migration.diffusivity import ATTEMPT_FREQUENCY_HZ, BOLTZMANN_EV_PER_K, diffusivity
from lianode.analysis.migration.document import Metastability, MigrationDocument, MigrationHop
from lianode.analysis.migration.hop_network import HopNetwork, NetworkHop, percolating_barriers
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.method import MethodKey
    from lianode.analysis.migration.barrier import BarrierDocument
    from lianode.analysis.migration.diffusivity import LithiumTransport
    from lianode.analysis.migration.hop_network import PercolatingBarrier
    from lianode.analysis.migration.site_network import SiteNetwork
    from lianode.structures.hops.hop import Mechanism

RARE = 5.0
"""Barriers below so many kT are crossed without waiting: rates of transition state theory are rough there."""


@dataclass(frozen=True, kw_only=True)
class MissingHop:
    """A hop without a barrier.

    Attributes
    ----------
    label
        Of the kind.
    reason
        Why: failed, or set aside for an estimate that is named.
    """

    label: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RateOptions:
    """What diffusivities need beside the barriers.

    Attributes
    ----------
    temperatures
        K.
    attempt_frequency_Hz
        Of all hops.
    lithium
        Defect concentration and correlation factor, for the diffusivity of lithium.
    """

    temperatures: tuple[float, ...] = ()
    attempt_frequency_Hz: float = ATTEMPT_FREQUENCY_HZ
    lithium: LithiumTransport | None = None

    def as_settings(self) -> dict[str, Any]:
        """Return them as settings of a document."""
        return {
            "temperatures": list(self.temperatures),
            "attempt_frequency_Hz": self.attempt_frequency_Hz,
            "defect_concentration": self.lithium.defect_concentration if self.lithium else None,
            "correlation_factor": self.lithium.correlation_factor if self.lithium else None,
        }


def migration(
    barriers: Sequence[BarrierDocument],
    sites: SiteNetwork,
    *,
    missing: Sequence[MissingHop] = (),
    rates: RateOptions | None = None,
    energy_above_hull_per_atom: float | None = None,
    settings: Mapping[str, Any] | None = None,
) -> MigrationDocument:
    """Derive how lithium crosses a phase.

    Parameters
    ----------
    barriers
        Of all its hops of one mechanism.
    sites
        Of the primitive cell, with all hops.
    missing
        Hops without a barrier; the document says what each could change.
    rates
        For diffusivities; none without temperatures.
    energy_above_hull_per_atom
        Of the phase, eV/atom.
    settings
        Options, for the key.

    Raises
    ------
    InputError
        Without any barrier.
    MethodMismatchError
        When the barriers are of several methods.
    ValueError
        When the barriers are of several phases or mechanisms, or do not fit the sites.
    """
    if not barriers:
        reasons = "; ".join(f"{hop.label}: {hop.reason}" for hop in missing)
        raise InputError(f"no barrier was computed{f' ({reasons})' if reasons else ''}", "migration")
    first, rates = barriers[0], rates or RateOptions()
    method = _one_phase(barriers, sites, missing)
    zero = on_common_zero(barriers)
    network = _network(barriers, sites, zero.sites, zero.saddles)
    found = percolating_barriers(network)
    barrier = {path.dimension: path.barrier for path in found}
    return MigrationDocument(
        system=first.system,
        phase=first.phase,
        engine=first.engine,
        campaign=first.campaign,
        method=method,
        settings={**(settings or {}), "mechanism": first.mechanism, **rates.as_settings()},
        calculations={f"{b.hop}:{name}": key for b in barriers for name, key in sorted(b.calculations.items())},
        completeness="partial" if missing else "complete",
        missing=[
            f"{hop.label} is missing ({hop.reason}): {_consequence(hop, network, sites, found)}" for hop in missing
        ],
        checks=[*zero.checks(), _multiplicities(barriers, sites), _all_sites(network, sites), *_of_hops(barriers)],
        formula=first.formula,
        mechanism=first.mechanism,
        dimensions=len(found),
        percolating_barrier_1d=barrier.get(1),
        percolating_barrier_2d=barrier.get(2),
        percolating_barrier_3d=barrier.get(3),
        percolating=found,
        largest_hop_barrier=found[0].largest_hop_barrier if found else None,
        site_energies=dict(zero.sites),
        hops=_rows(barriers, zero.saddles),
        metastability=_metastability(barriers, energy_above_hull_per_atom),
        diffusivities=[
            diffusivity(
                network,
                temperature,
                orbits=sites.orbits,
                attempt_frequency_Hz=rates.attempt_frequency_Hz,
                lithium=rates.lithium,
            )
            for temperature in rates.temperatures
        ],
        notes=_notes(found, sites, rates, first.mechanism),
    )


def _one_phase(barriers: Sequence[BarrierDocument], sites: SiteNetwork, missing: Sequence[MissingHop]) -> MethodKey:
    phases = {(b.phase, b.engine, b.campaign, b.mechanism) for b in barriers}
    labels = [*(b.hop for b in barriers), *(hop.label for hop in missing)]
    if len(phases) > 1 or len(set(labels)) < len(labels):
        raise ValueError("the hops of a network are of one phase, engine, campaign and mechanism, with a label each")
    if set(labels) != set(sites.edges):
        raise ValueError(f"hops without edges or edges without hops: {sorted(set(labels) ^ set(sites.edges))}")
    for b in barriers:
        ends = {frozenset((sites.orbits[i], sites.orbits[j])) for i, j, _ in sites.edges[b.hop]}
        if ends != {frozenset((b.start_orbit, b.end_orbit))}:
            raise ValueError(f"{b.hop} joins {b.start_orbit} and {b.end_orbit}, its edges other sites")
    return single_method((b.method for b in barriers), f"the hop network of {barriers[0].phase}")


def _network(
    barriers: Sequence[BarrierDocument],
    sites: SiteNetwork,
    energies: Mapping[str, float],
    saddles: Mapping[str, float],
) -> HopNetwork:
    hops = [NetworkHop(label=b.hop, saddle=saddles[b.hop], edges=tuple(sites.edges[b.hop])) for b in barriers]
    return HopNetwork(
        lattice=np.asarray(sites.lattice, dtype=float),
        positions=np.asarray(sites.positions, dtype=float),
        energies=np.array([energies.get(orbit, np.inf) for orbit in sites.orbits]),
        hops=tuple(sorted(hops, key=lambda hop: (hop.saddle, hop.label))),
    )


def _consequence(hop: MissingHop, network: HopNetwork, sites: SiteNetwork, found: Sequence[PercolatingBarrier]) -> str:
    """Say what the hop could change at most: as if its saddle were no higher than the sites it joins."""
    ends = [network.energies[site] for edge in sites.edges[hop.label] for site in edge[:2]]
    if not np.isfinite(ends).all():
        return "the energy of one of its sites is not known, so it may change every barrier"
    best = NetworkHop(label=hop.label, saddle=float(max(ends)), edges=tuple(sites.edges[hop.label]))
    reached = percolating_barriers(
        HopNetwork(
            lattice=network.lattice,
            positions=network.positions,
            energies=network.energies,
            hops=(*network.hops, best),
        )
    )
    effects = [
        f"the barrier in {now.dimension}D could fall from {MEV * now.barrier:.0f} to no less than "
        f"{MEV * then.barrier:.0f} meV"
        for now, then in zip(found, reached, strict=False)
        if then.barrier < now.barrier
    ]
    if len(reached) > len(found):
        effects.append(f"lithium could percolate in {len(reached)} dimensions instead of {len(found)}")
    return " and ".join(effects) or "it changes no percolating barrier"


def _metastability(barriers: Sequence[BarrierDocument], above_hull: float | None) -> Metastability | None:
    if above_hull is None:
        return None
    atoms = max(b.n_atoms for b in barriers)
    return Metastability(energy_above_hull_per_atom=above_hull, n_atoms=atoms, shift=atoms * above_hull)


def _rows(barriers: Sequence[BarrierDocument], saddles: Mapping[str, float]) -> list[MigrationHop]:
    return [
        MigrationHop(
            hop=b.hop,
            start_orbit=b.start_orbit,
            end_orbit=b.end_orbit,
            hop_length=b.hop_length,
            multiplicity=b.multiplicity,
            barrier_forward=b.barrier_forward,
            barrier_backward=b.barrier_backward,
            barrier_kra=b.barrier_kra,
            saddle_energy=saddles[b.hop],
            barrier_key=b.key,
            flagged=b.flagged,
        )
        for b in sorted(barriers, key=lambda b: (saddles[b.hop], b.hop))
    ]


def _multiplicities(barriers: Sequence[BarrierDocument], sites: SiteNetwork) -> Check:
    """Hops from A to B are as many as from B to A, which is detailed balance, when every edge is there once."""
    wrong = [b.hop for b in barriers if len(sites.edges[b.hop]) != b.multiplicity]
    return Check(
        name="multiplicities",
        passed=not wrong,
        message=f"the network has another number of hops per cell than the multiplicity of {', '.join(wrong)}"
        if wrong
        else f"all {sum(b.multiplicity for b in barriers)} hops per cell are in the network, in both directions",
    )


def _all_sites(network: HopNetwork, sites: SiteNetwork) -> Check:
    unknown = sorted({orbit for orbit, energy in zip(sites.orbits, network.energies, strict=True) if energy == np.inf})
    return Check(
        name="all_sites_known",
        passed=not unknown,
        message=f"no hop gives the energy of the defect on {', '.join(unknown)}, where it may be lower"
        if unknown
        else "the energy of the defect is known on all sites",
    )


def _of_hops(barriers: Sequence[BarrierDocument]) -> list[Check]:
    """Return the checks of the hops: one by one where they did not pass, together where they did."""
    checks = []
    for name in dict.fromkeys(check.name for b in barriers for check in b.checks):
        made = [(b.hop, check) for b in barriers for check in b.checks if check.name == name]
        passed = sum(check.passed is True for _, check in made)
        if passed:
            checks.append(Check(name=name, passed=True, message=f"passed {passed} of {len(made)} times"))
        checks += [
            check.model_copy(update={"subject": hop if check.subject is None else f"{hop}, {check.subject}"})
            for hop, check in made
            if check.passed is not True
        ]
    return checks


def _notes(
    found: Sequence[PercolatingBarrier], sites: SiteNetwork, rates: RateOptions, mechanism: Mechanism
) -> list[str]:
    notes = []
    reach = "" if sites.cutoff is None else f" up to {sites.cutoff:.2f} Å"
    if len(found) < 3:
        inside = f"in {len(found)} dimension{'s' if len(found) > 1 else ''} only" if found else "in no dimension"
        notes.append(f"hops{reach} percolate {inside}")
    if rates.temperatures:
        notes.append(f"rates with one attempt frequency of {rates.attempt_frequency_Hz:.3g} Hz for all hops")
        if mechanism == "exchange":
            notes.append("diffusivity of a lithium that has a vacancy near it; without one it does not move")
        if rates.lithium is not None and rates.lithium.correlation_factor is None:
            notes.append("the diffusivity of lithium leaves out the correlation of its hops")
    low = [t for t in rates.temperatures if found and found[-1].barrier < RARE * BOLTZMANN_EV_PER_K * t]
    if low:
        notes.append(
            f"the percolating barrier is below {RARE:g} kT at {', '.join(f'{t:g}' for t in low)} K, where hops are no "
            "rare events: take these diffusivities as orders of magnitude"
        )
    return notes
