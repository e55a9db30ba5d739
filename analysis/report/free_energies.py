"""What a temperature changes: vibrational free energies, and hulls with them beside hulls without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.hull.hull import HullDocument
from lianode.analysis.report.blocks import Chart, Column, Series, Table, looks
from lianode.analysis.report.said import FAILED, MEV, heading, method, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source


def free_energies(source: Source) -> list[Block]:
    """Return the free energies of phases, and each hull at its temperatures in one figure."""
    documents = source.of("free_energy")
    blocks: list[Block] = [_phases(documents)] if documents else []
    for document in documents:
        marks = remarks(document)
        if marks:
            title = f"Free energy of {document['phase']} at {document['temperature']:g} K, {method(document)}"
            blocks += [heading(title, document), *marks]
    hulls: dict[tuple[Any, ...], list[HullDocument]] = {}
    for one in map(HullDocument.model_validate, source.of("hull")):
        same = one.system, one.engine, one.method.digest, one.settings.get("entry", 1), *one.references.values()
        hulls.setdefault(same, []).append(one)
    for group in hulls.values():
        by_temperature = {_temperature(one): one for one in group}
        if len(by_temperature) > 1:
            blocks += _side_by_side([by_temperature[t] for t in sorted(by_temperature)])
    return blocks


def _temperature(hull: HullDocument) -> float:
    return hull.settings.get("temperature") or 0.0


def _phases(documents: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        caption="Free energies of vibration",
        columns=[
            Column("phase", "name"), Column("temperature / K", "number", digits=0),
            Column("free energy / meV/atom", "number", digits=1),
            Column("of it zero-point / meV/atom", "number", digits=1),
            Column("entropy / meV/K/atom", "number", digits=3),
            Column("imaginary modes", "number", digits=0), Column("lowest / THz", "number", digits=2),
            Column("highest / THz", "number", digits=2), Column("supercell"), Column("method"),
            Column("check", "flag"), Column("key", "key"),
        ],
        rows=[
            (
                d["phase"], d["temperature"], MEV * d["free_energy_vib_per_atom"],
                MEV * d["zero_point_energy"] / d["n_atoms"], MEV * d["entropy_eV_per_K"] / d["n_atoms"],
                d["n_imaginary"], d["lowest_frequency_THz"], d["highest_frequency_THz"],
                " x ".join(map(str, d["repeats"])), method(d), FAILED if d["flagged"] else "", d["key"],
            )
            for d in documents
        ],
    )  # fmt: skip


def _side_by_side(hulls: Sequence[HullDocument]) -> list[Block]:
    """Return the hulls of one question at several temperatures, the lowest first."""
    first = hulls[0]
    what = f"{first.system}, {first.method.label}"
    rows_at = [{row.name: row for row in hull.phases} for hull in hulls]
    temperatures = [f"{_temperature(hull):g} K" for hull in hulls]
    names = [name for name in rows_at[0] if all(name in rows for rows in rows_at)]
    table = Table(
        caption=f"Formation energies of {what} by temperature",
        columns=[
            Column("phase", "name"), Column("kind"), Column(f"x({first.elements[0]})", "number"),
            *(Column(f"formation at {t} / meV/atom", "number", digits=1) for t in temperatures),
            *(Column(f"above hull at {t} / meV/atom", "number", digits=1) for t in temperatures),
        ],
        rows=[
            (
                name, rows_at[0][name].kind, rows_at[0][name].fractions[first.elements[0]],
                *(MEV * rows[name].formation_energy_per_atom for rows in rows_at),
                *(MEV * rows[name].energy_above_hull_per_atom for rows in rows_at),
            )
            for name in names
        ],
    )  # fmt: skip
    if len(first.elements) != 2:
        return [table]
    series = []
    for number, (hull, t) in enumerate(zip(hulls, temperatures, strict=True)):
        stable = sorted((row for row in hull.phases if row.stable), key=lambda row: row.fractions[first.elements[0]])
        color, dash = looks(number)
        series.append(
            Series(
                name=f"stable at {t}", x=[row.fractions[first.elements[0]] for row in stable],
                y=[MEV * row.formation_energy_per_atom for row in stable], color=color, dash=dash,
                marker=("circle", "diamond", "triangle", "square")[number % 4],
                said=[f"{row.name} at {t}: {MEV * row.formation_energy_per_atom:.1f} meV/atom" for row in stable],
            )
        )  # fmt: skip
    chart = Chart(
        title=f"Hulls by temperature, {what}",
        caption="With the free energies of vibration at fixed volume.",
        x_label=f"atomic fraction of {first.elements[0]}",
        y_label="formation energy / meV/atom",
        series=series,
        zero=True,
    )
    return [chart, table]
