"""What a run of an interface left, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.output import number, print_table
from lianode.cli.summary import method, print_remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

KINDS = ("interface_md", "rdf", "bonds", "motion")


def print_interfaces(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print each run of an interface: the cell, the bonds, what is like which crystal, and what diffuses."""
    for run in documents:
        if run["property"] != "interface_md":
            continue
        beside = {
            one["property"]: one
            for one in documents
            if one["property"] in KINDS and one["interface"] == run["interface"] and one["engine"] == run["engine"]
        }
        click.echo(_cell(run))
        if "bonds" in beside:
            _print_bonds(beside["bonds"])
        if "rdf" in beside:
            _print_similarity(beside["rdf"])
        if "motion" in beside:
            _print_motion(beside["motion"])
        print_remarks(run)


def _cell(run: Mapping[str, Any]) -> str:
    anode, electrolyte = run["anode"], run["electrolyte"]
    return (
        f"{run['interface']} with {method(run)}: {anode['atoms'] + electrolyte['atoms']} atoms, "
        f"{run['area']:.0f} Å², anode strained by {anode['strain']:+.2%}, electrolyte by {electrolyte['strain']:+.2%}; "
        f"{run['time_ps']:g} ps at {run['temperature']:g} K"
    )


def _print_bonds(document: Mapping[str, Any]) -> None:
    print_table(
        [("bond", "left"), ("up to / Å", "right"), ("from", "left"), ("at first", "right"), ("at last", "right"),
         ("forms after / ps", "right")],
        [
            (
                row["pair"],
                number(row["cutoff"], 2),
                row["cutoff_source"],
                number(row["initial"], 0),
                number(row["final"], 1),
                "-" if row["onset"]["time_fs"] is None else number(row["onset"]["time_fs"] / 1e3, 2),
            )
            for row in document["bonds"]
        ],
        title="bonds",
    )  # fmt: skip
    for unit in document["polyhedra"]:
        click.echo(f"{unit['name']}: {unit['surviving'][-1]:.0f} of {unit['initial']} are left")
    deep = [f"{row['element']} {row['deepest'][-1]:.1f} Å" for row in document["penetration"] if row["left"][-1] > 0]
    if deep:
        click.echo(f"deepest in the other side: {', '.join(deep)}")


def _print_similarity(document: Mapping[str, Any]) -> None:
    for reference in document["references"]:
        values = [layer[0] for layer in reference["similarity"] if layer and layer[0] is not None]
        if len(values) > 1:
            click.echo(
                f"{reference['pair']} as in {reference['crystal']}: RDFs overlap by {values[0]:.2f} in the first, "
                f"{values[-1]:.2f} in the last window"
            )


def _print_motion(document: Mapping[str, Any]) -> None:
    for row in document["diffusion"]:
        if row["is_diffusive"]:
            click.echo(
                f"diffusivity of {row['element']}: {row['diffusivity_cm2_per_s']:.1e} ± {row['error_cm2_per_s']:.0e} "
                "cm²/s"
            )
    for sentence in document["notes"]:
        click.echo(f"note: {sentence}")
