"""Born's conditions are fulfilled where, and only where, all eigenvalues are positive."""

from __future__ import annotations

import numpy as np
import pytest
from lianode_test_elastic_crystals import CRYSTALS, crystal, random_tensor

from lianode.analysis.elastic.stability import born_conditions, tensor_eigenvalues
from lianode.analysis.elastic.tensor import projected
from lianode.structures.crystal_axes import crystal_axes
from lianode.structures.errors import InputError


@pytest.mark.parametrize("name", CRYSTALS)
def test_conditions_are_necessary_and_sufficient(name: str) -> None:
    """200 random tensors of each class, shifted so that many are not positive."""
    cell = crystal(name)
    axes = crystal_axes(cell)
    rotations = axes.rotations(np.asarray(cell.lattice.matrix))
    random = np.random.default_rng(11)
    verdicts = []
    for seed in range(200):
        tensor = projected(random_tensor(seed), rotations)
        lowest = tensor_eigenvalues(tensor)[0]
        tensor -= random.uniform(0.3, 1.7) * lowest * np.diag([1, 1, 1, 0.5, 0.5, 0.5])  # identity on strains
        stable = tensor_eigenvalues(tensor)[0] > 0
        assert all(found.fulfilled for found in born_conditions(tensor, axes.crystal_class)) == stable
        verdicts.append(stable)
    assert 20 < sum(verdicts) < 180


def test_cubic_eigenvalues() -> None:
    """3K = C11 + 2 C12 once, C11 - C12 twice, 2 C44 three times."""
    tensor = np.diag([47.0, 47, 47, 75.4, 75.4, 75.4])
    tensor[:3, :3] += 121.4
    assert tensor_eigenvalues(tensor) == pytest.approx([47, 47, 150.8, 150.8, 150.8, 411.2])


def test_what_a_crystal_gives_way_to_is_named() -> None:
    """Bcc crystals of central forces give way to the tetragonal shear."""
    tensor = np.diag([-5.0, -5, -5, 30, 30, 30])
    tensor[:3, :3] += 40
    violated = [found.condition for found in born_conditions(tensor, "cubic") if not found.fulfilled]
    assert violated == ["C11 > C12 (tetragonal shear)"]


def test_no_such_class() -> None:
    with pytest.raises(InputError, match="no class of elastic constants named 'quasicrystal'"):
        born_conditions(np.eye(6), "quasicrystal")
