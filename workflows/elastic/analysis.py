"""From stored calculations to the document of a phase's elastic tensor."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from lianode.analysis.checks import failed
from lianode.structures.errors import InputError
from lianode.structures.strains import Pattern, Strain
from lianode.workflows.calculation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.checks import Check
    from lianode.analysis.elastic.document import ElasticDocument, StrainedCell, Stress
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

SPACE_GROUP = "space_group_kept"
"""Of strained cells this check says nothing, as its tolerance is about their strain; ``stress_symmetry`` does."""


class StrainSlot(BaseModel):
    """One strain and the key of its cell.

    Attributes
    ----------
    pattern, magnitude
        As in :class:`lianode.structures.strains.Strain`.
    key
        Of the relaxation at fixed cell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: Pattern
    magnitude: float
    key: str


class ElasticSpec(BaseModel):
    """Everything that decides the elastic tensor of a phase, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system, phase, formula
        For the document.
    crystal
        Unrelaxed primitive cell, in which the axes are found, as a pymatgen dictionary.
    relaxation
        Key of the relaxation that a hull asks for too.
    reference
        Key of the one that goes on from there, which the strains refer to.
    strains
        The strained cells.
    magnitudes
        Of the strains, without sign.
    max_force, max_stress
        Where relaxations ended, eV/Å and GPa.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    phase: str
    formula: str
    crystal: dict[str, Any]
    relaxation: str
    reference: str
    strains: tuple[StrainSlot, ...]
    magnitudes: tuple[float, ...]
    max_force: float
    max_stress: float

    @field_validator("crystal", mode="before")
    @classmethod
    def _as_dictionary(cls, value: Any) -> Any:
        """Take a pymatgen object too: jobflow makes one of every dictionary that looks like one."""
        return value.as_dict() if hasattr(value, "as_dict") else value


def derive_elastic(spec: ElasticSpec, results: Results) -> list[ElasticDocument]:
    """Return the document of a phase.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When the crystal has no relaxation, or one strain has no stress.
    """
    from pymatgen.core import Structure

    from lianode.analysis.elastic.elastic import elastic, reference_cell
    from lianode.structures.crystal_axes import crystal_axes

    found = results.calculations([spec.relaxation, spec.reference, *(slot.key for slot in spec.strains)])
    relaxed, reference = found.get(spec.relaxation), found.get(spec.reference)
    left = _stress(reference)
    if relaxed is None or reference is None or reference.structure is None or left is None:
        ended = reference if relaxed is None or relaxed.state is State.CONVERGED else relaxed
        raise InputError(f"the crystal is not relaxed ({_reason(ended)})", f"elastic {spec.phase}")
    made = elastic(
        reference_cell(Structure.from_dict(reference.structure), crystal_axes(Structure.from_dict(spec.crystal)), left),
        [_strained_cell(slot, found) for slot in spec.strains],
        system=spec.system,
        phase=spec.phase,
        formula=spec.formula,
        engine=spec.engine,
        campaign=spec.campaign,
        method=relaxed.method,
        calculations={
            "relaxation": spec.relaxation,
            "reference": spec.reference,
            **{Strain(slot.pattern, slot.magnitude).name: slot.key for slot in spec.strains},
        },
        magnitudes=spec.magnitudes,
        settings={"max_force": spec.max_force, "max_stress": spec.max_stress},
        checks=_checks(spec, relaxed, reference, found),
    )
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return [made.model_copy(update={"derivation": spec.model_dump(mode="json"), "created": created})]


def _strained_cell(slot: StrainSlot, found: Mapping[str, Calculation]) -> StrainedCell:
    from lianode.analysis.elastic.document import StrainedCell

    done = found.get(slot.key)
    stress = _stress(done)
    return StrainedCell(
        pattern=slot.pattern,
        magnitude=slot.magnitude,
        stress_GPa=stress,
        reason=None if stress is not None else _reason(done),
    )


def _stress(done: Calculation | None) -> Stress | None:
    """Return the stress of a calculation that converged."""
    if done is None or done.state is not State.CONVERGED or done.stress_GPa is None:
        return None
    xx, yy, zz, yz, xz, xy = done.stress_GPa
    return xx, yy, zz, yz, xz, xy


def _checks(
    spec: ElasticSpec, relaxed: Calculation, reference: Calculation, found: Mapping[str, Calculation]
) -> list[Check]:
    """Return what is wrong with the crystal, once for both relaxations, and with the strained cells."""
    wrong = {check.name: check for done in (relaxed, reference) for check in failed(done.checks)}
    checks = [check.model_copy(update={"subject": spec.phase}) for check in wrong.values()]
    for slot in spec.strains:
        done = found.get(slot.key)
        name = Strain(slot.pattern, slot.magnitude).name
        wrong_here = [] if done is None else failed(done.checks)
        checks += [check.model_copy(update={"subject": name}) for check in wrong_here if check.name != SPACE_GROUP]
    return checks


def _reason(done: Calculation | None) -> str:
    if done is None:
        return "not computed"
    return f"{done.state.value}: {done.reason}" if done.reason else done.state.value
