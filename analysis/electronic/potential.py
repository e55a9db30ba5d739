"""The electrostatic potential along the normal of a slab: averages, vacuum levels, and the dipole between them.

Planar average: V(z) = ∫ V(x, y, z) dx dy / A. Macroscopic average over a period L of the crystal (Baldereschi, Baroni
and Resta, Phys. Rev. Lett. 61, 734 (1988)): V̄(z) = ∫ V(z') dz' / L from z - L/2 to z + L/2. Energies are those of an
electron, eV.

A dipole moment p per area A makes a step of e p/(ε₀ A) between the two sides of a slab.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.units import Bohr, Hartree
from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_PER_DIPOLE = float(4.0 * np.pi * Hartree * Bohr)
"""e²/ε₀ in eV Å: the step, eV, of one e Å per Å²."""
WINDOW = (0.55, 0.85)
"""Where the vacuum level is taken: shares of the way from the outermost atom to the middle of the vacuum. Nearer the
electrons of the slab reach out, and in the middle the dipole correction has its step."""
LEAST_VACUUM = 6.0
"""Å: across less than this there is no level of the vacuum."""


class Profile(BaseModel):
    """A potential along the normal of a cell.

    Attributes
    ----------
    heights
        Å, equally spaced from 0, less than the height of the cell.
    values
        Planar average, eV.
    cell_height
        Å.
    atom_heights
        Of the atoms in the same frame, Å.
    periodic
        Whether it goes on at the top as it begins at the bottom; a dipole layer makes a step there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    heights: list[float]
    values: list[float]
    cell_height: float
    atom_heights: list[float]
    periodic: bool

    @property
    def mean(self) -> float:
        """Over the cell, eV."""
        return float(np.mean(self.values))

    def centred(self) -> Profile:
        """Return it with the slab in one piece in the middle of the cell, and the middle of the vacuum at its ends."""
        atoms = np.sort(np.mod(self.atom_heights, self.cell_height))
        gaps = np.diff(np.append(atoms, atoms[0] + self.cell_height))
        widest = int(gaps.argmax())
        middle = atoms[widest] + 0.5 * gaps[widest]
        step = self.cell_height / len(self.heights)
        rolled = round(float(middle) / step) % len(self.heights)
        return self.model_copy(
            update={
                "values": np.roll(self.values, -rolled).tolist(),
                "atom_heights": np.mod(np.array(self.atom_heights) - rolled * step, self.cell_height).tolist(),
            }
        )


@dataclass(frozen=True, kw_only=True)
class VacuumLevel:
    """The level of the vacuum on one side.

    Attributes
    ----------
    value
        Mean over the window, eV.
    flatness
        Largest less smallest value in it, eV.
    window
        From and to, Å.
    """

    value: float
    flatness: float
    window: tuple[float, float]


def planar_average(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the average over planes of a grid (a, b, c) of a potential."""
    made: NDArray[np.float64] = np.asarray(values).mean(axis=(0, 1))
    return made


def macroscopic_average(profile: Profile, period: float) -> NDArray[np.float64]:
    """Return the macroscopic average at the heights of a profile, eV.

    The profile is interpolated by a cubic spline and integrated exactly.

    Parameters
    ----------
    profile
        Planar average.
    period
        L, Å: distance after which the crystal repeats itself along the normal.

    Raises
    ------
    InputError
        When the period is not above zero, or longer than the cell.
    """
    from scipy.interpolate import CubicSpline

    if not 0 < period <= profile.cell_height:
        raise InputError(f"the potential cannot be averaged over {period:g} Å in a cell of {profile.cell_height:g} Å")
    heights, values = np.array(profile.heights), np.array(profile.values)
    step = profile.cell_height / len(heights)
    more = int(np.ceil(0.5 * period / step)) + 4
    extended = np.pad(values, more, mode="wrap") if profile.periodic else np.pad(values, more, mode="edge")
    places = (np.arange(len(extended)) - more) * step + heights[0]
    integral = CubicSpline(places, extended).antiderivative()
    made: NDArray[np.float64] = (integral(heights + 0.5 * period) - integral(heights - 0.5 * period)) / period
    return made


def vacuum_levels(profile: Profile) -> tuple[VacuumLevel, VacuumLevel]:
    """Return the levels below and above a slab.

    Parameters
    ----------
    profile
        Centred.

    Raises
    ------
    InputError
        When there is no vacuum to speak of.
    """
    low, high = min(profile.atom_heights), max(profile.atom_heights)
    half = 0.5 * (profile.cell_height - (high - low))
    if 2.0 * half < LEAST_VACUUM:
        raise InputError(f"{2.0 * half:.1f} Å between a slab and its image are no vacuum; {LEAST_VACUUM:g} Å at least")
    near, far = WINDOW[0] * half, WINDOW[1] * half
    return _level(profile, low - far, low - near), _level(profile, high + near, high + far)


def dipole_per_area(step: float) -> float:
    """Return the dipole moment per area of a step between the vacuum levels (eV), in e Å per Å²."""
    return step / STEP_PER_DIPOLE


def inside(profile: Profile, averaged: NDArray[np.float64], period: float) -> float:
    """Return the macroscopic average in the middle of a slab, over one period, eV.

    Parameters
    ----------
    profile
        Centred.
    averaged
        Of :func:`macroscopic_average`.
    period
        Å.
    """
    middle = 0.5 * (min(profile.atom_heights) + max(profile.atom_heights))
    near = np.abs(np.array(profile.heights) - middle) <= 0.5 * period
    return float(averaged[near].mean())


def _level(profile: Profile, low: float, high: float) -> VacuumLevel:
    heights = np.array(profile.heights)
    found = np.array(profile.values)[(heights >= low) & (heights <= high)]
    if len(found) < 3:
        raise InputError("the grid of the potential is too coarse for the level of the vacuum")
    return VacuumLevel(value=float(found.mean()), flatness=float(np.ptp(found)), window=(float(low), float(high)))
