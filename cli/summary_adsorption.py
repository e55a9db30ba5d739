"""Adsorption energies of a run, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.output import number, print_table
from lianode.cli.summary import method, print_remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def print_adsorptions(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print the sites of every surface, the best first, and what failed."""
    for document in documents:
        if document["property"] == "adsorption":
            _print(document)


def _print(document: Mapping[str, Any]) -> None:
    metal = f"{document['adsorbate']} metal"
    print_table(
        [("site", "left"), ("between", "left"), (f"from {metal} / eV", "right"), ("from the atom / eV", "right"),
         ("height / Å", "right"), ("neighbours", "left"), ("", "left")],
        [
            (
                row["site"] + ("" if _sound(row) else " !"),
                " ".join(row["around"]),
                number(row["adsorption_energy"], 3),
                number(row["adsorption_energy_from_atom"], 3),
                number(row["height"], 2),
                " ".join(f"{count} {element}" for element, count in row["neighbours"].items()),
                _said(row),
            )
            for row in document["sites"]
        ],
        title=f"{document['adsorbate']} on {document['surface']}, {method(document)}; cut {document['termination']}, "
        f"one atom on {document['area_per_adsorbate']:.0f} Å²",
    )  # fmt: skip
    energy = document["adsorption_energy"]
    click.echo(
        f"best: {document['best_site']}, {number(energy, 3)} eV; an atom prefers "
        f"{metal if energy > 0 else 'this surface'}"
    )
    print_remarks(document)


def _said(row: Mapping[str, Any]) -> str:
    """Return what a site turned out to be."""
    if row["reason"]:
        return str(row["reason"])
    if row["same_as"]:
        return f"relaxed to {row['same_as']}"
    return f"ended on {row['ended_on']}" if row["ended_on"] != row["site"] else ""


def _sound(row: Mapping[str, Any]) -> bool:
    from lianode.analysis.adsorption.document import SiteRow

    return SiteRow.model_validate(row).sound
