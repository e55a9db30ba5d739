"""Calculate once: the one way from a request to a calculation in the store."""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING, Any

from lianode.workflows.adsorption.starts import ADSORBED, adsorbed_start
from lianode.workflows.barrier.bands import BAND, HALF, INTERMEDIATE, band_start, half_start, intermediate_start
from lianode.workflows.barrier.starts import BAND_OF_HOP, SITE, band_of_hop_start, site_start
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.elastic.starts import STRAINED, strained_start
from lianode.workflows.electronic.starts import RELAXED, relaxed_start
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.band.archive import remove_archive
from lianode.workflows.engines.checkpoint import remove_checkpoint
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.interface_energy.parts import PART, part_start
from lianode.workflows.interface_md.starts import (
    AFTER,
    CELL,
    RELAXED_SUPERCELL,
    after_start,
    cell_start,
    supercell_start,
)
from lianode.workflows.promotion import NoStartError, record_start, start_of
from lianode.workflows.session import current_session
from lianode.workflows.single_points.starts import SINGLE_POINT, single_point_start
from lianode.workflows.surface.starts import SLAB, slab_start
from lianode.workflows.task import ElectronicTask, MDTask, NebTask, RelaxTask

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.workflows.promotion import Start
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

TRACEBACK_FILE = "traceback.txt"


def is_settled(calculation: Calculation | None, *, retry_failed: bool = False) -> bool:
    """Whether nothing remains to be done: it converged, or failed and nobody asked for another attempt."""
    return is_settled_state(None if calculation is None else calculation.state, retry_failed=retry_failed)


def is_settled_state(state: State | None, *, retry_failed: bool) -> bool:
    """Whether nothing remains to be done, given the state alone; None where there is no calculation."""
    return state is State.CONVERGED or (state is State.FAILED and not retry_failed)


def obtain(request: Request, results: Results) -> Calculation:
    """Return the calculation of a request: from the store, continued from its checkpoint, or done now.

    While it is done, its key is locked on this machine: another process that wants the same waits, and then finds it.
    An error of the engine becomes a calculation in state ``failed`` with its reason; the traceback goes to a file in
    the calculation's folder.

    Parameters
    ----------
    request
        What is wanted.
    results
        The store.
    """
    found = results.calculation(request.key)
    if found is not None and is_settled(found, retry_failed=request.retry_failed):
        return found
    with results.lock(request.key):
        found = results.calculation(request.key)
        if found is not None and is_settled(found, retry_failed=request.retry_failed):
            return found
        directory = results.run_directory(request.key)
        try:
            start = _start(request, results)
            done = _run(request, start, directory)
            record_start(done, start, request)
        except NoStartError as error:
            done = _without_result(request, directory, error.state, str(error))
        except Exception as error:  # noqa: BLE001 - whatever an engine throws has to end up in the document
            with contextlib.suppress(OSError):  # a full disk is often the very reason
                (directory / TRACEBACK_FILE).write_text(traceback.format_exc(), encoding="utf-8")
            done = _failure(request, directory, error)
        done.revision = 0 if found is None else found.revision
        done.cores = current_session().cores
        kept = results.commit(done)
        if kept.state in {State.CONVERGED, State.FAILED}:  # not before: a kill in between would cost the whole task
            remove_checkpoint(directory)
            remove_archive(directory)
        return kept


def _start(request: Request, results: Results) -> Start:
    """Return what a request begins from."""
    starts = {
        SITE: site_start,
        BAND_OF_HOP: band_of_hop_start,
        BAND: band_start,
        INTERMEDIATE: intermediate_start,
        HALF: half_start,
        STRAINED: strained_start,
        CELL: cell_start,
        AFTER: after_start,
        PART: part_start,
        RELAXED_SUPERCELL: supercell_start,
        SLAB: slab_start,
        RELAXED: relaxed_start,
        ADSORBED: adsorbed_start,
        SINGLE_POINT: single_point_start,
    }
    return starts.get(request.source.recipe, start_of)(request, results)


def _run(request: Request, start: Start, directory: Path) -> Calculation:
    """Run the task on a structure in its folder."""
    structure = start.structure
    now = current_session()
    context = RunContext(
        directory=directory,
        label=request.label,
        deadline=now.deadline,
        stop=now.stop,
        progress=lambda progress: now.progress(request.label, progress),
        checkpoint_interval_s=now.checkpoint_interval_s,
    )
    engine = make_engine(request.engine)
    if isinstance(request.task, RelaxTask):
        return engine.relax(request.key, request.task, structure, context)
    if isinstance(request.task, MDTask):
        return engine.md(request.key, request.task, structure, context)
    if isinstance(request.task, NebTask):
        if start.final is None:
            raise NoStartError("the band has no second end point", State.FAILED)
        return engine.neb(request.key, request.task, structure, start.final, context)
    if isinstance(request.task, ElectronicTask):
        return engine.electronic(request.key, request.task, structure, context)
    return engine.static(request.key, request.task, structure, context)


def _failure(request: Request, directory: Path, error: Exception) -> Calculation:
    """Return the document of a calculation that broke down."""
    message = str(error).strip().splitlines()
    reason = f"{type(error).__name__}: {message[0] if message else 'no message'}"
    return _without_result(request, directory, State.FAILED, reason)


def _without_result(request: Request, directory: Path, state: State, reason: str) -> Calculation:
    """Return a document that holds what was asked for, and why there is nothing."""
    engine = make_engine(request.engine)
    return Calculation(
        key=request.key,
        state=state,
        reason=reason,
        engine=engine.name,
        settings=request.engine,
        task=request.task,
        method=engine.method(),
        label=request.label,
        directory=str(directory),
        **cell_fields(request.atoms()),
    )


def summary(calculation: Calculation) -> dict[str, Any]:
    """Return what a job hands on: the key and how it ended, no copy of the document."""
    return {"key": calculation.key, "state": calculation.state.value, "reason": calculation.reason}
