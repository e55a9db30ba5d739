"""Extended XYZ: what ASE writes, this project's molecular dynamics, exports, and files that are cut or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from lianode.analysis.trajectories import source
from lianode.analysis.trajectories.export import write_extxyz
from lianode.analysis.trajectories.frames import frames
from lianode.structures.errors import InputError
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.dynamics import run_dynamics
from lianode.workflows.engines.evaluation import CountedCalculator
from lianode.workflows.engines.md_files import TRAJECTORY
from lianode.workflows.engines.morse import MorseCalculator
from lianode.workflows.task import MDTask

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.frame import Frame


def as_atoms(trajectory: list[Frame], *, velocities: bool = False) -> list[Atoms]:
    images = []
    for frame in trajectory:
        atoms = Atoms(frame.numbers, frame.positions, cell=frame.cell, pbc=True)
        if velocities:
            atoms.set_velocities(np.ones((len(atoms), 3)))
        atoms.calc = SinglePointCalculator(
            atoms, energy=frame.energy, forces=frame.positions * 0.1, stress=np.arange(6.0)
        )
        images.append(atoms)
    return images


def same(found: list[Frame], expected: list[Frame], tolerance: float = 1e-8) -> None:
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine.positions, theirs.positions, atol=tolerance)
        np.testing.assert_allclose(mine.cell, theirs.cell, atol=tolerance)
        np.testing.assert_array_equal(mine.numbers, theirs.numbers)
        assert mine.step == theirs.step
        assert mine.energy == pytest.approx(theirs.energy, abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("variable", [False, True])
def test_what_ase_writes(made: Any, tmp_path: Path, seed: int, variable: bool) -> None:
    trajectory = made(seed=seed, variable=variable)
    ase.io.write(tmp_path / "x", as_atoms(trajectory, velocities=seed % 2 == 1), format="extxyz")
    same(list(frames(tmp_path / "x")), trajectory)
    assert {frame.time for frame in frames(tmp_path / "x")} == {None}
    assert [frame.time for frame in frames(tmp_path / "x", time_step=4.0)] == [0.0, 4.0, 8.0, 12.0]


def test_ase_columns_in_another_order(made: Any, tmp_path: Path) -> None:
    trajectory = made(3)
    images = as_atoms(trajectory)
    columns = ["symbols", "numbers", "positions"]
    ase.io.write(tmp_path / "x", images, format="extxyz", columns=columns, write_results=False)
    found = list(frames(tmp_path / "x"))
    np.testing.assert_allclose(found[2].positions, trajectory[2].positions, atol=1e-8)


def test_atomic_numbers_and_columns_in_another_order(tmp_path: Path) -> None:
    top = '2\nLattice="[[5, 0, 0], [0, 5, 0], [0, 0, 5]]" Properties=id:I:1:pos:R:3:forces:R:3:Z:I:1 Time=1.0\n'
    (tmp_path / "x").write_text(top + "1 0.0 0.5 1.0 0 0 0 3\n2 1.0 1.5 2.0 0 0 0 49\n")
    (frame,) = frames(tmp_path / "x")
    assert frame.numbers.tolist() == [3, 49]
    np.testing.assert_allclose(frame.positions, [[0.0, 0.5, 1.0], [1.0, 1.5, 2.0]])
    assert frame.time is None


def test_ase_traj(made: Any, tmp_path: Path) -> None:
    trajectory = made(5, variable=True)
    ase.io.write(tmp_path / "x.traj", as_atoms(trajectory))
    (tmp_path / "x.traj").rename(tmp_path / "any-name")
    same(list(frames(tmp_path / "any-name")), trajectory, 1e-14)
    data = (tmp_path / "any-name").read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) * 3 // 4])
    reading = frames(tmp_path / "cut")
    found = list(reading)
    same(found, trajectory[: len(found)], 1e-14)
    assert 0 < len(found) < 5
    assert reading.ends[0].cut == f"ends within frame {len(found) + 1}; {len(found)} frames are whole"
    (tmp_path / "shorter").write_bytes(data[:60])
    with pytest.raises(InputError, match="cut or damaged where it lists its frames"):
        list(frames(tmp_path / "shorter"))


LI = bulk("Li", "fcc", a=4.3, cubic=True)


def dynamics(folder: Path, steps: int = 20, interval: int = 4) -> Path:
    task = MDTask(ensemble="nve", temperature=300.0, steps=steps, time_step_fs=2.0, frame_interval=interval, seed=1)
    run_dynamics(LI.copy(), CountedCalculator(MorseCalculator()), task, RunContext(directory=folder))
    return folder / TRAJECTORY


def test_our_own_molecular_dynamics(tmp_path: Path) -> None:
    path = dynamics(tmp_path)
    theirs = ase.io.read(path, index=":", format="extxyz")
    found = list(frames(path))
    assert [frame.step for frame in found] == [0, 4, 8, 12, 16, 20]
    assert [frame.time for frame in found] == [0.0, 8.0, 16.0, 24.0, 32.0, 40.0]
    for mine, their in zip(found, theirs, strict=True):
        np.testing.assert_array_equal(mine.positions, their.positions)
        np.testing.assert_array_equal(mine.cell, their.cell.array)
        assert mine.energy == their.get_potential_energy()


@pytest.mark.parametrize("chunk", [1 << 20, 61])
def test_cut_at_every_byte(tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = dynamics(tmp_path, 4, 2)
    monkeypatch.setattr(source, "CHUNK", chunk)
    text, expected = path.read_bytes(), list(frames(path))
    ends = np.cumsum([len(line) for line in text.splitlines(keepends=True)])[5::6]  # six lines in a frame
    for length in range(20, len(text) + 1, 2):
        (tmp_path / "x").write_bytes(text[:length])
        whole = int((ends <= length + 1).sum())  # the last line break may be missing
        if whole == 0:
            with pytest.raises(InputError, match=r"there is no whole frame in it: it ends|does not begin as"):
                list(frames(tmp_path / "x"))
            continue
        reading = frames(tmp_path / "x")
        same(list(reading), expected[:whole])
        (end,) = reading.ends
        assert (end.frames, end.byte) == (whole, min(ends[whole - 1], length))
        assert (end.cut is None) == (length == end.byte)


@pytest.mark.parametrize("name", ["x.xyz", "x.xyz.gz", "x.xyz.bz2", "x.xyz.xz"])
def test_export(made: Any, tmp_path: Path, name: str) -> None:
    trajectory = made(4, variable=True)
    assert write_extxyz(iter(trajectory), tmp_path / name) == 4
    found = list(frames(tmp_path / name))
    same(found, trajectory, 1e-10)
    assert [frame.time for frame in found] == [0.0, 2.0, 4.0, 6.0]
    theirs = ase.io.read(tmp_path / name, index=":", format="extxyz")
    for atoms, frame in zip(theirs, trajectory, strict=True):
        np.testing.assert_allclose(atoms.positions, frame.positions, atol=1e-10)
        np.testing.assert_array_equal(atoms.cell.array, frame.cell)
        assert all(atoms.pbc)
        assert atoms.info["step"] == frame.step
        assert atoms.get_potential_energy() == frame.energy
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_mdanalysis_and_ovito_open_the_export(made: Any, tmp_path: Path) -> None:
    trajectory = made(4)
    write_extxyz(trajectory, tmp_path / "x.xyz")
    opened = 0
    try:
        import MDAnalysis
    except ImportError:
        pass
    else:
        universe = MDAnalysis.Universe(str(tmp_path / "x.xyz"))
        assert universe.atoms.names.tolist() == ["Li", "Li", "S", "P", "Cl"]
        assert len(universe.trajectory) == 4
        for view, frame in zip(universe.trajectory, trajectory, strict=True):
            np.testing.assert_allclose(view.positions, frame.positions, atol=1e-5)
        opened += 1
    try:
        from ovito.io import import_file
    except ImportError:
        pass
    else:
        pipeline = import_file(str(tmp_path / "x.xyz"))
        assert pipeline.source.num_frames == 4
        opened += 1
    if not opened:
        pytest.skip("neither MDAnalysis nor OVITO is installed")


def test_an_export_that_fails_leaves_what_was_there(made: Any, tmp_path: Path) -> None:
    (tmp_path / "x.xyz").write_text("before")

    def broken() -> Any:
        yield from made(2)
        raise InputError("no more", "test")

    with pytest.raises(InputError, match="no more"):
        write_extxyz(broken(), tmp_path / "x.xyz")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]
    with pytest.raises(InputError, match="cannot be written"):
        write_extxyz(made(1), tmp_path / "missing" / "x.xyz")


ONE = '2\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3 energy=-1.5\nLi 0.0 0.0 0.0\nIn 1.0 2.0 2.5\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ONE + ONE.replace("2.5", "NaN"), "frame 2 has a position or a cell vector that is not a finite"),
        (ONE + ONE.replace("2.5", "***"), r"frame 2 cannot be read: '\*\*\*' is no number"),
        (ONE + ONE.replace("In", "Sn"), r"frame 2 \(byte \d+\) has other atoms, or another order, than the first"),
        (ONE + "1\n" + ONE.split("\n", 1)[1].replace("In 1.0 2.0 2.5\n", "") + ONE, "1 atoms where the first has 2"),
        (ONE + ONE.replace("In 1.0", "In 1.0 1.0") + ONE, r"9 words in 2 rows, where Properties says 4"),
        (ONE + "abc\n" + ONE, "'abc' where the number of atoms should be"),
        (ONE.replace("2\n", "0\n", 1), "no atoms"),
        (ONE.replace("5 0 0 0 5 0 0 0 5", "5 0 0 0 5"), "which is not nine numbers"),
        (ONE.replace("5 0 0 0 5 0 0 0 5", "5 0 0 5 0 0 0 0 5"), "frame 1 has a cell without volume"),
        (ONE.replace("pos:R", "place:R"), "no elements or no positions in Properties="),
        (ONE.replace("Li", "Qx"), "'Qx' is not an element"),
        ("2\nplain\nLi 0.0 0.0 0.0\nIn 1.0 2.0 2.5\n", r"has no cell \(Lattice="),
    ],
)
def test_bad_input(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(InputError, match=message):
        list(frames(tmp_path / "x"))


def test_plain_xyz_with_a_cell_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("2\nplain\nLi 0.0 0.0 0.0\nIn 1.0 2.0 2.5\n\n" * 2)
    found = list(frames(tmp_path / "x", cell=5.0 * np.eye(3)))
    assert [frame.step for frame in found] == [0, 1]
    np.testing.assert_allclose(found[1].positions, [[0, 0, 0], [1, 2, 2.5]])


def test_a_step_that_never_changes(tmp_path: Path) -> None:
    texts = [ONE.replace("energy", "step=7 energy").replace("2.5", f"2.{n}") for n in range(4)]
    (tmp_path / "x").write_text("".join(texts))
    assert [frame.step for frame in frames(tmp_path / "x")] == [7, 8, 9, 10]
