"""Single points of one method beside the energies of another on the same structures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.checks import failed
from lianode.analysis.parity.parity import ParityDocument
from lianode.analysis.plots.parity import QUANTITIES
from lianode.analysis.report.blocks import Chart, Column, Facts, Section, Series, Table
from lianode.analysis.report.said import FAILED, MEV, heading, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.parity.parity import ParityRow
    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source


def parity(source: Source) -> Section | None:
    """Return every comparison of two methods; None where there is none."""
    blocks: list[Block] = []
    for document in source.of("parity"):
        blocks += _comparison(document)
    return Section(title="Parity of methods", blocks=blocks) if blocks else None


def _comparison(document: Mapping[str, Any]) -> list[Block]:
    found = ParityDocument.model_validate(document)
    words, unit = QUANTITIES[found.quantity]
    what = f"{words} of {found.system}" if found.phase is None else f"{words} of hops in {found.phase}"
    theirs, others = found.structures_method.label, found.method.label
    facts: dict[str, str | Sequence[str]] = {
        "structures and energies": f"{theirs} ({found.structures_engine})",
        "single points": f"{others}, which relax nothing",
    }
    for name, value in (
        ("mean difference", found.mean_difference),
        ("mean absolute difference", found.mean_absolute_difference),
        ("largest difference", found.largest_difference),
    ):
        if value is not None:
            facts[name] = f"{MEV * value:+.1f} {unit}" if "absolute" not in name else f"{MEV * value:.1f} {unit}"
    title = f"{words.capitalize()} of {found.system if found.phase is None else found.phase}: {others} beside {theirs}"
    return [
        heading(title, document),
        *remarks(document),
        Facts(facts=facts),
        *([_chart(found, what, unit)] if any(not row.is_reference for row in found.rows) else []),
        _rows(found, what, unit),
    ]


def _chart(found: ParityDocument, what: str, unit: str) -> Chart:
    """Return a point for each structure; references, which are zero with both, are left out."""
    wrong = {check.subject for check in failed(found.checks)}
    rows = [row for row in found.rows if not row.is_reference]
    groups = (("checks passed", False), (FAILED, True))
    series = []
    for name, is_wrong in groups:
        members = [row for row in rows if (row.name in wrong) is is_wrong]
        if members:
            series.append(
                Series(
                    name=name, x=[MEV * row.energy for row in members],
                    y=[MEV * row.single_point_energy for row in members], color=1 if is_wrong else 0,
                    marker="circle", line=False, filled=not is_wrong, said=[_said(row, unit) for row in members],
                    written=[row.name for row in members],
                )
            )  # fmt: skip
    values = [MEV * value for row in rows for value in (row.energy, row.single_point_energy)]
    more = 0.06 * (max(values) - min(values) or 1.0)
    ends = [min(values) - more, max(values) + more]
    series.append(Series(name="equal", x=ends, y=ends, color="grey", listed=False))
    return Chart(
        title=f"Parity, {what}, {found.method.label} beside {found.structures_method.label}",
        caption="On the line both methods agree.",
        x_label=f"{found.structures_method.label} / {unit}",
        y_label=f"single points, {found.method.label} / {unit}",
        series=series,
        equal=True,
    )


def _said(row: ParityRow, unit: str) -> str:
    words = (
        f"{row.name}: {MEV * row.energy:.1f}, by single points {MEV * row.single_point_energy:.1f} {unit}, "
        f"difference {MEV * row.difference:+.1f}"
    )
    return words if row.max_force is None else f"{words}; largest force {row.max_force:.3f} eV/Å"


def _rows(found: ParityDocument, what: str, unit: str) -> Table:
    wrong = {check.subject for check in failed(found.checks)}
    return Table(
        caption=f"Parity, {what}",
        columns=[
            Column("hop" if found.quantity == "barrier" else "phase", "name"),
            Column(f"{found.structures_method.label} / {unit}", "number", digits=1),
            Column(f"single points, {found.method.label} / {unit}", "number", digits=1),
            Column(f"difference / {unit}", "number", digits=1), Column("reference"),
            Column("largest force / eV/Å", "number"), Column("pressure / GPa", "number", digits=2),
            Column("left by pressure / meV/atom", "number", digits=1), Column("check", "flag"),
        ],
        rows=[
            (
                row.name, MEV * row.energy, MEV * row.single_point_energy, MEV * row.difference,
                "yes" if row.is_reference else "", row.max_force, row.pressure_GPa,
                None if row.left_by_pressure is None else MEV * row.left_by_pressure,
                FAILED if row.name in wrong else "",
            )
            for row in found.rows
        ],
    )  # fmt: skip
