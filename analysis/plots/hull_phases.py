"""What every figure of a hull says of its phases: marker, colour, name, and the notes below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.hull.hull import HullDocument
from lianode.analysis.parity.parity import structures_of
from lianode.analysis.plots.style import BLUE, GREY, PURPLE, VERMILION
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.hull.hull import HullPhase

MEV = 1000.0
STABLE, METASTABLE, UNCOUNTED, LEFT_OUT = ("o", BLUE), ("D", VERMILION), ("^", PURPLE), ("s", GREY)
"""Marker and colour."""
HullLike = HullDocument | dict[str, Any]


def hull_of(document: HullLike, n_elements: int) -> HullDocument:
    """Return a document as a hull of so many elements.

    Raises
    ------
    InputError
        For a system of another number of elements.
    """
    hull = HullDocument.model_validate(document)
    if len(hull.elements) != n_elements:
        raise InputError(
            f"{hull.system} has {len(hull.elements)} elements; a hull is drawn for two, or in a triangle for three, "
            "and energies above hull for any number",
            "figure",
        )
    return hull


def title(hull: HullDocument) -> str:
    """Return system, method, temperature, and whether something is missing."""
    temperature = hull.settings.get("temperature")
    at = f", {temperature:g} K" if temperature is not None else ""
    partial = ", partial" if hull.completeness == "partial" else ""
    return f"{hull.system.replace('-', '–')}, {hull.method.label}{at}{partial}"


def structures_notes(engines: Sequence[str]) -> list[str]:
    """Return whose structures the energies of single points are on; nothing where engines relaxed their own."""
    found = dict.fromkeys(filter(None, map(structures_of, engines)))
    return [f"Single points on the structures that {name} relaxed." for name in found]


def notes(hulls: Sequence[HullDocument]) -> list[str]:
    """Return what has to stand below the figure."""
    references = sorted({listed(list(hull.references.values())) for hull in hulls})
    several = len(hulls) > 1
    sentences = [f"Energies relative to {'; or '.join(references)}."]
    sentences += structures_notes([hull.engine for hull in hulls])
    if any(row.flagged for hull in hulls for row in hull.phases):
        sentences.append("*: a check of this phase failed.")
    for hull in hulls:
        who = f"{hull.engine}: " if several else ""
        below = [
            f"{row.name} ({-MEV * row.energy_above_hull_per_atom:.1f})"
            for row in hull.phases
            if row.not_counted_because == "hypothetical" and row.energy_above_hull_per_atom < 0
        ]
        if below:
            sentences.append(f"{who}Not counted, yet below the hull (meV/atom): {', '.join(below)}.")
        if hull.missing:
            lost = ", ".join(sentence.split(" is missing")[0] for sentence in hull.missing)
            sentences.append(f"{who}Partial, without {lost}.")
        if not several:
            sentences += [f"{note}." for note in hull.notes]
    return sentences


def groups(hull: HullDocument) -> list[tuple[list[HullPhase], tuple[str, str], str]]:
    """Return the phases that are told apart, each group with its marker and colour, and its name in the legend."""
    stable = [row for row in hull.phases if row.stable]
    metastable = [row for row in hull.phases if row.counted and not row.stable]
    hypothetical = [row for row in hull.phases if row.not_counted_because == "hypothetical"]
    others = [row for row in hull.phases if row.not_counted_because not in {None, "hypothetical"}]
    found = [
        (stable, STABLE, "stable"),
        (metastable, METASTABLE, "metastable"),
        (hypothetical, UNCOUNTED, "hypothetical, not counted"),
        (others, LEFT_OUT, "left out"),
    ]
    return [group for group in found if group[0]]


def phase_label(row: HullPhase, hull: HullDocument) -> str:
    """Return the formula, with the entry's own name where the hull has several of that formula."""
    twins = [other for other in hull.phases if other.formula == row.formula]
    detail = row.name.removeprefix(row.formula).strip("_ ")
    star = "*" if row.flagged else ""
    formula = mathtext_formula(row.formula)
    return f"{formula} {detail.replace('_', ' ')}{star}" if len(twins) > 1 and detail else f"{formula}{star}"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: ``Li_bcc, In_bct and Sn_alpha``."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
