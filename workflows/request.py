"""A calculation that is wanted: everything that is needed to do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from lianode.structures.errors import InputError
from lianode.workflows.keys import Source, calculation_key
from lianode.workflows.task import RelaxTask, Task

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.phase import Phase
    from lianode.workflows.engine import Engine


def usual_rattle(engine: Engine) -> float:
    """Return the displacement of the free relaxation, Å: none with an engine that costs core-hours."""
    return 0.0 if engine.costly else RelaxTask().rattle


class Request(BaseModel):
    """A task on atoms with an engine, and the key of its result.

    Attributes
    ----------
    key
        See :mod:`lianode.workflows.keys`.
    engine
        Resolved settings, as :func:`lianode.workflows.engines.registry.make_engine` takes them.
    task
        What to do.
    source
        Where the atoms come from.
    structure
        The atoms, as a pymatgen dictionary.
    final
        The other end point of a band before it relaxes, as a pymatgen dictionary.
    host
        Of a cell with a defect or a strain: the unrelaxed primitive cell of the crystal in which its hops or axes are
        found again when it begins, as a pymatgen dictionary. Not in the key, which holds that crystal's own.
    label
        For people.
    retry_failed
        Whether a calculation that failed before is tried again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    engine: dict[str, Any]
    task: Task
    source: Source
    structure: dict[str, Any]
    final: dict[str, Any] | None = None
    host: dict[str, Any] | None = None
    label: str
    retry_failed: bool = False

    @field_validator("structure", "final", "host", mode="before")
    @classmethod
    def _as_dictionary(cls, value: Any) -> Any:
        """Take a pymatgen object too: jobflow makes one of every dictionary that looks like one."""
        return value.as_dict() if hasattr(value, "as_dict") else value

    @property
    def n_atoms(self) -> int:
        """Atoms in the cell."""
        return len(self.structure["sites"])

    def atoms(self) -> Structure:
        """Return the structure, Å."""
        from pymatgen.core import Structure

        return Structure.from_dict(self.structure)


def relax_phase(engine: Engine, phase: Phase, task: RelaxTask, *, retry_failed: bool = False) -> Request:
    """Return the request to relax the primitive cell of a phase.

    Raises
    ------
    InputError
        When the engine cannot compute it.
    """
    from lianode.structures.canonical import structure_hash

    cell = phase.primitive()
    source = Source(recipe="primitive cell", structure_hash=structure_hash(phase.structure))
    return phase_request(engine, phase, cell, task, source, retry_failed=retry_failed)


def phase_request(
    engine: Engine, phase: Phase, cell: Structure, task: Task, source: Source, *, retry_failed: bool
) -> Request:
    """Return the request for a task on a cell of a phase.

    Raises
    ------
    InputError
        When the engine cannot compute it, with the name of the phase.
    """
    return derived_request(engine, task, source, cell, label=phase.name, retry_failed=retry_failed, where=phase.name)


def derived_request(
    engine: Engine,
    task: Task,
    source: Source,
    structure: Structure,
    *,
    label: str,
    retry_failed: bool,
    host: dict[str, Any] | None = None,
    where: str | None = None,
) -> Request:
    """Return the request for a task on atoms that a source describes.

    Parameters
    ----------
    engine, task, source, structure
        With what, what, where the atoms come from, and the atoms as they are known before anything runs.
    label, retry_failed, host
        As in :class:`Request`.
    where
        Place in the message of an error; None leaves the engine's own.

    Raises
    ------
    InputError
        When the engine cannot compute it.
    """
    try:
        engine.check(structure)
    except InputError as error:
        if where is None:
            raise
        raise InputError(error.message, where) from error
    return Request(
        key=calculation_key(engine, task, source),
        engine=engine.settings,
        task=task,
        source=source,
        structure=structure.as_dict(),
        host=host,
        label=label,
        retry_failed=retry_failed,
    )
