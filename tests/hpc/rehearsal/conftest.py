"""Folders with VASP inputs, and the stand-in run on them in this process or as a program."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.rehearsal.main import run_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIIN = """LiIn, CsCl type, one atom displaced
1.0
3.5 0.0 0.0
0.0 3.5 0.0
0.0 0.0 3.5
Li In
1 1
Direct
0.02 0.01 0.0
0.5 0.5 0.5
"""
KPOINTS = "mesh\n0\nGamma\n3 3 3\n0 0 0\n"


@pytest.fixture(autouse=True)
def no_faults_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIANODE_REHEARSAL", "SLURM_PROCID", "PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def inputs(tmp_path: Path) -> Callable[..., Path]:
    """Write the inputs of a calculation into a new folder and return it."""

    def write(
        incar: str,
        *,
        poscar: str = LIIN,
        potcar: str = "Li_sv\nIn_d\n",
        kpoints: str | None = KPOINTS,
        name: str = "run",
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "INCAR").write_text(incar)
        (folder / "POSCAR").write_text(poscar)
        (folder / "POTCAR.spec").write_text(potcar)
        if kpoints is not None:
            (folder / "KPOINTS").write_text(kpoints)
        return folder

    return write


@pytest.fixture
def rehearsed(inputs: Callable[..., Path]) -> Callable[..., Path]:
    """Write the inputs, run them in this process and return the folder."""

    def run(incar: str, **files: str | None) -> Path:
        folder = inputs(incar, **files)
        assert run_folder(folder) == 0
        return folder

    return run


@pytest.fixture
def program() -> Callable[[Path], subprocess.CompletedProcess[str]]:
    """Run a folder as a program of its own."""

    def run(folder: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lianode.hpc.rehearsal"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)

    return run
