"""Reactions of anodes with an electrolyte as a property of a campaign: relaxations, and the job that derives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.reactivity.analysis import ReactivitySpec
from lianode.workflows.reactivity.entry import EXCHANGED, ReactivityEntry, mixing_fault, resolved
from lianode.workflows.reactivity.phases import PhaseChoice
from lianode.workflows.relaxations import plan_relaxations

if TYPE_CHECKING:
    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.relaxations import Relaxations
    from lianode.workflows.request import Request


@dataclass(frozen=True, kw_only=True)
class ReactivityPlan(DerivedPlan):
    """One anode and one electrolyte with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the documents.
    relaxations
        Of all phases that may form, and of the two.
    """

    HOLDER: ClassVar[str] = "reactivity"

    entry: ReactivityEntry
    spec: ReactivitySpec
    relaxations: Relaxations

    @property
    def title(self) -> str:
        """What people call it."""
        return f"reaction of {self.spec.first} and {self.spec.second} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with the phases they belong to; what others begin from comes first."""
        return self.relaxations.calculations()


def plan_reactivities(
    campaign: Campaign, entry: ReactivityEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[ReactivityPlan]:
    """Return all that one entry needs with one engine, anode by anode; nothing is computed.

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
    choice = PhaseChoice(campaign, entry)
    plans = []
    for text in entry.anodes:
        anode = choice.material(text)
        metal = anode.elements == (EXCHANGED,)
        voltages = () if metal else entry.voltages
        formulas = (anode.formula, choice.electrolyte.formula)
        fault = mixing_fault(anode.name, choice.electrolyte.name, formulas, exchanged=bool(voltages))
        if fault is not None:
            raise InputError(fault, "reactivity")
        elements = {*anode.elements, *choice.electrolyte.elements, *([EXCHANGED] if voltages else [])}
        phases = choice.phases(anode, elements)
        relaxed = plan_relaxations(campaign, entry, engine, phases, retry_failed=retry_failed)
        include, exclude = choice.options(phases)
        spec = ReactivitySpec(
            campaign=campaign.name,
            engine=engine.name,
            system=system_of(elements),
            entry=_number(campaign, entry, anode.name),
            first=anode.name,
            second=choice.electrolyte.name,
            voltages=voltages,
            phases=relaxed.slots,
            include=include,
            exclude=exclude,
        )
        plans.append(ReactivityPlan(entry=entry, spec=spec, relaxations=relaxed))
    choice.check_all_used()
    return plans


def _number(campaign: Campaign, entry: ReactivityEntry, anode: str) -> int:
    """Return which of the campaign's entries for this pair an entry is, counted from 1."""
    same = [
        one
        for one in campaign.calculations
        if isinstance(one, ReactivityEntry)
        and resolved(one.electrolyte) == resolved(entry.electrolyte)
        and anode in map(resolved, one.anodes)
    ]
    return 1 + same.index(entry)
