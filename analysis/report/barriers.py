"""How lithium crosses a phase: paths of energy, hops, and the crystals at their saddles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.migration.barrier import BarrierDocument
from lianode.analysis.migration.document import MigrationDocument
from lianode.analysis.migration.energy_path import EnergyPath
from lianode.analysis.report.blocks import Chart, Column, Facts, Section, Series, Table, Viewer, looks
from lianode.analysis.report.crystals import crystal
from lianode.analysis.report.said import FAILED, MEV, heading, method, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source

PATH_POINTS = 80
"""Of the curve through the images of a band."""


def migration(source: Source) -> Section | None:
    """Return every phase with its hops; None where no barrier was computed."""
    blocks: list[Block] = []
    hops = [BarrierDocument.model_validate(document) for document in source.of("barrier")]
    drawn: set[str] = set()
    for document in source.of("migration"):
        whole = MigrationDocument.model_validate(document)
        keys = {row.barrier_key for row in whole.hops}
        own = [hop for hop in hops if hop.key in keys]
        drawn |= {hop.key for hop in own}
        blocks += _phase(document, whole, own, source)
    for hop in hops:
        if hop.key not in drawn:
            document = hop.model_dump(mode="json")
            title = f"Hop {hop.hop} in {hop.phase}, {method(document)}"
            blocks += [heading(title, document), *remarks(document), *_drawn([hop], source), _table([hop])]
    return Section(title="Migration barriers", blocks=blocks) if blocks else None


def _phase(
    document: Mapping[str, Any], whole: MigrationDocument, hops: Sequence[BarrierDocument], source: Source
) -> list[Block]:
    title = f"Lithium in {whole.phase} by {whole.mechanism}, {method(document)}"
    facts: dict[str, str | Sequence[str]] = {
        f"crosses in {path.dimension} dimension{'s' if path.dimension > 1 else ''}":
            f"{MEV * path.barrier:.0f} meV, over {', '.join(path.hops)}"
        for path in whole.percolating
    } or {"crosses": "in no dimension over the hops that were computed"}  # fmt: skip
    facts |= {
        f"diffusivity at {one.temperature:g} K": f"{one.mean_cm2_per_s:.2g} cm²/s of the defect, "
        f"activation energy {one.activation_energy:.3f} eV"
        for one in whole.diffusivities
    }
    if whole.metastability is not None:
        energy = MEV * whole.metastability.energy_above_hull_per_atom
        facts["above the hull"] = f"{energy:.1f} meV/atom"
    facts["energies of sites"] = ", ".join(f"{site}: {MEV * e:.0f} meV" for site, e in whole.site_energies.items())
    return [
        heading(title, document),
        *remarks(document),
        Facts(facts=facts),
        *(_drawn(hops, source) if hops else []),
        *([_table(hops)] if hops else []),
    ]


def _drawn(hops: Sequence[BarrierDocument], source: Source) -> list[Block]:
    """Return the energies along the hops, and the crystals at their saddles."""
    import numpy as np

    series = []
    for index, hop in enumerate(hops):
        path = EnergyPath(hop.bands)
        along = np.linspace(0.0, path.length, PATH_POINTS)
        energies = MEV * (path.energies(along) - hop.initial_energy)
        color, dash = looks(index)
        said = f"{hop.hop}: barrier {MEV * hop.barrier_forward:.1f} meV, back {MEV * hop.barrier_backward:.1f} meV"
        series.append(
            Series(name=hop.hop + (" *" if hop.flagged else ""), x=(along / path.length).tolist(),
                   y=energies.tolist(), color=color, dash=dash,
                   said=[f"{said}; here {energy:.1f} meV" for energy in energies])
        )  # fmt: skip
    phase = hops[0].phase or hops[0].formula
    star = " A star: a check of that hop failed." if any(hop.flagged for hop in hops) else ""
    blocks: list[Block] = [
        Chart(
            title=f"Energy along hops in {phase}",
            caption=f"Cubics through energies and forces of the images, from the first end point.{star}",
            x_label="fraction of the path",
            y_label="energy / meV",
            series=series,
            zero=True,
        )
    ]
    saddles = [
        crystal(f"{hop.hop}, highest image", structure)
        for hop in hops
        for key in dict.fromkeys(hop.calculations.values())
        if source.calculations.get(key, {}).get("band") and (structure := source.structure(key))
    ]
    if saddles:
        blocks.append(Viewer(title=f"Highest images in {phase}", crystals=saddles))
    return blocks


def _table(hops: Sequence[BarrierDocument]) -> Table:
    return Table(
        caption=f"Hops in {hops[0].phase}",
        columns=[
            Column("hop", "name"), Column("from"), Column("to"),
            Column("length / Å", "number", digits=2), Column("per cell", "number", digits=0),
            Column("barrier / meV", "number", digits=1),
            Column("backward / meV", "number", digits=1),
            Column("kinetically resolved / meV", "number", digits=1),
            Column("cell"), Column("check", "flag"), Column("key", "key"),
        ],
        rows=[
            (
                hop.hop, hop.start_orbit, hop.end_orbit, hop.hop_length, hop.multiplicity, MEV * hop.barrier_forward,
                MEV * hop.barrier_backward, MEV * hop.barrier_kra, hop.cell_formula,
                FAILED if hop.flagged else "", hop.key,
            )
            for hop in hops
        ],
    )  # fmt: skip
