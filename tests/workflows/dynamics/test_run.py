"""Molecular dynamics through the engine: what comes back, and the same after stops and kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculate import obtain
from lianode.workflows.calculation import Calculation, State
from lianode.workflows.dynamics import md_request
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.evaluation import CountedCalculator
from lianode.workflows.engines.md_files import CHECKPOINT, TRAJECTORY, file_reference
from lianode.workflows.engines.morse import MorseCalculator, MorseEngine
from lianode.workflows.session import Session, session
from lianode.workflows.task import MDTask

if TYPE_CHECKING:
    from lianode.hpc.store import ResultsStore

A_FCC = 4.1496
"""Å: lattice constant at which the test potential's fcc Li has no stress."""


def crystal(*repeats: int) -> Structure:
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(A_FCC), ["Li"], [[0, 0, 0]])
    return cell * repeats if repeats else cell


def run(folder: Path, structure: Structure | None = None, **options: Any) -> Calculation:
    context = {name: options.pop(name) for name in ("stop", "checkpoint_interval_s") if name in options}
    folder.mkdir(exist_ok=True)
    task = MDTask(**{"temperature": 300.0, "steps": 50, "frame_interval": 3, **options})
    cell = structure if structure is not None else crystal()
    context.setdefault("checkpoint_interval_s", 0.0)
    return MorseEngine().md("key", task, cell, RunContext(folder, **context))


ENSEMBLES: dict[str, dict[str, Any]] = {
    "nve": {},
    "nvt-nose-hoover": {},
    "nvt-langevin": {},
    "nvt-bussi": {},
    "npt-bussi": {"pressure_GPa": 0.5},
    "npt-bussi normal": {"pressure_axes": "normal", "final_temperature": 150.0},
}


def of(name: str) -> dict[str, Any]:
    """Return a task's options: the ensemble is the name's first word."""
    return {"ensemble": name.split(maxsplit=1)[0], **ENSEMBLES[name]}


class TestDocument:
    """What comes back."""

    def test_a_thermostat_keeps_its_temperature(self, tmp_path: Path) -> None:
        done = run(tmp_path / "nvt", crystal(1, 1, 2), steps=800)
        assert (done.state, done.reason, done.steps, done.evaluations) == (State.CONVERGED, None, 800, 801)
        assert {check.name: check.passed for check in done.checks} == {
            "energy_conserved": True, "temperature_kept": True,
        }  # fmt: skip
        assert done.mean_temperature == pytest.approx(300, abs=60)
        frames = ase.io.read(tmp_path / "nvt" / TRAJECTORY, ":")
        steps = [frame.info["step"] for frame in frames]
        assert steps == [*range(0, 800, 3), 800]
        last = frames[-1]
        assert done.energy == last.get_potential_energy()
        assert Structure.from_dict(done.structure or {}).cart_coords == pytest.approx(last.positions, abs=1e-9)
        reference = done.files["trajectory"]
        assert reference == file_reference(tmp_path / "nvt" / TRAJECTORY, tmp_path / "nvt")
        assert reference.path == TRAJECTORY

    def test_velocities_of_the_trajectory_are_the_motion(self, tmp_path: Path) -> None:
        run(tmp_path / "a", ensemble="nve", time_step_fs=0.5, frame_interval=1, steps=40)
        frames = ase.io.read(tmp_path / "a" / TRAJECTORY, ":")
        central = (frames[21].positions - frames[19].positions) / 1.0
        assert frames[20].arrays["velo"] == pytest.approx(central, abs=1e-6)

    def test_a_motion_that_runs_away_is_stopped_and_said(self, tmp_path: Path) -> None:
        squeezed = crystal()
        squeezed.translate_sites([0], [0.25, 0.25, 0.0])
        done = run(tmp_path / "hot", squeezed, time_step_fs=20.0)
        assert done.state is State.FAILED
        assert "the motion ran away" in (done.reason or "")
        assert (done.energy, done.structure) == (None, None)
        assert done.steps < 50
        frames = ase.io.read(tmp_path / "hot" / TRAJECTORY, ":")
        assert frames[-1].info["step"] == done.steps - 1  # the last one that was good, not only the last third one
        assert frames[-1].info["temperature"] < 3000
        assert done.files["trajectory"] == file_reference(tmp_path / "hot" / TRAJECTORY, tmp_path / "hot")

    def test_a_cell_that_runs_away_is_stopped_and_said(self, tmp_path: Path) -> None:
        options = {"ensemble": "npt-bussi", "pressure_GPa": -20.0, "barostat_time_fs": 100.0}
        done = run(tmp_path / "torn", steps=2000, **options)
        assert done.state is State.FAILED
        assert "the cell ran away" in (done.reason or "")
        last = ase.io.read(tmp_path / "torn" / TRAJECTORY, "-1")
        assert (last.info["step"], last.get_volume() < 2 * A_FCC**3) == (done.steps - 1, True)

    @pytest.mark.parametrize("axes", ["isotropic", "normal"])
    def test_a_cell_that_moves_is_in_every_frame(self, tmp_path: Path, axes: str) -> None:
        options = {"ensemble": "npt-bussi", "pressure_axes": axes, "pressure_GPa": 0.2, "barostat_time_fs": 200.0}
        start = crystal(1, 1, 2)
        start.lattice = Lattice(start.lattice.matrix + np.array([[0, 0, 0], [0.2, 0, 0], [0.4, -0.3, 0]]))
        done = run(tmp_path / axes, start, steps=1200, **options)
        assert [(check.name, check.passed) for check in done.checks] == [
            ("energy_conserved", True), ("temperature_kept", True), ("pressure_kept", True),
        ]  # fmt: skip
        cells = np.array([frame.cell.array for frame in ase.io.read(tmp_path / axes / TRAJECTORY, ":")])
        last = Structure.from_dict(done.structure or {})
        assert last.lattice.matrix == pytest.approx(cells[-1], abs=1e-9)
        assert done.volume == pytest.approx(last.volume, rel=1e-12)
        assert np.array(done.mean_cell) == pytest.approx(cells[201:].mean(axis=0), abs=2e-3)  # frames are every third
        assert len(np.unique(cells[:, 2, 2])) == len(cells)
        if axes == "isotropic":
            assert cells / cells[:, :1, :1] == pytest.approx(np.broadcast_to(cells[0] / cells[0, 0, 0], cells.shape))
        else:
            assert np.array_equal(cells[:, :2], np.broadcast_to(start.lattice.matrix[:2], (len(cells), 2, 3)))
            normal = np.cross(cells[0, 0], cells[0, 1])
            moved = np.cross(cells[:, 2] - cells[0, 2], normal)
            assert np.abs(moved).max() < 1e-9  # along the normal, and along nothing else
        assert run(tmp_path / "fixed", steps=4).mean_cell is None

    def test_a_single_atom_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="at least two atoms"):
            md_request(MorseEngine(), library.phase("Li_fcc"), MDTask(temperature=300, steps=5))
        with pytest.raises(InputError, match="at least two atoms"):
            run(tmp_path / "one", library.phase("Li_fcc").primitive())


BEGIN = """
import json, sys
from pathlib import Path
from pymatgen.core import Structure
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.task import MDTask
folder, cell = Path(sys.argv[1]), Structure.from_dict(json.loads(sys.argv[2]))
task = MDTask(**{"temperature": 300.0, "frame_interval": 3, **json.loads(sys.argv[3])})
"""
KILLED = (
    BEGIN
    + """
import time
steps = open(sys.argv[4], "w", buffering=1)
tell = lambda now: steps.write(f"{now.step} {time.monotonic()}\\n")
context = RunContext(folder, checkpoint_interval_s=float(sys.argv[5]), progress=tell)
make_engine("morse").md("key", task, cell, context)
"""
)
PIECES = (
    BEGIN
    + """
import torch
torch.set_num_threads(1)
for steps in json.loads(sys.argv[4]):
    left = iter(range(steps))
    context = RunContext(folder, checkpoint_interval_s=1e9, stop=lambda: next(left, None) is None)
    done = make_engine("sevennet-0").md("key", task, cell, context)
(folder / "done").write_text(done.model_dump_json())
"""
)


def same_end(done: Calculation, whole: Calculation) -> None:
    """Assert that two runs are the same, to the last bit of the trajectory."""
    one, other = (Path(run.directory) / TRAJECTORY for run in (done, whole))
    assert one.read_bytes() == other.read_bytes()
    last = [np.load(path.with_name(CHECKPOINT)) for path in (one, other)]
    for name in ("positions", "momenta", "cell", "forces", "stress", "chain", "given", "random", "measured", "cells"):
        assert np.array_equal(last[0][name], last[1][name]), name
    same = {
        "structure", "energy", "max_force", "steps", "evaluations", "mean_temperature", "mean_cell", "checks", "files",
    }  # fmt: skip
    assert done.model_dump(include=same) == whole.model_dump(include=same)


class TestContinuation:
    """A run that was stopped or killed is the one that was not."""

    OPTIONS = {"steps": 60, "frame_interval": 4}  # noqa: RUF012

    @pytest.mark.parametrize("name", ENSEMBLES)
    def test_stops_at_random_steps_change_nothing(self, tmp_path: Path, name: str) -> None:
        random = np.random.default_rng(4)
        whole = run(tmp_path / "whole", **of(name), **self.OPTIONS)
        folder, state, stops = tmp_path / "parts", State.INTERRUPTED, 0
        while state is State.INTERRUPTED:
            left = iter(range(int(random.integers(1, 20))))
            done = run(folder, stop=lambda left=left: next(left, None) is None, **of(name), **self.OPTIONS)
            state, stops = done.state, stops + 1
        assert stops > 3
        same_end(done, whole)
        assert done.continued == stops - 1

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ENSEMBLES)
    def test_ten_pieces_are_one_long_run(self, tmp_path: Path, name: str) -> None:
        options = {"steps": 2000, "frame_interval": 10, "checkpoint_interval_s": 1e9, **of(name)}
        whole = run(tmp_path / "whole", **options)
        for _ in range(10):
            left = iter(range(200))
            done = run(tmp_path / "parts", stop=lambda left=left: next(left, None) is None, **options)
        assert (done.state, done.continued) == (State.CONVERGED, 9)
        same_end(done, whole)

    def test_what_was_written_after_the_checkpoint_is_cut_off(self, tmp_path: Path) -> None:
        whole = run(tmp_path / "whole", **self.OPTIONS)
        left = iter(range(30))
        run(tmp_path / "cut", stop=lambda: next(left, None) is None, **self.OPTIONS)
        with (tmp_path / "cut" / TRAJECTORY).open("a") as file:
            file.write("4\nLattice=half a frame of a kill")
        assert run(tmp_path / "cut", **self.OPTIONS).files == whole.files

    @pytest.mark.parametrize("damage", ["empty", "garbage", "short trajectory", "other atoms"])
    def test_a_checkpoint_that_cannot_be_used_is_left_aside(self, tmp_path: Path, damage: str) -> None:
        whole = run(tmp_path / "whole", **self.OPTIONS)
        left = iter(range(30))
        folder = tmp_path / "broken"
        other = crystal(1, 1, 2) if damage == "other atoms" else None
        run(folder, other, stop=lambda: next(left, None) is None, **self.OPTIONS)
        if damage == "empty":
            (folder / CHECKPOINT).write_bytes(b"")
        elif damage == "garbage":
            (folder / CHECKPOINT).write_bytes((folder / CHECKPOINT).read_bytes()[:500])
        elif damage == "short trajectory":
            (folder / TRAJECTORY).write_bytes(b"")
        done = run(folder, **self.OPTIONS)
        assert (done.continued, done.files) == (0, whole.files)

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["nvt-nose-hoover", "npt-bussi"])
    def test_a_killed_process_loses_an_interval_at_most_and_no_frame(self, tmp_path: Path, name: str) -> None:
        interval, options = 0.1, {"steps": 2500, **of(name)}
        whole = run(tmp_path / "whole", checkpoint_interval_s=1e9, **options)
        folder, steps = tmp_path / "killed", tmp_path / "steps"
        folder.mkdir()
        arguments = [sys.executable, "-c", KILLED, str(folder), json.dumps(crystal().as_dict()), json.dumps(options)]
        random = np.random.default_rng(7)
        for kill in range(4):
            with subprocess.Popen([*arguments, str(steps), str(interval)]) as child:
                before = (folder / CHECKPOINT).stat().st_mtime_ns if (folder / CHECKPOINT).exists() else 0
                until = time.monotonic() + 60
                while time.monotonic() < until and child.poll() is None:
                    if (folder / CHECKPOINT).exists() and (folder / CHECKPOINT).stat().st_mtime_ns != before:
                        break
                    time.sleep(0.01)
                time.sleep(float(random.uniform(0.0, 0.2)))
                child.kill()
            assert child.returncode == -signal.SIGKILL, f"it was done before kill {kill + 1}"
            times = {int(step): float(at) for step, at in map(str.split, steps.read_text().splitlines())}
            saved = int(np.load(folder / CHECKPOINT)["step"])
            lost = [at for step, at in times.items() if step > saved]
            began = times.get(saved, min(times.values()))
            longest = max([0.0, *np.diff(list(times.values()))])  # steps that have to wait make a checkpoint wait, too
            assert not lost or max(lost) - began < interval + 2 * longest
        done = run(folder, checkpoint_interval_s=1e9, **options)
        assert done.continued == 4
        same_end(done, whole.model_copy(update={"evaluations": done.evaluations}))

    @pytest.mark.slow
    @pytest.mark.mlip
    def test_ten_pieces_with_a_learned_potential_in_two_processes(self, tmp_path: Path) -> None:
        pytest.importorskip("sevenn")
        cell = json.dumps(library.phase("LiIn").primitive().as_dict())
        options = json.dumps({"steps": 200, **of("npt-bussi")})
        for folder, pieces in {"whole": [[200]], "parts": [[20] * 5, [20] * 5]}.items():
            (tmp_path / folder).mkdir()
            for piece in pieces:
                arguments = [sys.executable, "-c", PIECES, str(tmp_path / folder), cell, options, json.dumps(piece)]
                subprocess.run(arguments, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        one, other = (Calculation.model_validate_json((tmp_path / x / "done").read_text()) for x in ("parts", "whole"))
        assert (one.state, one.continued, one.steps) == (State.CONVERGED, 9, 200)
        same_end(one, other)


class TestRequests:
    """From a script to the store."""

    def test_a_request_is_done_once(self, results: ResultsStore, evaluations: list[int]) -> None:
        request = md_request(MorseEngine(), library.phase("Li3In2"), MDTask(temperature=200, steps=12))
        with session(Session(stop=lambda: len(evaluations) > 6, checkpoint_interval_s=0.0)):
            half = obtain(request, results)
        assert half.state is State.INTERRUPTED
        done = obtain(request, results)
        assert (done.state, done.continued, done.evaluations) == (State.CONVERGED, 1, len(evaluations))
        assert obtain(request, results).model_dump(mode="json") == done.model_dump(mode="json")
        assert len(evaluations) == 13
        stored = results.calculation(request.key)
        assert stored is not None
        assert isinstance(stored.task, MDTask)
        assert (results.run_directory(request.key) / stored.files["trajectory"].path).is_file()

    def test_the_key_holds_all_that_decides_the_trajectory(self) -> None:
        phase = library.phase("Li3In2")
        usual = {"temperature": 300.0, "steps": 10}
        changes: list[dict[str, Any]] = [
            {}, {"steps": 11}, {"temperature": 301}, {"seed": 2}, {"ensemble": "nve"}, {"time_step_fs": 1},
            {"thermostat_time_fs": 50}, {"frame_interval": 1}, {"final_temperature": 400},
            *({"ensemble": name} for name in ("nvt-langevin", "nvt-bussi", "npt-bussi")),
            *({"ensemble": "npt-bussi", **change} for change in (
                {"pressure_GPa": 1}, {"pressure_axes": "normal"}, {"barostat_time_fs": 500},
                {"compressibility_per_GPa": 0.1},
            )),
        ]  # fmt: skip
        keys = [md_request(MorseEngine(), phase, MDTask(**{**usual, **change})).key for change in changes]
        keys.append(md_request(MorseEngine(), phase, MDTask(**usual), repeats=(2, 1, 1)).key)  # type: ignore[arg-type]
        assert len(set(keys)) == len(keys)

    def test_the_calculator_computes_each_step_once(self, tmp_path: Path) -> None:
        counted = CountedCalculator(MorseCalculator())
        atoms = Atoms("Li4", positions=crystal().cart_coords, cell=crystal().lattice.matrix, pbc=True)
        from lianode.workflows.engines.dynamics import run_dynamics

        run_dynamics(atoms, counted, MDTask(temperature=100, steps=7), RunContext(tmp_path))
        assert counted.count == 8
