"""The tutorial of clusters on a real Slurm with a real MongoDB."""

from __future__ import annotations

from pathlib import Path

import pytest
from lianode_test_blocks import run_page

from lianode.hpc.rehearsal.cluster import find_cluster, rehearsal_cluster

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "cluster.md"


@pytest.mark.slow
@pytest.mark.slurm
def test_on_a_cluster(tmp_path: Path) -> None:
    missing = find_cluster()
    if missing:
        pytest.skip(missing)
    with rehearsal_cluster(tmp_path) as cluster:
        project = run_page(PAGE, tmp_path, cluster.slurm.environment | {"MONGODB": cluster.mongod.uri})
    assert (project / "hull-Li-In.png").is_file()
