"""Layers along the normal, profiles and penetration: volumes, periodicity and drift."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lianode_test_motion import TRICLINIC, frame, ideal_gas, walk

from lianode.analysis.structure_in_time.distribution import radial_distribution, running_coordination
from lianode.analysis.structure_in_time.layers import Layers, Placed, ShellVolumes, normal_and_period
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs
from lianode.analysis.structure_in_time.penetration import penetration_depths
from lianode.analysis.structure_in_time.profiles import density_profiles
from lianode.analysis.structure_in_time.windows import Windows
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.analysis.structure_in_time.kernels import Kernels

ATOMS = {"In": 30, "S": 40, "P": 8}
SLANTED = np.array([[9.0, 0, 0], [2.0, 8.0, 0], [3.0, -4.0, 20.0]])


def drifting(frames: list, by: np.ndarray) -> list:
    """Move each frame a little farther, and wrap it."""
    moved = []
    for index, one in enumerate(frames):
        fractions = (one.positions + index * by) @ np.linalg.inv(one.cell)
        moved.append(replace(one, positions=(fractions - np.floor(fractions)) @ one.cell))
    return moved


def test_shell_volumes_are_exact() -> None:
    """Against points thrown at random, and whole balls away from the planes."""
    radii = np.arange(0, 6.5, 0.5)
    heights = np.array([[0.3, 2.0, 3.9]])
    volumes = ShellVolumes(1, radii)
    volumes.add(
        Placed(np.zeros((1, 3), dtype=int), heights, np.array([[0, 0, 1.0]]), np.array([20.0]), np.array([[0, 4.0]])),
        slice(0, 3),
    )
    rng = np.random.default_rng(0)
    points = rng.uniform(-6, 6, (1_000_000, 3))
    expected = np.zeros(len(radii) - 1)
    for height in heights[0]:
        inside = (points[:, 2] > -height) & (points[:, 2] < 4 - height)
        expected += np.histogram(np.linalg.norm(points[inside], axis=1), radii)[0] * 12**3 / len(points)
    assert volumes.volumes()[0] == pytest.approx(expected, rel=0.03, abs=0.05)
    whole = ShellVolumes(1, radii)
    middle = Placed(
        np.zeros((1, 1), dtype=int),
        np.array([[10.0]]),
        np.array([[0, 0, 1.0]]),
        np.array([30.0]),
        np.array([[0, 20.0]]),
    )
    whole.add(middle, slice(0, 1))
    assert whole.volumes()[0] == pytest.approx(4 / 3 * np.pi * np.diff(radii**3), rel=1e-12)


def test_ideal_gas_is_flat_in_every_layer(kernels: Kernels) -> None:
    """g = 1 in thin layers of a slanted cell, to larger distances than layer and cell, within its statistics."""
    frames = ideal_gas(SLANTED, ATOMS, 300)
    layers = Layers((1.0, 3.0, 9.0, 20.5))
    counted = count_pairs(frames, ["In-S", "P-S"], radii=Radii(largest=9.0, width=0.25), layers=layers, kernels=kernels)
    g = radial_distribution(counted, "layer")[0]
    assert counted.inside is not None
    errors = 1 / np.sqrt(np.maximum(counted.inside[0], 1))
    far = slice(8, None)
    assert np.abs((g - 1) / errors)[..., far].max() < 5
    assert ((g - 1) / errors)[..., far].std() == pytest.approx(1.0, abs=0.3)
    density = counted.neighbours[0] / counted.frames[0] / (counted.volume[0] * counted.shares[:, None])
    assert density[:, 0] == pytest.approx(40 / abs(np.linalg.det(SLANTED)), rel=0.05)
    # by the global density all layers are alike in a gas, too: neighbours count wherever they are
    assert radial_distribution(counted, "global")[0, :, 0, 20:].mean(axis=1) == pytest.approx(1.0, abs=0.02)


def test_layers_add_up(kernels: Kernels) -> None:
    """Layers that fill the cell share out every centre and every pair; same species, too."""
    frames = walk(TRICLINIC, {"In": 10, "S": 14}, 40, 0.05)
    pairs, radii = ["In-S", "S-In", "S-S"], Radii(largest=8.0, width=0.1)
    period = normal_and_period(TRICLINIC[None], 1)[1][0]
    whole = count_pairs(frames, pairs, radii=radii, kernels=kernels)
    layers = Layers((0.7, 2.0, 5.0, 0.7 + period), axis=1)
    parts = count_pairs(frames, pairs, radii=radii, layers=layers, kernels=kernels)
    assert (parts.counts.sum(axis=1) == whole.counts[:, 0]).all()
    assert (parts.centres.sum(axis=1) == whole.centres[:, 0]).all()
    assert parts.inside is not None
    assert (parts.inside <= parts.counts).all()
    assert (parts.inside[0, :, 0] == parts.inside[0, :, 1]).all()  # both in the layer, whichever is the centre
    assert running_coordination(whole)[0, 0, 0, -1] * 10 == pytest.approx(running_coordination(whole)[0, 0, 1, -1] * 14)


def test_both_ways_to_count_agree() -> None:
    pytest.importorskip("numba")
    from lianode.analysis.structure_in_time.kernels import compiled, vectorised

    frames = walk(SLANTED, ATOMS, 30, 0.08)
    one, other = (
        count_pairs(frames, ["In-S", "S-S"], layers=Layers((0, 4.0, 9.0, 11.0)), kernels=of)
        for of in (compiled(), vectorised())
    )
    assert (one.counts == other.counts).all()
    assert one.inside is not None
    assert (one.inside == other.inside).all()


def test_layers_follow_the_drift(kernels: Kernels) -> None:
    frames = walk(SLANTED, ATOMS, 60, 0.02)
    question = {"pairs": ["In-S"], "layers": Layers((2.0, 6.0, 15.0)), "kernels": kernels}
    still = count_pairs(drifting(frames, np.zeros(3)), **question)
    moved = count_pairs(drifting(frames, np.array([0.11, -0.07, 0.35])), **question)
    assert (moved.counts == still.counts).all()
    assert (moved.centres == still.centres).all()


def test_a_neighbour_in_the_layer_of_the_next_cell_is_not_in_the_layer(kernels: Kernels) -> None:
    one = frame(np.diag([30.0, 30.0, 5.0]), [[1, 1, 0.5], [1, 1, 1.0]], {"In": 1, "S": 1})
    counted = count_pairs(
        [one], ["In-S"], radii=Radii(largest=6.0, width=0.1), layers=Layers((0.0, 2.0)), kernels=kernels
    )
    assert counted.counts.sum() == 3  # at 0.5, 4.5 and 5.5
    assert counted.inside is not None
    assert counted.inside.sum() == 1


@pytest.mark.parametrize(
    ("edges", "axis", "says"),
    [
        ((0.0, 30.0), 2, "at most the cell"),
        ((3.0, 1.0), 2, "ascending"),
        ((0.0, 1.0), 3, "0, 1 or 2"),
        ((), 2, "two or"),
    ],
)
def test_bad_layers_are_refused(edges: tuple[float, ...], axis: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        count_pairs(ideal_gas(SLANTED, ATOMS, 1), ["In-S"], layers=Layers(edges, axis))


def test_layer_normalisation_needs_layers() -> None:
    counted = count_pairs(ideal_gas(SLANTED, ATOMS, 1), ["In-S"])
    with pytest.raises(InputError, match="name the layers"):
        radial_distribution(counted, "layer")


def test_profiles_count_every_atom_and_find_a_wave() -> None:
    """Density 1 + cos along the normal of a slanted cell, that drifts through the border of the cell."""
    rng = np.random.default_rng(2)
    heights = rng.random(40_000)
    heights = heights[rng.random(40_000) < (1 + np.cos(2 * np.pi * heights)) / 2][:15_000]
    atoms = {"In": len(heights)}
    at = np.column_stack([rng.random((len(heights), 2)), heights]) @ SLANTED
    frames = drifting([frame(SLANTED, at, atoms, step) for step in range(20)], np.array([0.0, 0.3, 1.7]))
    profiles = density_profiles(frames, ["In"], width=1.0)
    volume = abs(np.linalg.det(SLANTED))
    period = normal_and_period(SLANTED[None], 2)[1][0]
    assert profiles.density.sum() * volume / len(profiles.heights) == pytest.approx(len(heights))
    wave = len(heights) / volume * (1 + np.cos(2 * np.pi * profiles.heights / period))
    assert profiles.density[0, 0] == pytest.approx(wave, abs=0.1 * wave.max())
    parts = density_profiles(frames, ["In"], width=1.0, windows=Windows.equal(0, 40, 2))
    assert parts.density.mean(axis=0) == pytest.approx(profiles.density[0])


def test_penetration_of_one_atom() -> None:
    """Slab of In across the border of the cell, slab of S in the middle; one S walks 0.1 Å per frame into the In."""
    cell = np.diag([10.0, 10.0, 40.0])
    metal, sulphur = np.array([30.0, 34.0, 38.0, 2.0, 6.0, 9.0]), np.array([11.0, 15.0, 20.0, 24.0, 28.0])
    frames = []
    for step in range(60):
        z = np.concatenate([metal, sulphur])
        z[-1] += 0.1 * step  # over the lower border of the metal at 30 Å, still far from the metal's upper end
        xy = np.zeros((len(z), 2))
        frames.append(frame(cell, np.column_stack([xy, z % 40.0]), {"In": 6, "S": 5}, step))
    drift = drifting(frames, np.array([0.2, 0.0, 0.9]))
    for run in (frames, drift):
        indium, sulphide = penetration_depths(run, ["In", "S"], fixed=["In"], slack=1.05)
        assert sulphide.home == pytest.approx((11.0, 28.0))
        assert indium.home == pytest.approx((30.0, 49.0))
        depth = 0.1 * np.arange(60)
        out = depth > 1.05
        assert sulphide.left.tolist() == out.astype(int).tolist()
        assert sulphide.deepest[12:] == pytest.approx(depth[12:], abs=1e-6)
        assert sulphide.mean_depth[12:] == pytest.approx(depth[12:], abs=1e-6)
        assert indium.deepest.max() == 0
    (given,) = penetration_depths(frames, ["S"], homes={"S": (11.0, 25.0)}, fixed=["In"])
    assert given.deepest[0] == pytest.approx(3.0)


def test_an_element_on_both_sides_cannot_penetrate() -> None:
    with pytest.raises(InputError, match="name its home"):
        penetration_depths(ideal_gas(SLANTED, {"Li": 200}, 1), ["Li"])
