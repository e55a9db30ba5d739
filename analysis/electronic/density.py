"""Densities of states: levels broadened by Gaussians, and what a program made by tetrahedra broadened the same way.

D(E) = Σ_s Σ_k w_k Σ_n g G(E - E_skn), with g = 2 electrons per level without spin polarisation and 1 with it, and a
Gaussian G of standard deviation σ. Its integral up to E is Σ w g erfc((E_skn - E)/√2σ)/2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.analysis.electronic.gap import BandGap
    from lianode.analysis.electronic.levels import Levels, States

POINTS_PER_WIDTH = 3.0
"""Points of the grid in one standard deviation."""
REACH = 5.0
"""Standard deviations beyond the lowest level."""
ABOVE = 12.0
"""eV above the Fermi level or valence band, at most."""
_CHUNK = 2000


class DensityOfStates(BaseModel):
    """A density of states on a grid.

    Attributes
    ----------
    zero
        What the energies count from: ``fermi_level``, or ``vbm``, the top of the valence band.
    energies
        eV, equally spaced.
    total
        One list per spin: states per eV and cell.
    projected
        The same for each element and orbital, such as ``Cl p``: what is in the spheres of those atoms. The sum is less
        than the total, for some of every state is between the atoms.
    broadening
        Standard deviation of the Gaussians, eV.
    method
        What was broadened: ``levels``, or the program's own density and how it was made.
    electrons
        In the cell.
    integrated_electrons
        Integral over all energies below the zero, or below the middle of the gap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zero: Literal["fermi_level", "vbm"]
    energies: list[float]
    total: list[list[float]]
    projected: dict[str, list[list[float]]]
    broadening: float
    method: str
    electrons: float
    integrated_electrons: float


def density_of_states(levels: Levels, gap: BandGap, *, broadening: float, own: States | None = None) -> DensityOfStates:
    """Return the density of states of a crystal.

    It ends where the highest band that was computed begins to be missing at some k-point, or 12 eV above the zero.

    Parameters
    ----------
    levels
        With projections, where those are wanted.
    gap
        Of the same levels.
    broadening
        σ, eV.
    own
        What the program made of them, which is then broadened instead.
    """
    zero = levels.fermi_level if gap.valence_band_maximum is None else gap.valence_band_maximum
    middle = levels.fermi_level if gap.mid_gap is None else gap.mid_gap
    highest = min(float(levels.energies[:, :, -1].min()), zero + ABOVE)
    lowest = float(levels.energies.min()) - REACH * broadening
    grid = np.linspace(lowest, highest, 1 + int(np.ceil((highest - lowest) * POINTS_PER_WIDTH / broadening)))
    if own is None:
        total, projected = broadened_levels(levels, grid, broadening)
        below, method = electrons_below(levels, middle, broadening), "levels"
    else:
        total = broadened_curve(own.energies, own.total, grid, broadening)
        projected = {
            name: broadened_curve(own.energies, values, grid, broadening) for name, values in own.projected.items()
        }
        below, method = _integral(own, middle), own.method
    return DensityOfStates(
        zero="fermi_level" if gap.metal else "vbm",
        energies=_short(grid - zero, 8),
        total=[_short(row, 6) for row in total],
        projected={name: [_short(row, 6) for row in rows] for name, rows in projected.items()},
        broadening=broadening,
        method=method,
        electrons=levels.n_electrons,
        integrated_electrons=below,
    )


def broadened_levels(
    levels: Levels, grid: NDArray[np.float64], width: float
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Return the total density, (S, E), and that of each channel, states per eV and cell.

    Parameters
    ----------
    levels
        What is broadened.
    grid
        (E,), eV.
    width
        Standard deviation, eV.
    """
    spins, _, bands = levels.energies.shape
    weights = np.repeat(levels.electrons_per_level * levels.weights, bands)
    made = np.zeros((spins, 1 + len(levels.projections), len(grid)))
    for spin in range(spins):
        energies = levels.energies[spin].ravel()
        shares = np.stack([weights, *(weights * one[spin].ravel() for one in levels.projections.values())])
        for first in range(0, len(energies), _CHUNK):
            part = slice(first, first + _CHUNK)
            away = (grid[None, :] - energies[part, None]) / width
            made[spin] += shares[:, part] @ np.exp(-0.5 * away**2)
    made /= width * np.sqrt(2.0 * np.pi)
    return made[:, 0], {name: made[:, 1 + number] for number, name in enumerate(levels.projections)}


def electrons_below(levels: Levels, energy: float, width: float) -> float:
    """Return the integral of the broadened density up to an energy (eV), electrons."""
    from scipy.special import erfc

    below = 0.5 * erfc((levels.energies - energy) / (np.sqrt(2.0) * width))
    return levels.electrons_per_level * float(np.einsum("skb,k->", below, levels.weights))


def broadened_curve(
    energies: NDArray[np.float64], values: NDArray[np.float64], grid: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    """Return a density (S, E) on an equally spaced grid, convolved with a Gaussian, on another grid.

    Parameters
    ----------
    energies, values
        (E,), eV, and (S, E).
    grid
        Where the result is wanted, eV.
    width
        Standard deviation, eV.
    """
    step = float(np.ptp(energies)) / (len(energies) - 1)
    kernel = np.exp(-0.5 * ((grid[:, None] - energies[None, :]) / width) ** 2) * step / (width * np.sqrt(2.0 * np.pi))
    made: NDArray[np.float64] = values @ kernel.T
    return made


def _integral(own: States, energy: float) -> float:
    """Return the electrons below an energy of a program's own density."""
    step = float(np.ptp(own.energies)) / (len(own.energies) - 1)
    return float(own.total[:, own.energies <= energy].sum() * step)


def _short(values: NDArray[np.float64], digits: int) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values]
