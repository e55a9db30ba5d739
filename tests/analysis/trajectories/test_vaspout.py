"""vaspout.h5, written here in the layout of VASP 6.4 (test_reference_files reads a real one)."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.analysis.trajectories import vaspout
from lianode.analysis.trajectories.frames import frames
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.frame import Frame

h5py = pytest.importorskip("h5py", reason="h5py is not installed")


def write(path: Path, trajectory: list[Frame], *, ibrion: int = 0, room: int = 0) -> Path:
    """Write the frames, with room made for more that were never written."""
    count, cells = len(trajectory), np.array([frame.cell for frame in trajectory])
    places = np.array([frame.positions @ np.linalg.inv(frame.cell) for frame in trajectory])
    energies = np.array([[frame.energy - 0.1, frame.energy - 0.2, frame.energy] for frame in trajectory])
    tags = [b"free energy    TOTEN  ", b"energy without entropy", b"energy(sigma->0)      "]
    with h5py.File(path, "w") as file:
        file["input/incar/IBRION"], file["input/incar/POTIM"] = ibrion, 2.0
        for group in ("input/poscar", "results/positions"):
            file[f"{group}/ion_types"] = np.array([b"Li", b"S ", b"P ", b"Cl"])
            file[f"{group}/number_ion_types"] = np.array([2, 1, 1, 1])
        for name, data in (("lattice_vectors", cells), ("position_ions", places), ("energies", energies)):
            shape = (count + room, *data.shape[1:])
            dataset = file.create_dataset(f"intermediate/ion_dynamics/{name}", shape, dtype=float, chunks=True)
            dataset[:count] = data
        file["intermediate/ion_dynamics/energies_tags"] = np.array(tags)
    return path


@pytest.mark.parametrize("at_a_time", [1 << 22, 16])
@pytest.mark.parametrize("variable", [False, True])
def test_steps(made: Any, tmp_path: Path, variable: bool, at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaspout, "_AT_A_TIME", at_a_time)
    trajectory = made(5, variable=variable)
    reading = frames(write(tmp_path / "x", trajectory))
    found = list(reading)
    assert reading.cut is None
    for mine, theirs in zip(found, trajectory, strict=True):
        np.testing.assert_allclose(mine.positions, theirs.positions, atol=1e-12)
        np.testing.assert_array_equal(mine.cell, theirs.cell)
        np.testing.assert_array_equal(mine.numbers, theirs.numbers)
        assert (mine.step, mine.time, mine.energy) == (theirs.step, theirs.time, theirs.energy)
    assert {frame.time for frame in frames(write(tmp_path / "y", trajectory, ibrion=2))} == {None}


def test_a_run_that_was_killed(made: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "x", made(3), room=2)
    reading = frames(path)
    assert len(list(reading)) == 3
    assert reading.ends[0].cut == "ends within step 4; 3 frames are whole"
    (tmp_path / "cut").write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(InputError, match="this HDF5 file is cut or still open in VASP"):
        list(frames(tmp_path / "cut"))


def test_packed(made: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "x", made(3))
    (tmp_path / "y").write_bytes(gzip.compress(path.read_bytes()))
    assert [frame.step for frame in frames(tmp_path / "y", every=2)] == [0, 2]


def test_bad_input(made: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "x", made(3))
    with h5py.File(path, "r+") as file:
        file["intermediate/ion_dynamics/position_ions"][1, 2, 0] = np.nan
    with pytest.raises(InputError, match="frame 2 has a position or a cell vector that is not a finite number"):
        list(frames(path))
    with h5py.File(path, "r+") as file:
        for group in ("input/poscar", "results/positions"):
            file[f"{group}/number_ion_types"][0] = 5
    with pytest.raises(InputError, match="it has positions of 5 atoms and elements of 8"):
        list(frames(path))
    with h5py.File(path, "r+") as file:
        del file["intermediate"]
    with pytest.raises(InputError, match="it holds no steps that can be read"):
        list(frames(path))
