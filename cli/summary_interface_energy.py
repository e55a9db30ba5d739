"""Interface energies of a run, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.output import number, print_table
from lianode.cli.summary import method, print_remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def print_interface_energies(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print every interface energy, the ways to it, and what failed."""
    for document in documents:
        if document["property"] == "interface_energy":
            _print(document)


def _print(document: Mapping[str, Any]) -> None:
    error = document["interface_energy_error"]
    if document.get("reacted"):
        click.echo(f"{document['interface']}: the two reacted, so no interface energy is fitted")
    wanted = [
        ("interface energy, strain removed", document["interface_energy"], "" if error is None else _meV(error)),
        ("the same, from strained crystals", document["by_strained_bulk"], ""),
        ("the same, from surfaces less adhesion", document["by_adhesion"], ""),
        ("work of adhesion", document["work_of_adhesion"], ""),
        (f"surface of {document['film']}", document["film_surface_energy"], ""),
        (f"surface of {document['substrate']}", document["substrate_surface_energy"], ""),
        ("surface of the substrate less interface", document["wetting"], ""),
    ]
    print_table(
        [("", "left"), ("meV/Å²", "right"), ("±", "right"), ("J/m²", "right")],
        [
            (name, _meV(value), within, number(16.02177 * value, 3))
            for name, value, within in wanted
            if value is not None
        ],
        title=f"{document['interface']}, {method(document)}; strain of the film {document['film_strain']:+.2%}, of the "
        f"substrate {document['substrate_strain']:+.2%}",
    )
    print_remarks(document)


def _meV(value: float) -> str:  # noqa: N802 - a unit
    return number(1e3 * value, 2)
