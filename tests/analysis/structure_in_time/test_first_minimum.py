"""Cut-offs of bonds from reference crystals, coordination numbers, and likeness of windows to crystals."""

from __future__ import annotations

import numpy as np
import pytest
from lianode_test_motion import frame
from pymatgen.core import Lattice, Structure

from lianode.analysis.structure_in_time.first_minimum import (
    broadened,
    coordination_numbers,
    crystal_frame,
    first_minimum,
)
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs
from lianode.analysis.structure_in_time.similarity import similarity
from lianode.structures import library
from lianode.structures.errors import InputError

RADII = Radii(largest=7.0, width=0.02)
SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.6), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
SPHALERITE = Structure.from_spacegroup("F-43m", Lattice.cubic(5.4), ["Zn", "S"], [[0, 0, 0], [0.25, 0.25, 0.25]])


def vibrating(structure: Structure, u: float, n_frames: int = 60) -> list:
    rng = np.random.default_rng(4)
    at = crystal_frame(structure * (3, 3, 3))
    atoms = {"Na": 108, "Cl": 108}
    return [
        frame(at.cell, at.positions + rng.normal(0, u, at.positions.shape), atoms, step) for step in range(n_frames)
    ]


def test_first_minimum_lies_between_the_shells() -> None:
    """Na-Cl: 6 at a/2 and 8 at a sqrt(3)/2; 4 Zn-S at a sqrt(3)/4 and 12 at a sqrt(11)/4."""
    counted = count_pairs([crystal_frame(SALT)], ["Na-Cl"], radii=RADII)
    found = first_minimum(counted, "Na-Cl", sigma=0.12)
    assert found.peak == pytest.approx(2.8, abs=0.03)
    assert found.distance == pytest.approx((2.8 + 4.85) / 2, abs=0.1)
    assert found.coordination == pytest.approx(6)
    assert found.depth < 0.01
    assert found.half_width > 0.3
    sulphide = first_minimum(count_pairs([crystal_frame(SPHALERITE)], ["Zn-S"], radii=RADII), "Zn-S", sigma=0.12)
    assert sulphide.coordination == pytest.approx(4)
    assert 2.338 < sulphide.distance < 4.477


@pytest.mark.parametrize(
    ("phase", "pair", "shortest", "neighbours"),
    [("Li6PS5Cl", "P-S", 2.05, 4), ("InS", "In-S", 2.57, 3), ("InCl3", "In-Cl", 2.5, 6), ("Li2S", "Li-S", 2.47, 4)],
)
def test_bonds_of_reference_crystals(phase: str, pair: str, shortest: float, neighbours: int) -> None:
    """Chemistry's coordination numbers: PS4 tetrahedra, In with three S and one In in InS, InCl6 octahedra."""
    counted = count_pairs([crystal_frame(library.phase(phase).structure)], [pair], radii=RADII)
    found = first_minimum(counted, pair, sigma=0.12)
    assert found.coordination == pytest.approx(neighbours)
    assert found.peak == pytest.approx(shortest, abs=0.1)
    assert found.distance > found.peak + 0.3


def test_first_minimum_of_a_crystal_that_vibrates_is_that_of_the_broadened_one() -> None:
    """Displacements u along each axis of both atoms broaden distances by u sqrt(2)."""
    moving = count_pairs(vibrating(SALT, 0.15), ["Na-Cl"], radii=RADII)
    still = count_pairs([crystal_frame(SALT)], ["Na-Cl"], radii=RADII)
    ours, theirs = first_minimum(moving, "Na-Cl"), first_minimum(still, "Na-Cl", sigma=0.15 * np.sqrt(2))
    assert ours.distance == pytest.approx(theirs.distance, abs=0.05)
    assert ours.coordination == pytest.approx(6, abs=0.01)


def test_split_shell_is_one_shell() -> None:
    """Distances 2.50 and 2.75 dip between them, and belong together; the next shell is at 4.5."""
    cell = np.diag([40.0] * 3)
    at = [[5, 5, 5], [7.5, 5, 5], [5, 7.75, 5], [5, 5, 9.5]]
    counted = count_pairs([frame(cell, at, {"In": 1, "S": 3})], ["In-S"], radii=RADII)
    found = first_minimum(counted, "In-S", sigma=0.1)
    assert 3.2 < found.distance < 4.1
    assert found.coordination == pytest.approx(2)


def test_broadening_keeps_neighbours_and_is_gaussian() -> None:
    values = np.zeros(300)
    values[150] = 6 / 0.02
    wide = broadened(values, 0.02, 0.1)
    r = (np.arange(300) + 0.5) * 0.02
    assert wide.sum() * 0.02 == pytest.approx(6)
    assert np.average((r - 3.01) ** 2, weights=wide) == pytest.approx(0.1**2 + 0.02**2 / 12, rel=1e-3)
    assert (broadened(values, 0.02, 0.0) == values).all()
    with pytest.raises(InputError, match="0 or more"):
        broadened(values, 0.02, -0.1)


def test_no_peak_and_no_minimum_are_refused() -> None:
    with pytest.raises(InputError, match="no Na-Cl within"):
        first_minimum(count_pairs([crystal_frame(SALT)], ["Na-Cl"], radii=Radii(largest=2.0)), "Na-Cl", sigma=0.1)
    with pytest.raises(InputError, match=r"no minimum behind the peak at 2\.8"):
        first_minimum(count_pairs([crystal_frame(SALT)], ["Na-Cl"], radii=Radii(largest=4.5)), "Na-Cl", sigma=0.1)
    with pytest.raises(InputError, match="partly occupied"):
        crystal_frame(Structure(Lattice.cubic(3), [{"Li": 0.5}], [[0, 0, 0]]))


def test_coordination_numbers() -> None:
    counted = count_pairs([crystal_frame(SALT)], ["Na-Cl", "Na-Na"], radii=RADII)
    numbers = coordination_numbers(counted, {"Na-Cl": 3.5, "Na-Na": 4.9})
    assert numbers["Na-Cl"][0, 0] == pytest.approx(6)
    assert numbers["Na-Na"][0, 0] == pytest.approx(12)
    with pytest.raises(InputError, match="counted from 0 to 7"):
        coordination_numbers(counted, {"Na-Cl": 8.0})
    with pytest.raises(InputError, match="was not counted"):
        coordination_numbers(counted, {"Cl-Cl": 3.0})


def test_similarity_knows_equal_from_different() -> None:
    """1 with itself, whatever the density around it; 0 with shells elsewhere; two Gaussians overlap as they should."""
    salt = count_pairs([crystal_frame(SALT)], ["Na-Cl"], radii=RADII)
    assert similarity(salt, salt, "Na-Cl", largest=6.0)[0, 0] == pytest.approx(1)
    moving = count_pairs(vibrating(SALT, 0.15), ["Na-Cl"], radii=RADII)
    assert similarity(moving, salt, "Na-Cl", largest=5.5, sigma=0.15 * np.sqrt(2))[0, 0] > 0.95
    wide = Structure.from_spacegroup("Fm-3m", Lattice.cubic(7.0), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    other = count_pairs([crystal_frame(wide)], ["Na-Cl"], radii=RADII)
    assert similarity(moving, other, "Na-Cl", largest=4.0, sigma=0.1)[0, 0] < 0.1
    coarse = count_pairs([crystal_frame(SALT)], ["Na-Cl"], radii=Radii(width=0.05))
    with pytest.raises(InputError, match="have to be equal"):
        similarity(moving, coarse, "Na-Cl", largest=4.0)
    with pytest.raises(InputError, match="as far as pairs were counted"):
        similarity(moving, salt, "Na-Cl", largest=7.0, sigma=0.1)
