"""Faults on request and what they leave in the folder."""

from __future__ import annotations

import signal
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from pymatgen.io.vasp.outputs import Oszicar, Outcar, Vasprun

from lianode.hpc.rehearsal.faults import MESSAGES, Faults, read_faults
from lianode.hpc.rehearsal.main import run_folder
from lianode.hpc.rehearsal.poscar import read_poscar
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

RELAX = "IBRION = 2\nNSW = 30\nISIF = 3\nEDIFF = 1E-6\nEDIFFG = -0.01\nLCHARG = F\nLWAVE = F\n"


def partial(folder: Path) -> Vasprun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(
            str(folder / "vasprun.xml"), exception_on_bad_xml=False, parse_potcar_file=False, parse_dos=False,
            parse_eigen=False,
        )  # fmt: skip


def test_killed_run_leaves_what_vasp_leaves(inputs: Any, program: Any) -> None:
    folder = inputs(RELAX)
    (folder / "REHEARSAL").write_text("kill_at_step: 4\n")
    assert program(folder).returncode == -signal.SIGKILL
    with pytest.raises(etree.XMLSyntaxError):
        Vasprun(str(folder / "vasprun.xml"))
    steps = partial(folder).ionic_steps
    assert [("forces" in step) for step in steps[:3]] == [True] * 3
    oszicar = Oszicar(folder / "OSZICAR")
    assert len(oszicar.ionic_steps) == 3
    assert len(oszicar.electronic_steps) == 4  # the fourth began
    text = (folder / "OUTCAR").read_text()
    assert "Iteration    4(   1)" in text
    assert "General timing" not in text
    contcar = read_poscar(folder / "CONTCAR")
    assert contcar.fractional == pytest.approx(steps[2]["structure"].frac_coords % 1, abs=1e-7)


def test_killed_in_the_first_step_leaves_an_empty_contcar(inputs: Any, program: Any) -> None:
    folder = inputs(RELAX)
    (folder / "REHEARSAL").write_text("kill_at_step: 1\n")
    program(folder)
    assert (folder / "CONTCAR").read_text() == ""
    assert (folder / "vasprun.xml").stat().st_size > 1000


def test_truncated_vasprun(rehearsed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANODE_REHEARSAL", "truncate_vasprun: true")
    folder = rehearsed(RELAX)
    with pytest.raises(etree.XMLSyntaxError):
        Vasprun(str(folder / "vasprun.xml"))
    assert "General timing" in (folder / "OUTCAR").read_text()


@pytest.mark.parametrize("name", ["CONTCAR", "OSZICAR", "vasprun.xml"])
def test_missing_file(rehearsed: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LIANODE_REHEARSAL", f"omit: {name}")
    folder = rehearsed("NSW = 0\n")
    assert {path for path in ("CONTCAR", "OSZICAR", "vasprun.xml") if not (folder / path).exists()} == {name}


def test_full_disk(inputs: Any, program: Any) -> None:
    folder = inputs(RELAX)
    (folder / "REHEARSAL").write_text("disk_full_at_step: 3\n")
    done = program(folder)
    assert done.returncode == 38
    assert "No space left on device" in done.stderr
    assert len(Oszicar(folder / "OSZICAR").ionic_steps) == 2


def test_disk_that_is_really_full(inputs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """/dev/full refuses every byte, as a full disk does."""
    folder = inputs(RELAX)
    (folder / "OSZICAR").symlink_to("/dev/full")
    assert run_folder(folder) == 38
    assert "No space left" in capsys.readouterr().err


def test_exit_code(inputs: Any, program: Any) -> None:
    folder = inputs("NSW = 0\n")
    (folder / "REHEARSAL").write_text("exit_code: 9\n")
    assert program(folder).returncode == 9


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_messages_of_vasp(
    inputs: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("LIANODE_REHEARSAL", f"{{message: {name}, message_at_step: 2}}")
    folder, message = inputs(RELAX), MESSAGES[name]
    if message.fatal:
        with pytest.raises(SystemExit, match="1"):
            run_folder(folder)
        assert "General timing" not in (folder / "OUTCAR").read_text()
        assert len(Oszicar(folder / "OSZICAR").ionic_steps) == 1
    else:
        assert run_folder(folder) == 0
    streams = capsys.readouterr()
    assert message.text in (streams.err if message.to_stderr else streams.out)


def test_slow_steps(rehearsed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("lianode.hpc.rehearsal.faults.time.sleep", slept.append)
    monkeypatch.setenv("LIANODE_REHEARSAL", "seconds_per_step: 7")
    folder = rehearsed(RELAX)
    assert slept == [7.0] * len(Oszicar(folder / "OSZICAR").ionic_steps)


def test_fault_of_one_attempt(inputs: Any, program: Any) -> None:
    folder = inputs(RELAX)
    (folder / "REHEARSAL").write_text("- {kill_at_step: 2, on_attempt: 1}\n- {exit_code: 3, on_attempt: [2, 4]}\n")
    assert program(folder).returncode == -signal.SIGKILL
    assert [run_folder(folder) for _ in range(2)] == [3, 0]


def test_fault_in_a_parent_counts_formulas_apart(tmp_path: Path) -> None:
    (tmp_path / "REHEARSAL").write_text("{exit_code: 5, on_attempt: 2}")
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    poscar = "x\n1\n3 0 0\n0 3 0\n0 0 3\n{}\n1\nDirect\n0 0 0\n"
    codes = []
    for element in ("Li", "In", "Li", "In"):
        (folder / "POSCAR").write_text(poscar.format(element))
        codes.append(read_faults(folder, read_poscar(folder / "POSCAR")).exit_code)
    assert codes == [0, 0, 5, 5]


def test_fault_of_one_formula(inputs: Any, tmp_path: Path) -> None:
    (tmp_path / "REHEARSAL").write_text("[{exit_code: 5, only: LiIn}, {exit_code: 6, only: Li2}]")
    folder = inputs("")
    assert read_faults(folder, read_poscar(folder / "POSCAR")).exit_code == 5


def test_nearest_file_and_variable_win(inputs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "REHEARSAL").write_text("exit_code: 1")
    folder = inputs("")
    geometry = read_poscar(folder / "POSCAR")
    assert read_faults(folder, geometry).exit_code == 1
    (folder / "REHEARSAL").write_text("exit_code: 2")
    assert read_faults(folder, geometry).exit_code == 2
    monkeypatch.setenv("LIANODE_REHEARSAL", "exit_code: 3")
    assert read_faults(folder, geometry).exit_code == 3


def test_unknown_fault_names_the_nearest(inputs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANODE_REHEARSAL", "kill_at_stp: 3")
    with pytest.raises(InputError, match="kill_at_step"):
        read_faults(inputs(""), None)


def test_no_fault_is_the_default(inputs: Any) -> None:
    assert read_faults(inputs(""), None) == Faults()


@pytest.mark.parametrize(("tag", "kind"), [("LSTOP", "soft"), ("LABORT", "hard")])
def test_stopcar(rehearsed: Any, inputs: Any, monkeypatch: pytest.MonkeyPatch, tag: str, kind: str) -> None:
    """A STOPCAR that appears in step 2 ends the run with step 2."""
    folder = inputs(RELAX)
    seen: list[int] = []

    def appear(self: Faults, step: int) -> None:
        seen.append(step)
        if step == 2:
            (folder / "STOPCAR").write_text(f"{tag} = .TRUE.\n")

    monkeypatch.setattr(Faults, "in_cycle", appear)
    assert run_folder(folder) == 0
    assert seen == [1, 2]
    outcar, run = Outcar(folder / "OUTCAR"), partial(folder)
    assert outcar.is_stopped == (tag == "LSTOP")  # what pymatgen looks for
    assert f"{kind} stop encountered!  aborting job" in (folder / "OUTCAR").read_text()
    assert "General timing" in (folder / "OUTCAR").read_text()
    assert len(run.ionic_steps) == 2
    assert len(run.ionic_steps[1]["electronic_steps"]) == (4 if tag == "LABORT" else 7)
    assert read_poscar(folder / "CONTCAR").symbols == ["Li", "In"]


def test_further_ranks_leave_the_work_to_rank_zero(
    inputs: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = inputs("NSW = 0\n")
    monkeypatch.setenv("SLURM_PROCID", "3")
    monkeypatch.setattr("lianode.hpc.rehearsal.main.PATIENCE", 0.1)
    assert run_folder(folder) == 1
    assert "rank 3 saw no rank 0" in capsys.readouterr().err
    monkeypatch.setenv("SLURM_PROCID", "0")
    assert run_folder(folder) == 0
    (folder / "OUTCAR").unlink()
    monkeypatch.setenv("SLURM_PROCID", "1")
    assert run_folder(folder) == 0
    assert not (folder / "OUTCAR").exists()
