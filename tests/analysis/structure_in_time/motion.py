"""Trajectories with known answers, and pairs counted the slow and obvious way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from lianode.analysis.frame import Frame

if TYPE_CHECKING:
    from collections.abc import Mapping

TRICLINIC = np.array([[11.0, 0.0, 0.0], [4.0, 9.0, 0.0], [2.0, -3.0, 12.0]])
ORTHOGONAL = np.diag([18.0, 19.0, 20.0])


def numbers_of(atoms: Mapping[str, int]) -> np.ndarray:
    return np.array([atomic_numbers[symbol] for symbol, count in atoms.items() for _ in range(count)])


def frame(cell: np.ndarray, positions: np.ndarray, atoms: Mapping[str, int], step: int = 0) -> Frame:
    return Frame(np.asarray(cell, float), np.asarray(positions, float), numbers_of(atoms), step, 2.0 * step)


def ideal_gas(cell: np.ndarray, atoms: Mapping[str, int], n_frames: int, seed: int = 0) -> list[Frame]:
    rng = np.random.default_rng(seed)
    n = sum(atoms.values())
    return [frame(cell, rng.random((n, 3)) @ cell, atoms, step) for step in range(n_frames)]


def walk(cell: np.ndarray, atoms: Mapping[str, int], n_frames: int, step_width: float, seed: int = 0) -> list[Frame]:
    """Atoms that walk at random; every other frame is wrapped into the cell."""
    rng = np.random.default_rng(seed)
    x = rng.random((sum(atoms.values()), 3)) @ cell
    inverse = np.linalg.inv(cell)
    frames = []
    for step in range(n_frames):
        f = x @ inverse
        frames.append(frame(cell, (f - np.floor(f)) @ cell if step % 2 else x, atoms, step))
        x = x + rng.normal(0, step_width, x.shape)
    return frames


def counted_slowly(one: Frame, pair: str, edges: np.ndarray, images: int = 4) -> np.ndarray:
    """Count ordered pairs over many images, in long double."""
    a, b = (np.flatnonzero(one.numbers == atomic_numbers[symbol]) for symbol in pair.split("-"))
    cell = one.cell.astype(np.longdouble)
    vectors = one.positions[b][None].astype(np.longdouble) - one.positions[a][:, None].astype(np.longdouble)
    fractions = (vectors.astype(float) @ np.linalg.inv(one.cell)).round()
    vectors = vectors - fractions.astype(np.longdouble) @ cell
    shifts = np.array(np.meshgrid(*[np.arange(-images, images + 1)] * 3)).reshape(3, -1).T.astype(np.longdouble) @ cell
    distances = np.sqrt(((vectors[:, :, None] + shifts) ** 2).sum(axis=3))
    same = (a[:, None] == b[None])[:, :, None] & (distances < 1e-9)
    return np.histogram(distances[~same].astype(float), edges)[0]
