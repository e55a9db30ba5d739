"""The report of a campaign as users ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def test_a_campaign_by_its_name_and_by_its_file(finished: Any, tmp_path: Path) -> None:
    by_name, by_file = tmp_path / "new" / "name.html", tmp_path / "file.html"
    done = finished("report", "small", "-o", str(by_name))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"wrote {by_name} (0.")
    page = by_name.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Phases of Li-In" in page
    assert "Nothing: every calculation gave its result." in page
    assert "The campaign file" not in page
    done = finished("report", "small.yaml", "-o", str(by_file))
    assert done.returncode == 0, done.stderr
    page = by_file.read_text(encoding="utf-8")
    assert "phases: [Li_bcc, Li_fcc, In, LiIn3, LiIn, Li3In2]" in page
    assert "LiIn3" in page


def test_calculations_that_failed_are_named(lianode: Any) -> None:
    """A calculation that nothing was derived from is known from the campaign's file only."""
    from lianode.cli.project import load_plan
    from lianode.hpc.store import open_project
    from lianode.workflows.calculation import Calculation, State

    plan = load_plan(lianode.folder / "small.yaml")
    key, request = next(iter(plan.requests.items()))
    store = open_project(lianode.folder)
    store.commit(
        Calculation(
            key=key, state=State.FAILED, reason="the <forces> grew", engine="morse", task=request.task,
            method={"program": "morse", "functional": "test potential"},  # type: ignore[arg-type]
            label="Li_bcc", formula="Li1", n_atoms=1, composition={"Li": 1},
        )
    )  # fmt: skip
    store.close()
    done = lianode("report", "small.yaml")
    assert done.returncode == 0, done.stderr
    page = (lianode.folder / "report.html").read_text(encoding="utf-8")
    assert "Li_bcc (relax, morse) failed: the &lt;forces&gt; grew" in page


def test_bad_input_is_one_sentence(lianode: Any, finished: Any, tmp_path: Path) -> None:
    for command, arguments, said in (
        (lianode, ("smal",), "campaign 'smal': the store has no results of it; it has those of: no campaign yet"),
        (finished, ("smal",), "the store has no results of it (did you mean 'small'?); it has those of: small"),
        (finished, ("none.yaml",), "none.yaml"),
        (finished, ("small", "-o", "/proc/none/report.html"), "/proc/none/report.html: it cannot be written: "),
    ):
        done = command("report", *arguments)
        assert done.returncode == 2, done.stdout
        assert said in done.stderr
        assert "Traceback" not in done.stderr
