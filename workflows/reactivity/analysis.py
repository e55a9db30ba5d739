"""From stored calculations to the documents of what two materials react to."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError
from lianode.workflows.hull.analysis import PhaseSlot, gather

if TYPE_CHECKING:
    from lianode.analysis.energies import MissingPhase, PhaseEnergy
    from lianode.analysis.reactivity.reactivity import ReactivityDocument
    from lianode.workflows.results import Results


class ReactivitySpec(BaseModel):
    """Everything that decides the reactions of one pair, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system
        For the documents.
    entry
        Which of the campaign's entries for this pair it is, counted from 1.
    first, second
        Names of anode and electrolyte.
    voltages
        Potentials at which lithium is exchanged, V; the closed mixture comes before them.
    phases
        All that may form, and the two materials.
    include, exclude
        As in :class:`lianode.workflows.reactivity.entry.ReactivityEntry`, names resolved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    entry: int = 1
    first: str
    second: str
    voltages: tuple[float, ...] = ()
    phases: tuple[PhaseSlot, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def derive_reactivity(spec: ReactivitySpec, results: Results) -> list[ReactivityDocument]:
    """Return the documents of one pair: of the closed mixture, then one per voltage.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When one of the two materials has no energy.
    HullImpossibleError
        When an element of theirs has none.
    """
    from lianode.analysis.hull.counting import HullImpossibleError

    energies, missing = gather(spec.phases, results)
    for phase in missing:
        if phase.name in (spec.first, spec.second):
            raise InputError(f"{phase.name} has no energy ({phase.reason})", f"reaction of {spec.first}")
    closed = _document(spec, energies, missing, None)
    documents = []
    for voltage in spec.voltages:
        try:
            documents.append(_document(spec, energies, missing, voltage))
        except HullImpossibleError as error:  # lithium metal failed, and the closed mixture may not need it
            closed = closed.model_copy(update={"notes": [*closed.notes, f"Nothing at {voltage:g} V: {error}."]})
    # one document holds what all are derived from
    closed = closed.model_copy(update={"derivation": spec.model_dump(mode="json")})
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return [document.model_copy(update={"created": created}) for document in (closed, *documents)]


def _document(
    spec: ReactivitySpec, energies: list[PhaseEnergy], missing: list[MissingPhase], voltage: float | None
) -> ReactivityDocument:
    from lianode.analysis.reactivity.reactivity import reactivity
    from lianode.analysis.reactivity.uncounted import with_uncounted

    document = reactivity(
        energies,
        first=spec.first,
        second=spec.second,
        engine=spec.engine,
        campaign=spec.campaign,
        voltage=voltage,
        include=spec.include,
        exclude=spec.exclude,
        missing=missing,
    )
    document = with_uncounted(document, energies)
    return document.model_copy(update={"settings": {**document.settings, "entry": spec.entry}})
