"""Runs of the rehearsal of VASP, and the reading of folders below the refusal of rehearsals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.ingest.convert import calculation_of
from lianode.hpc.ingest.folders import find_runs
from lianode.hpc.ingest.read import read_run
from lianode.hpc.rehearsal.main import run_folder
from lianode.workflows.engines.vasp.inputs import input_set

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core import Structure

    from lianode.hpc.ingest.judge import Kind
    from lianode.workflows.calculation import Calculation


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of real outputs of VASP, which is not part of the repository."""
    stated = os.environ.get("LIANODE_REFERENCE_VASP")
    found = Path(stated) if stated else Path(__file__).parents[4] / "shared" / "reference" / "vasp"
    if not found.is_dir():
        pytest.skip("real outputs of VASP are not here; LIANODE_REFERENCE_VASP can name their folder")
    return found


@pytest.fixture(autouse=True)
def no_faults_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIANODE_REHEARSAL", "SLURM_PROCID", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def rehearsed(tmp_path: Path) -> Callable[..., Path]:
    """Run a task of the engine's own inputs in a folder, with tags changed."""

    def run(structure: Structure, task: Any, *, name: str = "run", **tags: object) -> Path:
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        inputs = input_set({}, task, structure)
        inputs.incar.update(tags)
        inputs.write(folder)
        assert run_folder(folder) == 0
        return folder

    return run


@pytest.fixture
def read() -> Callable[[Path], list[tuple[Calculation, Kind]]]:
    """Read every run in a tree, of VASP or of a rehearsal."""

    def taken(folder: Path) -> list[tuple[Calculation, Kind]]:
        found = []
        for run in find_runs([folder]):
            record, scan = read_run(run)
            found.append(calculation_of(record, run, scan))
        return found

    return taken
