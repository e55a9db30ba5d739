"""The one document that every engine returns."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.analysis.electronic.result import ElectronicResult
from lianode.analysis.method import MethodKey
from lianode.analysis.migration.band import Band
from lianode.workflows.task import Task

if TYPE_CHECKING:
    from pymatgen.core import Structure

SCHEMA_VERSION = 1


class State(StrEnum):
    """How a calculation ended."""

    CONVERGED = "converged"
    UNCONVERGED = "unconverged"
    """It ran to its step limit; a later run continues it."""
    INTERRUPTED = "interrupted"
    """It was stopped; a later run continues it."""
    FAILED = "failed"
    """It cannot give a result; ``reason`` says why. It runs again only when asked."""


class FileReference(BaseModel):
    """A file beside the document.

    Attributes
    ----------
    path
        Relative to the calculation's directory.
    sha256, bytes
        Checksum and size when the document was written.
    """

    path: str
    sha256: str
    bytes: int


class Calculation(BaseModel):
    """One task, done by one engine on one structure.

    Attributes
    ----------
    key
        Hash of resolved settings, task and input; see :mod:`lianode.workflows.keys`.
    revision
        Counts the commits of this key, for compare-and-set.
    state, reason
        How it ended, and why where it did not converge.
    engine, settings
        Engine as the campaign names it, and its resolved settings.
    task
        What was asked for.
    method
        Which energies this one may be compared with.
    label
        For people: the phase it belongs to. Not part of the key.
    formula, n_atoms, composition
        Of the cell.
    energy
        Of the cell, eV.
    structure
        Final structure as a pymatgen dictionary, Å.
    volume
        Of the cell, Å³.
    max_force
        Largest force on an atom at the end, eV/Å.
    max_stress_GPa
        Largest absolute component of the stress at the end, GPa.
    forces
        Of statics: (n, 3), eV/Å.
    stress_GPa
        Of statics, and at the end of relaxations: 6 Voigt components (xx yy zz yz xz xy), tension positive, GPa.
    space_group_before, space_group_after
        International numbers, tolerance 0.1 Å.
    steps, evaluations
        Optimiser steps and evaluations of energy and forces, all continuations together.
    started_from
        Key of the calculation whose final structure this one began from; None where it began from the structure that
        was asked for.
    mean_temperature
        Of molecular dynamics, over the second half of the run, K.
    mean_cell
        Of molecular dynamics at a pressure, over the second half of the run: (3, 3), Å, rows are vectors. ``structure``
        and ``volume`` are those of the last frame.
    band
        Of nudged elastic bands: energies and forces along the path. Energy, structure and largest force of the
        document are those of its highest image.
    intermediate
        Of bands with a minimum on the way: the structure of the lowest one, where the hop falls in two.
    end_points
        Of the same bands: both ends, which the halves begin from.
    electronic
        Of electronic structures: Fermi level, mesh and potential; the levels are in a file.
    checks
        What was verified.
    files
        Large data that stay where they were written.
    program_version, host, directory, started, wall_time_s, evaluation_time_s
        Provenance; times in seconds, all continuations together.
    continued
        How often it was continued from a checkpoint.
    cores
        Cores of the last process that worked on it.
    """

    model_config = ConfigDict(extra="forbid")

    schema_version: int = SCHEMA_VERSION
    key: str
    revision: int = 0
    state: State
    reason: str | None = None
    engine: str
    settings: dict[str, Any] = Field(default_factory=dict)
    task: Task
    method: MethodKey
    label: str = ""
    formula: str
    n_atoms: int
    composition: dict[str, int]
    energy: float | None = None
    structure: dict[str, Any] | None = None
    volume: float | None = None
    max_force: float | None = None
    max_stress_GPa: float | None = None
    forces: list[list[float]] | None = None
    stress_GPa: list[float] | None = None
    space_group_before: int | None = None
    space_group_after: int | None = None
    steps: int = 0
    evaluations: int = 0
    started_from: str | None = None
    mean_temperature: float | None = None
    mean_cell: list[list[float]] | None = None
    band: Band | None = None
    intermediate: dict[str, Any] | None = None
    end_points: tuple[dict[str, Any], dict[str, Any]] | None = None
    electronic: ElectronicResult | None = None
    checks: list[Check] = Field(default_factory=list)
    files: dict[str, FileReference] = Field(default_factory=dict)
    program_version: str = ""
    host: str = ""
    directory: str = ""
    started: str = ""
    wall_time_s: float = 0.0
    evaluation_time_s: float = 0.0
    continued: int = 0
    cores: int = 1


_RANKS = {State.FAILED: 0, State.INTERRUPTED: 1, State.UNCONVERGED: 2, State.CONVERGED: 3}


def supersedes(new: Calculation, old: Calculation) -> bool:
    """Whether ``new`` replaces ``old`` when both were committed from the same start.

    The one further along stays: converged before unconverged before interrupted before failed, and of two unfinished
    ones that with more steps. A converged calculation is never replaced.
    """
    if _RANKS[new.state] != _RANKS[old.state]:
        return _RANKS[new.state] > _RANKS[old.state]
    return new.state in {State.UNCONVERGED, State.INTERRUPTED} and new.steps > old.steps


def cell_fields(structure: Structure) -> dict[str, Any]:
    """Return the fields of a document that say which atoms were computed."""
    return {
        "formula": structure.composition.formula.replace(" ", ""),
        "n_atoms": len(structure),
        "composition": {element.symbol: int(n) for element, n in structure.composition.items()},
    }
