"""Bad input: one sentence with the place and the remedy, exit code 2, and nothing started."""

from __future__ import annotations

import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest

from lianode.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD_CIF = """\
data_LiIn
_cell_length_a 3.4
_cell_length_b 3.4
_cell_length_c 3.4
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Li1 Li 0 0 0 {occupancy}
{second}
"""
SECOND = "In1 In {x} {x} {x} 1"


def hull(settings: str, *, engine: str = "morse", name: str = "bad") -> str:
    return f"name: {name}\nengine: {engine}\ncalculations:\n  - hull: {{{settings}}}\n"


CAMPAIGNS: dict[str, tuple[str | bytes, list[str]]] = {
    # file that is no campaign
    "empty": ("", ["bad.yaml", "empty"]),
    "not yaml": ("name: [a\ncalculations: }", ["bad.yaml", "line 2"]),
    "a list": ("- hull", ["bad.yaml", "name"]),
    "binary": (b"\x00\x01\x02name", ["bad.yaml", "UTF-8"]),
    "not utf-8": (b"name: \xff\xfe\ncalculations: []\n", ["bad.yaml", "UTF-8"]),
    "python tag": ("name: !!python/object/apply:os.system [ls]\n", ["bad.yaml", "line 1"]),
    "anchor": ("name: &a x\ncalculations: [*a]\n", ["bad.yaml", "line 1"]),
    "duplicate key": ("name: a\nname: b\ncalculations: [{hull: {system: Li-In}}]\n", ["bad.yaml", "line 2", "name"]),
    "two documents": ("name: a\n---\nname: b\n", ["bad.yaml"]),
    "tab": ("name: a\ncalculations:\n\t- hull: {system: Li-In}\n", ["bad.yaml", "line 3"]),
    # keys and types
    "no name": ("calculations: [{hull: {system: Li-In}}]\n", ["bad.yaml", "name"]),
    "name with a space": (hull("system: Li-In", name="my hull"), ["line 1", "name", "letters"]),
    "name with a slash": (hull("system: Li-In", name="../x"), ["line 1", "name", "letters"]),
    "misspelt key": (hull("system: Li-In, hull_tolerence: 0.01"), ["line 4", "hull_tolerance"]),
    "misspelt property": (
        "name: a\ncalculations:\n  - hul: {system: Li-In}\n", ["line 3", "did you mean 'hull'"]),
    "unknown property": (
        "name: a\ncalculations:\n  - magnetism: {phases: [Li]}\n", ["line 3", "magnetism", "available: hull"]),
    "no calculations": ("name: a\ncalculations: []\n", ["calculations", "empty"]),
    "wrong type": (hull("system: 5"), ["line 4", "system"]),
    "list for a word": (hull("system: [Li, In]"), ["line 4", "system"]),
    "negative tolerance": (hull("system: Li-In, hull_tolerance: -0.01"), ["line 4", "hull_tolerance"]),
    "tolerance in GPa": (hull("system: Li-In, hull_tolerance: 5 GPa"), ["hull_tolerance", "GPa"]),
    "unknown unit": (hull("system: Li-In, hull_tolerance: 5 meV/atm"), ["hull_tolerance", "meV/atom"]),
    "negative temperature": (hull("system: Li-In, temperature: -3"), ["temperature"]),
    "temperature is a word": (hull("system: Li-In, temperature: warm"), ["temperature"]),
    "zero force": (hull("system: Li-In, max_force: 0"), ["max_force"]),
    "steps are not whole": (hull("system: Li-In, max_steps: 2.5"), ["max_steps"]),
    # engines
    "unknown engine": (hull("system: Li-In", engine="sevenet-0"), ["line 2", "did you mean 'sevennet-0'"]),
    "modality not named": (hull("system: Li-In", engine="sevennet-mf-0"), ["line 2", "sevennet-mf-0:pbe"]),
    "unknown engine setting": (hull("system: Li-In", engine="{name: morse, depth: 1}"), ["line 2", "well_depth"]),
    "engine and engines": (
        "name: a\nengine: morse\nengines: [morse]\ncalculations: [{hull: {system: Li-In}}]\n", ["engine"]),
    "element the engine does not know": (hull("system: Li-Si, phases: [Li, my.vasp]"), ["morse", "Xe"]),
    # phases
    "no such element": (hull("system: Li-Xx"), ["line 4", "Xx"]),
    "one element": (hull("system: Li"), ["line 4", "system"]),
    "unknown phase": (hull("system: Li-In, phases: [Li, In, LiIn7]"), ["line 4", "LiIn7"]),
    "phase of another system": (hull("system: Li-In, phases: [Li, In, LiSn]"), ["line 4", "LiSn", "Sn"]),
    "phase twice": (hull("system: Li-In, phases: [Li, In, Li]"), ["line 4", "twice"]),
    "no pure element": (hull("system: Li-In, phases: [Li, LiIn]"), ["bad.yaml", "pure In"]),
    "included and excluded": (hull("system: Li-In, include: [LiIn3], exclude: [LiIn3]"), ["LiIn3", "exclude"]),
    "reference of another element": (hull("system: Li-In, references: {In: Li_fcc}"), ["Li_fcc", "In"]),
    "reference of a foreign element": (hull("system: Li-In, references: {Sn: Sn_beta}"), ["Sn", "Li-In"]),
    "unknown included phase": (hull("system: Li-In, include: [LiIn3_L21]"), ["LiIn3_L21", "LiIn3_L12"]),
    "same entry twice": (
        "name: a\nengine: morse\ncalculations:\n  - hull: {system: Li-In}\n  - hull: {system: In-Li}\n", ["twice"]),
    # users' files
    "no such file": (hull("system: Li-In, structures: [missing.cif]"), ["line 4", "missing.cif"]),
    "unreadable cif": (hull("system: Li-In, structures: [broken.cif]"), ["broken.cif"]),
    "disordered cif": (hull("system: Li-In, structures: [disordered.cif]"), ["disordered.cif", "order"]),
    "atoms on top of each other": (hull("system: Li-In, structures: [close.cif]"), ["close.cif", "Å"]),
    "empty structure file": (hull("system: Li-In, structures: [empty.cif]"), ["empty.cif", "empty"]),
    "file without elements": (hull("system: Li-In, structures: [old.vasp]"), ["old.vasp"]),
    "file of another system": (hull("system: Li-Sn, structures: [good.cif]"), ["In", "Li-Sn"]),
    "name taken": (hull("system: Li-In, structures: [LiIn.cif]"), ["two phases are named LiIn"]),
    "empty folder": (hull("system: Li-In, structures: [folder]"), ["folder"]),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with users' files, good and bad, as the current folder."""
    monkeypatch.chdir(tmp_path)
    assert run("init") == 0
    good = GOOD_CIF.format(occupancy="1", second=SECOND.format(x="0.5"))
    (tmp_path / "good.cif").write_text(good, encoding="utf-8")
    (tmp_path / "LiIn.cif").write_text(good, encoding="utf-8")
    (tmp_path / "broken.cif").write_text("data_x\n_cell_length_a not-a-number\n", encoding="utf-8")
    (tmp_path / "disordered.cif").write_text(
        GOOD_CIF.format(occupancy="0.5", second=SECOND.format(x="0.5")), encoding="utf-8"
    )
    (tmp_path / "close.cif").write_text(
        GOOD_CIF.format(occupancy="1", second=SECOND.format(x="0.01")), encoding="utf-8"
    )
    (tmp_path / "empty.cif").touch()
    (tmp_path / "old.vasp").write_text("Li\n1.0\n3 0 0\n0 3 0\n0 0 3\n1\ndirect\n0 0 0\n", encoding="utf-8")
    (tmp_path / "my.vasp").write_text("Xe\n1.0\n4 0 0\n0 4 0\n0 0 4\nXe\n1\ndirect\n0 0 0\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    return tmp_path


def run(*arguments: str) -> int:
    """Run the command in this process; return its exit code."""
    before, sys.argv = sys.argv, ["lianode", *arguments]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0


def nothing_started(project: Path) -> bool:
    """Whether the store holds no calculation and no calculation has a folder."""
    with sqlite3.connect(project / "lianode.db") as database:
        count = database.execute("SELECT COUNT(*) FROM calculations").fetchone()[0]
    return count == 0 and not (project / "runs").exists()


def refused(capsys: pytest.CaptureFixture[str], expected: list[str], *arguments: str) -> None:
    """Run a command that has to be refused, with a message that has all of ``expected`` in it."""
    capsys.readouterr()
    assert run(*arguments) == 2
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert shown.out == ""
    for fragment in expected:
        assert fragment in shown.err, shown.err


@pytest.mark.parametrize("case", CAMPAIGNS)
def test_bad_campaigns(case: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, expected = CAMPAIGNS[case]
    if case == "element the engine does not know":
        content = str(content).replace("Li-Si", "Li-Xe")
    path = project / "bad.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(capsys, expected, "run", "bad.yaml")
    refused(capsys, expected, "plan", "bad.yaml")
    assert nothing_started(project)


def test_no_such_campaign(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, ["nowhere.yaml", "no such file"], "run", "nowhere.yaml")
    refused(capsys, ["folder", "is a folder"], "run", "folder")


def test_a_file_of_100_mb(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (project / "large.yaml").open("wb") as file:
        file.truncate(100_000_000)
    refused(capsys, ["large.yaml", "MB"], "run", "large.yaml")


def test_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(hull("system: Li-In"), encoding="utf-8")
    refused(capsys, ["lianode init"], "run", "good.yaml")


def damage(project: Path, how: Callable[[Path], None], capsys: pytest.CaptureFixture[str], expected: list[str]) -> None:
    """Damage the store and see that every command refuses it."""
    (project / "good.yaml").write_text(hull("system: Li-In"), encoding="utf-8")
    for path in project.glob("lianode.db-*"):
        path.unlink()
    how(project / "lianode.db")
    for arguments in (("run", "good.yaml"), ("query",), ("store", "status")):
        refused(capsys, ["lianode.db", *expected], *arguments)
    assert not (project / "runs").exists()


def test_a_corrupted_store(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(project, lambda path: path.write_bytes(b"SQLite format 3\0" + b"\x55" * 8192) and None, capsys, [])


def test_a_store_that_is_none(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage(project, lambda path: path.write_text("results") and None, capsys, [])


def test_a_store_of_another_version(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def newer(path: Path) -> None:
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 999")

    damage(project, newer, capsys, ["999"])


def test_a_database_of_something_else(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def foreign(path: Path) -> None:
        path.unlink()
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE songs (title TEXT)")

    damage(project, foreign, capsys, [])


def test_a_store_on_a_network_file_system(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lianode.hpc.stores import filesystem

    mounts = project / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 /dev/sda rw\n2 1 0:2 / {project} rw - nfs4 server:/home rw\n")
    monkeypatch.setattr(filesystem, "MOUNTINFO", mounts)
    (project / "good.yaml").write_text(hull("system: Li-In"), encoding="utf-8")
    refused(capsys, ["nfs4", "mongodb"], "run", "good.yaml")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("wrokers = 2\n", ["lianode.toml", "wrokers", "workers"]),
        ("workers = 'two'\n", ["lianode.toml", "workers"]),
        ("workers = 2\n[store\n", ["lianode.toml", "line 2"]),
        ("[store]\nkind = 'oracle'\n", ["lianode.toml", "kind"]),
        ("[store]\nkind = 'mongodb'\nuri = 'mongodb://me:secret@host'\n", ["lianode.toml", "password"]),
    ],
)
def test_bad_settings(project: Path, capsys: pytest.CaptureFixture[str], content: str, expected: list[str]) -> None:
    (project / "lianode.toml").write_text(content, encoding="utf-8")
    refused(capsys, expected, "query")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["hull"], ["no command 'hull'"]),
        (["qurey"], ["did you mean 'query'"]),
        (["query", "--where", "stable"], ["--where", "stable=true"]),
        (["query", "--limit", "-1"], ["--limit"]),
        (["plot", "hull", "--system", "Li-In"], ["hull of Li-In", "nothing yet"]),
        (["plot", "barrier", "--system", "Li-In"], ["barrier", "hull"]),
        (["plot", "voltage"], ["--system"]),
        (["compare", "hansel2020"], ["hansel2021"]),
        (["phases", "LiIn_B23"], ["LiIn_B23"]),
        (["run", "li-in.yaml", "--workers", "0"], ["--workers"]),
    ],
    ids=lambda value: " ".join(value) if value and not value[0].startswith("--") else None,
)
def test_bad_options(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: list[str]
) -> None:
    refused(capsys, expected, *arguments)
    assert nothing_started(project)
