"""Folders of runs into the project's store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.hpc.ingest.convert import calculation_of
from lianode.hpc.ingest.folders import find_runs
from lianode.hpc.ingest.read import read_run
from lianode.hpc.ingest.record import UnreadableError
from lianode.hpc.rehearsal.marker import is_rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lianode.hpc.ingest.folders import RunFolder
    from lianode.hpc.ingest.judge import Kind
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

NO_REVISION = -1
"""Revision of a calculation that was read nowhere: it replaces a stored one only where it is further along."""


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What became of one run.

    Attributes
    ----------
    run
        Where it was found.
    kind, calculation
        What it is; None where it was refused.
    refused
        Why; None where it was taken.
    is_new
        Whether the store had nothing of this key; None where nothing was asked of a store.
    """

    run: RunFolder
    kind: Kind | None = None
    calculation: Calculation | None = None
    refused: str | None = None
    is_new: bool | None = None


def ingest(folders: Iterable[Path], results: Results | None = None) -> Iterator[Ingested]:
    """Take every run in and below folders, and yield what became of each; one that is refused stops no other.

    Parameters
    ----------
    folders
        Trees of VASP's outputs; runs of the rehearsal are refused.
    results
        Store that the calculations go to; None for a look only.

    Raises
    ------
    InputError
        For a folder that cannot be read.
    """
    for run in find_runs(folders):
        try:
            calculation, kind = _take(run)
        except UnreadableError as error:
            yield Ingested(run=run, refused=str(error))
            continue
        except OSError as error:
            yield Ingested(run=run, refused=f"{error.filename or 'a file'} cannot be read: {error.strerror}")
            continue
        is_new = None
        if results is not None:
            is_new = results.calculation(calculation.key) is None
            calculation = results.commit(calculation.model_copy(update={"revision": NO_REVISION}))
        yield Ingested(run=run, kind=kind, calculation=calculation, is_new=is_new)


def _take(run: RunFolder) -> tuple[Calculation, Kind]:
    """Return what a run of VASP itself amounts to."""
    if not is_rehearsal(run.folder) and (run.band is None or not is_rehearsal(run.band.folder)):
        record, scan = read_run(run)
        calculation, kind = calculation_of(record, run, scan)
        if not calculation.method.is_rehearsal:
            return calculation, kind
    raise UnreadableError("a rehearsal wrote it: no DFT was done")
