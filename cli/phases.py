"""``lianode phases``: what the library holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import number, print_json, print_table

if TYPE_CHECKING:
    from lianode.structures.library import LibraryEntry
    from lianode.structures.phase import Phase


FACTS = (
    "name", "formula", "kind", "default", "spacegroup", "confidence", "confidence_reason", "source", "checked", "note",
)  # fmt: skip


@click.command("phases", short_help="List the phases of the library, or show one with its source.")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str | None, as_json: bool) -> None:
    """Show the phases of a chemical system (Li-In), one phase (LiSn_P2m, LiIn), or all.

    A formula means its default entry, marked with a star.
    """
    from lianode.structures import library

    if name is not None and "-" not in name:
        _show(library.entry(name), library.phase(name), as_json)
        return
    entries = library.entries(name)
    if as_json:
        print_json([_facts(entry) for entry in entries])
        return
    print_table(
        [("phase", "left"), ("formula", "left"), ("kind", "left"), ("space group", "left"), ("confidence", "left"),
         ("source", "left")],
        [
            (
                f"{entry.name}{' *' if entry.default else ''}",
                entry.formula,
                entry.kind,
                entry.spacegroup or "generated",
                entry.confidence,
                entry.source.split(" Cell: ")[0],
            )
            for entry in entries
        ],
    )  # fmt: skip
    click.echo("* what the bare formula means;  lianode phases NAME shows one phase with its source")


def _facts(entry: LibraryEntry) -> dict[str, Any]:
    return {field: getattr(entry, field) for field in FACTS}


def _show(entry: LibraryEntry, phase: Phase, as_json: bool) -> None:
    """Print one phase with its cell."""
    cell = phase.structure.lattice
    facts = {
        **_facts(entry),
        "atoms": len(phase.structure),
        "atoms_primitive": len(phase.primitive()) if phase.ordered else None,
        "lattice": {"a": cell.a, "b": cell.b, "c": cell.c, "alpha": cell.alpha, "beta": cell.beta, "gamma": cell.gamma},
        "density_g_per_cm3": float(phase.structure.density),
        "ordered": phase.ordered,
    }
    if as_json:
        print_json(facts)
        return
    lengths = ", ".join(f"{side} {number(getattr(cell, side), 4)} Å" for side in "abc")
    angles = ", ".join(f"{name} {number(getattr(cell, name), 2)}°" for name in ("alpha", "beta", "gamma"))
    rows = [
        ("phase", f"{entry.name}{' (default of its formula)' if entry.default else ''}"),
        ("formula", entry.formula),
        ("kind", entry.kind),
        ("space group", entry.spacegroup or "generated"),
        ("cell", f"{lengths}; {angles}"),
        ("atoms", f"{facts['atoms']} in this cell, {facts['atoms_primitive'] or '-'} in the primitive one"),
        ("density", f"{number(float(phase.structure.density), 2)} g/cm³"),
        ("source", entry.source),
        ("confidence", f"{entry.confidence}: {entry.confidence_reason}"),
        ("checked", entry.checked or "-"),
        ("note", entry.note or "-"),
    ]
    for label, text in rows:
        click.echo(f"{label:12}{text}")
