"""A campaign from submit to figures, through sbatch, on a real Slurm with a real MongoDB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lianode.hpc.rehearsal.cluster import RehearsalCluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

EXAMPLE = Path(__file__).parents[3] / "examples" / "hansel2021.yaml"
VASP = "{name: vasp, preset: hansel2021}"
CAMPAIGN = "hansel2021-rehearsal"


def test_from_submit_to_figures(cluster: RehearsalCluster, project: Path) -> None:
    submit = ["submit", str(EXAMPLE), "--engine", VASP, "--rehearse"]
    first = json.loads(cluster.run(project, *submit, "--json"))
    assert (first["new"], first["stored"], first["queued"], len(first["workflows"])) == (29, 0, 0, 2)
    again = json.loads(cluster.run(project, *submit, "--json"))
    assert (again["jobs"], again["new"], again["queued"]) == (0, 0, 29)

    cluster.run(project, "launch", "--watch", "--interval", "2", timeout_s=900)

    status = json.loads(cluster.run(project, "status", CAMPAIGN, "--json"))
    assert status["counts"] == {"converged": 29}
    assert all(job["queue_job"] == "" for job in status["jobs"])
    hulls = json.loads(cluster.run(project, "query", "hull", "--json"))
    assert {hull["system"] for hull in hulls} == {"Li-In", "Li-Sn"}
    assert all(hull["completeness"] == "complete" for hull in hulls)
    third = json.loads(cluster.run(project, *submit, "--json"))
    assert (third["jobs"], third["stored"]) == (0, 29)

    for kind in ("hull", "voltage"):
        for system in ("Li-In", "Li-Sn"):
            cluster.run(project, "plot", kind, "--system", system, "-o", f"{kind}-{system}.png")
            assert (project.parent / f"{kind}-{system}.png").stat().st_size > 10_000
    # what a rehearsal writes is not compared with papers
    refused = cluster.run(project, "compare", "hansel2021", check=False)
    assert "rehearsal" in refused
