"""Interfaces in time: cells, bonds, radial distribution functions and motion."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from lianode.analysis.report.blocks import Chart, Column, Facts, Section, Series, Table, Viewer, looks
from lianode.analysis.report.crystals import snapshot
from lianode.analysis.report.said import heading, method, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source

PROPERTIES = ("interface_md", "bonds", "rdf", "motion")
FS_PER_PS = 1000.0


def interfaces(source: Source) -> Section | None:
    """Return every run of an interface with what was measured along it; None where there is none."""
    blocks: list[Block] = []
    documents = sorted(source.of(*PROPERTIES), key=lambda d: (_run(d), PROPERTIES.index(d["property"])))
    runs = [list(group) for _, group in groupby(documents, key=_run)]
    names = [_name(run[0]) for run in runs]
    for number, (name, run) in enumerate(zip(names, runs, strict=True)):
        same = names.count(name)
        where = f"{name}, run {names[:number].count(name) + 1} of {same}" if same > 1 else name
        shared: list[str] = []
        for document in run:
            blocks += _of_document(document, where, shared)
    return Section(title="Interfaces in time", blocks=blocks) if blocks else None


def _run(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what all documents of one run share."""
    settings = json.dumps(document["settings"], sort_keys=True, default=str)
    return document["interface"], document["engine"], f"{document['temperature']:09.3f}", settings


def _name(document: Mapping[str, Any]) -> str:
    return f"{document['interface']} at {document['temperature']:g} K, {method(document)}"


def _of_document(document: Mapping[str, Any], where: str, shared: list[str]) -> list[Block]:
    """Return one document; what is wrong with a run is said once, and not again for all that was measured."""
    said = json.dumps([document["checks"], document["missing"]])
    marks = remarks(document) if said not in shared else []
    shared.append(said)
    match document["property"]:
        case "interface_md":
            return [heading(where, document), *marks, *_cell(document)]
        case "bonds":
            return [heading(f"Bonds: {where}", document), *marks, *_bonds(document)]
        case "rdf":
            return [heading(f"Radial distribution: {where}", document), *marks, *_rdf(document)]
        case _:
            return [heading(f"Motion: {where}", document), *marks, *_motion(document)]


def _cell(document: Mapping[str, Any]) -> list[Block]:
    facts: dict[str, str | Sequence[str]] = {
        role: f"{side['phase']} {side['plane']}, cut {side['termination']}, {side['atoms']} atoms, "
        f"{side['thickness']:.1f} Å, strained by up to {100 * side['strain']:+.2f} %"
        for role, side in (("anode", document["anode"]), ("electrolyte", document["electrolyte"]))
    }
    mean = document["mean_temperature"]
    facts |= {
        "interfaces": f"{document['interfaces']} of {document['area']:.0f} Å²",
        "run": f"{document['time_ps']:g} ps after {document['equilibration_ps']:g} ps of equilibration, "
        f"steps of {document['time_step_fs']:g} fs, {document['ensemble']}",
        "temperature": f"{document['temperature']:g} K asked for"
        + ("" if mean is None else f", {mean:.0f} K on average"),
    }
    blocks: list[Block] = [Facts(facts=facts)]
    frames = [snapshot(f"{frame['time_fs'] / FS_PER_PS:g} ps", frame) for frame in reversed(document["snapshots"])]
    if frames:
        caption = "The electrolyte below, the anode above; time counts from the first contact."
        blocks.append(Viewer(title=f"Atoms of {document['interface']}", caption=caption, crystals=frames))
    return blocks


def _bonds(document: Mapping[str, Any]) -> list[Block]:
    times = [time / FS_PER_PS for time in document["times_fs"]]
    blocks: list[Block] = []
    bonds = document["bonds"]
    if bonds:
        series = []
        for index, bond in enumerate(bonds):
            color, dash = looks(index)
            series.append(Series(name=bond["pair"], x=times, y=bond["counts"], low=bond["counts_shorter"],
                                 high=bond["counts_longer"], color=color, dash=dash))  # fmt: skip
        blocks.append(
            Chart(
                title=f"Bonds at {document['interface']}",
                caption="Bands: with the cut-off shorter and longer by its uncertainty.",
                x_label="time / ps",
                y_label="bonds",
                series=series,
                zero=True,
            )
        )  # fmt: skip
        blocks.append(
            Table(
                caption="When bonds begin to form",
                columns=[
                    Column("pair"), Column("onset / ps", "number"),
                    Column("error / ps", "number"), Column("first", "number", digits=0),
                    Column("last", "number", digits=1),
                    Column("cut-off / Å", "number", digits=2), Column("cut-off from"),
                ],
                rows=[
                    (bond["pair"], _ps(bond["onset"]["time_fs"]), _ps(bond["onset"]["error_fs"]), bond["initial"],
                     bond["final"], bond["cutoff"], bond["cutoff_source"])
                    for bond in bonds
                ],
            )
        )  # fmt: skip
    units: list[Series] = []
    for unit in document["polyhedra"]:
        for what, values in (("intact", unit["intact"]), ("never broken since", unit["surviving"])):
            color, dash = looks(len(units))
            units.append(Series(name=f"{unit['name']} {what}", x=times, y=values, color=color, dash=dash))
    if units:
        blocks.append(Chart(title=f"Units at {document['interface']}", x_label="time / ps", y_label="units", zero=True,
                            series=units))  # fmt: skip
    depths = []
    for index, of in enumerate(document["penetration"]):
        color, dash = looks(index)
        depths.append(Series(name=of["element"], x=times, y=of["deepest"], color=color, dash=dash))
    if depths:
        blocks.append(Chart(title=f"Deepest atom in the other side, {document['interface']}", x_label="time / ps",
                            y_label="depth / Å", series=depths))  # fmt: skip
    return blocks


def _rdf(document: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    spans = document["windows_fs"]
    names = [f"{begin / FS_PER_PS:g} to {end / FS_PER_PS:g} ps" for begin, end in spans] or ["whole run"]
    layers = max(1, len(document["layer_edges"]) - 1)
    for pair in document["pairs"]:
        for layer in range(layers):
            series = []
            for window, name in enumerate(names):
                color, dash = looks(window)
                g = pair["g"][window][layer]
                series.append(Series(name=name, x=_radii(g, document), y=g, color=color, dash=dash))
            for crystal in document["references"]:
                if crystal["pair"] == pair["pair"]:
                    g = crystal["g"]
                    series.append(Series(name=f"{crystal['crystal']} (crystal)", x=_radii(g, document), y=g,
                                         color="grey", dash=1))  # fmt: skip
            where = f", layer {layer + 1} from the bottom" if layers > 1 else ""
            blocks.append(
                Chart(
                    title=f"g(r) of {pair['pair']}{where}",
                    caption=f"{document['interface']}; by the density of the "
                    f"{'whole cell' if document['normalisation'] == 'global' else 'layer'}.",
                    x_label="r / Å", y_label="g(r)", series=series,
                )
            )  # fmt: skip
    rows = [
        (crystal["crystal"], crystal["pair"], name, layer + 1, overlap)
        for crystal in document["references"]
        for name, overlaps in zip(names, crystal["similarity"], strict=False)
        for layer, overlap in enumerate(overlaps)
    ]
    if rows:
        blocks.append(
            Table(
                caption="Likeness to crystals: overlap of the shapes of g(r), 0 to 1",
                columns=[Column("crystal"), Column("pair"), Column("time"),
                         Column("layer", "number", digits=0), Column("overlap", "number")],
                rows=rows,
            )
        )  # fmt: skip
    return blocks


def _motion(document: Mapping[str, Any]) -> list[Block]:
    series: list[Series] = []
    for profile in document["profiles"]:
        densities = profile["density_per_A3"]
        color, _ = looks(len(series) // 2)
        for dash, which, density in ((1, "first", densities[0]), (0, "last", densities[-1])):
            series.append(Series(name=f"{profile['element']}, {which}", x=document["heights"], y=density,
                                 color=color, dash=dash))  # fmt: skip
    blocks: list[Block] = []
    if series:
        blocks.append(
            Chart(
                title=f"Density along the normal, {document['interface']}",
                caption="Of the first and the last stretch of the run.",
                x_label="height / Å", y_label="atoms / Å³", series=series,
            )
        )  # fmt: skip
    blocks.append(
        Table(
            caption="Diffusion",
            columns=[Column("element"), Column("D / cm²/s", "number", digits=None),
                     Column("error / cm²/s", "number", digits=None),
                     Column("exponent of the displacement", "number", digits=2),
                     Column("diffusive")],
            rows=[(of["element"], float(f"{of['diffusivity_cm2_per_s']:.2e}"), float(f"{of['error_cm2_per_s']:.1e}"),
                   of["exponent"], "yes" if of["is_diffusive"] else "no") for of in document["diffusion"]],
        )
    )  # fmt: skip
    return blocks


def _radii(g: Sequence[Any], document: Mapping[str, Any]) -> list[float]:
    return [(number + 0.5) * document["bin_width"] for number in range(len(g))]


def _ps(femtoseconds: float | None) -> float | None:
    return None if femtoseconds is None else femtoseconds / FS_PER_PS
