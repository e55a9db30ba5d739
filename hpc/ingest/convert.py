"""From a run's record to a calculation of this project."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.hpc.ingest.judge import Kind, checks_of, kind_of, space_groups, state_of, task_of
from lianode.hpc.ingest.method import method_of
from lianode.hpc.ingest.record import UnreadableError
from lianode.structures.canonical import structure_hash
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.task import StaticTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.hpc.ingest.folders import RunFolder
    from lianode.hpc.ingest.outcar import OutcarScan
    from lianode.hpc.ingest.record import RunRecord
    from lianode.workflows.calculation import FileReference

ENGINE = "vasp-ingested"
"""Name of the engine in documents of runs that were made elsewhere."""
KEY_VERSION = 1
DECISIVE = (
    "ENCUT", "PREC", "EDIFF", "EDIFFG", "NELM", "NSW", "IBRION", "ISIF", "POTIM", "TEBEG", "TEEND", "MDALGO", "SMASS",
    "ISMEAR", "SIGMA", "ISPIN", "LSORBIT", "ICHARG", "GGA", "METAGGA", "LHFCALC", "AEXX", "HFSCREEN", "LUSE_VDW",
    "IVDW", "LDAU", "LDAUTYPE", "LDAUL", "LDAUU", "LDAUJ", "KSPACING", "LASPH", "LREAL", "ADDGRID", "NELECT", "LDIPOL",
    "IDIPOL",
)  # fmt: skip
"""Tags that are kept with a calculation, where the output states them."""
KEPT_FILES = {
    "vasprun.xml": "vasprun", "vaspout.h5": "vaspout", "OUTCAR": "outcar", "XDATCAR": "trajectory",
    "LOCPOT": "potential", "DOSCAR": "density_of_states", "EIGENVAL": "eigenvalues",
}  # fmt: skip
"""Name in ``files`` of each file that is referred to."""


def calculation_of(record: RunRecord, run: RunFolder, outcar: OutcarScan | None) -> tuple[Calculation, Kind]:
    """Return the calculation that a run amounts to, and its kind.

    Raises
    ------
    UnreadableError
        When it is of a kind that is not taken, or states too little.
    """
    image = bool(record.number("IMAGES", 0)) or bool(outcar and outcar.image_of_band)
    image = image or (run.band is not None and record.number("NSW", 0) > 0)
    kind = kind_of(record, image=image)
    task = task_of(record, kind)
    state, reason = state_of(record, kind, outcar)
    method = method_of(record)
    settings = settings_of(record, run, kind)
    fields: dict[str, Any] = {}
    if state is not State.FAILED:
        fields = {
            "energy": record.energies[-1],
            "structure": record.last.as_dict(),
            "volume": float(record.last.volume),
            "max_force": record.max_force,
            "max_stress_GPa": record.max_stress_GPa,
            "stress_GPa": _finite(record.stress_GPa),
        }
    if state is State.CONVERGED:
        groups = space_groups(record) if kind is Kind.RELAXATION else (None, None)
        fields["checks"] = checks_of(record, kind, task, outcar, band=run.band, groups=groups)
        fields |= {"space_group_before": groups[0], "space_group_after": groups[1]}
        if isinstance(task, StaticTask):
            fields["forces"] = _finite(record.forces)
    made = Calculation(
        key=content_key(record, settings),
        state=state,
        reason=reason,
        engine=ENGINE if method.program == "vasp" else f"{ENGINE}-rehearsal",
        settings=settings,
        task=task,
        method=method,
        label=_label(run),
        **cell_fields(record.last),
        steps=len(record.energies),
        evaluations=len(record.energies),
        program_version=f"VASP {record.version}",
        directory=str(run.folder),
        started=record.started,
        wall_time_s=0.0 if outcar is None else outcar.elapsed_s,
        files=file_references(run),
        **fields,
    )
    return made, kind


def settings_of(record: RunRecord, run: RunFolder, kind: Kind) -> dict[str, Any]:
    """Return what a run was made with, as its output states it; INCAR and KPOINTS are not asked."""
    settings: dict[str, Any] = {
        "name": "vasp",
        "ingested": kind.value,
        "incar": {tag: record.tags[tag] for tag in DECISIVE if record.tags.get(tag) is not None},
        "potcar_titles": list(record.titles),
        "k_mesh": None if record.mesh is None else list(record.mesh),
    }
    if record.point_list is not None:
        settings["k_points"] = record.point_list
    if run.band is not None and kind is Kind.IMAGE:
        settings |= {"image": run.band.image, "images": run.band.images}
    return settings


def content_key(record: RunRecord, settings: dict[str, Any]) -> str:
    """Return the key of a run: a hash of its settings, first and final structure, number of steps and energy.

    The same run in another folder has the same key, and so has a copy with fewer files, as long as it has the file
    that is read first (vasprun.xml, then OUTCAR, then vaspout.h5).
    """
    try:
        structures = [structure_hash(record.first), structure_hash(record.last)]
    except ValueError as error:
        raise UnreadableError(f"{record.source}: {error}") from error
    identity = {
        "version": KEY_VERSION,
        "settings": {name: value for name, value in settings.items() if name not in {"image", "images"}},
        "structures": structures,
        "steps": len(record.energies),
        "energy": f"{record.energies[-1]:.6f}",
    }
    text = json.dumps(identity, sort_keys=True, default=str)
    return f"ingested-{hashlib.sha256(text.encode()).hexdigest()[:23]}"


def file_references(run: RunFolder) -> dict[str, FileReference]:
    """Return path, checksum and size of the files that later analyses read."""
    from lianode.workflows.engines.md_files import file_reference

    return {
        name: file_reference(path, run.folder)
        for known, name in KEPT_FILES.items()
        if (path := run.files.get(known)) is not None
    }


def _finite(rows: NDArray[np.float64] | None) -> Any:
    return None if rows is None or not np.isfinite(rows).all() else rows.tolist()


def _label(run: RunFolder) -> str:
    parts = run.folder.parts[-2:] if run.band is None else run.folder.parts[-3:]
    name = "/".join(parts)
    return f"{name} {run.suffix}" if run.suffix else name
