"""A published hull beside a computed one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.structures.formulas import composition_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.hull.hull import HullDocument, HullPhase

MEV = 1000.0


def lowest_of(document: HullDocument, formula: str) -> HullPhase | None:
    """Return the phase of lowest energy at the composition of a formula, counted or not."""
    return next(iter(entries_of(document, formula)), None)


def entries_of(document: HullDocument, formula: str) -> list[HullPhase]:
    """Return all phases at the composition of a formula, counted or not, the lowest first."""
    wanted = composition_key(formula)
    rows = [row for row in document.phases if composition_key(row.formula) == wanted]
    return sorted(rows, key=lambda row: row.formation_energy_per_atom)


def compare_hull(system: str, expected: Mapping[str, Any], document: HullDocument | None) -> list[ComparisonRow]:
    """Compare which phases are stable, the deepest phase and energies above hull.

    Parameters
    ----------
    system
        ``Li-In``.
    expected
        Published values of that system.
    document
        Computed hull, or None.
    """
    minimum, above = expected["minimum"], expected.get("energy_above_hull_meV_per_atom", {})
    depth, unit = minimum["formation_energy_meV_per_atom"], "meV/atom"
    if document is None:
        return [
            *(missing_row("stability", system, formula, "stable") for formula in expected["stable"]),
            missing_row("hull minimum", system, None, minimum["phase"]),
            missing_row("formation energy at the minimum", system, minimum["phase"], depth, unit),
            *(missing_row("energy above hull", system, formula, value, unit) for formula, value in above.items()),
        ]
    rows = [_stability(system, formula, "stable", document) for formula in expected["stable"]]
    keys = {composition_key(formula) for formula in expected["stable"]}
    rows += [
        _stability(system, row.formula, None if row.formula not in above else "above the hull", document)
        for row in document.phases
        if row.stable and row.name not in document.references.values() and composition_key(row.formula) not in keys
    ]
    rows += _minimum(system, minimum["phase"], depth, document, expected.get("reference_note", ""))
    for formula, value in above.items():
        rows += _above(system, formula, value, document)
    return rows


def _stability(system: str, formula: str, published: str | None, document: HullDocument) -> ComparisonRow:
    found = lowest_of(document, formula)
    if found is None:
        return missing_row("stability", system, formula, published).model_copy(update={"engine": document.engine})
    verdict = "agrees" if found.stable == (published == "stable") else "disagrees"
    if published is None:
        verdict = "the paper does not list it"
    if not found.counted:
        verdict = f"cannot be compared: {found.not_counted_because} and not counted"
    return ComparisonRow(
        quantity="stability",
        system=system,
        phase=formula,
        published=published,
        computed=_standing(found),
        engine=document.engine,
        flagged=found.flagged,
        note=f"{verdict}; {found.name}",
    )


def _standing(row: HullPhase) -> str:
    if row.stable:
        return "stable"
    energy = MEV * row.energy_above_hull_per_atom
    return f"{abs(energy):.1f} meV/atom {'above' if energy >= 0 else 'below'} the hull"


def _minimum(system: str, phase: str, depth: float, document: HullDocument, note: str) -> list[ComparisonRow]:
    deepest = min((row for row in document.phases if row.counted), key=lambda row: row.formation_energy_per_atom)
    agrees = composition_key(deepest.formula) == composition_key(phase)
    references = ", ".join(document.references.values())
    rows = [
        ComparisonRow(
            quantity="hull minimum",
            system=system,
            published=phase,
            computed=deepest.formula,
            engine=document.engine,
            flagged=deepest.flagged,
            note=f"{'agrees' if agrees else 'disagrees'}; {deepest.name}, "
            f"{MEV * deepest.formation_energy_per_atom:.1f} meV/atom",
        )
    ]
    named = lowest_of(document, phase)
    if named is None:
        row = missing_row("formation energy at the minimum", system, phase, depth, "meV/atom")
        return [*rows, row.model_copy(update={"engine": document.engine})]
    computed = MEV * named.formation_energy_per_atom
    rows.append(
        ComparisonRow(
            quantity="formation energy at the minimum",
            system=system,
            phase=phase,
            published=depth,
            computed=computed,
            unit="meV/atom",
            engine=document.engine,
            flagged=named.flagged,
            note="; ".join(part for part in (f"against {references}", note) if part),
        )
    )
    return rows


def _above(system: str, formula: str, value: float, document: HullDocument) -> list[ComparisonRow]:
    """Compare every entry of a formula, since the paper does not say which structure it means."""
    found = entries_of(document, formula)
    if not found:
        row = missing_row("energy above hull", system, formula, value, "meV/atom")
        return [row.model_copy(update={"engine": document.engine})]
    return [
        ComparisonRow(
            quantity="energy above hull",
            system=system,
            phase=formula,
            published=value,
            computed=MEV * row.energy_above_hull_per_atom,
            unit="meV/atom",
            engine=document.engine,
            flagged=row.flagged,
            note=row.name if row.counted else f"{row.name}; {row.not_counted_because}, not counted",
        )
        for row in found
    ]
