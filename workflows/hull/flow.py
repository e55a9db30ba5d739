"""The convex hull as a property of a campaign: its calculations, and the jobs that turn them into documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.workflows.engines.registry import make_engine
from lianode.workflows.hull.analysis import HullSpec
from lianode.workflows.hull.entry import HullEntry
from lianode.workflows.hull.free_energy import FreeEnergySpec
from lianode.workflows.hull.phases import resolve_options, select_phases
from lianode.workflows.relaxations import plan_relaxations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobflow import Job

    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.engine import Engine
    from lianode.workflows.relaxations import Relaxations
    from lianode.workflows.request import Request


UNLIMITED_S = 1e9


@dataclass(frozen=True, kw_only=True)
class HullPlan:
    """One hull with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the documents.
    relaxations
        Of the phases.
    free_energies
        What is wanted at a temperature; empty without one.
    """

    entry: HullEntry
    spec: HullSpec
    relaxations: Relaxations
    free_energies: tuple[FreeEnergySpec, ...]

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of the hull."""
        return self.relaxations.phases

    @property
    def requests(self) -> tuple[Request, ...]:
        """Their relaxations, in the same order."""
        return self.relaxations.requests

    @property
    def starts(self) -> tuple[Request, ...]:
        """Relaxations with another engine that those begin from; empty without `start_from`."""
        return self.relaxations.starts

    @property
    def title(self) -> str:
        """What people call it."""
        warm = f" and at {self.spec.temperature:g} K" if self.spec.temperature is not None else ""
        return f"hull {self.spec.system} with {self.spec.engine}{warm}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with the phases they belong to; what others begin from comes first."""
        return self.relaxations.calculations()

    def jobs(self, calculations: Mapping[str, Job]) -> tuple[list[Job], Job]:
        """Return the jobs beside the calculations, and the last of them, whose output holds the documents' keys.

        Parameters
        ----------
        calculations
            Job of each calculation, by key; equal calculations of a campaign are one job.
        """
        from lianode.workflows.jobs import free_energy, hull

        warm = []
        for wanted in self.free_energies:
            job = free_energy(wanted.model_dump(mode="json"), calculations[wanted.phase.key].output)
            job.name = f"free energy {wanted.phase.name}"
            warm.append(job)
        inputs = [calculations[request.key].output for request in self.requests]
        last = hull(self.spec.model_dump(mode="json"), [*inputs, *(job.output for job in warm)])
        last.name = self.title
        return [*warm, last], last


def plan_hulls(
    campaign: Campaign, entry: HullEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[HullPlan]:
    """Return all that one hull entry needs with one engine, which is one plan; nothing is computed.

    Parameters
    ----------
    campaign, entry
        Of the campaign file.
    engine_spec
        As :func:`lianode.workflows.engines.registry.make_engine` takes it.
    retry_failed
        Whether calculations that failed before are tried again.

    Raises
    ------
    InputError
        For phases that cannot be used, or that the engine cannot compute.
    """
    engine = make_engine(engine_spec)
    phases = select_phases(campaign, entry)
    relaxed = plan_relaxations(campaign, entry, engine, phases, retry_failed=retry_failed)
    chosen = resolve_options(entry, phases)
    spec = HullSpec(
        campaign=campaign.name,
        engine=engine.name,
        system=entry.system,
        entry=_number(campaign, entry),
        phases=relaxed.slots,
        include=chosen.include,
        exclude=chosen.exclude,
        references=chosen.references,
        hull_tolerance=entry.hull_tolerance,
        host=entry.host,
        temperature=entry.temperature,
        phonon_length=entry.phonon_length,
        phonon_max_atoms=entry.phonon_max_atoms,
        phonon_time_limit_s=_phonon_time_limit(entry, engine),
    )
    plan = HullPlan(
        entry=entry,
        spec=spec,
        relaxations=relaxed,
        free_energies=_free_energies(spec, engine.settings, retry_failed=retry_failed),
    )
    return [plan]


def _number(campaign: Campaign, entry: HullEntry) -> int:
    """Return which of the campaign's hulls of this system an entry is, counted from 1."""
    same = [one for one in campaign.calculations if isinstance(one, HullEntry) and one.system == entry.system]
    return 1 + same.index(entry)


def _phonon_time_limit(entry: HullEntry, engine: Engine) -> float:
    """Return the time limit of a phase's phonons, s: as written, and none for an engine that takes hours anyway."""
    return (
        UNLIMITED_S if engine.costly and "phonon_time_limit" not in entry.model_fields_set else entry.phonon_time_limit
    )


def _free_energies(spec: HullSpec, engine: dict[str, Any], *, retry_failed: bool) -> tuple[FreeEnergySpec, ...]:
    if spec.temperature is None:
        return ()
    return tuple(
        FreeEnergySpec(
            campaign=spec.campaign,
            system=spec.system,
            engine=engine,
            phase=slot,
            temperature=spec.temperature,
            phonon_length=spec.phonon_length,
            phonon_max_atoms=spec.phonon_max_atoms,
            phonon_time_limit_s=spec.phonon_time_limit_s,
            retry_failed=retry_failed,
        )
        for slot in spec.phases
    )
