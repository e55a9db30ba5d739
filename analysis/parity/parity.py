"""Energies of one method beside those of another, structure by structure.

Both methods look at the same structures: those that the first one relaxed, or the end points and saddles that it found.
Formation energies of each method refer to its own elements, barriers to its own energy of the end point, so that no
energies of different methods are subtracted; what is compared are the differences.

At a structure that is not its own minimum a method's energy is too high. Two measures of by how much are checked:
the largest force on an atom, and the energy that the pressure p would give back,

    p² V / 2K,

with a bulk modulus K of 30 GPa, that of a lithium alloy (0.2 meV/atom for 0.3 GPa and 20 Å³).
"""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.method import MethodKey

if TYPE_CHECKING:
    from collections.abc import Sequence

ON = "//"
"""Between the two engines of single points: energies of the first on structures of the second."""
Quantity = Literal["formation_energy_per_atom", "barrier"]
LARGEST_FORCE = 0.1
"""eV/Å on an atom: with a spring of 2 eV/Å² it gives 2.5 meV back."""
MOST_BY_PRESSURE = 0.005
"""eV/atom that the pressure may give back: what counts as near a hull."""
BULK_MODULUS_GPA = 30.0
EV_PER_GPA_A3 = 6.241509e-3


class ParityRow(BaseModel):
    """One structure, or one hop.

    Attributes
    ----------
    name
        Of the phase, or label of the hop.
    formula
        Of the phase.
    energy
        By the method whose structures these are: eV/atom of formation, or the barrier in eV.
    single_point_energy
        The same by single points of the other one.
    is_reference
        Whether it is zero of energy with both, and so no comparison.
    max_force
        Largest force of the other method on an atom, eV/Å; of a hop, in the highest image and the end point.
    pressure_GPa
        Of the other method in a relaxed cell, compression positive, GPa; None for hops, whose cell is given.
    left_by_pressure
        eV/atom that it would give back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    formula: str
    energy: float
    single_point_energy: float
    is_reference: bool = False
    max_force: float | None = None
    pressure_GPa: float | None = None
    left_by_pressure: float | None = None

    @property
    def difference(self) -> float:
        """By single points less by the method whose structures these are."""
        return self.single_point_energy - self.energy


class ParityDocument(PropertyDocument):
    """Energies of single points beside those of the engine whose structures they are computed on.

    ``engine`` and ``method`` are those of the single points; ``engine`` reads ``gpaw//sevennet-0``, energy of the one
    on structures of the other.

    Attributes
    ----------
    quantity
        What is compared.
    structures_engine, structures_method
        Whose structures these are.
    rows
        One for each phase or hop.
    mean_difference, mean_absolute_difference, largest_difference
        Single points less the other, eV/atom or eV, without references. None where nothing is compared.
    """

    property: Literal["parity"] = "parity"
    quantity: Quantity
    structures_engine: str
    structures_method: MethodKey
    rows: list[ParityRow]
    mean_difference: float | None = None
    mean_absolute_difference: float | None = None
    largest_difference: float | None = None


def structures_of(engine: str) -> str | None:
    """Return the engine whose structures a result's energies are single points on; None where they are its own."""
    _, between, structures = engine.partition(ON)
    return structures if between else None


def left_by_pressure(pressure_GPa: float, volume_per_atom: float) -> float:
    """Return the energy that relaxing a pressure would give back, eV/atom.

    Parameters
    ----------
    pressure_GPa
        GPa.
    volume_per_atom
        Å³.
    """
    return pressure_GPa**2 * volume_per_atom / (2.0 * BULK_MODULUS_GPA) * EV_PER_GPA_A3


def differences(rows: Sequence[ParityRow]) -> dict[str, float | None]:
    """Return the fields of a document that sum its rows up."""
    found = [row.difference for row in rows if not row.is_reference]
    if not found:
        return {}
    return {
        "mean_difference": fmean(found),
        "mean_absolute_difference": fmean(map(abs, found)),
        "largest_difference": max(found, key=abs),
    }


def rest_checks(rows: Sequence[ParityRow]) -> list[Check]:
    """Say of every structure how far it is from rest with the method of the single points."""
    checks = []
    for row in rows:
        if row.max_force is not None:
            checks.append(
                Check(
                    name="near_rest",
                    passed=row.max_force <= LARGEST_FORCE,
                    message=f"largest force in the single point {row.max_force:.3f} eV/Å (limit {LARGEST_FORCE:g})",
                    subject=row.name,
                )
            )
        if row.left_by_pressure is not None and row.pressure_GPa is not None:
            checks.append(
                Check(
                    name="near_its_volume",
                    passed=row.left_by_pressure <= MOST_BY_PRESSURE,
                    message=(
                        f"the single point's pressure of {row.pressure_GPa:.2f} GPa would give back about "
                        f"{1e3 * row.left_by_pressure:.1f} meV/atom (limit {1e3 * MOST_BY_PRESSURE:g})"
                    ),
                    subject=row.name,
                )
            )
    return checks


def ranking_check(rows: Sequence[ParityRow]) -> Check | None:
    """Say whether both methods agree about which is the lowest; None where there is no choice.

    For a hull the lowest is its deepest phase, for barriers the easiest hop.
    """
    compared = [row for row in rows if not row.is_reference]
    if len(compared) < 2:
        return None
    mine = min(compared, key=lambda row: row.energy)
    other = min(compared, key=lambda row: row.single_point_energy)
    margin = mine.single_point_energy - other.single_point_energy
    same = mine.name == other.name or math.isclose(margin, 0.0, abs_tol=1e-9)
    message = (
        f"both find {mine.name} lowest"
        if same
        else (f"{mine.name} is the lowest, but {other.name} by the single points, by {1e3 * margin:.1f} meV")
    )
    return Check(name="same_lowest", passed=same, message=message)
