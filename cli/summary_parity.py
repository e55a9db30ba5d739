"""Single points of a run beside the energies of another engine, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.output import number, print_table
from lianode.cli.summary import print_remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def print_parities(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print every comparison, and what failed."""
    for document in documents:
        if document["property"] == "parity":
            _print(document)


def _print(document: Mapping[str, Any]) -> None:
    from lianode.analysis.parity.parity import ON

    barriers = document["quantity"] == "barrier"
    quantity, unit = ("barrier", "meV") if barriers else ("E_f", "meV/atom")
    points, structures = document["engine"].split(ON)
    print_table(
        [("hop" if barriers else "phase", "left"), (f"{quantity} {structures} / {unit}", "right"),
         (f"{points} / {unit}", "right"), ("difference", "right"), ("force / eV/Å", "right"),
         ("pressure / GPa", "right")],
        [
            (row["name"], number(1e3 * row["energy"], 1), number(1e3 * row["single_point_energy"], 1),
             number(1e3 * (row["single_point_energy"] - row["energy"]), 1),
             number(row["max_force"], 3), number(row["pressure_GPa"], 2))
            for row in document["rows"]
        ],
        title=f"single points of {points} on structures of {structures}, {document['phase'] or document['system']}",
    )  # fmt: skip
    if document["mean_difference"] is not None:
        click.echo(
            f"mean difference {number(1e3 * document['mean_difference'], 1)}, mean absolute "
            f"{number(1e3 * document['mean_absolute_difference'], 1)}, largest "
            f"{number(1e3 * document['largest_difference'], 1)} {unit}"
        )
    print_remarks(document)
