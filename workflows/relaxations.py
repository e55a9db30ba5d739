"""The relaxations of phases that several properties of a campaign share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.workflows.engines.registry import make_engine
from lianode.workflows.hull.analysis import PhaseSlot
from lianode.workflows.promotion import promote
from lianode.workflows.request import relax_phase, usual_rattle
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.campaign.relaxation_entry import RelaxationEntry
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request


@dataclass(frozen=True, kw_only=True)
class Relaxations:
    """One relaxation per phase, and what they begin from.

    Attributes
    ----------
    phases
        The phases.
    requests
        Their relaxations, in the same order.
    starts
        Relaxations with another engine that those begin from, in the same order; empty where they begin from the
        structures as they are known.
    """

    phases: tuple[Phase, ...]
    requests: tuple[Request, ...]
    starts: tuple[Request, ...] = ()

    @property
    def slots(self) -> tuple[PhaseSlot, ...]:
        """What an analysis needs to find them again."""
        return tuple(
            PhaseSlot(name=phase.name, formula=phase.formula, kind=phase.kind, key=request.key)
            for phase, request in zip(self.phases, self.requests, strict=True)
        )

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with the phases they belong to; what others begin from comes first."""
        return [
            *zip(self.starts, self.phases, strict=False),
            *zip(self.requests, self.phases, strict=True),
        ]


def plan_relaxations(
    campaign: Campaign, entry: RelaxationEntry, engine: Engine, phases: Sequence[Phase], *, retry_failed: bool
) -> Relaxations:
    """Return the relaxations of phases as an entry wants them.

    Parameters
    ----------
    campaign, entry
        Of the campaign file.
    engine
        That computes them.
    phases
        Ordered ones.
    retry_failed
        Whether calculations that failed before are tried again.

    Raises
    ------
    InputError
        For phases that the engine cannot compute.
    """
    requests = _requests(engine, entry, phases, retry_failed=retry_failed)
    start = campaign.start_of(entry)
    starts: tuple[Request, ...] = ()
    if start is not None and (other := make_engine(start.spec)).settings != engine.settings:
        starts = _requests(other, entry, phases, retry_failed=retry_failed)
        requests = tuple(promote(request, parent) for request, parent in zip(requests, starts, strict=True))
    return Relaxations(phases=tuple(phases), requests=requests, starts=starts)


def _requests(
    engine: Engine, entry: RelaxationEntry, phases: Sequence[Phase], *, retry_failed: bool
) -> tuple[Request, ...]:
    rattle = usual_rattle(engine) if entry.rattle is None else entry.rattle
    task = RelaxTask(
        max_force=entry.max_force, max_stress_GPa=entry.max_stress, max_steps=entry.max_steps, rattle=rattle
    )
    return tuple(relax_phase(engine, phase, task, retry_failed=retry_failed) for phase in phases)
