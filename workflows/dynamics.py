"""Molecular dynamics of a phase: the request that a script or a flow submits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.workflows.keys import Source
from lianode.workflows.request import phase_request

if TYPE_CHECKING:
    from lianode.structures.phase import Phase
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request
    from lianode.workflows.task import MDTask


def md_request(
    engine: Engine,
    phase: Phase,
    task: MDTask,
    *,
    repeats: tuple[int, int, int] = (1, 1, 1),
    retry_failed: bool = False,
) -> Request:
    """Return the request to run molecular dynamics of a supercell of a phase's primitive cell.

    Parameters
    ----------
    engine, phase, task
        With what, of what, and how.
    repeats
        Of the primitive cell along its vectors.
    retry_failed
        Whether a run that failed before is tried again.

    Raises
    ------
    InputError
        When the engine cannot compute it, or the supercell is a single atom.
    """
    from lianode.structures.canonical import structure_hash

    cell = phase.primitive() * repeats
    if len(cell) < 2:
        raise InputError("molecular dynamics needs at least two atoms; repeat the cell", phase.name)
    source = Source(
        recipe="supercell", structure_hash=structure_hash(phase.structure), parameters={"repeats": list(repeats)}
    )
    return phase_request(engine, phase, cell, task, source, retry_failed=retry_failed)
