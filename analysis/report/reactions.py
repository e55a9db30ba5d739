"""What anodes and electrolytes would react to."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from lianode.analysis.report.blocks import Chart, Column, Section, Series, Table, looks
from lianode.analysis.report.said import FAILED, MEV, heading, method, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source

Question = tuple[str, str, float, int]


def reactions(source: Source) -> Section | None:
    """Return the reactions, one figure for each electrolyte, method and potential; None where there are none."""
    blocks: list[Block] = []
    documents = sorted(source.of("reactivity"), key=lambda d: (_question(d), d["reaction_energy_per_atom"]))
    for _, group in groupby(documents, key=_question):
        blocks += _together(list(group))
    return Section(title="Reactivity", blocks=blocks) if blocks else None


def _question(document: Mapping[str, Any]) -> Question:
    """Return what reactions drawn together share."""
    potential = -1.0 if document["voltage_V"] is None else float(document["voltage_V"])
    return document["second"], document["engine"], potential, int(document["settings"].get("entry", 1))


def _together(documents: Sequence[Mapping[str, Any]]) -> list[Block]:
    first = documents[0]
    voltage = first["voltage_V"]
    with_what = "" if voltage is None else f", lithium exchanged at {voltage:g} V"
    title = f"Reactions with {first['second']}{with_what}"
    series = []
    for index, document in enumerate(documents):
        steps = document["reactions"]
        color, dash = looks(index)
        said = [f"{document['first']}: {MEV * step['reaction_energy_per_atom']:.1f} meV/atom; {step['equation']}"
                for step in steps]  # fmt: skip
        series.append(
            Series(name=document["first"] + (" *" if document["flagged"] else ""),
                   x=[step["mixing_ratio"] for step in steps],
                   y=[MEV * step["reaction_energy_per_atom"] for step in steps],
                   color=color, dash=dash, marker="circle", said=said)
        )  # fmt: skip
    star = " A star: a check failed." if any(document["flagged"] for document in documents) else ""
    of = "all but lithium" if voltage is not None else "all"
    blocks: list[Block] = [
        Chart(
            title=title,
            caption=f"{method(first)}. Bulk phases at 0 K: what could form, not how fast.{star}",
            x_label=f"fraction of atoms ({of}) from the anode",
            y_label="reaction energy / meV/atom",
            series=series,
            zero=True,
        ),
        Table(
            caption=f"{title}: every corner of the energy",
            columns=[
                Column("anode", "name"), Column("fraction", "number"), Column("reaction"),
                Column("energy / meV/atom", "number", digits=1),
                Column("less what each does alone / meV/atom", "number", digits=1),
                Column("Li taken up per atom", "number"), Column("check", "flag"),
            ],
            rows=[
                (
                    document["first"], step["mixing_ratio"], step["equation"].replace("->", "→"),
                    MEV * step["reaction_energy_per_atom"], MEV * step["mutual_energy_per_atom"],
                    step["lithium_uptake_per_atom"] if voltage is not None else None,
                    FAILED if document["flagged"] else "",
                )
                for document in documents
                for step in document["reactions"]
            ],
        ),
    ]  # fmt: skip
    for document in documents:
        title = f"{document['first']} and {document['second']}{with_what}, {method(document)}"
        blocks += [heading(title, document), *remarks(document)]
    return blocks
