"""Trajectories with known frames, real outputs of VASP, and runs of its rehearsal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lianode.analysis.frame import Frame
from lianode.hpc.rehearsal.main import run_folder

if TYPE_CHECKING:
    from collections.abc import Callable

MD = "IBRION = 0\nTEBEG = 300\nLCHARG = F\nLWAVE = F\nEDIFF = 1E-4\nMDALGO = 2\nSMASS = 0\n"
POSCAR = """four lithium atoms
4.3
1.0 0.0 0.0
0.0 1.0 0.0
0.0 0.0 1.0
Li
4
Direct
0.0 0.0 0.0
0.0 0.5 0.5
0.5 0.0 0.5
0.5 0.5 0.0
"""


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
    """Run molecular dynamics of four atoms with the stand-in of VASP and return the folder."""

    def run(steps: int, *, name: str = "run", poscar: bytes = POSCAR.encode(), potim: float = 2.0) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "INCAR").write_text(f"{MD}NSW = {steps}\nPOTIM = {potim}\n")
        (folder / "POSCAR").write_bytes(poscar)
        (folder / "POTCAR.spec").write_text("Li_sv\n")
        (folder / "KPOINTS").write_text("k\n0\nGamma\n1 1 1\n0 0 0\n")
        assert run_folder(folder) == 0
        return folder

    return run


@pytest.fixture
def made() -> Callable[..., list[Frame]]:
    """Make a trajectory of random atoms, in a random cell that is far from flat; in cells of their own on request."""

    def make(
        count: int = 4, *, seed: int = 0, numbers: tuple[int, ...] = (3, 3, 16, 15, 17), variable: bool = False
    ) -> list[Frame]:
        random = np.random.default_rng(seed)
        cell = 6.0 * np.eye(3) + random.uniform(-2.0, 2.0, (3, 3))
        places = random.random((len(numbers), 3))
        frames = []
        for step in range(count):
            if variable and step:
                cell = cell * (1 + 0.01 * random.normal()) + 0.01 * random.normal(size=(3, 3))
            places = places + 0.02 * random.normal(size=places.shape)
            frames.append(
                Frame(cell, places @ cell, np.array(numbers), step, 2.0 * step, float(random.normal(-30.0, 1.0)))
            )
        return frames

    return make
