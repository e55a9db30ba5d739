"""Harmonic vibrational free energy of a set of phonon frequencies, at fixed volume.

For modes of frequency nu at temperature T, with h nu the quantum of each,

    F(T) = sum [h nu / 2 + k T ln(1 - exp(-h nu / k T))].

T -> 0 leaves the zero-point energy sum h nu / 2; k T >> h nu the classical sum k T ln(h nu / k T).
Reference: M. Born and K. Huang, Dynamical Theory of Crystal Lattices (Oxford, 1954).

Frequencies are in THz (nu, not omega), imaginary ones as negative numbers, energies in eV.
Modes at or below :data:`ZERO_THZ` have no harmonic free energy and are left out: the three translations of the crystal
at the zone centre, and imaginary modes. Sums with an imaginary mode left out are numbers to distrust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

EV_PER_THZ = 4.135667696e-3
"""Planck constant (CODATA 2018) in eV/THz."""

BOLTZMANN = 8.617333262e-5
"""Boltzmann constant (CODATA 2018) in eV/K."""

ZERO_THZ = 0.01
"""Modes at or below this are left out of sums, THz."""

IMAGINARY_THZ = -0.1
"""Modes below this are imaginary; those between this and zero are numerical noise of the acoustic branches, THz."""


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Phonon frequencies on a mesh.

    Attributes
    ----------
    frequencies_THz
        Shape (q-points, modes).
    weights
        Shape (q-points,); they need not sum to 1.
    """

    frequencies_THz: NDArray[np.float64]
    weights: NDArray[np.float64]

    def _mean(self, per_mode: NDArray[np.float64]) -> float:
        """Sum over modes and average over q-points."""
        return float(self.weights @ per_mode.sum(axis=1) / self.weights.sum())

    @property
    def n_imaginary(self) -> int:
        """Number of imaginary modes on the whole mesh."""
        return round(float(self.weights @ (self.frequencies_THz < IMAGINARY_THZ).sum(axis=1)))

    @property
    def n_modes(self) -> int:
        """Number of modes on the whole mesh."""
        return round(float(self.weights.sum())) * int(self.frequencies_THz.shape[1])

    def zero_point_energy(self) -> float:
        """Return the zero-point energy per cell, eV."""
        real = self.frequencies_THz > ZERO_THZ
        return self._mean(np.where(real, 0.5 * EV_PER_THZ * self.frequencies_THz, 0.0))

    def free_energy(self, temperature: float) -> float:
        """Return the free energy per cell at a temperature in K, eV."""
        if temperature == 0:
            return self.zero_point_energy()
        quanta, real = self._quanta(temperature)
        thermal = BOLTZMANN * temperature * np.log(-np.expm1(-quanta))
        return self.zero_point_energy() + self._mean(np.where(real, thermal, 0.0))

    def entropy(self, temperature: float) -> float:
        """Return the entropy -dF/dT per cell at a temperature in K, eV/K."""
        if temperature == 0:
            return 0.0
        quanta, real = self._quanta(temperature)
        # x / (e^x - 1), written so that it does not overflow for stiff modes
        occupied = quanta * np.exp(-quanta) / -np.expm1(-quanta)
        per_mode = BOLTZMANN * (occupied - np.log(-np.expm1(-quanta)))
        return self._mean(np.where(real, per_mode, 0.0))

    def _quanta(self, temperature: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return h nu / k T, and which modes count."""
        if temperature < 0:
            raise ValueError(f"temperature {temperature} K is below absolute zero")
        real = self.frequencies_THz > ZERO_THZ
        return EV_PER_THZ * np.where(real, self.frequencies_THz, 1.0) / (BOLTZMANN * temperature), real


def spectrum(frequencies_THz: ArrayLike, weights: ArrayLike | None = None) -> Spectrum:
    """Return a spectrum of frequencies in THz, shape (q-points, modes) or (modes,), with weights of the q-points."""
    frequencies = np.atleast_2d(np.asarray(frequencies_THz, dtype=float))
    given = np.ones(len(frequencies)) if weights is None else np.asarray(weights, dtype=float)
    if given.shape != (len(frequencies),):
        raise ValueError(f"{given.shape} weights for {len(frequencies)} q-points")
    return Spectrum(frequencies_THz=frequencies, weights=given)
