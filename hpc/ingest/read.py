"""Reading one run from whatever files it left."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lianode.hpc.ingest.outcar import read_outcar, scan_outcar
from lianode.hpc.ingest.record import UnreadableError
from lianode.hpc.ingest.vasprun import read_vaspout, read_vasprun
from lianode.workflows.engines.vasp.failures import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lianode.hpc.ingest.folders import RunFolder
    from lianode.hpc.ingest.outcar import OutcarScan
    from lianode.hpc.ingest.record import RunRecord


def read_run(run: RunFolder) -> tuple[RunRecord, OutcarScan | None]:
    """Return what a run's outputs say, and what its OUTCAR says about its end where there is one.

    vasprun.xml is read first, then OUTCAR, then vaspout.h5; the first that is whole is taken, or else the one with the
    most ionic steps. INCAR, KPOINTS and POSCAR are never asked: they may be of another run.

    Raises
    ------
    UnreadableError
        When there is nothing to keep; the message says why.
    """
    scan = scan_outcar(run.files["OUTCAR"]) if "OUTCAR" in run.files else None
    readers: list[Callable[[], RunRecord]] = []
    if (xml := run.files.get("vasprun.xml")) is not None:
        readers.append(lambda: read_vasprun(xml))
    if scan is not None:
        readers.append(lambda: read_outcar(scan, _free(run)))
    if (h5 := run.files.get("vaspout.h5")) is not None:
        readers.append(lambda: read_vaspout(h5))
    if not readers:
        names = ", ".join(sorted(run.files))
        raise UnreadableError(f"energies and settings are missing ({names} only); vasprun.xml or OUTCAR is needed")
    found: list[RunRecord] = []
    reasons: list[str] = []
    for read in readers:
        try:
            record = read()
        except UnreadableError as error:
            reasons.append(str(error))
            continue
        found.append(record)
        if record.whole:
            break
    if not found:
        why = explain(run.folder) if not run.suffix else None
        raise UnreadableError("; ".join(filter(None, (why, *reasons))))
    best = max(found, key=lambda record: (record.whole, len(record.energies)))
    _same_run(best, scan)
    if best.scf_converged is None and scan is not None:
        best = replace(best, scf_converged=scan.scf_converged)
    return best, scan


def _free(run: RunFolder) -> NDArray[np.bool_] | None:
    """Return which atoms may move, as the structure beside an OUTCAR has it."""
    from pymatgen.io.vasp.inputs import Poscar

    for name in ("CONTCAR", "POSCAR"):
        if name in run.files:
            with suppress(ValueError, IndexError, OSError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                flags = Poscar.from_file(run.files[name], check_for_potcar=False).selective_dynamics
                return None if flags is None else np.asarray(np.array(flags, dtype=bool).any(axis=1))
    return None


def _same_run(record: RunRecord, scan: OutcarScan | None) -> None:
    """Refuse files of different runs in one folder."""
    if scan is None or record.source == "OUTCAR" or not scan.titles:
        return
    cutoff = scan.tags.get("ENCUT")
    other_cutoff = isinstance(cutoff, int | float) and abs(cutoff - record.number("ENCUT", cutoff)) > 0.5
    if set(scan.titles) != set(record.titles) or other_cutoff:
        raise UnreadableError(f"{record.source} and OUTCAR are of different runs (PAW sets or cut-off differ)")
