"""Elastic tensors, surfaces, and properties without a chapter of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.report.blocks import Column, Facts, Section, Table, Viewer
from lianode.analysis.report.crystals import crystal
from lianode.analysis.report.said import FAILED, at, heading, method, remarks
from lianode.analysis.report.shapes import wulff_blocks, youngs_modulus_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source

VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")
TOLD_ELSEWHERE = frozenset(
    {"hull", "phase_stability", "voltage", "barrier", "migration", "reactivity", "interface_md", "bonds", "rdf",
     "motion", "elastic", "surface", "wulff", "interface_energy", "free_energy", "hull_spread",
     "adsorption", "electronic", "work_function", "parity"}
)  # fmt: skip
"""Properties that other chapters tell of; those of a phase of a hull are in the table of the hull."""
COMMON = frozenset({"schema_version", "property", "system", "phase", "engine", "campaign", "method", "settings",
                    "calculations", "completeness", "missing", "checks", "created", "superseded_by", "derivation",
                    "flagged", "key", "notes"})  # fmt: skip


def elasticity(source: Source) -> Section | None:
    """Return every elastic tensor; None where there is none."""
    blocks: list[Block] = []
    for document in source.of("elastic"):
        blocks += _elastic(document)
    return Section(title="Elastic moduli", blocks=blocks) if blocks else None


def _elastic(document: Mapping[str, Any]) -> list[Block]:
    named = (
        ("Young's modulus", "youngs_modulus_GPa"),
        ("bulk modulus", "bulk_modulus_GPa"),
        ("shear modulus", "shear_modulus_GPa"),
    )
    facts: dict[str, str | Sequence[str]] = {
        name: f"{document[field]:.1f} GPa (Hill)" for name, field in named if document[field] is not None
    }
    if document["poisson_ratio"] is not None:
        facts["Poisson's ratio"] = f"{document['poisson_ratio']:.3f} (Hill)"
    facts["crystal class"] = document["crystal_class"]
    facts["mechanically stable"] = "yes" if document["stable"] else "no: a polycrystal has no moduli"
    tensor = Table(
        caption=f"Elastic tensor of {document['phase']}, GPa",
        columns=[Column("stress"), *(Column(name, "number", digits=1) for name in VOIGT)],
        rows=[(name, *row) for name, row in zip(VOIGT, document["tensor_GPa"], strict=True)],
    )
    conditions = Table(
        caption="Born's conditions",
        columns=[Column("condition"), Column("value", "number", digits=1),
                 Column("holds")],
        rows=[(one["condition"], one["value"], "yes" if one["fulfilled"] else "no")
              for one in document["born_conditions"]],
    )  # fmt: skip
    cell = crystal(document["phase"], document["reference"]["structure"])
    return [
        heading(f"Elastic moduli of {document['phase']}, {method(document)}", document),
        *remarks(document),
        Facts(facts=facts),
        tensor,
        conditions,
        *youngs_modulus_blocks(document),
        Viewer(title=f"Reference crystal of {document['phase']}", crystals=[cell]),
    ]


def surfaces(source: Source) -> Section | None:
    """Return surface and interface energies; None where there are none."""
    blocks: list[Block] = []
    documents = source.of("surface")
    if documents:
        blocks.append(
            Table(
                caption="Surface energies",
                columns=[
                    Column("phase", "name"), Column("plane"), Column("termination"),
                    Column("kind"), Column("surface energy / J/m²", "number"),
                    Column("cleavage energy / J/m²", "number"), Column("method"),
                    Column("check", "flag"), Column("key", "key"),
                ],
                rows=[
                    (d["phase"], d["plane_label"], d["termination"], d["kind"], d["surface_energy_J_per_m2"],
                     d["cleavage_energy_J_per_m2"], method(d), FAILED if d["flagged"] else "", d["key"])
                    for d in documents
                ],
            )
        )  # fmt: skip
    for shape in source.of("wulff"):
        blocks += wulff_blocks(shape)
    interfaces = source.of("interface_energy")
    if interfaces:
        blocks.append(_interface_energies(interfaces))
    for document in (*documents, *interfaces):
        marks = remarks(document)
        if marks:
            name = document.get("interface") or f"{document['phase']} {document['plane_label']}"
            blocks += [heading(f"{name}, {method(document)}", document), *marks]
    return Section(title="Surfaces and interface energies", blocks=blocks) if blocks else None


def _interface_energies(documents: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        caption="Interface energies",
        columns=[
            Column("interface", "name"), Column("energy / J/m²", "number"), Column("work of adhesion / J/m²", "number"),
            Column("strain of the film / %", "number", digits=2),
            Column("strain of the substrate / %", "number", digits=2), Column("area / Å²", "number", digits=1),
            Column("method"), Column("check", "flag"), Column("key", "key"),
        ],
        rows=[
            (d["interface"], d["interface_energy_J_per_m2"], d["work_of_adhesion_J_per_m2"], 100 * d["film_strain"],
             100 * d["substrate_strain"], d["area"], method(d), FAILED if d["flagged"] else "", d["key"])
            for d in documents
        ],
    )  # fmt: skip


def others(source: Source) -> Section | None:
    """Return the plain values of all other properties, so that nothing in the store is passed over."""
    blocks: list[Block] = []
    for name in sorted({document["property"] for document in source.documents} - TOLD_ELSEWHERE):
        for document in source.of(name):
            where = document["phase"] or document["system"]
            title = f"{name.replace('_', ' ')} of {where}{at(document)}, {method(document)}"
            plain = {
                field.replace("_", " "): _plain(value)
                for field, value in document.items()
                if field not in COMMON and isinstance(value, str | int | float | bool)
            }
            blocks += [heading(title, document), *remarks(document)]
            blocks += [Facts(facts=plain)] if plain else []
    return Section(title="Other results", blocks=blocks) if blocks else None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
