"""Charge stored per mass and per volume; one electron per lithium atom."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FARADAY_MAH_PER_MOL = 96485.33212 / 3.6
"""Faraday constant (CODATA 2018, 96485.33212 C/mol) in mAh/mol."""

ATOMS_PER_MOL_IN_CM3_PER_A3 = 0.602214076
"""Avogadro constant times 1e-24 cm³/Å³: cm³/mol for 1 Å³ per atom."""


def molar_mass(composition: Mapping[str, float]) -> float:
    """Return the mass in g/mol of so many atoms of each element."""
    from pymatgen.core import Element

    return sum(amount * float(Element(symbol).atomic_mass) for symbol, amount in composition.items())


def gravimetric_capacity(li: float, composition: Mapping[str, float]) -> float:
    """Return the capacity in mAh/g of ``li`` lithium atoms per mass of ``composition``.

    The basis is the caller's: the host alone (``{"In": 1}``), or the lithiated alloy (``{"Li": 0.5, "In": 1}``).
    Lithium itself has 3861 mAh/g; Li0.5In has 117 per gram of indium and 113 per gram of alloy.
    """
    return li * FARADAY_MAH_PER_MOL / molar_mass(composition)


def volumetric_capacity(li: float, volume: float) -> float:
    """Return the capacity in mAh/cm³ of ``li`` lithium atoms in a volume of lithiated alloy in Å³."""
    return li * FARADAY_MAH_PER_MOL / (ATOMS_PER_MOL_IN_CM3_PER_A3 * volume)
