"""The energy of a surface from slabs of several thicknesses.

A slab of n formula units with two surfaces of area A has the energy

    E(n) = 2 A gamma + n E_bulk + sum_i N_i mu_i,

where N_i atoms of element i go beyond whole formula units and mu_i is what they cost (Reuter and Scheffler, Phys. Rev.
B 65, 035406 (2001)). A straight line through E(n) - sum_i N_i mu_i has 2 A gamma as intercept and the energy of the
crystal as slope, both from slabs alone (Fiorentini and Methfessel, J. Phys.: Condens. Matter 8, 6525 (1996)): with the
energy of a bulk calculation in its place, a small error of that grows with n.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.checks import Check
    from lianode.analysis.method import MethodKey

J_PER_M2 = 16.02176634
"""One eV/Å² in J/m²."""
_SAME_AREA = 1e-4  # relative


@dataclass(frozen=True, kw_only=True)
class SlabEnergy:
    """Energy of one slab.

    Attributes
    ----------
    layers
        Lattice planes of the crystal.
    thickness
        Å.
    formula_units
        Whole reduced formula units of the crystal.
    excess
        Atoms beyond them, on both surfaces together.
    n_atoms
        All atoms.
    area
        Of one surface, Å².
    energy
        Of the slab, eV.
    method
        It was computed with.
    calculation_key
        Key of the calculation that gave it.
    checks
        Of that calculation and of what became of the slab.
    """

    layers: int
    thickness: float
    formula_units: int
    excess: Mapping[str, int]
    n_atoms: int
    area: float
    energy: float
    method: MethodKey
    calculation_key: str = ""
    checks: tuple[Check, ...] = field(default_factory=tuple)


class SurfaceFit(BaseModel):
    """A surface energy from slabs of one kind; the mean over both surfaces where these are not equal.

    Attributes
    ----------
    energy
        eV/Å²: the intercept of the straight line, or with one slab the difference from the bulk.
    energy_J_per_m2
        The same, J/m².
    standard_error
        Of the intercept, eV/Å²; None with fewer than three slabs, which leave nothing over.
    bulk_energy
        Of the crystal's own calculation, eV per formula unit.
    fitted_bulk_energy
        Slope of the line, eV per formula unit; None with one slab.
    largest_residual
        Of a slab from the line, eV/Å² (of both its surfaces together); None with one slab.
    direct
        Of each slab with the energy of the crystal's own calculation instead, eV/Å², in the order of the slabs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    energy: float
    energy_J_per_m2: float
    standard_error: float | None = None
    bulk_energy: float
    fitted_bulk_energy: float | None = None
    largest_residual: float | None = None
    direct: list[float]


def fit_surface(
    slabs: Sequence[SlabEnergy], bulk_energy: float, potentials: Mapping[str, float] | None = None
) -> SurfaceFit:
    """Return the surface energy of slabs that differ in thickness only.

    Parameters
    ----------
    slabs
        One or more, of different thickness, with the same excess.
    bulk_energy
        Of the crystal, eV per reduced formula unit.
    potentials
        Energy per atom of each element in excess, eV; none are needed for stoichiometric slabs.

    Raises
    ------
    InputError
        When the slabs are not of one kind, or an element in excess has no chemical potential.
    """
    if not slabs:
        raise InputError("a surface energy needs a slab", "surface")
    first = slabs[0]
    for slab in slabs:
        if dict(slab.excess) != dict(first.excess) or abs(slab.area / first.area - 1.0) > _SAME_AREA:
            raise InputError("slabs of one surface have the same area and the same excess of atoms", "surface")
    if len({slab.formula_units for slab in slabs}) < len(slabs):
        raise InputError("two slabs of one surface are equally thick; each thickness counts once", "surface")
    missing = sorted(set(first.excess) - set(potentials or {}))
    if missing:
        raise InputError(
            f"the slabs have an excess of {', '.join(missing)}, whose chemical potential is needed", "surface"
        )
    both = 2.0 * first.area
    units = np.array([slab.formula_units for slab in slabs], dtype=np.float64)
    spent = sum(amount * (potentials or {})[element] for element, amount in first.excess.items())
    # the bulk's share is taken off before the fit, which then deals with small numbers
    rest = np.array([slab.energy for slab in slabs]) - spent - units * bulk_energy
    direct = (rest / both).tolist()
    if len(slabs) == 1:
        return SurfaceFit(
            energy=direct[0], energy_J_per_m2=J_PER_M2 * direct[0], bulk_energy=bulk_energy, direct=direct
        )
    centred = units - units.mean()
    slope = float(centred @ rest / (centred @ centred))
    intercept = float(rest.mean() - slope * units.mean())
    residuals = rest - intercept - slope * units
    error = None
    if len(slabs) > 2:
        variance = float(residuals @ residuals) / (len(slabs) - 2)
        error = float(np.sqrt(variance * (1.0 / len(slabs) + units.mean() ** 2 / (centred @ centred)))) / both
    return SurfaceFit(
        energy=intercept / both,
        energy_J_per_m2=J_PER_M2 * intercept / both,
        standard_error=error,
        bulk_energy=bulk_energy,
        fitted_bulk_energy=bulk_energy + slope,
        largest_residual=float(np.abs(residuals).max()) / both,
        direct=direct,
    )
