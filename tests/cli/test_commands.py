"""Every command, run as users run it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command


def test_help_names_every_command(finished: Command) -> None:
    done = finished("--help")
    assert done.returncode == 0
    for name in ("init", "doctor", "phases", "plan", "run", "query", "plot", "compare", "rederive", "store"):
        assert f"  {name} " in done.stdout
        assert finished(name, "--help").returncode == 0


def test_init_makes_a_project_once(lianode: Command) -> None:
    assert (lianode.folder / "lianode.toml").is_file()
    assert (lianode.folder / "li-in.yaml").is_file()
    again = lianode("init")
    assert again.returncode == 2
    assert "lianode.toml" in again.stderr


def test_phases(finished: Command) -> None:
    done = finished("phases", "Li-In", "--json")
    names = {row["name"] for row in json.loads(done.stdout)}
    assert {"Li_bcc", "In_bct", "LiIn", "Li13In3"} <= names
    one = json.loads(finished("phases", "In3Li13", "--json").stdout)
    assert one["name"] == "Li13In3"
    assert one["atoms"] == 128
    assert "LiIn" in finished("phases", "Li-In").stdout


def test_plan_says_what_is_new_and_what_is_done(lianode: Command, finished: Command) -> None:
    new = json.loads(lianode("plan", "small.yaml", "--json").stdout)
    assert [row["state"] for row in new["calculations"]] == ["new"] * 6
    assert all(row["expected_seconds"] > 0 for row in new["calculations"])
    done = json.loads(finished("plan", "small.yaml", "--json").stdout)
    assert all(row["settled"] for row in done["calculations"])
    assert "everything is in the store" in finished("plan", "small.yaml").stdout


def test_run_prints_hull_voltage_and_checks(finished: Command) -> None:
    done = finished("run", "small.yaml")
    assert done.returncode == 0
    assert "hull of Li-In, Morse" in done.stdout
    assert "voltage of Li-In" in done.stdout
    assert "mAh/g of host" in done.stdout
    assert "! In_bct: space group 139 before" in done.stdout
    assert "0 calculations done, 6 were in the store" in done.stdout


def test_run_again_is_the_same_as_json(finished: Command) -> None:
    summary = json.loads(finished("run", "small.yaml", "--json").stdout)
    assert summary["complete"]
    assert all(calculation["reused"] for calculation in summary["calculations"].values())
    assert {"hull", "voltage"} <= {document["property"] for document in summary["properties"]}


def test_query_as_table_json_and_csv(finished: Command) -> None:
    rows = json.loads(finished("query", "phase_stability", "--system", "Li-In", "--json").stdout)
    assert {row["phase"] for row in rows} == {"Li_bcc", "Li_fcc", "In_bct", "LiIn3_L12", "LiIn", "Li3In2"}
    stable = json.loads(finished("query", "phase_stability", "--where", "stable=true", "--json").stdout)
    assert 0 < len(stable) < len(rows)
    near = finished("query", "phase_stability", "--where", "energy_above_hull_per_atom<=0", "--csv").stdout
    assert {row["phase"] for row in csv.DictReader(near.splitlines())} >= {row["phase"] for row in stable}
    assert "nothing found" in finished("query", "hull", "--system", "Li-Sn").stdout
    limited = finished("query", "--limit", "2")
    assert "more than 2 results" in limited.stderr


def test_plot_writes_figures_and_their_data(finished: Command, tmp_path: Path) -> None:
    for kind in ("hull", "voltage", "above-hull"):
        done = finished("plot", kind, "--system", "Li-In", "-o", str(tmp_path / kind))
        assert done.returncode == 0, done.stderr
        for ending in ("svg", "pdf", "png", "csv"):
            assert (tmp_path / f"{kind}.{ending}").stat().st_size > 0
    only = finished("plot", "hull", "--system", "Li-In", "--size", "slide", "-o", str(tmp_path / "talk.pdf"))
    assert only.returncode == 0
    assert not (tmp_path / "talk.svg").exists()


def test_plot_with_a_measured_curve(finished: Command, tmp_path: Path) -> None:
    curve = tmp_path / "curve.csv"
    curve.write_text("x_Li_per_host,voltage_V\n0.0,0.9\n0.5,0.62\n1.0,0.61\n", encoding="utf-8")
    done = finished("plot", "voltage", "--system", "Li-In", "--measured", str(curve), "-o", str(tmp_path / "v.svg"))
    assert done.returncode == 0, done.stderr
    assert "curve" in (tmp_path / "v.svg").read_text(encoding="utf-8")


def test_run_draws_its_figures(finished: Command, tmp_path: Path) -> None:
    done = finished("run", "small.yaml", "--figures", str(tmp_path), "--published", "hansel2021")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("*.png")} == {"hull-Li-In.png", "voltage-Li-In.png"}


def test_compare_prints_every_published_hull_and_voltage_value(finished: Command) -> None:
    done = finished("compare", "hansel2021")
    assert done.returncode == 0
    assert "-293.4" in done.stdout
    rows = json.loads(finished("compare", "hansel2021", "--json").stdout)
    assert any(row["quantity"] == "average voltage" and row["system"] == "Li-Sn" for row in rows)


def test_rederive_changes_nothing_when_nothing_changed(lianode: Command) -> None:
    assert lianode("run", "small.yaml").returncode == 0
    before = json.loads(lianode("query", "--limit", "0", "--json").stdout)
    done = lianode("rederive")
    assert done.returncode == 0
    after = json.loads(lianode("query", "--limit", "0", "--json").stdout)
    strip = [{name: value for name, value in row.items() if name != "created"} for row in before]
    assert sorted(strip, key=lambda row: row["key"]) == sorted(
        ({name: value for name, value in row.items() if name != "created"} for row in after),
        key=lambda row: row["key"],
    )


def test_store_status(finished: Command) -> None:
    counts = json.loads(finished("store", "status", "--json").stdout)
    assert counts["calculations"]["converged"] == 6
    assert counts["properties"]["hull"] == 1


def test_doctor(finished: Command) -> None:
    done = finished("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["results store"]["state"] == "good"
    assert findings["engine morse"]["state"] == "good"


def test_a_phase_that_fails_leaves_a_partial_result(lianode: Command) -> None:
    """Nine steps are not enough for some phases; every run goes on where the last one ended."""
    text = (lianode.folder / "small.yaml").read_text(encoding="utf-8")
    (lianode.folder / "hard.yaml").write_text(text + "      max_steps: 9\n", encoding="utf-8")
    done = lianode("run", "hard.yaml", "--json")
    summary = json.loads(done.stdout)
    unconverged = [name for name, row in summary["calculations"].items() if row["state"] == "unconverged"]
    assert done.returncode == 1
    assert unconverged
    hull = next(document for document in summary["properties"] if document["property"] == "hull")
    assert hull["completeness"] == "partial"
    stored = json.loads(lianode("query", "hull", "--json").stdout)[0]
    assert any(unconverged[0] in sentence for sentence in stored["missing"])
    while lianode("run", "hard.yaml").returncode != 0:  # every run continues where the last one ended
        pass
    finished = json.loads(lianode("query", "hull", "--json").stdout)
    assert [document["completeness"] for document in finished] == ["complete"]
    assert len(json.loads(lianode("query", "hull", "--superseded", "--json").stdout)) > 1
