"""``lianode query``: find computed properties."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import number, print_csv, print_json, print_table
from lianode.cli.project import open_results, project_option
from lianode.cli.selection import query_words, selection_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.hpc.store import ResultsStore

HEADLINES: dict[str, tuple[str, ...]] = {
    "hull": ("stable_phases", "references"),
    "phase_stability": ("formation_energy_per_atom", "energy_above_hull_per_atom", "stable"),
    "voltage": ("average_voltage_V", "max_li_per_host", "capacity_mAh_per_g_host"),
    "hull_spread": ("engines",),
    "barrier": ("hop", "barrier_forward", "barrier_backward"),
    "migration": ("mechanism", "percolating_barrier_1d", "percolating_barrier_2d", "percolating_barrier_3d"),
    "interface_energy": ("interface", "interface_energy_J_per_m2", "work_of_adhesion_J_per_m2", "wetting"),
    "interface_md": ("interface", "time_ps", "mean_temperature"),
    "rdf": ("interface", "temperature"),
    "bonds": ("interface", "temperature"),
    "motion": ("interface", "temperature"),
    "reactivity": ("second", "voltage_V", "reaction_energy_per_atom", "reaction"),
    "elastic": ("youngs_modulus_GPa", "bulk_modulus_GPa", "shear_modulus_GPa", "poisson_ratio", "stable"),
    "electronic": ("band_gap", "direct_band_gap", "direct", "metal", "fermi_level"),
    "work_function": ("surface", "work_function", "work_function_reference", "ionisation_potential"),
    "surface": ("plane_label", "termination", "surface_energy", "surface_energy_J_per_m2", "cleavage_energy"),
    "wulff": ("lowest_plane", "lowest_surface_energy", "weighted_surface_energy"),
    "parity": ("quantity", "mean_difference", "mean_absolute_difference", "largest_difference"),
    "adsorption": ("surface", "best_site", "adsorption_energy", "adsorption_energy_from_atom"),
    "free_energy": ("temperature", "free_energy_vib_per_atom", "n_imaginary"),
}
"""Fields that stand for a property in a table."""


@click.command("query", short_help="Find computed properties, as a table, JSON, CSV or Parquet; say how one was made.")
@click.argument("property_name", metavar="[PROPERTY]", required=False)
@project_option
@selection_options
@click.option("--limit", type=click.IntRange(0), default=100, show_default=True, help="Most results; 0 for all.")
@click.option("--json", "as_json", is_flag=True, help="Print whole documents as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print single values and settings as CSV.")
@click.option("--parquet", type=click.Path(path_type=Path), help="Write the same table as a Parquet file.")
@click.option("--explain", metavar="KEY", help="Show what the result with this key was made from; --json too.")
def command(
    property_name: str | None,
    project: Path | None,
    limit: int,
    as_json: bool,
    as_csv: bool,
    parquet: Path | None,
    explain: str | None,
    **chosen: Any,
) -> None:
    """Find results of PROPERTY, or of all.

    Properties: hull, phase_stability, voltage, hull_spread, free_energy, barrier (of a hop), migration (of a phase),
    reactivity (of an anode, the phase, with an electrolyte), elastic (of a phase), surface (of a termination of a
    plane), wulff (shape of a phase's crystals, with its lowest plane), interface_energy, interface_md, rdf, bonds and
    motion (of an interface).

    Energies are in eV, those of fields that end in _per_atom in eV/atom, of surfaces and interfaces in eV/Å² or, where
    the field says so, in J/m², moduli in GPa.
    """
    from lianode.hpc.fields import check_fields
    from lianode.hpc.tables import table_columns, table_row, write_parquet

    results, _ = open_results(project)
    if explain is not None:
        _explain(results, explain, as_json=as_json)
        return
    words = query_words(property_name, chosen)
    documents = list(results.query(**words, limit=limit + 1 if limit else 0))
    if not documents:
        check_fields(results, words)
    more = bool(limit) and len(documents) > limit
    documents = documents[:limit] if limit else documents
    if parquet is not None:
        write_parquet([table_row(document) for document in documents], parquet)
        click.echo(f"wrote {parquet}: {len(documents)} results")
    elif as_json:
        print_json(documents)
    elif as_csv:
        rows = [table_row(document) for document in documents]
        print_csv(rows, table_columns(rows))
    else:
        _table(documents)
    if more:
        click.echo(f"more than {limit} results; --limit 0 shows all", err=True)


def _explain(results: ResultsStore, key: str, *, as_json: bool) -> None:
    from lianode.cli.explain import print_explanation
    from lianode.hpc.provenance import explain

    found = explain(results, key)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_explanation(found)


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
