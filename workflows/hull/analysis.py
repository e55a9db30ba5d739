"""From stored calculations to the documents of a hull."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from lianode.analysis.energies import MissingPhase, PhaseEnergy
from lianode.structures.phase import PhaseKind
from lianode.workflows.calculation import State
from lianode.workflows.stored import stored_free_energies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.free_energy.thermal import ThermalDocument
    from lianode.analysis.hull.hull import HullDocument
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results


class PhaseSlot(BaseModel):
    """One phase of a hull and the key of its relaxation.

    Attributes
    ----------
    name, formula, kind
        As in :class:`lianode.structures.phase.Phase`.
    key
        Of the relaxation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    formula: str
    kind: PhaseKind
    key: str


class HullSpec(BaseModel):
    """Everything that decides a hull, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system
        For the documents.
    entry
        Which of the campaign's hulls of this system it is, counted from 1: the documents of a later run take the place
        of those of the same entry only.
    phases
        What was asked for.
    include, exclude, references, hull_tolerance, host
        As in :class:`lianode.workflows.hull.entry.HullEntry`, names resolved.
    temperature, phonon_length, phonon_max_atoms, phonon_time_limit_s
        Of the free energies; temperature None leaves them out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    entry: int = 1
    phases: tuple[PhaseSlot, ...]
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    references: dict[str, str] = {}
    hull_tolerance: float = 0.005
    host: str | None = None
    temperature: float | None = None
    phonon_length: float = 10.0
    phonon_max_atoms: int = 300
    phonon_time_limit_s: float = 600.0


def gather(phases: Sequence[PhaseSlot], results: Results) -> tuple[list[PhaseEnergy], list[MissingPhase]]:
    """Return the energies of phases that the store holds, and what is missing and why."""
    found = results.calculations([slot.key for slot in phases])
    energies: list[PhaseEnergy] = []
    missing: list[MissingPhase] = []
    for slot in phases:
        calculation = found.get(slot.key)
        if calculation is not None and calculation.state is State.CONVERGED:
            energies.append(_energy(slot, calculation))
        else:
            missing.append(_missing(slot, "not computed" if calculation is None else _reason(calculation)))
    return energies, missing


def derive_hull(spec: HullSpec, results: Results, reasons: Mapping[str, str] | None = None) -> list[PropertyDocument]:
    """Return all documents of a hull entry: hull, phases, voltage curves, and the same at a temperature.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.
    reasons
        Why phases have no free energy, by name, where that is known.
    """
    from lianode.analysis.hull.counting import HullImpossibleError

    energies, missing = gather(spec.phases, results)
    documents = _hull_documents(spec, energies, missing, None)
    if spec.temperature is not None:
        thermal = stored_free_energies(
            results,
            {slot.name: slot.key for slot in spec.phases},
            campaign=spec.campaign,
            engine=spec.engine,
            system=spec.system,
            temperature=spec.temperature,
            phonon_length=spec.phonon_length,
        )
        warm, warm_missing = _at_temperature(spec, energies, missing, thermal, reasons or {})
        try:
            documents += _hull_documents(spec, warm, warm_missing, spec.temperature)
        except HullImpossibleError as error:  # what is known at 0 K stays, and says so
            documents[0] = _with_note(documents[0], f"There is no hull at {spec.temperature:g} K: {error}.")
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return [document.model_copy(update={"created": created}) for document in documents]


def _hull_documents(
    spec: HullSpec, energies: list[PhaseEnergy], missing: list[MissingPhase], temperature: float | None
) -> list[PropertyDocument]:
    """Return hull, phase stabilities and voltage curves of one set of energies."""
    from lianode.analysis.hull.hull import hull
    from lianode.analysis.hull.stability import phase_stabilities

    document = hull(
        energies,
        system=spec.system,
        engine=spec.engine,
        campaign=spec.campaign,
        references=spec.references,
        include=_known(spec.include, energies, missing),
        exclude=_known(spec.exclude, energies, missing),
        missing=missing,
        temperature=temperature,
    )
    document = document.model_copy(update={"settings": {**document.settings, "entry": spec.entry}})
    if temperature is None:
        document = document.model_copy(update={"derivation": spec.model_dump(mode="json")})
    return [document, *phase_stabilities(document), *_voltages(spec, document)]


def _with_note(document: PropertyDocument, sentence: str) -> PropertyDocument:
    return document.model_copy(update={"notes": [*getattr(document, "notes", ()), sentence]})


def _voltages(spec: HullSpec, document: HullDocument) -> list[PropertyDocument]:
    """Return the curve of the hull, and the one that counts phases near it where that makes a difference."""
    from pymatgen.core import Composition

    from lianode.analysis.voltage.voltage import voltage

    hosts = [element for element in document.elements if element != "Li"]
    if "Li" not in document.elements or (len(hosts) > 1 and spec.host is None):
        return []
    host = {str(k): float(v) for k, v in Composition(spec.host).items()} if spec.host else None
    if not _lithiated(document):
        return []
    strict = voltage(document, host=host)
    tolerant = voltage(document, host=host, hull_tolerance=spec.hull_tolerance)
    return [strict] if len(tolerant.vertices) == len(strict.vertices) else [strict, tolerant]


def _lithiated(document: HullDocument) -> bool:
    """Whether a stable phase holds both lithium and a host."""
    return any(row.stable and 0 < row.fractions["Li"] < 1 for row in document.phases)


def _known(names: tuple[str, ...], energies: list[PhaseEnergy], missing: list[MissingPhase]) -> tuple[str, ...]:
    """Return the names that a hull at this temperature can know: those of the phases of the entry."""
    phases: list[PhaseEnergy | MissingPhase] = [*energies, *missing]
    words = {p.name for p in phases} | {p.formula for p in phases} | {"hypothetical"}
    return tuple(name for name in names if name in words)


def _at_temperature(
    spec: HullSpec,
    energies: list[PhaseEnergy],
    missing: list[MissingPhase],
    thermal: dict[str, ThermalDocument],
    reasons: Mapping[str, str],
) -> tuple[list[PhaseEnergy], list[MissingPhase]]:
    """Return free energies, and what is missing at the temperature."""
    from lianode.analysis.free_energy.thermal import with_free_energy

    slots = {slot.name: slot for slot in spec.phases}
    warm = [with_free_energy(energy, thermal[energy.name]) for energy in energies if energy.name in thermal]
    cold = [
        _missing(slots[energy.name], reasons.get(energy.name, f"no free energy at {spec.temperature:g} K is stored"))
        for energy in energies
        if energy.name not in thermal
    ]
    return warm, [*missing, *cold]


def _energy(slot: PhaseSlot, calculation: Calculation) -> PhaseEnergy:
    if calculation.energy is None or calculation.volume is None:
        raise ValueError(f"calculation {calculation.key} of {slot.name} converged without an energy")
    return PhaseEnergy(
        name=slot.name,
        formula=slot.formula,
        composition=calculation.composition,
        energy=calculation.energy,
        volume=calculation.volume,
        method=calculation.method,
        kind=slot.kind,
        calculation_key=calculation.key,
        checks=tuple(calculation.checks),
    )


def _missing(slot: PhaseSlot, reason: str) -> MissingPhase:
    return MissingPhase(name=slot.name, formula=slot.formula, reason=reason, kind=slot.kind)


def _reason(calculation: Calculation) -> str:
    return f"{calculation.state.value}: {calculation.reason}" if calculation.reason else calculation.state.value
