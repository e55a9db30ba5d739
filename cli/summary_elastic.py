"""The elastic tensors of a run, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import number, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")


def print_elastic(document: Mapping[str, Any]) -> None:
    """Print the tensor, the moduli of a polycrystal, and what failed.

    Parameters
    ----------
    document
        Of a phase.
    """
    from lianode.cli.summary import method, print_remarks

    tensor = document["tensor_GPa"]
    print_table(
        [("C / GPa", "left"), *((name, "right") for name in VOIGT)],
        [
            (name, *(number(value, 1) if column >= row else "" for column, value in enumerate(tensor[row])))
            for row, name in enumerate(VOIGT)
        ],
        title=f"elastic tensor of {document['phase']}, {method(document)}",
    )
    click.echo(f"{document['crystal_class']}, space group {document['space_group']}; x along a, z along c*")
    click.echo(_moduli(document))
    if document["stable"]:
        click.echo(f"mechanically stable: the lowest eigenvalue is {number(document['eigenvalues_GPa'][0], 2)} GPa")
    print_remarks(document)


def print_elastics(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print every elastic tensor among documents."""
    for document in documents:
        if document["property"] == "elastic":
            print_elastic(document)


def _moduli(document: Mapping[str, Any]) -> str:
    found = document["moduli"]
    if found is None:
        return "mechanically unstable: no moduli"
    names = (("B", "bulk"), ("G", "shear"), ("E", "youngs"))
    parts = [
        f"{letter} {number(found[f'{name}_hill_GPa'], 1)} (Reuss {number(found[f'{name}_reuss_GPa'], 1)}, "
        f"Voigt {number(found[f'{name}_voigt_GPa'], 1)})"
        for letter, name in names
    ]
    by_direction = " to ".join(number(document[name]["youngs_modulus_GPa"], 1) for name in ("softest", "stiffest"))
    return (
        f"polycrystal after Hill / GPa: {', '.join(parts)}; Poisson's ratio {number(found['poisson_ratio'], 3)}; "
        f"E by direction {by_direction}"
    )
