"""The engine on the stand-in for VASP: relaxations, continuation, stops and failures."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lianode.analysis.checks import failed
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.engines.vasp.commands import VaspCommands, from_environment, vasp_commands
from lianode.workflows.engines.vasp.engine import VaspEngine
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lianode.workflows.calculation import Calculation

pytestmark = pytest.mark.vasp
QUICK = {"rattle": 0.0}


@pytest.fixture
def run(tmp_path: Path, rehearsal: VaspCommands) -> Callable[..., Calculation]:
    """Relax a phase with the stand-in, with faults as it understands them."""

    def relaxed(
        name: str = "LiIn", *, faults: Any = None, spec: dict[str, Any] | None = None, **options: Any
    ) -> Calculation:
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "run" / "REHEARSAL").write_text(json.dumps(faults or {}), encoding="utf-8")
        context = {key: options.pop(key) for key in ("deadline", "stop", "progress") if key in options}
        engine = VaspEngine({"rehearsal": True, **(spec or {})})
        task = RelaxTask(**{**QUICK, **options})
        return engine.relax("key", task, library.phase(name).primitive(), RunContext(tmp_path / "run", **context))

    return relaxed


def folders(calculation: Calculation, tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "run").iterdir() if path.is_dir())


def check(calculation: Calculation, name: str) -> bool | None:
    return next(check.passed for check in calculation.checks if check.name == name)


def test_a_relaxation_finds_the_minimum_of_the_potential_behind_it(run, tmp_path: Path) -> None:
    """The same crystal relaxed by ASE with the same potential ends at the same energy and volume."""
    done = run()
    (tmp_path / "morse").mkdir()
    phase = library.phase("LiIn").primitive()
    other = MorseEngine().relax("key", RelaxTask(**QUICK), phase, RunContext(tmp_path / "morse"))
    assert (done.state, done.reason) == (State.CONVERGED, None)
    assert done.stress_GPa is not None
    assert max(map(abs, done.stress_GPa)) == done.max_stress_GPa
    assert done.energy == pytest.approx(other.energy, abs=2e-4)
    assert done.volume == pytest.approx(other.volume, rel=2e-3)
    assert not failed(done.checks)
    assert {check.name for check in done.checks} == {
        "forces_converged", "stress_converged", "scf_converged", "settings_kept", "space_group_kept", "volume_kept",
        "no_lower_symmetry",
    }  # fmt: skip
    assert check(done, "no_lower_symmetry") is None  # not made, and said
    assert done.method.program == "vasp-rehearsal"
    assert "rehearsal" in done.program_version


def test_a_fresh_basis_is_begun_from_the_contcar_byte_for_byte(run, tmp_path: Path) -> None:
    done = run()
    first, second = folders(done, tmp_path)[:2]
    assert (first, second) == ("attempt-01", "attempt-02")
    run_folder = tmp_path / "run"
    assert (run_folder / second / "POSCAR").read_bytes() == (run_folder / first / "CONTCAR").read_bytes()


def test_atoms_come_back_in_the_order_they_were_given(tmp_path: Path, rehearsal: VaspCommands) -> None:
    cell = library.phase("LiIn").primitive()
    mixed = type(cell).from_sites([cell[i] for i in (2, 0, 3, 1)])
    mixed.translate_sites([1], [0.02, 0.01, 0.0])
    done = {}
    for name, structure in (("sorted", mixed.get_sorted_structure()), ("mixed", mixed)):
        (tmp_path / name).mkdir()
        context = RunContext(tmp_path / name)
        done[name] = VaspEngine({"rehearsal": True}).static("key", StaticTask(), structure, context)
    assert done["mixed"].energy == pytest.approx(done["sorted"].energy, abs=1e-8)
    given = [site.specie.symbol for site in mixed]
    assert given != sorted(given)
    assert given != sorted(given, reverse=True)
    assert [site["species"][0]["element"] for site in done["mixed"].structure["sites"]] == given
    order = sorted(range(4), key=lambda i: mixed[i].specie.X)
    assert np.array(done["mixed"].forces)[order] == pytest.approx(np.array(done["sorted"].forces), abs=1e-6)


def test_statics_agree_with_the_potential_and_its_sign_of_stress(tmp_path: Path, rehearsal: VaspCommands) -> None:
    cell = library.phase("LiIn").primitive()
    cell.scale_lattice(cell.volume * 0.8)  # compressed: negative in the convention of ASE
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    done = VaspEngine({"rehearsal": True}).static("key", StaticTask(), cell, RunContext(tmp_path / "a"))
    other = MorseEngine().static("key", StaticTask(), cell, RunContext(tmp_path / "b"))
    assert done.state is State.CONVERGED
    assert done.stress_GPa == pytest.approx(other.stress_GPa, abs=1e-3)
    assert done.stress_GPa[0] < 0
    assert done.energy == pytest.approx(other.energy, abs=1e-5)


def test_a_stop_is_heard_and_the_next_run_goes_on(run, tmp_path: Path) -> None:
    written = tmp_path / "run" / "attempt-01" / "OSZICAR"

    def one_step_is_done() -> bool:
        return written.is_file() and "F=" in written.read_text(encoding="utf-8")

    half = run(faults={"seconds_per_step": 1.0}, stop=one_step_is_done)
    assert (half.state, half.reason) == (State.INTERRUPTED, "stopped; the next run continues it")
    assert (tmp_path / "run" / "attempt-01" / "CONTCAR").is_file()
    whole = run()
    assert whole.state is State.CONVERGED
    assert whole.continued == 1
    assert (tmp_path / "run" / "attempt-02" / "POSCAR").read_bytes() == (
        tmp_path / "run" / "attempt-01" / "CONTCAR"
    ).read_bytes()
    assert whole.steps > half.steps


def test_a_wall_time_stops_it_before_the_time_is_up(run) -> None:
    deadline = time.monotonic() + 14.0
    done = run(faults={"seconds_per_step": 2.0}, deadline=deadline)
    assert time.monotonic() < deadline
    assert (done.state, done.reason) == (State.INTERRUPTED, "wall time; the next run continues it")
    assert done.steps > 0


def test_a_killed_program_goes_on_from_its_last_ionic_step(run, tmp_path: Path) -> None:
    done = run(faults={"kill_at_step": 3, "on_attempt": 1})
    assert done.state is State.CONVERGED
    record = json.loads((tmp_path / "run" / "attempt-01" / "attempt.json").read_text(encoding="utf-8"))
    assert (record["ended"], record["steps"]) == ("broken", 2)
    assert (tmp_path / "run" / "attempt-02" / "POSCAR").read_bytes() == (
        tmp_path / "run" / "attempt-01" / "CONTCAR"
    ).read_bytes()


SCRIPT = """
import sys
from pathlib import Path
from lianode.structures import library
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.vasp.commands import VaspCommands, vasp_commands
from lianode.workflows.engines.vasp.engine import VaspEngine
from lianode.workflows.task import RelaxTask
with vasp_commands(VaspCommands(vasp_std=(sys.executable, "-m", "lianode.hpc.rehearsal"), poll_s=0.1)):
    context = RunContext(Path(sys.argv[1]))
    VaspEngine({"rehearsal": True}).relax("key", RelaxTask(rattle=0), library.phase("LiIn").primitive(), context)
"""


def computing_in(folder: Path) -> list[int]:
    found = []
    for process in filter(lambda path: path.name.isdigit(), Path("/proc").iterdir()):
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve() == folder.resolve():
                found.append(int(process.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_vasp_dies_with_the_process_that_started_it_and_the_next_one_goes_on(run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "REHEARSAL").write_text('{"seconds_per_step": 1.0}', encoding="utf-8")
    first = folder / "attempt-01"
    with subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], env=os.environ) as parent:
        until = time.monotonic() + 90
        contcar = first / "CONTCAR"  # VASP makes it empty at its start, and fills it after every ionic step
        while not (contcar.exists() and contcar.stat().st_size) and time.monotonic() < until:
            time.sleep(0.1)
        assert computing_in(first)
        parent.kill()
        parent.wait()
    until = time.monotonic() + 30
    while computing_in(first) and time.monotonic() < until:
        time.sleep(0.1)
    assert not computing_in(first)
    assert not (first / "attempt.json").exists()
    done = run()
    assert done.state is State.CONVERGED
    assert done.continued == 1
    assert (folder / "attempt-02" / "POSCAR").read_bytes() == (first / "CONTCAR").read_bytes()


def test_a_killed_parent_loses_nothing_that_was_finished(run, tmp_path: Path) -> None:
    done = run()
    attempt = tmp_path / "run" / folders(done, tmp_path)[-1]
    (attempt / "attempt.json").unlink()  # as if killed between VASP's end and the record
    again = run()
    assert again.state is State.CONVERGED
    assert (again.energy, folders(again, tmp_path)) == (done.energy, folders(done, tmp_path))


def test_a_cut_contcar_is_not_continued(run, tmp_path: Path) -> None:
    run(faults={"kill_at_step": 3}, max_steps=2)
    first = tmp_path / "run" / "attempt-01"
    text = (first / "CONTCAR").read_text(encoding="utf-8")
    for attempt in (tmp_path / "run").glob("attempt-*"):
        (attempt / "CONTCAR").write_text(text[: len(text) // 2], encoding="utf-8")
        (attempt / "XDATCAR").unlink(missing_ok=True)
    assert run().state is State.CONVERGED


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        pytest.param({"unconverged_scf": True}, "SCF not converged", marks=pytest.mark.slow),
        ({"message": "out_of_memory"}, "out of memory"),
        ({"disk_full_at_step": 1}, "the disk is full"),
        ({"message": "real_optlay"}, "real-space projectors"),
        ({"truncate_vasprun": True}, "vasprun.xml is cut"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_reasons_of_failure_are_in_plain_words(run, faults: dict[str, object], reason: str) -> None:
    done = run(faults=faults, max_steps=6)
    assert done.state is State.FAILED
    assert reason in (done.reason or "")
    assert done.energy is None


@pytest.mark.parametrize(("step", "most"), [(2, 2), (3, 6)])
def test_a_disk_that_stays_full_ends_it_whatever_the_headway(run, tmp_path: Path, step: int, most: int) -> None:
    # the attempts each evaluate their start and make step - 2 moves before they die; they used to go on for ever
    done = run(faults={"disk_full_at_step": step})
    assert done.state is State.FAILED
    assert done.reason == "the disk is full"
    assert len(list((tmp_path / "run").glob("attempt-*"))) <= most


def test_a_static_whose_output_is_always_cut_ends_with_the_reason(tmp_path: Path, rehearsal: VaspCommands) -> None:
    (tmp_path / "REHEARSAL").write_text("truncate_vasprun: true\n")
    (tmp_path / "run").mkdir()
    cell = library.phase("LiIn").primitive()
    done = VaspEngine({"rehearsal": True}).static("key", StaticTask(), cell, RunContext(tmp_path / "run"))
    assert done.state is State.FAILED
    assert "vasprun.xml is cut" in (done.reason or "")
    assert len(list((tmp_path / "run").glob("attempt-*"))) <= 5


def test_a_truncated_vasprun_costs_no_more_than_an_attempt(run) -> None:
    assert run(faults={"truncate_vasprun": True, "on_attempt": 1}).state is State.CONVERGED


def test_steps_used_up_are_unconverged_and_can_be_continued(run) -> None:
    short = run(max_steps=2)
    assert short.state is State.UNCONVERGED
    assert "not converged after 2 steps" in (short.reason or "")
    assert short.energy is not None
    assert run().state is State.CONVERGED


@pytest.mark.slow
def test_a_saddle_kept_by_symmetry_is_found(run, tmp_path: Path) -> None:
    """The test potential would rather have LiIn in another structure, which no symmetric relaxation can find."""
    done = run("LiIn", rattle=0.02)
    assert done.state is State.CONVERGED
    assert not check(done, "no_lower_symmetry")
    assert "free-01" in folders(done, tmp_path)


def test_outputs_of_a_rehearsal_are_refused_as_vasp(tmp_path: Path, rehearsal: VaspCommands) -> None:
    """Somebody has the stand-in where VASP should be: no energy may come of it."""
    potcars = tmp_path / "potcars"
    for symbol in ("Li_sv", "In_d"):
        (potcars / symbol).mkdir(parents=True)
        (potcars / symbol / "POTCAR").write_text(
            f"  PAW_PBE {symbol} 01Jan2000\n TITEL  = PAW_PBE {symbol} 01Jan2000\n"
        )
    os.environ.pop("LIANODE_REHEARSAL", None)
    with vasp_commands(replace(rehearsal, potcar_folder=potcars)):
        cell = library.phase("LiIn").primitive()
        done = VaspEngine({}).static("key", StaticTask(), cell, RunContext(tmp_path))
    assert done.state is State.FAILED
    assert done.energy is None


def test_without_potcars_nothing_is_started(tmp_path: Path, rehearsal: VaspCommands) -> None:
    with pytest.raises(InputError, match="POTCAR"):
        VaspEngine({}).static("key", StaticTask(), library.phase("LiIn").primitive(), RunContext(tmp_path))
    assert not list(tmp_path.glob("attempt-*"))


def test_a_command_that_does_not_exist_is_said(tmp_path: Path) -> None:
    pytest.importorskip("custodian", reason="the extra 'vasp' is not installed")
    with (
        vasp_commands(VaspCommands(vasp_std=("no_such_vasp",), poll_s=0.1)),
        pytest.raises(InputError, match="no_such_vasp"),
    ):
        VaspEngine({"rehearsal": True}).static(
            "key", StaticTask(), library.phase("Li").primitive(), RunContext(tmp_path)
        )


def test_commands_are_words_and_never_a_shell() -> None:
    made = from_environment({"LIANODE_VASP_STD": "srun -n 4 'my vasp' ; rm", "LIANODE_POTCAR_FOLDER": "/p"})
    assert made.vasp_std == ("srun", "-n", "4", "my vasp", ";", "rm")
    assert made.command(gamma_only=True) == made.vasp_std
    for wrong in ({}, {"LIANODE_VASP_STD": "'open"}):
        with pytest.raises(InputError):
            from_environment(wrong)
    with pytest.raises(InputError, match="ENCUT"):
        VaspCommands(vasp_std=("vasp",), parallel={"ENCUT": 3})
