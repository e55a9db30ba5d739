"""What has to hold before the energy of slabs is that of a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.structures.symmetry import keeps_symmetry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.analysis.hull.chemical_limits import ChemicalLimit
    from lianode.analysis.surface.energy import SurfaceFit
    from lianode.structures.surfaces.cuts import CutKind

MEV = 1000.0


class SurfaceTolerances(BaseModel):
    """How well a surface energy has to be converged.

    Attributes
    ----------
    bulk_energy_per_atom
        Difference of the crystal's energy from the slope of the fit, eV/atom.
    standard_error
        Of the surface energy, eV/Å².
    middle_displacement
        Of atoms in the middle of a slab relative to each other, Å.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bulk_energy_per_atom: float = Field(default=0.001, gt=0)
    standard_error: float = Field(default=0.0005, gt=0)
    middle_displacement: float = Field(default=0.1, gt=0)


def fit_check(fit: SurfaceFit, atoms_per_unit: int, tolerances: SurfaceTolerances, subject: str) -> Check:
    """Compare the slope of the fit with the energy of the crystal, and look at the error of the intercept.

    Parameters
    ----------
    fit
        Of slabs of several thicknesses.
    atoms_per_unit
        Of a formula unit.
    tolerances
        When the check fails.
    subject
        Which slabs.
    """
    name = "fit_agrees"
    if fit.fitted_bulk_energy is None:
        message = "not made: one slab has no slope, so the surface energy is the difference from the crystal's energy"
        return Check(name=name, passed=None, message=message, subject=subject)
    off = (fit.fitted_bulk_energy - fit.bulk_energy) / atoms_per_unit
    message = (
        f"the slope of the fit is {MEV * off:+.2f} meV/atom off the crystal's energy "
        f"({MEV * tolerances.bulk_energy_per_atom:g} allowed)"
    )
    passed = abs(off) <= tolerances.bulk_energy_per_atom
    if fit.standard_error is not None:
        message += (
            f"; standard error of the surface energy {MEV * fit.standard_error:.2f} meV/Å² "
            f"({MEV * tolerances.standard_error:g} allowed)"
        )
        passed = passed and fit.standard_error <= tolerances.standard_error
    return Check(name=name, passed=passed, message=message, subject=subject)


def kind_checks(kind: CutKind, excess: Mapping[str, int], limits: Sequence[ChemicalLimit]) -> list[Check]:
    """Say whether both surfaces are equal, and what the energy of atoms in excess is taken from.

    Parameters
    ----------
    kind, excess
        Of the slabs.
    limits
        Chemical potentials that the excess is charged with.
    """
    symmetric, stoichiometric = "slab_symmetric", "stoichiometric"
    if kind == "cleavage":
        message = (
            "no operation of the crystal turns this plane around, so that only the cleavage energy is defined, the "
            "mean of both surfaces"
        )
        return [
            Check(name=symmetric, passed=None, message=message),
            Check(name=stoichiometric, passed=True, message="whole formula units"),
        ]
    equal = Check(name=symmetric, passed=True, message="an operation of the slab makes both surfaces equal")
    if not excess:
        return [equal, Check(name=stoichiometric, passed=True, message="whole formula units")]
    what = " and ".join(f"{amount} {element}" for element, amount in excess.items())
    where = " or ".join(limit.label for limit in limits)
    return [
        equal,
        Check(
            name=stoichiometric,
            passed=None if limits else False,
            message=f"{what} beyond whole formula units, "
            + (f"at the chemical potentials of equilibrium {where}" if limits else "whose energy is not known"),
        ),
    ]


def slab_checks(
    before: Structure, after: Structure, middle: NDArray[np.int64], tolerances: SurfaceTolerances
) -> tuple[Check, ...]:
    """Ask whether a relaxed slab is still the slab that was cut: its symmetry, and the crystal in its middle.

    Parameters
    ----------
    before, after
        The slab as cut and as relaxed, same atoms in order and same cell.
    middle
        Indices of the atoms in its middle.
    tolerances
        When a check fails.
    """
    kept = keeps_symmetry(after, before)
    moved = after.frac_coords - before.frac_coords
    moved = (moved - np.rint(moved)) @ before.lattice.matrix
    inside = moved[middle] - moved[middle].mean(axis=0)
    largest = float(np.linalg.norm(inside, axis=1).max())
    outer = float(np.linalg.norm(moved - moved[middle].mean(axis=0), axis=1).max())
    return (
        Check(
            name="symmetry_kept",
            passed=kept,
            message=f"the relaxed slab {'has' if kept else 'has not'} the symmetry it was cut with",
        ),
        Check(
            name="middle_unchanged",
            passed=largest <= tolerances.middle_displacement,
            message=f"atoms in the middle of the slab moved by up to {largest:.3f} Å relative to each other "
            f"({tolerances.middle_displacement:g} allowed), others by up to {outer:.2f} Å",
        ),
    )
