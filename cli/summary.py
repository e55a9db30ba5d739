"""What a run left, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import duration, number, print_table
from lianode.cli.summary_reactivity import print_reactivities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.hpc.local.campaign import CampaignRun

MOST_CHECKS = 12


def print_summary(ended: CampaignRun) -> None:
    """Print hulls, voltages, migration barriers, reactions, failed checks and what is missing."""
    for document in ended.documents:
        if document["property"] == "hull":
            print_hull(document)
        elif document["property"] == "voltage":
            print_voltage(document)
        elif document["property"] == "migration":
            print_migration(document)
    reactions = [document for document in ended.documents if document["property"] == "reactivity"]
    for engine in dict.fromkeys(document["engine"] for document in reactions):
        print_reactivities([document for document in reactions if document["engine"] == engine])
    for name, error in ended.errors:
        click.echo(f"failed: {name}: {error}")
    for calculation in ended.undone:
        click.echo(f"{calculation.state}: {calculation.label}: {calculation.reason}")
    new = sum(c.state == "converged" for key, c in ended.calculations.items() if key not in ended.reused)
    click.echo(f"{new} calculations done, {len(ended.reused)} were in the store; {duration(ended.seconds)}")


def print_hull(document: Mapping[str, Any]) -> None:
    """Print one hull with its failed checks."""
    references = ", ".join(f"{element}: {name}" for element, name in document["references"].items())
    print_table(
        [("phase", "left"), ("kind", "left"), ("x(Li)", "right"), ("E_f / meV/atom", "right"),
         ("above hull / meV/atom", "right"), ("", "left"), ("decomposes into", "left")],
        [
            (
                row["name"] + (" !" if row["flagged"] else ""),
                row["kind"],
                number(row["fractions"][document["elements"][0]], 3),
                number(1e3 * row["formation_energy_per_atom"], 1),
                number(1e3 * row["energy_above_hull_per_atom"], 1),
                "stable" if row["stable"] else (row["not_counted_because"] or ""),
                "" if row["stable"] else " + ".join(row["decomposition"]),
            )
            for row in document["phases"]
        ],
        title=f"hull of {document['system']}{at(document)}, {method(document)}; references {references}",
    )  # fmt: skip
    print_remarks(document)


def print_voltage(document: Mapping[str, Any]) -> None:
    """Print the plateaus of one voltage curve."""
    tolerance = document["settings"].get("hull_tolerance") or 0.0
    kind = f", phases within {1e3 * tolerance:g} meV/atom of the hull counted" if tolerance else ""
    print_table(
        [("plateau", "left"), ("x from", "right"), ("to", "right"), ("V / V", "right")],
        [
            (f"{row['start']} - {row['end']}", number(row["x_start"], 2), number(row["x_end"], 2),
             number(row["voltage_V"], 3))
            for row in document["plateaus"]
        ],
        title=f"voltage of {document['system']}{at(document)}, {method(document)}{kind}",
    )  # fmt: skip
    click.echo(
        f"mean {number(document['average_voltage_V'])} V up to {number(document['max_li_per_host'], 2)} Li per host; "
        f"{number(document['capacity_mAh_per_g_host'], 0)} mAh/g of host, "
        f"{number(document['capacity_mAh_per_g_alloy'], 0)} mAh/g of lithiated alloy; "
        f"volume {100 * document['volume_expansion']:+.0f} %"
    )
    print_remarks(document, own=True)


def print_migration(document: Mapping[str, Any]) -> None:
    """Print the hops of one phase and the barriers over which lithium crosses it."""
    print_table(
        [("hop", "left"), ("per cell", "right"), ("length / Å", "right"), ("forward / meV", "right"),
         ("backward / meV", "right"), ("saddle / meV", "right")],
        [
            (
                row["hop"] + (" !" if row["flagged"] else ""),
                str(row["multiplicity"]),
                number(row["hop_length"], 2),
                number(1e3 * row["barrier_forward"], 0),
                number(1e3 * row["barrier_backward"], 0),
                number(1e3 * row["saddle_energy"], 0),
            )
            for row in document["hops"]
        ],
        title=f"{document['mechanism']} hops in {document['phase']}, {method(document)}; saddles above the lowest site",
    )  # fmt: skip
    across = ", ".join(f"{path['dimension']}D {number(1e3 * path['barrier'], 0)}" for path in document["percolating"])
    click.echo(f"percolating barriers / meV: {across or 'none, lithium does not percolate'}")
    for row in document["diffusivities"]:
        click.echo(f"diffusivity of the defect at {row['temperature']:g} K: {row['mean_cm2_per_s']:.1e} cm²/s")
    print_remarks(document)


def print_remarks(document: Mapping[str, Any], *, own: bool = False) -> None:
    """Print what is missing and which checks failed.

    Parameters
    ----------
    document
        A property document.
    own
        Only the checks of the document itself, without those of its phases.
    """
    for sentence in document["missing"]:
        click.echo(f"partial: {sentence}")
    for sentence in document.get("notes", []):
        click.echo(f"note: {sentence}")
    subjects: dict[str, list[str]] = {}  # one line for what is wrong with several
    for check in document["checks"]:
        if check["passed"] is False and not (own and check["subject"]):
            subjects.setdefault(check["message"], []).append(check["subject"] or document["property"])
    for message, names in list(subjects.items())[:MOST_CHECKS]:
        click.echo(f"! {'; '.join(names)}: {message}")
    if len(subjects) > MOST_CHECKS:
        click.echo(
            f"! and {len(subjects) - MOST_CHECKS} more failed checks: lianode query {document['property']} --json"
        )
    click.echo("")


def at(document: Mapping[str, Any]) -> str:
    """Return the temperature of a document as words, empty at 0 K."""
    temperature = document["settings"].get("temperature")
    return f" at {temperature:g} K" if temperature else ""


def method(document: Mapping[str, Any]) -> str:
    """Return the method of a document as on figures: ``SevenNet-0 (PBE)``."""
    from lianode.analysis.method import MethodKey
    from lianode.analysis.parity.parity import structures_of

    structures = structures_of(document["engine"])
    label = MethodKey.model_validate(document["method"]).label
    return label if structures is None else f"{label} on structures of {structures}"
