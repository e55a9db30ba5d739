"""Several potentials on one system: how far they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.hull.spread import HullSpreadDocument
from lianode.analysis.report.blocks import Chart, Column, Sentences, Series, Table, looks
from lianode.analysis.report.said import MEV, at, heading, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.report.blocks import Block, Marker
    from lianode.analysis.report.source import Source

NO_ERROR_BAR = (
    "Potentials trained on the same data share their errors: a small spread between models does not mean a small error."
)
MARKERS: tuple[Marker, ...] = ("circle", "diamond", "triangle", "square")


def spreads(source: Source) -> list[Block]:
    """Return the formation energies of each system as several models give them."""
    blocks: list[Block] = []
    for document in source.of("hull_spread"):
        blocks += _spread(document)
    return blocks


def _spread(document: Mapping[str, Any]) -> list[Block]:
    found = HullSpreadDocument.model_validate(document)
    engines = ", ".join(found.engines)
    blocks: list[Block] = [
        heading(f"Spread between models, {found.system}{at(document)}: {engines}", document),
        *remarks(document),
        Sentences(heading="No error bar", sentences=[NO_ERROR_BAR]),
    ]
    if found.system.count("-") == 1:
        blocks.append(_chart(found))
    blocks.append(
        Table(
            caption=f"Formation energies of {found.system} by model",
            columns=[
                Column("phase", "name"), Column(f"x({found.system.partition('-')[0]})", "number"),
                *(Column(f"{engine} / meV/atom", "number", digits=1) for engine in found.engines),
                Column("mean / meV/atom", "number", digits=1),
                Column("spread between models / meV/atom", "number", digits=1), Column("stable in"),
            ],
            rows=[
                (
                    row.name, row.li_fraction,
                    *(None if (e := row.formation_energies_per_atom.get(engine)) is None else MEV * e
                      for engine in found.engines),
                    MEV * row.mean, MEV * row.spread_between_models,
                    "all" if len(row.stable_in) == len(found.engines) else ", ".join(row.stable_in) or "none",
                )
                for row in found.phases
            ],
        )
    )  # fmt: skip
    return blocks


def _chart(found: HullSpreadDocument) -> Chart:
    series = []
    for number, engine in enumerate(found.engines):
        rows = [row for row in found.phases if engine in row.formation_energies_per_atom]
        rows.sort(key=lambda row: row.li_fraction)
        color, _ = looks(number)
        series.append(
            Series(
                name=engine, x=[row.li_fraction for row in rows], color=color, line=False,
                marker=MARKERS[number % len(MARKERS)], filled=number == 0,
                y=[MEV * row.formation_energies_per_atom[engine] for row in rows],
                said=[
                    f"{row.name}, {engine}: {MEV * row.formation_energies_per_atom[engine]:.1f} meV/atom; "
                    f"between models {MEV * row.spread_between_models:.1f} meV/atom"
                    for row in rows
                ],
            )
        )  # fmt: skip
    return Chart(
        title=f"Formation energies by model, {found.system}",
        x_label=f"atomic fraction of {found.system.partition('-')[0]}",
        y_label="formation energy / meV/atom",
        series=series,
        zero=True,
    )
