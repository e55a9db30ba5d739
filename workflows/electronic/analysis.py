"""From stored calculations to the documents of electronic structures and work functions."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from lianode.analysis.electronic.work_function import InsulatorReference
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.checks import Check
    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.electronic.document import ElectronicDocument
    from lianode.analysis.electronic.levels import Levels
    from lianode.analysis.electronic.work_function import CrystalPotential, WorkFunctionDocument
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

LEVELS, STATES = "levels", "states"


class SlabSlot(BaseModel):
    """The slab of one surface.

    Attributes
    ----------
    surface, plane, plane_label, termination, layers, thickness, vacuum, equal_surfaces
        As in :class:`lianode.analysis.electronic.work_function.WorkFunctionDocument`, of the slab before anything
        relaxes.
    period
        Distance of the lattice planes, Å, before anything relaxes.
    relaxation
        Key of the slab's relaxation, None where it is as it was cut.
    electronic
        Key of its electronic structure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    surface: str
    plane: tuple[int, int, int]
    plane_label: str
    termination: str
    layers: int
    thickness: float
    vacuum: float
    equal_surfaces: bool
    period: float
    relaxation: str | None
    electronic: str


class ElectronicSpec(BaseModel):
    """Everything that decides the electronic structure of a phase, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system, phase, formula
        For the documents.
    volume
        Of the primitive cell before anything relaxes, Å³.
    relaxation
        Key of the crystal's relaxation, None where it is as it was given.
    electronic
        Key of its electronic structure.
    broadening
        Of the density of states, eV; None where there is none.
    slabs
        Of the surfaces whose work functions are wanted.
    work_function_reference
        Convention for insulators.
    settings
        Of the documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    phase: str
    formula: str
    volume: float
    relaxation: str | None
    electronic: str
    broadening: float | None
    slabs: tuple[SlabSlot, ...] = ()
    work_function_reference: InsulatorReference = "vbm"
    settings: dict[str, Any]


def derive_electronic(spec: ElectronicSpec, results: Results) -> list[PropertyDocument]:
    """Return the document of a crystal, where it was computed, and those of its surfaces.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When nothing is there, or levels are not where they were written.
    """
    from lianode.analysis.electronic.gap import band_gap
    from lianode.analysis.electronic.work_function import CrystalPotential

    keys = [
        spec.relaxation,
        spec.electronic,
        *(key for slab in spec.slabs for key in (slab.relaxation, slab.electronic)),
    ]
    found = results.calculations([key for key in keys if key is not None])
    documents: list[PropertyDocument] = []
    lacking: list[str] = []
    crystal: CrystalPotential | None = None
    done = found.get(spec.electronic)
    if done is not None and done.state is State.CONVERGED and done.electronic is not None:
        levels = levels_of(done)
        documents.append(_crystal(spec, done, levels, found))
        if done.electronic.potential is not None:
            crystal = CrystalPotential(gap=band_gap(levels), mean=done.electronic.potential.mean)
    else:
        lacking.append(f"{spec.phase}: {_reason(done)}")
    for slab in spec.slabs:
        done = found.get(slab.electronic)
        if done is None or done.state is not State.CONVERGED or done.electronic is None:
            lacking.append(f"{slab.surface}: {_reason(done)}")
        else:
            documents.append(_surface(spec, slab, done, found, crystal))
    if not documents:
        raise InputError("; ".join(lacking), f"electronic {spec.phase}")
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    update: dict[str, Any] = {"created": created}
    if lacking:
        update |= {"completeness": "partial", "missing": lacking}
    first, *others = (document.model_copy(update=update) for document in documents)
    # one document holds what all are derived from
    return [first.model_copy(update={"derivation": spec.model_dump(mode="json")}), *others]


def levels_of(done: Calculation) -> Levels:
    """Return the levels that an electronic structure left in a file.

    Raises
    ------
    InputError
        When the file is not where it was written, or has become another one.
    """
    from lianode.analysis.electronic.levels import Levels

    return Levels.read(_file(done, LEVELS))


def _file(done: Calculation, name: str) -> Path:
    """Return the path of a file, whose content has to be what it was."""
    reference = done.files[name]
    path = Path(done.directory) / reference.path
    try:
        same = hashlib.sha256(path.read_bytes()).hexdigest() == reference.sha256
    except OSError:
        raise InputError(
            f"the {name} of {done.label} ({done.key[:8]}) are not at {path}; derive them on the machine that computed "
            "them, or copy that folder here",
            name,
        ) from None
    if not same:
        raise InputError(f"the {name} of {done.label} at {path} are not those that were computed", name)
    return path


def _crystal(
    spec: ElectronicSpec, done: Calculation, levels: Levels, found: Mapping[str, Calculation]
) -> ElectronicDocument:
    from lianode.analysis.electronic.document import electronic
    from lianode.analysis.electronic.levels import States

    own = States.read(_file(done, STATES)) if spec.broadening is not None and STATES in done.files else None
    calculations = {spec.phase: spec.electronic}
    if spec.relaxation is not None:
        calculations[f"{spec.phase} relaxed"] = spec.relaxation
    return electronic(
        levels,
        system=spec.system,
        phase=spec.phase,
        formula=spec.formula,
        engine=spec.engine,
        campaign=spec.campaign,
        method=done.method,
        calculations=calculations,
        broadening=spec.broadening,
        own=own,
        settings=spec.settings,
        checks=_checks(found, spec.phase, done, spec.relaxation),
    )


def _surface(
    spec: ElectronicSpec,
    slab: SlabSlot,
    done: Calculation,
    found: Mapping[str, Calculation],
    crystal: CrystalPotential | None,
) -> WorkFunctionDocument:
    from lianode.analysis.electronic.work_function import SlabOfSurface, work_function

    if done.electronic is None or done.electronic.potential is None:
        raise InputError("its electronic structure has no potential", slab.surface)
    relaxed = found.get(spec.relaxation) if spec.relaxation is not None else None
    stretch = 1.0
    if relaxed is not None and relaxed.volume is not None:
        stretch = (relaxed.volume / spec.volume) ** (1.0 / 3.0)
    calculations = {slab.surface: slab.electronic, spec.phase: spec.electronic}
    if slab.relaxation is not None:
        calculations[f"{slab.surface} relaxed"] = slab.relaxation
    if spec.relaxation is not None:
        calculations[f"{spec.phase} relaxed"] = spec.relaxation
    return work_function(
        levels_of(done),
        done.electronic.potential,
        SlabOfSurface(
            formula=spec.formula,
            n_atoms=done.n_atoms,
            relaxed=slab.relaxation is not None,
            period=slab.period * stretch,
            thickness=slab.thickness * stretch,
            **slab.model_dump(include={"plane", "plane_label", "surface", "termination", "layers", "vacuum"}),
            equal_surfaces=slab.equal_surfaces,
        ),
        system=spec.system,
        phase=spec.phase,
        engine=spec.engine,
        campaign=spec.campaign,
        method=done.method,
        calculations=calculations,
        crystal=crystal,
        insulator_reference=spec.work_function_reference,
        settings=spec.settings,
        checks=[
            *_checks(found, slab.surface, done, slab.relaxation),
            *_checks(found, spec.phase, None, spec.relaxation),
        ],
    )


def _checks(
    found: Mapping[str, Calculation], subject: str, done: Calculation | None, relaxation: str | None
) -> list[Check]:
    """Return the checks of an electronic structure and of the relaxation that it began from."""
    before = found.get(relaxation) if relaxation is not None else None
    made = [*(before.checks if before is not None else []), *(done.checks if done is not None else [])]
    return [check.model_copy(update={"subject": subject}) for check in made if check.name != "start_accepted"]


def _reason(done: Calculation | None) -> str:
    if done is None:
        return "not computed"
    return f"{done.state.value}: {done.reason}" if done.reason else done.state.value
