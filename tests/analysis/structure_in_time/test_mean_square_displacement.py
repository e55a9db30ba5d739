"""Mean-square displacement and diffusivity against random walks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lianode_test_motion import TRICLINIC, frame

from lianode.analysis.method import MethodKey
from lianode.analysis.structure_in_time.mean_square_displacement import (
    CM2_PER_S,
    Displacements,
    diffusion,
    displacements,
    mean_square_displacement,
)
from lianode.analysis.structure_in_time.motion_document import MotionDocument, motion_document
from lianode.analysis.structure_in_time.profiles import density_profiles
from lianode.analysis.structure_in_time.windows import Windows
from lianode.structures.errors import InputError

D = 1e-3
"""Å²/fs."""
SPACING = 10.0


def brownian(n_frames: int, n_atoms: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.normal(0, np.sqrt(2 * D * SPACING), (n_frames, n_atoms, 3)), axis=0)


def as_frames(positions: np.ndarray, cell: np.ndarray, atoms: dict[str, int]) -> list:
    wrapped = []
    for step, at in enumerate(positions):
        fractions = at @ np.linalg.inv(cell)
        one = frame(cell, (fractions - np.floor(fractions)) @ cell, atoms, step)
        wrapped.append(replace(one, time=SPACING * step))
    return wrapped


def test_all_origins_as_the_slow_way() -> None:
    paths = brownian(300, 11, 0)
    slow = [((paths[lag:] - paths[: 300 - lag]) ** 2).mean(axis=(0, 1)) for lag in range(300)]
    assert mean_square_displacement(paths) == pytest.approx(np.array(slow), rel=1e-9, abs=1e-9)


def test_known_motion() -> None:
    """Constant velocity: v² t² along its axis; a vibration stays below twice its square."""
    times = np.arange(200)
    line = np.zeros((200, 1, 3))
    line[:, 0, 1] = 0.3 * times
    assert mean_square_displacement(line) == pytest.approx(
        np.column_stack([0 * times, 0.09 * times**2, 0 * times]), rel=1e-9, abs=1e-9
    )
    swing = np.zeros((2000, 1, 3))
    swing[:, 0, 0] = np.cos(np.arange(2000) * 0.1)
    assert mean_square_displacement(swing)[:500, 0] == pytest.approx(1 - np.cos(np.arange(500) * 0.1), abs=0.02)


def test_paths_through_borders_and_drift() -> None:
    """Wrapped frames of a slanted cell give back the paths, less the centre of mass of what stays in place."""
    paths = brownian(400, 12, 1) + 5.0
    paths[:, 8:] = paths[0, 8:]  # a frame of four P that rests, in a cell that drifts
    drift = np.arange(400)[:, None, None] * np.array([0.05, -0.02, 0.03])
    frames = as_frames(paths + drift, TRICLINIC, {"Li": 8, "P": 4})
    (lithium,) = displacements(frames, ["Li"], fixed=["P"])
    moved = lithium.positions - lithium.positions[0]
    assert moved == pytest.approx(paths[:, :8] - paths[0, :8], abs=1e-9)
    assert lithium.spacing == SPACING


def test_diffusivity_of_random_walks_and_its_error() -> None:
    """D within its error: over twenty walks the deviations in units of the error have the width they should."""
    pulls = []
    for seed in range(20):
        found = diffusion(Displacements(element="Li", spacing=SPACING, positions=brownian(1500, 20, seed)))
        pulls.append((found.diffusivity_cm2_per_s - D * CM2_PER_S) / found.error_cm2_per_s)
        assert found.is_diffusive
        assert found.exponent == pytest.approx(1, abs=0.15)
        assert np.mean(found.along_cm2_per_s) == pytest.approx(found.diffusivity_cm2_per_s)
    assert abs(np.mean(pulls)) < 3 * 1.4 / np.sqrt(20)
    assert 0.7 < np.std(pulls) < 2.2  # Student's t of four degrees of freedom has 1.4


def test_vibration_is_not_diffusion() -> None:
    rng = np.random.default_rng(0)
    found = diffusion(Displacements(element="P", spacing=1.0, positions=rng.normal(0, 0.1, (1000, 10, 3))))
    assert not found.is_diffusive
    assert found.exponent == pytest.approx(0, abs=0.05)


def test_a_straight_piece_of_a_vibration_is_not_diffusion() -> None:
    """A slow swing of a whole side looks like diffusion for a while; nothing leaves its site."""
    times = np.arange(400) * 5.0
    phases = np.random.default_rng(1).uniform(0, 2 * np.pi, (1, 30, 3))
    swing = 0.3 * np.sin(2 * np.pi * times[:, None, None] / 2500 + phases)
    found = diffusion(Displacements(element="P", spacing=5.0, positions=swing))
    assert found.diffusivity_cm2_per_s > 1e-6
    assert not found.is_diffusive


def test_bad_runs_are_refused() -> None:
    frames = as_frames(brownian(50, 4, 0), TRICLINIC, {"Li": 4})
    with pytest.raises(InputError, match="equally spaced"):
        displacements([*frames[:20], *frames[25:]], ["Li"])
    with pytest.raises(InputError, match="at least two"):
        displacements(frames[:1], ["Li"])
    with pytest.raises(InputError, match="no frames"):
        displacements([], ["Li"])
    (paths,) = displacements(frames, ["Li"])
    with pytest.raises(InputError, match="longer run or fewer blocks"):
        diffusion(paths, fit_fs=(100.0, 400.0))
    with pytest.raises(InputError, match="at least 3"):
        diffusion(paths, n_blocks=2)


def test_motion_document_survives_the_store() -> None:
    frames = as_frames(brownian(600, 12, 3), TRICLINIC, {"Li": 8, "P": 4})
    windows = Windows.equal(0, 6000, 2)
    document = motion_document(
        density_profiles(frames, ["Li", "P"], windows=windows),
        displacements(frames, ["Li"]),
        interface="In/Li6PS5Cl",
        temperature=300.0,
        windows=windows,
        system="Li-In",
        engine="test",
        campaign="test",
        method=MethodKey(program="test", functional="none"),
    )
    assert [len(profile.density_per_A3) for profile in document.profiles] == [2, 2]
    (lithium,) = document.diffusion
    assert lithium.lags_fs[-1] == 3000.0
    # relative to the centre of mass, which moves with the weights w: 1 - 2 w of Li + the sum of all w²
    li, p = 6.94 / (8 * 6.94 + 4 * 30.974), 30.974 / (8 * 6.94 + 4 * 30.974)
    relative = 1 - 2 * li + 8 * li**2 + 4 * p**2
    assert np.sum(lithium.msd_A2, axis=0)[0] == pytest.approx(6 * D * SPACING * relative, rel=0.05)
    assert MotionDocument.model_validate_json(document.model_dump_json()) == document
