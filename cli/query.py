"""``lianode query``: find computed properties."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import number, print_csv, print_json, print_table
from lianode.cli.project import open_results, project_option
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HEADLINES: dict[str, tuple[str, ...]] = {
    "hull": ("stable_phases", "references"),
    "phase_stability": ("formation_energy_per_atom", "energy_above_hull_per_atom", "stable"),
    "voltage": ("average_voltage_V", "max_li_per_host", "capacity_mAh_per_g_host"),
    "hull_spread": ("engines",),
    "barrier": ("hop", "barrier_forward", "barrier_backward"),
    "migration": ("mechanism", "percolating_barrier_1d", "percolating_barrier_2d", "percolating_barrier_3d"),
    "reactivity": ("second", "voltage_V", "reaction_energy_per_atom", "reaction"),
    "interface_md": ("interface", "time_ps", "mean_temperature"),
    "rdf": ("interface", "temperature"),
    "bonds": ("interface", "temperature"),
    "motion": ("interface", "temperature"),
    "elastic": ("youngs_modulus_GPa", "bulk_modulus_GPa", "shear_modulus_GPa", "poisson_ratio", "stable"),
    "surface": ("plane_label", "termination", "surface_energy", "surface_energy_J_per_m2", "cleavage_energy"),
    "wulff": ("lowest_plane", "lowest_surface_energy", "weighted_surface_energy"),
    "free_energy": ("temperature", "free_energy_vib_per_atom", "n_imaginary"),
}
"""Fields that stand for a property in a table."""

OPERATORS = {"<=": "$lte", ">=": "$gte", "!=": "$ne", "<": "$lt", ">": "$gt", "=": "$eq"}
CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|!=|<|>|=)\s*(.+?)\s*")


@click.command("query", short_help="Find computed properties, as a table, JSON or CSV.")
@click.argument("property_name", metavar="[PROPERTY]", required=False)
@project_option
@click.option("--system", multiple=True, help="Chemical system, such as Li-In; may be repeated.")
@click.option("--phase", multiple=True, help="Phase, such as LiSn_P2m; may be repeated.")
@click.option("--engine", multiple=True, help="Engine, such as sevennet-0; may be repeated.")
@click.option("--campaign", multiple=True, help="Name of a campaign; may be repeated.")
@click.option("--flagged/--not-flagged", default=None, help="Only results with, or without, a failed check.")
@click.option("--where", multiple=True, help="Condition on a field, such as 'energy_above_hull_per_atom<0.005'.")
@click.option("--superseded", is_flag=True, help="Also results that a later run of the same campaign replaced.")
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="Most results; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print whole documents as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the table as CSV.")
def command(
    property_name: str | None,
    project: Path | None,
    system: tuple[str, ...],
    phase: tuple[str, ...],
    engine: tuple[str, ...],
    campaign: tuple[str, ...],
    flagged: bool | None,
    where: tuple[str, ...],
    superseded: bool,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Find results of PROPERTY, or of all.

    Properties: hull, phase_stability, voltage, hull_spread, free_energy, barrier (of a hop), migration (of a phase),
    reactivity (of an anode, the phase, with an electrolyte), elastic (of a phase).

    Energies are in eV, those of fields that end in _per_atom in eV/atom, moduli in GPa.
    """
    results, _ = open_results(project)
    conditions = [condition(text) for text in where]
    found = results.query(
        property=property_name,
        system=system or None,
        phase=phase or None,
        engine=engine or None,
        campaign=campaign or None,
        flagged=flagged,
        superseded=superseded,
        criteria={"$and": conditions} if conditions else None,
        limit=limit + 1 if limit else 0,
    )
    documents = list(found)
    more = bool(limit) and len(documents) > limit
    documents = documents[:limit] if limit else documents
    if as_json:
        print_json(documents)
    elif as_csv:
        rows = [_row(document) for document in documents]
        print_csv(rows, list(dict.fromkeys(name for row in rows for name in row)))
    else:
        _table(documents)
    if more:
        click.echo(f"more than {limit} results; --limit 0 shows all", err=True)


def condition(text: str) -> dict[str, Any]:
    """Return the criteria that a condition such as ``energy_above_hull_per_atom<0.005`` stands for.

    Raises
    ------
    InputError
        When it is none.
    """
    match = CONDITION.fullmatch(text)
    if match is None:
        raise InputError(
            f"'{text}' is no condition; write a field, one of {' '.join(OPERATORS)}, and a value, such as stable=true",
            "--where",
        )
    field, operator, written = match.groups()
    return {field: {OPERATORS[operator]: _value(written)}}


def _value(text: str) -> Any:
    """Return a number, true, false, null, or text."""
    words = {"true": True, "false": False, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return float(text)
    except ValueError:
        return text.strip("'\"")


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what identifies a result, and its headline."""
    row = {name: document[name] for name in ("property", "system", "phase", "engine", "campaign")}
    row |= {name: _flat(document.get(name)) for name in HEADLINES.get(document["property"], ())}
    return row | {"completeness": document["completeness"], "flagged": document["flagged"], "key": document["key"]}


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return " ".join(f"{name}={_flat(item)}" for name, item in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _table(documents: list[dict[str, Any]]) -> None:
    if not documents:
        click.echo("nothing found")
        return
    print_table(
        [("property", "left"), ("system", "left"), ("phase", "left"), ("engine", "left"), ("campaign", "left"),
         ("value", "left"), ("", "left"), ("key", "left")],
        [
            (
                document["property"], document["system"], document["phase"] or "", document["engine"],
                document["campaign"], _headline(document),
                " ".join(word for word, true in (("partial", document["completeness"] == "partial"),
                                                 ("flagged", document["flagged"])) if true),
                document["key"],
            )
            for document in documents
        ],
    )  # fmt: skip


def _headline(document: Mapping[str, Any]) -> str:
    """Return the value of a result in a few words."""
    parts = []
    for name in HEADLINES.get(document["property"], ()):
        value = document.get(name)
        if isinstance(value, bool):
            parts += [name] if value else []
        elif isinstance(value, float):
            parts.append(f"{name}={number(value, 4)}")
        elif value is not None:
            parts.append(str(_flat(value)))
    return ", ".join(parts)
