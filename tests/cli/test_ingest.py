"""``lianode ingest``, ``pull`` and ``push``, and the refusal of rehearsals, as users meet them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lianode.analysis.method import REHEARSAL, MethodKey
from lianode.hpc.rehearsal.main import run_folder
from lianode.hpc.store import open_project
from lianode.structures import library
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.task import StaticTask

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with a run of the rehearsal, one that is cut, and something else."""
    folder = tmp_path / "runs"
    for name in ("rehearsed", "cut", "notes"):
        (folder / name).mkdir(parents=True)
    input_set({}, StaticTask(), library.phase("LiIn").primitive()).write(folder / "rehearsed")
    assert run_folder(folder / "rehearsed") == 0
    (folder / "cut" / "OUTCAR").write_text(" vasp.6.4.1\n")
    (folder / "notes" / "INCAR").write_text("ENCUT = 500\n")
    return folder


def rename_program(project: Path, program: str) -> None:
    """Say that another program made all documents and calculations of a project."""
    store = open_project(project)
    for collection in (store.property_documents, store.calculation_documents):
        for document in list(collection.find()):
            collection.put([document | {"method": document["method"] | {"program": program}}])
    store.close()


def test_refused_runs_are_listed_and_the_exit_code_says_so(lianode, runs: Path) -> None:
    done = lianode("ingest", "runs")
    assert done.returncode == 1
    assert f"refused {runs / 'rehearsed'}: a rehearsal wrote it: no DFT was done" in done.stdout
    assert f"refused {runs / 'cut'}: OUTCAR holds no whole ionic step" in done.stdout
    assert done.stdout.endswith("0 runs taken (0 new, 0 known), 2 refused\n")
    as_json = json.loads(lianode("ingest", "runs", "--json", "--dry-run").stdout)
    assert {row["folder"].rsplit("/", 1)[1] for row in as_json["runs"]} == {"rehearsed", "cut"}
    assert all(row["refused"] for row in as_json["runs"])


def test_nothing_refused_is_success_and_a_dry_run_needs_no_project(lianode, tmp_path: Path) -> None:
    (tmp_path / "lianode.toml").unlink()
    (tmp_path / "empty").mkdir()
    done = lianode("ingest", "empty", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "0 runs taken (a dry run: nothing is stored), 0 refused\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere",), "there is no such folder"),
        ((), "Missing argument 'DIR...'"),
        ((".", "--hull", "Li-In"), "--hull and --campaign go together"),
        ((".", "--campaign", "old"), "--hull and --campaign go together"),
        ((".", "--method", "abc"), "--method chooses the runs of a hull"),
        ((".", "--dry-run", "--hull", "Li-In", "--campaign", "old"), "leave one out"),
        ((".", "--hull", "Li-Xx", "--campaign", "old"), "no element symbol"),
        ((".", "--hull", "Li-In", "--campaign", "../old"), "cannot be a name"),
        ((".", "--hull", "Li-In", "--campaign", "old"), "no converged crystal of Li-In is among the runs"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(lianode, words: tuple[str, ...], message: str) -> None:
    done = lianode("ingest", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_pull_and_push_go_both_ways_and_twice(lianode, tmp_path: Path) -> None:
    assert lianode("run", "small.yaml", "--workers", "1").returncode == 0
    first = lianode("pull", "small", "--to", "laptop")
    assert first.returncode == 0, first.stderr
    assert "6 calculations copied; 0 documents were there" in first.stdout
    assert "0 documents and 0 calculations copied" in lianode("pull", "small", "--to", "laptop").stdout
    assert "0 documents and 0 calculations copied" in lianode("push", "small", "--from", "laptop").stdout
    assert lianode("query", "--json").stdout == lianode("query", "--json", "--project", "laptop").stdout
    again = lianode("rederive", "--project", "laptop")
    assert again.returncode == 0, again.stderr


def test_pull_and_push_of_nothing(lianode) -> None:
    for words in (("pull", "nothing", "--to", "laptop"), ("push", "nothing", "--from", "laptop")):
        done = lianode(*words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "there are no results of a campaign 'nothing'" in done.stderr
    assert "name the folder of another one" in lianode("pull", "small", "--to", ".").stderr
    assert "name the folder of a project" in lianode("push", "small", "--from", "nowhere").stderr


def test_push_and_compare_refuse_a_rehearsal(lianode, tmp_path: Path) -> None:
    assert lianode("run", "small.yaml", "--workers", "1").returncode == 0
    assert lianode("pull", "small", "--to", "laptop").returncode == 0
    rename_program(tmp_path / "laptop", f"vasp{REHEARSAL}")
    assert MethodKey(program=f"vasp{REHEARSAL}", functional="PBE").is_rehearsal
    pushed = lianode("push", "small", "--from", "laptop")
    assert pushed.returncode == 1
    assert "0 documents and 0 calculations copied" in pushed.stdout
    assert "of a rehearsal were refused: no DFT was done" in pushed.stdout
    compared = lianode("compare", "hansel2021", "--project", "laptop")
    assert compared.returncode == 2
    assert "all results that were chosen are of a rehearsal" in compared.stderr
    assert lianode("compare", "hansel2021").returncode == 0
