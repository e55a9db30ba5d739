"""Molecular dynamics on the stand-in for VASP: attempts that join, stops, kills and what cannot be gone on from."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.outputs import Xdatcar

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.motion.state import kinetic_temperature
from lianode.workflows.engines.vasp.engine import VaspEngine
from lianode.workflows.engines.vasp.incar import Dynamics
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.engines.vasp.md_outputs import find_join, frames, md_steps, poscar_text, read_start
from lianode.workflows.task import MDTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engines.vasp.commands import VaspCommands

pytestmark = pytest.mark.vasp
SPEC = {"rehearsal": True, "variant": "aimd"}
STEPS = 24


@pytest.fixture
def run(tmp_path: Path, rehearsal: VaspCommands) -> Callable[..., Calculation]:
    """Run LiIn with the stand-in, with faults as it understands them."""

    def moved(
        *, faults: Any = None, folder: str = "run", spec: dict[str, Any] | None = None, **options: Any
    ) -> Calculation:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "REHEARSAL").write_text(json.dumps(faults or {}), encoding="utf-8")
        context = {key: options.pop(key) for key in ("deadline", "stop", "progress") if key in options}
        task = MDTask(**{"temperature": 300.0, "steps": STEPS, "time_step_fs": 1.0, **options})
        cell = library.phase("LiIn").primitive()
        return VaspEngine({**SPEC, **(spec or {})}).md("key", task, cell, RunContext(tmp_path / folder, **context))

    return moved


def trajectory(done: Calculation) -> NDArray[np.float64]:
    """The frames that count, as someone who has only the document reads them."""
    parts = []
    for name, file in done.files.items():
        first, last = (int(number) for number in re.fullmatch(r"steps (\d+)-(\d+)", name).groups())
        whole = Xdatcar(Path(done.directory) / file.path).structures
        parts.append([frame.frac_coords for frame in whole[: last - first + 1]])
    return np.concatenate(parts)


def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    difference = one - other
    return float(np.abs(difference - np.round(difference)).max())


def check(done: Calculation, name: str) -> Any:
    return next(check for check in done.checks if check.name == name)


def test_a_trajectory_in_one_piece(run, tmp_path: Path) -> None:
    done = run()
    assert (done.state, done.reason, done.steps, done.continued) == (State.CONVERGED, None, STEPS, 0)
    assert list(done.files) == [f"steps 1-{STEPS}"]
    assert len(trajectory(done)) == STEPS
    final = Structure.from_dict(done.structure or {})
    assert [site.specie.symbol for site in final] == [s.specie.symbol for s in library.phase("LiIn").primitive()]
    assert all(
        check(done, name).passed for name in ("temperature_kept", "scf_converged", "settings_kept", "motion_continuous")
    )
    assert check(done, "energy_conserved").passed is None
    assert "rehearsal" in done.program_version
    assert (done.method.program, done.method.cutoff_eV) == ("vasp-rehearsal", 400.0)
    incar = (tmp_path / "run" / "attempt-01" / "INCAR").read_text()
    assert f"NSW = {STEPS}" in incar


def test_the_first_velocities_are_the_tasks(run, tmp_path: Path) -> None:
    run(steps=2)
    poscar = Poscar.from_file(tmp_path / "run" / "attempt-01" / "POSCAR", check_for_potcar=False)
    velocities = np.array(poscar.velocities)
    masses = np.array([float(site.specie.atomic_mass) for site in poscar.structure])
    kinetic = 0.5 * float((masses[:, None] * velocities**2).sum()) / 9.64853321e-3
    assert kinetic_temperature(kinetic, 4) == pytest.approx(300.0, rel=1e-3)
    assert np.abs((masses[:, None] * velocities).sum(axis=0)).max() < 1e-4
    run(steps=2, seed=2, folder="other")
    assert (tmp_path / "other" / "attempt-01" / "POSCAR").read_bytes() != (
        tmp_path / "run" / "attempt-01" / "POSCAR"
    ).read_bytes()


@pytest.mark.parametrize("ensemble", ["nvt-nose-hoover", "nve"])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(run, tmp_path: Path, ensemble: str) -> None:
    """CONTCAR byte for byte; the rest is the same to the digits that CONTCAR has."""
    whole = run(folder="whole", ensemble=ensemble)
    kills = [{"kill_at_step": step, "on_attempt": attempt} for attempt, step in ((1, 7), (2, 10))]
    done = run(faults=kills, ensemble=ensemble)
    assert (done.state, done.steps, done.evaluations, done.continued) == (State.CONVERGED, STEPS, STEPS, 2)
    assert list(done.files) == ["steps 1-6", "steps 7-15", f"steps 16-{STEPS}"]
    for before, after in (("attempt-01", "attempt-02"), ("attempt-02", "attempt-03")):
        assert (tmp_path / "run" / after / "POSCAR").read_bytes() == (
            tmp_path / "run" / before / "CONTCAR"
        ).read_bytes()
    assert f"NSW = {STEPS - 15}" in (tmp_path / "run" / "attempt-03" / "INCAR").read_text()
    assert apart(trajectory(done), trajectory(whole)) < 1e-6
    assert done.energy == pytest.approx(whole.energy, abs=1e-5)
    assert check(done, "motion_continuous").passed
    assert ("MDALGO = 1" in (tmp_path / "run" / "attempt-01" / "INCAR").read_text()) == (ensemble == "nve")


def test_without_a_contcar_velocities_come_from_the_last_frames_and_it_is_said(run, tmp_path: Path) -> None:
    whole = run(folder="whole", ensemble="nve")
    done = run(faults={"kill_at_step": 9, "omit": "CONTCAR", "on_attempt": 1}, ensemble="nve")
    assert (done.state, done.steps, done.evaluations) == (State.CONVERGED, STEPS, STEPS + 1)
    assert list(done.files) == ["steps 1-7", f"steps 8-{STEPS}"]
    assert len(trajectory(done)) == STEPS
    assert apart(trajectory(done), trajectory(whole)) < 1e-5
    assert check(done, "motion_continuous").passed is False
    assert check(done, "motion_continuous").message.startswith("at 1 of 1 joins VASP had left no CONTCAR")


def test_a_run_killed_in_its_first_step_begins_again_with_the_same_start(run, tmp_path: Path) -> None:
    done = run(faults={"kill_at_step": 1, "on_attempt": 1})
    assert (done.state, list(done.files)) == (State.CONVERGED, [f"steps 1-{STEPS}"])
    assert (tmp_path / "run" / "attempt-02" / "POSCAR").read_bytes() == (
        tmp_path / "run" / "attempt-01" / "POSCAR"
    ).read_bytes()
    assert read_start(tmp_path / "run" / "attempt-02").motion == "drawn"


def test_a_run_that_never_gets_anywhere_fails_with_its_reason(run) -> None:
    done = run(faults={"message": "out_of_memory"})
    assert (done.state, done.energy) == (State.FAILED, None)
    assert "out of memory" in (done.reason or "")
    assert run().state is State.CONVERGED  # asked for again, and mended


def test_a_stop_is_heard_and_the_next_process_goes_on(run, tmp_path: Path) -> None:
    written = tmp_path / "run" / "attempt-01" / "OSZICAR"
    half = run(
        faults={"seconds_per_step": 0.4}, stop=lambda: written.is_file() and "T=" in written.read_text(encoding="utf-8")
    )
    assert (half.state, half.reason) == (State.INTERRUPTED, "stopped; the next run continues it")
    assert 0 < half.steps < STEPS
    done = run()
    assert (done.state, done.steps, done.continued) == (State.CONVERGED, STEPS, 1)
    assert apart(trajectory(done), trajectory(run(folder="whole"))) < 1e-6


@pytest.mark.slow
def test_a_wall_time_stops_it_before_the_time_is_up(run) -> None:
    deadline = time.monotonic() + 14.0
    done = run(faults={"seconds_per_step": 2.0}, deadline=deadline)
    assert time.monotonic() < deadline
    assert (done.state, done.reason) == (State.INTERRUPTED, "wall time; the next run continues it")
    assert done.steps > 0


def test_a_hard_stop_leaves_a_step_that_does_not_count(run, tmp_path: Path) -> None:
    """After LABORT the last forces are those of unconverged electrons, and CONTCAR was moved by them."""
    run(faults={"kill_at_step": 9})
    attempt = tmp_path / "run" / "attempt-01"
    cell = Poscar.from_file(attempt / "POSCAR", check_for_potcar=False).structure
    assert find_join(attempt, cell, 1.0).steps == 8
    with (attempt / "OUTCAR").open("a") as file:
        file.write("\n hard stop encountered!  aborting job ...\n")
    join = find_join(attempt, cell, 1.0)
    assert (join.steps, join.motion) == (7, "rebuilt")


def test_a_contcar_that_lags_behind_is_known_by_its_positions(run, tmp_path: Path) -> None:
    """A kill between two files: OSZICAR and XDATCAR have a step more than CONTCAR."""
    run(faults={"kill_at_step": 9})
    attempt = tmp_path / "run" / "attempt-01"
    cell = Poscar.from_file(attempt / "POSCAR", check_for_potcar=False).structure
    earlier = run(faults={"kill_at_step": 8}, folder="earlier")
    older = (Path(earlier.directory) / "attempt-01" / "CONTCAR").read_bytes()
    (attempt / "CONTCAR").write_bytes(older)
    assert find_join(attempt, cell, 1.0).steps == 7
    assert find_join(attempt, cell, 1.0).poscar == older


def test_cut_files_are_read_to_their_last_whole_step(run, tmp_path: Path) -> None:
    run(steps=6)
    attempt = tmp_path / "run" / "attempt-01"
    assert (len(list(md_steps(attempt))), len(list(frames(attempt, 4)))) == (6, 6)
    for name, cut in (("XDATCAR", 5), ("OSZICAR", 20)):
        (attempt / name).write_bytes((attempt / name).read_bytes()[:-cut])
    assert (len(list(md_steps(attempt))), len(list(frames(attempt, 4)))) == (5, 5)
    assert not list(md_steps(tmp_path))
    assert not list(frames(tmp_path, 4))


def test_a_motion_that_runs_away_fails_with_its_reason(run) -> None:
    done = run(time_step_fs=20.0, temperature=2000.0)
    assert done.state is State.FAILED
    assert "the motion ran away" in (done.reason or "")


def test_electrons_that_do_not_converge_flag_the_trajectory(run) -> None:
    done = run(faults={"unconverged_scf": [3, 4]}, steps=6)
    assert done.state is State.CONVERGED
    assert (check(done, "scf_converged").passed, check(done, "scf_converged").message[:6]) == (False, "2 of 6")


def test_what_vasp_cannot_do_is_said_before_it_starts(run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="variant aimd"):
        run(spec={"variant": "bulk"})
    with pytest.raises(InputError, match="thermostat_time_fs"):
        run(thermostat_time_fs=100.0)
    with pytest.raises(InputError, match="take one of these, or a potential for npt-bussi"):
        run(ensemble="npt-bussi", pressure_GPa=1.0)
    with pytest.raises(InputError, match="leave final_temperature out"):
        run(final_temperature=600.0)
    with pytest.raises(InputError, match="POTCAR"):
        run(spec={"rehearsal": False})
    assert not list((tmp_path / "run").glob("attempt-*"))


def test_constant_energy_is_what_the_manual_advises() -> None:
    cell = library.phase("LiIn").primitive()
    tags = [input_set({"variant": "aimd"}, Dynamics(300, 2, 10, kind), cell).incar for kind in ("nose", "none")]
    assert (tags[0]["MDALGO"], tags[0]["SMASS"]) == (2, 0)
    assert (tags[1]["MDALGO"], tags[1]["ANDERSEN_PROB"]) == (1, 0.0)
    assert "SMASS" not in tags[1]


def test_a_poscar_with_velocities_is_read_back() -> None:
    cell = library.phase("LiIn").primitive()
    velocities = np.random.default_rng(1).normal(size=(4, 3)) * 1e-3
    back = Poscar.from_str(poscar_text(cell, cell.frac_coords, velocities).decode())
    assert np.array(back.velocities) == pytest.approx(velocities, abs=1e-12)
