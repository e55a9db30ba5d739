"""Balanced equations from fractions of atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.structures.formulas import parse_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.energies import PhaseEnergy

LITHIUM = "Li"
Part = tuple["PhaseEnergy", float]
"""A phase with its fraction of the counted atoms."""
_SMALLEST = 5e-5  # of a coefficient that is written


@dataclass(frozen=True, kw_only=True)
class LithiumCount:
    """Whether lithium comes from a reservoir, and therefore is not counted among the atoms."""

    exchanged: bool

    def atoms(self, phase: PhaseEnergy) -> float:
        """Return the counted atoms of one formula unit."""
        amounts = parse_formula(phase.formula)
        return sum(amounts.values()) - (amounts.get(LITHIUM, 0.0) if self.exchanged else 0.0)


def balanced(materials: Sequence[Part], products: Sequence[Part], count: LithiumCount) -> tuple[str, float]:
    """Return the equation per formula unit of the first of the materials, and the lithium taken up per counted atom.

    Parameters
    ----------
    materials, products
        Phases with their fractions of the counted atoms; both sum to 1.
    count
        Which atoms those are.

    Returns
    -------
    equation
        Such as ``Li6PS5Cl + 8 Li -> Li3P + 5 Li2S + LiCl``; exchanged lithium is written ``Li(exchanged)``.
    uptake
        Lithium per counted atom, 0 where none is exchanged.
    """
    left = [(phase.formula, fraction / count.atoms(phase)) for phase, fraction in materials]
    right = [(phase.formula, fraction / count.atoms(phase)) for phase, fraction in products]
    uptake = _lithium(right) - _lithium(left) if count.exchanged else 0.0
    unit = left[0][1]
    if uptake / unit > _SMALLEST:
        left.append((f"{LITHIUM}(exchanged)", uptake))
    elif uptake / unit < -_SMALLEST:
        right.append((f"{LITHIUM}(exchanged)", -uptake))
    return f"{_side(left, unit)} -> {_side(right, unit)}", uptake


def _lithium(side: Sequence[tuple[str, float]]) -> float:
    return sum(amount * parse_formula(formula).get(LITHIUM, 0.0) for formula, amount in side)


def _side(side: Sequence[tuple[str, float]], unit: float) -> str:
    return " + ".join(_term(formula, amount / unit) for formula, amount in side if amount / unit > _SMALLEST)


def _term(formula: str, coefficient: float) -> str:
    number = f"{coefficient:.4f}".rstrip("0").rstrip(".")
    return formula if number == "1" else f"{number} {formula}"
