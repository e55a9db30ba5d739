"""A real MongoDB, a real Slurm and the stand-in for VASP, on this machine."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.rehearsal.cluster import find_cluster, rehearsal_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.rehearsal.cluster import RehearsalCluster

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RehearsalCluster]:
    """The cluster that all tests of the session share."""
    missing = find_cluster()
    if missing:
        pytest.skip(missing)
    with rehearsal_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def project(cluster: RehearsalCluster) -> Path:
    """``lianode.toml`` of a new project on the cluster."""
    return cluster.project(f"project-{next(_numbers)}")
