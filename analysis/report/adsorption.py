"""Where an atom sits on a surface, and how much better or worse than in its own crystal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from lianode.analysis.adsorption.document import AdsorptionDocument
from lianode.analysis.plots.from_above import DEPTH, SurfaceFromAbove
from lianode.analysis.report.blocks import Chart, Column, Disc, Facts, Section, Series, Table
from lianode.analysis.report.said import FAILED, heading, method, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.adsorption.document import SiteRow
    from lianode.analysis.report.blocks import Block, Marker
    from lianode.analysis.report.source import Source
    from lianode.structures.adsorption.sites import SiteKind

MARKERS: dict[SiteKind, Marker] = {"top": "circle", "bridge": "square", "hollow": "triangle"}
PALEST = 0.75
"""Of the deepest atoms that are drawn."""


def adsorption(source: Source) -> Section | None:
    """Return every surface with its sites; None where there is none."""
    documents = source.of("adsorption")
    if not documents:
        return None
    blocks: list[Block] = [_surfaces(documents)]
    for document in documents:
        found = AdsorptionDocument.model_validate(document)
        blocks += [
            heading(f"{found.adsorbate} on {found.surface}, {method(document)}", document),
            *remarks(document),
            Facts(facts=_facts(found)),
            _from_above(found),
            _sites(found),
        ]
    return Section(title="Adsorption", blocks=blocks)


def _surfaces(documents: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        caption="Adsorption energies on the best site of each surface",
        columns=[
            Column("adsorbate"), Column("surface", "name"), Column("termination"), Column("best site", "name"),
            Column("against its own crystal / eV", "number"), Column("against the free atom / eV", "number"),
            Column("area per adsorbate / Å²", "number", digits=1), Column("method"), Column("check", "flag"),
            Column("key", "key"),
        ],
        rows=[
            (d["adsorbate"], d["surface"], d["termination"], d["best_site"], d["adsorption_energy"],
             d["adsorption_energy_from_atom"], d["area_per_adsorbate"], method(d), FAILED if d["flagged"] else "",
             d["key"])
            for d in documents
        ],
    )  # fmt: skip


def _facts(found: AdsorptionDocument) -> dict[str, str | Sequence[str]]:
    prefers = "its own crystal" if found.adsorption_energy > 0 else "this surface"
    first, second = found.supercell
    sides = "both surfaces" if found.sides == "both" else "one surface"
    facts: dict[str, str | Sequence[str]] = {
        "best site": f"{found.best_site}, {found.adsorption_energy:+.3f} eV against {found.adsorbate} in its crystal: "
        f"the atom prefers {prefers}",
    }
    if found.adsorption_energy_from_atom is not None:
        facts["against the free atom"] = f"{found.adsorption_energy_from_atom:+.3f} eV"
    if found.free_atom is not None:
        facts["free atom"] = (
            f"{found.free_atom.cohesive_energy:.3f} eV above the crystal, {found.free_atom.origin}: "
            f"{found.free_atom.source}"
        )
    return facts | {
        "slab": f"{found.termination}, {found.layers} lattice planes, {found.thickness:.1f} Å, {found.n_atoms} atoms",
        "coverage": f"{found.adsorbates} on {sides} of {first} x {second} cells, "
        f"{found.area_per_adsorbate:.1f} Å² for each",
    }


def _from_above(found: AdsorptionDocument) -> Chart:
    """Return the surface from above with the middle of each distinct site."""
    view = SurfaceFromAbove(found.slab)
    series = []
    rows = sorted(found.sites, key=_group)
    for (kind, became), group in groupby(rows, key=_group):
        members = list(group)
        own = not became
        places = [view.home(row.position) for row in members]
        series.append(
            Series(
                name=f"{kind}{became}",
                x=[float(place[0]) for place in places],
                y=[float(place[1]) for place in places],
                color="ink" if own else "grey",
                marker=MARKERS[kind],
                line=False,
                filled=own,
                said=[_said(row) for row in members],
                written=[row.site for row in members],
            )
        )
    outline = Series(
        name="cell", x=view.outline[:, 0].tolist(), y=view.outline[:, 1].tolist(), color="grey", dash=1, listed=False
    )
    (left, bottom), (right, top) = view.low.tolist(), view.high.tolist()
    frame = Series(name="margin", x=[left, right], y=[bottom, top], line=False, listed=False)
    discs = [
        Disc(element=atom.element, x=atom.x, y=atom.y, radius=atom.radius, pale=PALEST * atom.depth / DEPTH)
        for atom in view.atoms
    ]
    return Chart(
        title=f"Sites of {found.surface} from above",
        caption=f"{found.termination}, {found.method.label}. Atoms of the relaxed bare slab, fainter the deeper they "
        "are; markers where the adsorbate was put. Open: without an energy, or relaxed to another site.",
        x_label="x / Å",
        y_label="y / Å",
        series=[*series, outline, frame],
        equal=True,
        discs=discs,
    )


def _group(row: SiteRow) -> tuple[SiteKind, str]:
    """Return what a site is, and what became of it where it has no energy of its own."""
    if row.adsorption_energy is None:
        return row.kind, ", no energy"
    return row.kind, "" if row.same_as is None else ", moved to another"


def _said(row: SiteRow) -> str:
    if row.adsorption_energy is None:
        return f"{row.site}: no energy, {row.reason or 'no reason was given'}"
    words = [f"{row.site}: {row.adsorption_energy:+.3f} eV"]
    if row.adsorption_energy_from_atom is not None:
        words.append(f"{row.adsorption_energy_from_atom:+.3f} eV against the free atom")
    if row.same_as is not None:
        words.append(f"relaxed to {row.same_as}")
    elif row.ended_on != row.site:
        words.append(f"ended on {row.ended_on}")
    if not row.sound:
        words.append(FAILED)
    return ", ".join(words)


def _sites(found: AdsorptionDocument) -> Table:
    return Table(
        caption=f"Sites of {found.surface}, {found.method.label}, {found.termination}",
        columns=[
            Column("site", "name"), Column("between", "name"),
            Column("equal sites", "number", digits=0),
            Column(f"against {found.adsorbate} in its crystal / eV", "number"),
            Column("against the free atom / eV", "number"), Column("ended on", "name"), Column("same as", "name"),
            Column("height / Å", "number", digits=2), Column("nearest atom / Å", "number", digits=2),
            Column("neighbours"), Column("slab moved / Å", "number", digits=2), Column("check", "flag"),
            Column("what was found", "long"),
        ],
        rows=[
            (
                row.site, " ".join(row.around), row.equal_sites, row.adsorption_energy,
                row.adsorption_energy_from_atom, row.ended_on, row.same_as, row.height, row.nearest_distance,
                ", ".join(f"{count} {element}" for element, count in row.neighbours.items()), row.slab_displacement,
                "" if row.sound else FAILED, _found(row),
            )
            for row in found.sites
        ],
    )  # fmt: skip


def _found(row: SiteRow) -> str:
    """Return what failed at a site, or why it has no energy."""
    return "; ".join([*(check.message for check in row.checks if check.passed is False), *filter(None, [row.reason])])
