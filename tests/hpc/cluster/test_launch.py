"""Feeding a real Slurm: what it refuses, and what dies before it begins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import yaml

from lianode.hpc.cluster.allocations import Allocations
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.rehearsal.cluster import RehearsalCluster

pytestmark = pytest.mark.slurm


def campaign(project: Path, name: str, engine: object) -> str:
    entry = {"hull": {"system": "Li-In", "phases": ["Li", "In", "LiIn"]}}
    file = project.with_name(f"{name}.yaml")
    file.write_text(yaml.safe_dump({"name": name, "engine": engine, "calculations": [entry]}))
    return file.name


def wait_until_nothing_is_queued(cluster: RehearsalCluster) -> None:
    deadline = time.monotonic() + 60
    while cluster.slurm.run("squeue", "--noheader").strip():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_a_job_script_that_dies_at_once_is_not_submitted_for_ever(cluster: RehearsalCluster, project: Path) -> None:
    text = project.read_text()
    project.write_text(text.replace("[cluster]\n", "[cluster]\nsetup = ['echo no such module >&2; exit 1']\n"))
    cluster.run(project, "submit", campaign(project, "one", "morse"))
    for _ in range(3):
        assert "submitted 1 allocation" in cluster.run(project, "launch")
        wait_until_nothing_is_queued(cluster)
    said = cluster.run(project, "launch", check=False)
    assert "the last 3 allocations ended before they began" in said
    assert "no such module" in said
    assert "no such module" in cluster.run(project, "status", "one", "--json")
    project.write_text(text)  # mended
    cluster.run(project, "launch", "--anyway", "--watch", "--interval", "1")
    assert "3 converged" in cluster.run(project, "status", "one")


def test_a_partition_that_refuses_does_not_hold_up_the_others(cluster: RehearsalCluster, project: Path) -> None:
    closed = '[[cluster.partitions]]\nname = "nowhere"\ncores = 4\nwalltime = "01:00:00"\nengines = ["morse"]\n\n'
    project.write_text(project.read_text().replace("[[cluster.partitions]]", closed + "[[cluster.partitions]]"))
    cluster.run(project, "submit", campaign(project, "closed", "morse"))
    cluster.run(project, "submit", campaign(project, "open", {"name": "vasp", "preset": "alloy"}), "--rehearse")
    said = cluster.run(project, "launch", check=False)
    assert "submitted 1 allocation" in said
    assert "invalid partition specified: nowhere" in said
    results = open_store(load_settings(project))
    assert [one.partition for one in Allocations(results).live()] == ["normal"]
    results.close()
    cluster.run(project, "cancel", "open-rehearsal")
    wait_until_nothing_is_queued(cluster)
