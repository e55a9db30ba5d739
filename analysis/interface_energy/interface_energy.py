"""The energy of an interface between two crystals, with the strain removed, and the work that parts them.

A closed cell with n_A and n_B formula units holds two interfaces of area A:

    2 A γ = E - n_A e_A - n_B e_B .

With the energies e of the strained crystals γ is the interface's own (*strained bulk references*). With those of the
crystals at rest it contains the strain of the side that was strained (su2024, equations 3 and 4):

    γ(n_A) = γ + n_A σ_A / 2A ,

so that a line through several thicknesses of that side has γ as its intercept and the strain energy per formula unit,
σ_A, in its slope. Both are independent ways to one number, but for the side that is not varied.

Parted in the same strained cell, with vacuum, the two sides are slabs of energies E_A and E_B, and one interface
between them has

    W = (E_A + E_B - E_AB) / A ,    γ_A* = (E_A - n_A e_A*) / 2A ,    γ_AB = γ_A* + γ_B* - W ,

the cycle that has to close with the closed cell's γ, which none of these energies is in.

γ_B* - γ_AB is what an anode A gains by wetting B, γ_A cos θ for a drop of it; below zero A does not wet B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

J_PER_M2 = 16.02176634
"""1 eV/Å² in J/m²: 1.602176634e-19 J over 1e-20 m²."""
LEAST_POINTS = 3
"""Cells of a series, below which a line has no error."""


@dataclass(frozen=True, kw_only=True)
class SeriesCell:
    """A closed cell with two interfaces.

    Attributes
    ----------
    layers
        Lattice planes of the side that is varied.
    units, other_units
        Formula units of that side, and of the other.
    energy
        Of the cell, eV.
    area
        Of one interface, Å².
    """

    layers: int
    units: int
    other_units: int
    energy: float
    area: float

    def interface_energy(self, unit_energy: float, other_unit_energy: float) -> float:
        """Return γ, eV/Å², given the energies of a formula unit of each side, eV."""
        bulk = self.units * unit_energy + self.other_units * other_unit_energy
        return (self.energy - bulk) / (2.0 * self.area)


@dataclass(frozen=True, kw_only=True)
class SeriesFit:
    """A line through γ(n).

    Attributes
    ----------
    interface_energy
        Intercept, eV/Å².
    error
        Its standard error, eV/Å²; None with fewer than three cells.
    strain_energy_per_unit
        σ of the side that is varied, eV per formula unit.
    residuals
        γ(n) less the line, eV/Å².
    """

    interface_energy: float
    error: float | None
    strain_energy_per_unit: float
    residuals: tuple[float, ...]


def fit_series(cells: Sequence[SeriesCell], unit_energy: float, other_unit_energy: float) -> SeriesFit:
    """Fit γ(n) = γ + n σ / 2A.

    Parameters
    ----------
    cells
        Of one interface, with the same other side.
    unit_energy, other_unit_energy
        Energy of a formula unit of either crystal at rest, eV.

    Raises
    ------
    InputError
        For fewer than two thicknesses, or cells whose other side or area differs.
    """
    if len({cell.units for cell in cells}) < 2:
        raise InputError("a series needs two thicknesses or more, and three for an error", "interface energy")
    first = cells[0]
    if any(one.other_units != first.other_units or abs(one.area / first.area - 1) > 1e-6 for one in cells):
        raise InputError("the cells of a series differ in the other side, or in their area", "interface energy")
    n = np.array([cell.units for cell in cells], dtype=float)
    values = np.array([cell.interface_energy(unit_energy, other_unit_energy) for cell in cells])
    design = np.column_stack([np.ones_like(n), n])
    (intercept, slope), *_ = np.linalg.lstsq(design, values, rcond=None)
    residuals = values - design @ np.array([intercept, slope])
    error = None
    if len(cells) >= LEAST_POINTS:
        variance = float(residuals @ residuals) / (len(cells) - 2)
        error = float(np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0]))
    return SeriesFit(
        interface_energy=float(intercept),
        error=error,
        strain_energy_per_unit=float(slope) * 2.0 * first.area,
        residuals=tuple(residuals.tolist()),
    )


@dataclass(frozen=True, kw_only=True)
class Parting:
    """The two sides of an interface, together and apart, in one strained cell with vacuum.

    Attributes
    ----------
    together, film, substrate
        Energies of the cell with one interface, and of either side alone, eV.
    film_units, substrate_units
        Formula units of the sides.
    area
        Å².
    """

    together: float
    film: float
    substrate: float
    film_units: int
    substrate_units: int
    area: float

    @property
    def work_of_adhesion(self) -> float:
        """W, eV/Å²: what it takes to part the two, relaxed before and after."""
        return (self.film + self.substrate - self.together) / self.area

    def surface_energies(self, film_unit_energy: float, substrate_unit_energy: float) -> tuple[float, float]:
        """Return γ_A* and γ_B*, eV/Å², with the energies of a formula unit of the strained crystals, eV.

        Where the two surfaces of a slab differ they are means.
        """
        return (
            (self.film - self.film_units * film_unit_energy) / (2.0 * self.area),
            (self.substrate - self.substrate_units * substrate_unit_energy) / (2.0 * self.area),
        )
