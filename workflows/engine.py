"""The Protocol that every engine fulfils."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymatgen.core import Structure

    from lianode.analysis.method import MethodKey
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.task import ElectronicTask, MDTask, NebTask, RelaxTask, StaticTask


class Capability(StrEnum):
    """Something that not every engine can do."""

    STRESS = "stress"
    MAGNETISM = "magnetism"
    ELECTRONIC_STRUCTURE = "electronic structure"
    FREE_ATOMS = "free atoms"
    CONSTANT_PRESSURE = "molecular dynamics at constant pressure"


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a running task.

    Attributes
    ----------
    step
        Steps done.
    energy
        Energy of the cell, eV.
    max_force
        Largest force, eV/Å.
    """

    step: int
    energy: float
    max_force: float


@dataclass
class RunContext:
    """What an engine may know of the place it runs in.

    Attributes
    ----------
    directory
        Folder of this calculation, existing, kept between attempts; checkpoints live there.
    label
        For people and documents.
    deadline
        ``time.monotonic()`` at which the task has to have saved and returned, or None.
    stop
        Asked between steps; True means save a checkpoint and return as interrupted.
    progress
        Told after every step.
    checkpoint_interval_s
        Seconds between checkpoints; 0 writes one every step.
    """

    directory: Path
    label: str = ""
    deadline: float | None = None
    stop: Callable[[], bool] = lambda: False
    progress: Callable[[Progress], None] = lambda _: None
    checkpoint_interval_s: float = 1.0
    started: float = field(default_factory=time.monotonic)

    def must_stop(self) -> bool:
        """Whether the engine has to save and return now."""
        return self.stop() or (self.deadline is not None and time.monotonic() >= self.deadline)


class Engine(Protocol):
    """Something that computes energies: it knows nothing of jobflow or of stores.

    Attributes
    ----------
    name
        As documents and figures name it: that of the campaign, and another one for other settings of the same engine.
    settings
        Resolved settings that decide the result; part of the key.
    capabilities
        What it can do beyond energies and forces.
    costly
        Whether a calculation costs core-hours: what only makes sure of a result is then done when asked, not always.
    """

    name: str
    settings: dict[str, object]
    capabilities: frozenset[Capability]
    costly: bool

    def method(self) -> MethodKey:
        """Return the method of the energies; cheap, loads no model."""
        ...

    def check(self, structure: Structure) -> None:
        """Raise ``InputError`` when this structure cannot be computed (an unknown element, a missing package)."""
        ...

    def seconds_per_evaluation(self, n_atoms: int) -> float:
        """Estimate the time of one evaluation of energy and forces on one core, for plans."""
        ...

    def static(self, key: str, task: StaticTask, structure: Structure, context: RunContext) -> Calculation:
        """Compute energy, forces and stress."""
        ...

    def relax(self, key: str, task: RelaxTask, structure: Structure, context: RunContext) -> Calculation:
        """Relax; continue from the checkpoint in ``context.directory`` where there is one."""
        ...

    def md(self, key: str, task: MDTask, structure: Structure, context: RunContext) -> Calculation:
        """Move the atoms in time; continue from the checkpoint in ``context.directory`` where there is one."""
        ...

    def electronic(self, key: str, task: ElectronicTask, structure: Structure, context: RunContext) -> Calculation:
        """Compute the levels of a structure as it is; raises ``InputError`` for an engine without electrons."""
        ...

    def neb(self, key: str, task: NebTask, initial: Structure, final: Structure, context: RunContext) -> Calculation:
        """Find the path of least energy between two relaxed structures; continue from the checkpoint if there is one.

        Raises ``InputError`` for end points with different atoms or cells, or a path that runs through an atom.
        """
        ...
