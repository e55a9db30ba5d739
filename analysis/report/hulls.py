"""Hulls and the voltage curves that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.hull.hull import HullDocument
from lianode.analysis.report.blocks import Chart, Column, Facts, Section, Series, Table, Viewer
from lianode.analysis.report.crystals import crystal
from lianode.analysis.report.free_energies import free_energies
from lianode.analysis.report.said import FAILED, MEV, at, heading, method, remarks
from lianode.analysis.report.spreads import spreads
from lianode.analysis.voltage.curve import VoltageDocument
from lianode.structures.formulas import unicode_formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.hull.hull import HullPhase
    from lianode.analysis.report.blocks import Block, Color, Marker
    from lianode.analysis.report.source import Source

AVERAGED_POINTS = 120
"""Of the running average of a voltage."""


def hulls_and_voltages(source: Source) -> Section | None:
    """Return every hull with its voltage curves, what a temperature changes, and how far models agree; None without."""
    blocks: list[Block] = []
    curves = source.of("voltage")
    hulls = source.of("hull")
    for document in hulls:
        blocks += _hull(document, source)
        for curve in curves:
            if curve["hull"] == document["key"]:
                blocks += _voltage(curve)
    keys = {document["key"] for document in hulls}
    for curve in curves:
        if curve["hull"] not in keys:
            blocks += _voltage(curve)
    blocks += [*free_energies(source), *spreads(source)]
    return Section(title="Hulls and voltages", blocks=blocks) if blocks else None


def _hull(document: Mapping[str, Any], source: Source) -> list[Block]:
    hull = HullDocument.model_validate(document)
    what = f"{hull.system}{at(document)}"
    title = f"Hull of {what}, {method(document)}"
    references = ", ".join(f"{element}: {name}" for element, name in hull.references.items())
    blocks: list[Block] = [heading(title, document), *remarks(document)]
    if len(hull.elements) == 2:
        blocks.append(_binary(hull, what, references))
    elif len(hull.elements) == 3:
        blocks.append(_triangle(hull, what, references))
    blocks.append(_phases(hull, what))
    shown = [
        crystal(row.name, structure)
        for row in hull.phases
        if (structure := source.structure(hull.calculations.get(row.name)))
    ]
    if shown:
        caption = "As relaxed; atoms on a face of the cell are drawn on both sides."
        blocks.append(Viewer(title=f"Crystals of {what}", caption=caption, crystals=shown))
    return blocks


def _groups(hull: HullDocument) -> list[tuple[list[HullPhase], str, Color, Marker]]:
    """Return the phases that are told apart, with name, colour and marker as in the figures for print."""
    found: list[tuple[list[HullPhase], str, Color, Marker]] = [
        ([row for row in hull.phases if row.stable], "stable", 0, "circle"),
        ([row for row in hull.phases if row.counted and not row.stable], "metastable", 1, "diamond"),
        ([row for row in hull.phases if row.not_counted_because == "hypothetical"],
         "hypothetical, not counted", 3, "triangle"),
        ([row for row in hull.phases if row.not_counted_because not in {None, "hypothetical"}],
         "left out", "grey", "square"),
    ]  # fmt: skip
    return [group for group in found if group[0]]


def _said(row: HullPhase) -> str:
    standing = "on the hull" if row.stable else f"{MEV * row.energy_above_hull_per_atom:.1f} meV/atom above the hull"
    parts = [f"{row.name}: {MEV * row.formation_energy_per_atom:.1f} meV/atom", standing]
    parts += [f"not counted ({row.not_counted_because})"] if row.not_counted_because else []
    parts += ["a check failed"] if row.flagged else []
    return ", ".join(parts)


def _binary(hull: HullDocument, what: str, references: str) -> Chart:
    lithium = hull.elements[0]

    def points(rows: Sequence[HullPhase]) -> tuple[list[float], list[float | None]]:
        return [row.fractions[lithium] for row in rows], [MEV * row.formation_energy_per_atom for row in rows]

    series = []
    for rows, name, color, marker in _groups(hull):
        stable = name == "stable"
        rows.sort(key=lambda row: row.fractions[lithium])
        x, y = points(rows)
        written = [unicode_formula(row.formula) for row in rows] if stable else []
        series.append(Series(name=name, x=x, y=y, color=color, marker=marker, line=stable, filled=stable,
                             said=[_said(row) for row in rows], written=written))  # fmt: skip
    return Chart(
        title=f"Formation energies, {what}",
        caption=f"Relative to {references}.",
        x_label=f"atomic fraction of {lithium}",
        y_label="formation energy / meV/atom",
        series=series,
        zero=True,
    )


def _triangle(hull: HullDocument, what: str, references: str) -> Chart:
    from lianode.analysis.plots.ternary import HEIGHT, position

    by_name = {row.name: row for row in hull.phases}
    x: list[float] = []
    y: list[float | None] = []
    for first, second in sorted(hull.diagram().tie_lines):
        for place in (position(by_name[name].fractions, hull.elements) for name in (first, second)):
            x.append(place[0])
            y.append(place[1])
        x.append(x[-1])
        y.append(None)
    below = [
        Series(name="triangle", x=[0, 1, 0.5, 0], y=[0, 0, HEIGHT, 0], color="ink", listed=False),
        Series(name="tie lines", x=x, y=y, color="grey", listed=False),
    ]
    series: list[Series] = []
    for rows, name, color, marker in _groups(hull):
        places = [position(row.fractions, hull.elements) for row in rows]
        stable = name == "stable"
        series.append(
            Series(
                name=name, x=[place[0] for place in places], y=[place[1] for place in places], color=color,
                marker=marker, line=False, filled=stable, said=[_said(row) for row in rows],
                written=[unicode_formula(row.formula) for row in rows] if stable else [],
            )
        )  # fmt: skip
    top, left, right = hull.elements
    return Chart(
        title=f"Phases in equilibrium, {what}",
        caption=f"{top} at the top, {left} on the left, {right} on the right; lines join phases in equilibrium. "
        f"Energies relative to {references}.",
        series=[*series, *below],
        triangle=True,
    )


def _phases(hull: HullDocument, what: str) -> Table:
    return Table(
        caption=f"Phases of {what}",
        columns=[
            Column("phase", "name"), Column("kind"),
            Column(f"x({hull.elements[0]})", "number"),
            Column("formation energy / meV/atom", "number", digits=1),
            Column("above hull / meV/atom", "number", digits=1),
            Column("volume / Å³/atom", "number", digits=2),
            Column("standing"), Column("decomposes into"), Column("check", "flag"),
        ],
        rows=[
            (
                row.name, row.kind, row.fractions[hull.elements[0]], MEV * row.formation_energy_per_atom,
                MEV * row.energy_above_hull_per_atom, row.volume_per_atom,
                "stable" if row.stable else (row.not_counted_because or "metastable"),
                "" if row.stable else " + ".join(row.decomposition), FAILED if row.flagged else "",
            )
            for row in hull.phases
        ],
    )  # fmt: skip


def _voltage(document: Mapping[str, Any]) -> list[Block]:
    curve = VoltageDocument.model_validate(document)
    tolerance = curve.settings.get("hull_tolerance") or 0.0
    counted = f", phases up to {MEV * tolerance:g} meV/atom above the hull counted" if tolerance else ""
    title = f"Voltage of {curve.system}{at(document)}{counted}, {method(document)}"
    x: list[float] = []
    y: list[float | None] = []
    said: list[str] = []
    for plateau in curve.plateaus:
        x += [plateau.x_start, 0.5 * (plateau.x_start + plateau.x_end), plateau.x_end]
        y += 3 * [plateau.voltage_V]
        said += 3 * [f"{plateau.start} to {plateau.end}: {plateau.voltage_V:.3f} V"]
    last = curve.max_li_per_host
    grid = [last * n / AVERAGED_POINTS for n in range(AVERAGED_POINTS + 1)]
    host = unicode_formula("".join(f"{symbol}{'' if n == 1 else f'{n:g}'}" for symbol, n in curve.host.items()))
    return [
        heading(title, document),
        *remarks(document),
        Facts(
            facts={
                "mean voltage": f"{curve.average_voltage_V:.3f} V from 0 to {last:.3g} Li per host atom",
                "capacity": (
                    f"{curve.capacity_mAh_per_g_host:.0f} mAh per g of host",
                    f"{curve.capacity_mAh_per_g_alloy:.0f} mAh per g of lithiated alloy",
                    f"{curve.capacity_mAh_per_cm3:.0f} mAh per cm³ of lithiated alloy",
                ),
                "volume": f"{100 * curve.volume_expansion:+.0f} % from the host to the last phase",
            }
        ),
        Chart(
            title=f"Voltage against Li/Li⁺, {curve.system}",
            caption="Equilibrium phases, at 0 K unless a temperature is named.",
            x_label=f"x in Liₓ{host}",
            y_label="voltage / V",
            series=[
                Series(name="plateaus", x=x, y=y, said=said, color=0),
                Series(name="running average", x=grid, y=[curve.running_average(at_x) for at_x in grid], color=1,
                       dash=1),
            ],
        ),
        Table(
            caption=f"Plateaus of {curve.system}",
            columns=[
                Column("from"), Column("to"), Column("x from", "number"),
                Column("x to", "number"), Column("voltage / V", "number"),
            ],
            rows=[(p.start, p.end, p.x_start, p.x_end, p.voltage_V) for p in curve.plateaus],
        ),
    ]  # fmt: skip
