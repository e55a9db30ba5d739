"""``init --cluster``, ``plan`` with VASP, and ``doctor`` of a cluster, as users type them."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

NEEDED = ("--partition", "cpu", "--cores", "48", "--walltime", "24:00:00", "--mongodb-uri", "mongodb://me@localhost:1")
CLUSTER = """
[cluster]
budget = 5
[[cluster.partitions]]
name = "cpu"
cores = 48
nodes = 4
walltime = "24:00:00"
"""
VASP = """\
name: small-vasp
engine: {name: vasp, encut: 600}
calculations:
  - hull: {system: Li-In, phases: [Li_bcc, In, Li13In3]}
"""


def test_init_cluster_writes_what_it_was_told(lianode: Command) -> None:
    extra = ("--module", "intel/2023", "--module", "vasp/6.4.2", "--account", "abc", "--qos", "long", "--budget", "200")
    done = lianode("init", "p", "--cluster", *NEEDED, *extra, "--potcar-folder", "potcars", "--nodes", "4")
    assert done.returncode == 0, done.stderr
    assert "the results store does not answer yet" in done.stderr
    assert "LIANODE_MONGODB_PASSWORD" in done.stderr
    written = tomllib.loads((lianode.folder / "p" / "lianode.toml").read_text())
    assert written["store"] == {"kind": "mongodb", "uri": "mongodb://me@localhost:1", "database": "lianode"}
    cluster = written["cluster"]
    assert cluster["modules"] == ["intel/2023", "vasp/6.4.2"]
    assert cluster["budget"] == 200
    assert cluster["vasp_std"] == "srun --exact --mem=0 -n {tasks} vasp_std"
    assert cluster["potcar_folder"] == str(lianode.folder / "potcars")  # meant from here, not from the project
    partition = {"name": "cpu", "cores": 48, "nodes": 4, "walltime": "24:00:00", "account": "abc", "qos": "long"}
    assert cluster["partitions"] == [partition]
    assert "engine: {name: vasp" in (lianode.folder / "p" / "li-in.yaml").read_text()
    again = lianode("init", "p", "--cluster", *NEEDED)
    assert (again.returncode, "already" in again.stderr) == (2, True)


def test_init_never_writes_a_password(lianode: Command) -> None:
    done = lianode("init", "p", "--cluster", *NEEDED[:-1], "mongodb://me:s3cret@localhost:1")
    assert done.returncode == 2
    assert "must not contain a password" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout
    assert not (lianode.folder / "p").exists()


def test_init_without_a_terminal_says_what_is_missing(lianode: Command) -> None:
    done = lianode("init", "p", "--cluster", "--scheduler", "pbs", *NEEDED[:-2])
    assert done.returncode == 2
    assert done.stderr == "error: --mongodb-uri: this is needed, and there is no terminal to ask at\n"
    done = lianode("init", "p", "--budget", "3")
    assert "--budget is for clusters; add --cluster" in done.stderr
    done = lianode("init", "p", "--module", "x")
    assert "--module is for clusters; add --cluster" in done.stderr
    done = lianode("init", "p", "--cluster", "--scheduler", "slrum", *NEEDED)
    assert "the scheduler is not known; known: slurm, pbs" in done.stderr
    assert not (lianode.folder / "p").exists()


def test_init_asks_at_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lianode.cli import init

    monkeypatch.setattr(init, "on_terminal", lambda: True)
    monkeypatch.setenv("PATH", str(tmp_path))  # no Slurm to guess from
    answers = [
        "cpu",
        "many",
        "48",
        "",
        "2-00:00:00",
        "",
        "",
        "",
        "",
        "",
        "mongodb://me@localhost:1",
        "",
        "~/.pw",
        "100",
    ]
    done = CliRunner().invoke(
        init.command, [str(tmp_path / "p"), "--cluster", "--account", "abc"], input="\n".join(answers[:6] + answers[7:])
    )
    assert done.exit_code == 0, done.output
    assert "'many' is not a valid integer" in done.output
    written = tomllib.loads((tmp_path / "p" / "lianode.toml").read_text())
    assert written["cluster"]["partitions"][0] == {
        "name": "cpu", "cores": 48, "nodes": 1, "walltime": "2-00:00:00", "account": "abc"
    }  # fmt: skip
    assert written["cluster"]["budget"] == 100
    assert written["store"]["password_file"] == "~/.pw"  # noqa: S105  the file's name


def test_plan_shows_what_vasp_gets_and_what_it_costs(lianode: Command) -> None:
    file = lianode.folder / "lianode.toml"
    file.write_text(file.read_text() + CLUSTER)
    (lianode.folder / "vasp.yaml").write_text(VASP)
    done = lianode("plan", "vasp.yaml")
    assert done.returncode == 0, done.stderr
    assert "vasp-alloy-encut600: INCAR of preset alloy, except ENCUT = 600.0; PAW sets of PBE_54" in done.stdout
    row = next(line for line in done.stdout.splitlines() if "Li13In3" in line)
    assert "6x6x6" in row
    assert "Li_sv In_d" in row
    assert " cpu " in row
    assert "the budget is 5.0 core-hours; `lianode submit` will ask first" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_plan_as_json_has_it_under_the_names_of_the_documents(lianode: Command) -> None:
    file = lianode.folder / "lianode.toml"
    file.write_text(file.read_text() + CLUSTER)
    (lianode.folder / "vasp.yaml").write_text(VASP)
    plan = json.loads(lianode("plan", "vasp.yaml", "--json").stdout)
    rows = {row["phase"]: row for row in plan["calculations"]}
    large = rows["Li13In3"]
    assert large["settings"]["encut"] == 600
    assert large["k_mesh"] == [6, 6, 6]
    assert large["incar_differences"] == {"ENCUT": 600}
    assert large["potcar_symbols"] == ["Li_sv", "In_d"]
    assert set(large["resources"]) == {
        "partition",
        "nodes",
        "tasks",
        "walltime_s",
        "expected_s",
        "k_groups",
        "image_groups",
    }
    assert large["core_hours"] > rows["Li_bcc"]["core_hours"] > 0
    assert plan["core_hours_left"] == pytest.approx(sum(row["core_hours"] for row in plan["calculations"]))
    assert plan["budget"] == 5


def test_plan_without_a_cluster_keeps_to_one_core(lianode: Command) -> None:
    (lianode.folder / "vasp.yaml").write_text(VASP)
    done = lianode("plan", "vasp.yaml")
    assert "6x6x6" in done.stdout
    assert "on one core" in done.stdout
    assert "core-hours" not in done.stdout


def test_doctor_looks_at_the_cluster(lianode: Command) -> None:
    file = lianode.folder / "lianode.toml"
    file.write_text(file.read_text() + CLUSTER)
    found = {entry["what"]: entry for entry in json.loads(lianode("doctor", "--json").stdout)}
    assert "potcar_folder is not set" in found["POTCARs"]["message"]
    assert found["vasp_std"]["state"] == "optional"
    assert "scheduler slurm" in found
    (lianode.folder / "lianode.toml").write_text("")
    done = lianode("doctor", "--queue")
    assert done.returncode == 2
    assert "--queue needs a table [cluster]" in done.stderr
