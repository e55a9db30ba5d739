"""A toy electronic structure, so that eigenvalues, occupations, DOS and Fermi energy agree with each other.

Bands of free electrons in the cell: a metal. Cells with a non-metal anion and an even number of electrons get a gap
of 3 eV above the filled bands. Nothing of it enters the energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.poscar import Geometry

HBAR2_OVER_2M = 3.80998212
"""eV Å²."""
ANIONS = frozenset({"F", "Cl", "Br", "I", "O", "S", "Se", "N"})
GAP_eV = 3.0


@dataclass(frozen=True)
class Bands:
    """Electronic levels, the same for both spins.

    Attributes
    ----------
    energies
        eV, shape (K, B), ascending in each row.
    occupations
        Between 0 and 1, same shape.
    fermi
        eV.
    n_spins
        1 or 2.
    """

    energies: NDArray[np.float64]
    occupations: NDArray[np.float64]
    fermi: float
    n_spins: int

    def density(self, weights: NDArray[np.float64], points: int) -> NDArray[np.float64]:
        """Density of states of one spin channel, shape (points, 3): energy, states per eV, states below."""
        low, high = float(self.energies.min()) - 1.0, float(self.energies.max()) + 1.0
        edges = np.linspace(low, high, points + 1)
        states = np.repeat(weights[:, None], self.energies.shape[1], axis=1)
        counts = np.histogram(self.energies, bins=edges, weights=states)[0] * (2.0 / self.n_spins)
        return np.stack([edges[1:], counts / (edges[1] - edges[0]), np.cumsum(counts)], axis=1)


def _occupations(energies: NDArray[np.float64], fermi: float, sigma: float) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(np.clip((energies - fermi) / sigma, -60.0, 60.0))))


def free_electrons(
    geometry: Geometry,
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    n_electrons: float,
    n_bands: int,
    n_spins: int,
    sigma: float,
) -> Bands:
    """Fill the bands of free electrons in the cell.

    Parameters
    ----------
    geometry
        The cell.
    points, weights
        Irreducible k-points, shape (K, 3), and their weights.
    n_electrons, n_bands, n_spins
        As in the run.
    sigma
        Width of the Fermi function, eV.
    """
    reciprocal = 2.0 * np.pi * geometry.reciprocal
    radius = 1.3 * (12.0 * np.pi**2 * n_bands / geometry.volume) ** (1 / 3) + np.linalg.norm(reciprocal, axis=1).max()
    reach = np.ceil(radius * np.linalg.norm(geometry.lattice, axis=1) / (2.0 * np.pi)).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), -1).reshape(-1, 3)
    waves = grid @ reciprocal
    waves = waves[np.linalg.norm(waves, axis=1) <= radius]
    energies = np.empty((len(points), n_bands))
    for row, point in zip(energies, points @ reciprocal, strict=True):
        kinetic = HBAR2_OVER_2M * ((waves + point) ** 2).sum(axis=1)
        row[:] = np.sort(np.partition(kinetic, n_bands - 1)[:n_bands])
    filled = round(n_electrons) // 2
    insulator = round(n_electrons) % 2 == 0 and ANIONS & set(geometry.species) and len(set(geometry.species)) > 1
    if insulator and 0 < filled < n_bands:
        top, bottom = float(energies[:, :filled].max()), float(energies[:, filled:].min())
        energies[:, filled:] += top - bottom + GAP_eV
        occupations = np.zeros_like(energies)
        occupations[:, :filled] = 1.0
        return Bands(energies, occupations, top + 0.5 * GAP_eV, n_spins)
    low, high = float(energies.min()) - 20.0, float(energies.max()) + 20.0
    for _ in range(80):
        fermi = 0.5 * (low + high)
        held = 2.0 * float(weights @ _occupations(energies, fermi, sigma).sum(axis=1))
        low, high = (fermi, high) if held < n_electrons else (low, fermi)
    return Bands(energies, _occupations(energies, fermi, sigma), fermi, n_spins)
