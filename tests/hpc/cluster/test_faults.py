"""A selection of the trials: things die at random moments, and nothing is lost, repeated or counted twice.

All of them, at ten moments each, are in ``benchmarks/fault_matrix.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lianode.hpc.rehearsal.scenarios import SCENARIOS
from lianode.hpc.rehearsal.trials import run_trial

if TYPE_CHECKING:
    from lianode.hpc.rehearsal.cluster import RehearsalCluster

pytestmark = [pytest.mark.slurm, pytest.mark.slow]


@pytest.fixture(scope="module")
def energies(cluster: RehearsalCluster) -> dict[str, float]:
    """Energies per atom, eV, where nothing goes wrong."""
    verdict, energies = run_trial(cluster, "none", 0)
    assert verdict.wrong == ()
    assert len(energies) == 5
    return energies


@pytest.mark.parametrize("fault", ["vasp", "rocket"])
def test_a_band_goes_on_where_it_was(cluster: RehearsalCluster, fault: str) -> None:
    verdict, energies = run_trial(cluster, fault, 1, scenario=SCENARIOS["bands"])
    assert verdict.wrong == ()
    assert len(energies) == 3


@pytest.mark.parametrize("scenario", ["surfaces", "interface-energies"])
def test_slabs_and_interfaces_go_on_where_they_were(cluster: RehearsalCluster, scenario: str) -> None:
    verdict, _ = run_trial(cluster, "rocket", 1, scenario=SCENARIOS[scenario])
    assert verdict.wrong == ()
    assert verdict.states == {"converged": 13}


@pytest.mark.parametrize("fault", ["vasp", "rocket", "mongod", "declared-lost", "vasprun", "disk"])
def test_the_accounts_are_right(cluster: RehearsalCluster, energies: dict[str, float], fault: str) -> None:
    verdict, _ = run_trial(cluster, fault, 1, expected=energies)
    assert verdict.wrong == ()
