"""Phases that a reaction between an alloy and an electrolyte is expected to pass through or end in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.energies import MissingPhase
from lianode.structures.formulas import composition_key, parse_formula
from lianode.structures.library import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lianode.analysis.energies import PhaseEnergy

EXPECTED = (
    *("Li", "In", "Sn", "Al", "Ga", "P", "S", "Cl"),
    *("LiIn", "Li5In4", "Li3In2", "Li2In", "Li13In3"),
    *("Li2Sn5", "LiSn", "Li7Sn3", "Li13Sn5", "Li7Sn2", "Li17Sn4"),
    *("LiAl", "Li3Al2", "Li9Al4"),
    *("Li2Ga7", "LiGa", "Li3Ga2", "Li2Ga"),
    *("LiCl", "Li2S", "Li3P", "LiP", "LiP7", "Li3P7"),
    *("P2S5", "P4S3", "PCl3", "PCl5"),
    *("Li3PS4", "Li4P2S6", "Li6PS5Cl"),
    *("InS", "In2S3", "InP", "InCl", "InCl2", "InCl3", "LiInS2", "Li3InCl6"),
    *("SnS", "SnS2", "SnP", "Sn4P3", "SnCl2", "SnCl4"),
    *("Al2S3", "AlP", "AlCl3", "LiAlS2", "LiAlCl4"),
    *("GaS", "Ga2S3", "GaP", "GaCl2", "GaCl3", "LiGaS2", "LiGaCl4"),
)
"""Formulas in the systems of lithium with In, Sn, Al or Ga and P, S, Cl: the alloys of the binary phase diagrams, the
products named in luo2021, su2024 and liu2025, and the binary and ternary compounds between them. A reminder, not a
claim that each is stable."""


def expected_formulas(elements: Iterable[str]) -> list[str]:
    """Return the expected formulas whose elements are all among these."""
    known = set(elements)
    return [formula for formula in EXPECTED if known.issuperset(parse_formula(formula))]


def expected_missing(
    energies: Sequence[PhaseEnergy], missing: Sequence[MissingPhase], elements: Iterable[str]
) -> list[MissingPhase]:
    """Return the expected phases of a system that have no energy, less those that the caller knows to be missing.

    Parameters
    ----------
    energies
        Phases that have one.
    missing
        Phases that were asked for and have none.
    elements
        Of the system.
    """
    there = {composition_key(formula) for formula in [*(e.formula for e in energies), *(m.formula for m in missing)]}
    library = {composition_key(entry.formula) for entry in entries()}
    return [
        MissingPhase(
            name=formula,
            formula=formula,
            reason="expected, not computed"
            if composition_key(formula) in library
            else "expected, and the phase library has no structure of it",
        )
        for formula in expected_formulas(elements)
        if composition_key(formula) not in there
    ]
