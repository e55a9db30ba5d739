"""``lianode query`` in all its formats, ``export`` and ``import``, run as users run them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

FORMULA = '=HYPERLINK("http://x";"y")'


def test_explain_shows_the_whole_way_back(finished: Command) -> None:
    (row, *_) = json.loads(finished("query", "phase_stability", "--phase", "LiIn", "--json").stdout)
    done = finished("query", "--explain", row["key"])
    assert done.returncode == 0, done.stderr
    for word in (
        row["key"],
        "formation_energy_per_atom = ",
        "calculations (",
        "task: kind=relax",
        "FAILED",
        "folder: ",
    ):
        assert word in done.stdout
    whole = json.loads(finished("query", "--explain", row["key"], "--json").stdout)
    assert {one["key"] for one in whole["calculations"]} == set(row["calculations"].values())
    one = finished("query", "--explain", whole["calculations"][0]["key"])
    assert one.returncode == 0
    wrong = finished("query", "--explain", row["key"] + "0")
    assert wrong.returncode == 2
    assert wrong.stderr.strip().count("\n") == 0
    assert f"did you mean '{row['key']}'" in wrong.stderr


def test_words_of_a_query(finished: Command) -> None:
    assert "nothing found" in finished("query", "--until", "2000-01-01").stdout
    assert "nothing found" not in finished("query", "--since", "2000-01-01", "--completeness", "complete").stdout
    wrong = finished("query", "--where", "formation_energy_per_atm<0")
    assert wrong.returncode == 2
    assert "did you mean 'formation_energy_per_atom'" in wrong.stderr
    assert finished("query", "--since", "yesterday").returncode == 2


def test_query_writes_parquet(finished: Command, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    done = finished("query", "phase_stability", "--parquet", str(tmp_path / "a.parquet"))
    assert done.returncode == 0, done.stderr
    assert set(parquet.read_table(tmp_path / "a.parquet")["phase"].to_pylist()) >= {"LiIn", "Li3In2"}


def test_export_and_import_into_an_empty_project(finished: Command, lianode: Command, tmp_path: Path) -> None:
    archive = tmp_path / "small.tar.gz"
    done = finished("export", "--archive", str(archive), "--figures")
    assert done.returncode == 0, done.stderr
    done = lianode("import", str(archive), "--files", str(tmp_path / "files"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "files" / "campaigns" / "small.yaml").is_file()
    assert (tmp_path / "files" / "figures" / "small-hull-Li-In.svg").is_file()
    listing = ("query", "--limit", "0", "--superseded", "--json")
    here, there = (json.loads(command(*listing).stdout) for command in (lianode, finished))
    # documents of one second come in the order of a store's rows
    assert sorted(here, key=lambda one: one["key"]) == sorted(there, key=lambda one: one["key"])
    planned = json.loads(lianode("plan", "small.yaml", "--json").stdout)
    assert all(row["settled"] for row in planned["calculations"])


def test_formulas_for_spreadsheets_are_inert(finished: Command, lianode: Command, tmp_path: Path) -> None:
    """A hostile phase name arrives with an archive, and goes out as text."""
    import sqlite3

    finished("export", "--archive", str(tmp_path / "a.tar.gz"))
    assert lianode("import", str(tmp_path / "a.tar.gz")).returncode == 0
    with sqlite3.connect(lianode.folder / "lianode.db") as database:
        rows = database.execute("SELECT id, document FROM properties").fetchall()
        for number, text in rows:
            hostile = json.dumps(json.loads(text) | {"phase": FORMULA, "formula": "-1+1|cmd", "engine": "\x1b[31m"})
            database.execute("UPDATE properties SET document = ? WHERE id = ?", (hostile.encode(), number))
    printed = lianode("query", "--csv").stdout
    for row in csv.DictReader(printed.splitlines()):
        assert row["phase"] == f"'{FORMULA}"
        assert row["formula"] in {"", "'-1+1|cmd"}
    energies = [row["formation_energy_per_atom"] for row in csv.DictReader(printed.splitlines())]
    assert any(energy.startswith("-0.") for energy in energies)
    assert "\x1b" not in lianode("query").stdout


def test_export_says_what_is_missing(finished: Command, tmp_path: Path) -> None:
    for arguments, words in (
        ((), "say what to write"),
        (("--figures", "--entries", str(tmp_path / "a.json")), "go into an archive"),
        (("elastic", "--entries", str(tmp_path / "a.json")), "no such results"),
        (("--archive", str(tmp_path / "a.zip")), "ends in .tar.gz"),
    ):
        done = finished("export", *arguments)
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stderr.strip().count("\n") == 0
    assert finished("import", str(tmp_path / "none.tar.gz")).returncode == 2
