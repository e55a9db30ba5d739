"""``lianode ingest``: runs of VASP that were made elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianode.cli import exit_codes
from lianode.cli.output import number, print_json, print_table
from lianode.cli.project import open_results, project_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.documents import PropertyDocument
    from lianode.hpc.ingest.ingest import Ingested


@click.command("ingest", short_help="Take existing VASP folders into the store.")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@project_option
@click.option("--dry-run", is_flag=True, help="Only say what would be taken; needs no project.")
@click.option("--hull", "system", metavar="SYSTEM", help="Derive hull and voltage of this system, such as Li-In.")
@click.option("--campaign", help="Name that the documents of --hull get.")
@click.option("--method", help="Which method's runs --hull takes, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    folders: tuple[Path, ...],
    project: Path | None,
    dry_run: bool,
    system: str | None,
    campaign: str | None,
    method: str | None,
    as_json: bool,
) -> None:
    """Take every run of VASP in and below DIR into the project's store.

    Settings are read from vasprun.xml (or OUTCAR), not from INCAR, and a run is converged only if its output says so.
    The same run twice, here or in another folder, is one calculation. A run that cannot be taken is listed with the
    reason, the others are taken all the same, and the exit code is 1.
    """
    from lianode.hpc.ingest.hull import checked_system, ingested_hull
    from lianode.hpc.ingest.ingest import ingest

    _check_options(dry_run=dry_run, system=system, campaign=campaign, method=method)
    if system is not None and campaign is not None:
        system = checked_system(system, campaign)
    results = None if dry_run else open_results(project)[0]
    done = list(ingest(folders, results))
    documents: list[PropertyDocument] = []
    fault: Exception | None = None
    if results is not None and system is not None and campaign is not None:
        from lianode.structures.errors import InputError

        taken = [one.calculation for one in done if one.calculation is not None]
        try:
            documents = ingested_hull(taken, results, system=system, campaign=campaign, method=method)
        except InputError as error:
            fault = error
        for document in documents:
            results.put_property(document)
    if as_json:
        print_json({"runs": [_as_row(one) for one in done], "documents": [document.key for document in documents]})
    else:
        _print(done, documents, stored=results is not None)
    if fault is not None:
        raise fault
    if any(one.refused for one in done):
        sys.exit(exit_codes.INCOMPLETE)


def _check_options(*, dry_run: bool, system: str | None, campaign: str | None, method: str | None) -> None:
    if (system is None) != (campaign is None):
        raise click.UsageError("--hull and --campaign go together: --hull Li-In --campaign old-runs")
    if method is not None and system is None:
        raise click.UsageError("--method chooses the runs of a hull; add --hull and --campaign")
    if dry_run and system is not None:
        raise click.UsageError("--dry-run stores nothing, and --hull derives from the store; leave one out")


def _as_row(one: Ingested) -> dict[str, Any]:
    calculation = one.calculation
    if calculation is None or one.kind is None:
        return {"folder": one.run.name, "refused": one.refused}
    return {
        "folder": one.run.name,
        "kind": one.kind.value,
        "formula": calculation.formula,
        "state": calculation.state.value,
        "reason": calculation.reason,
        "energy": calculation.energy,
        "key": calculation.key,
        "new": one.is_new,
        "method": calculation.method.model_dump(mode="json"),
        "failed_checks": [check.name for check in calculation.checks if not check.passed],
    }


def _print(done: Sequence[Ingested], documents: Sequence[PropertyDocument], *, stored: bool) -> None:
    top = os.path.commonpath([one.run.folder for one in done]) if done else ""
    taken = [one for one in done if one.calculation is not None]
    if taken:
        print_table(
            [("run", "left"), ("kind", "left"), ("cell", "left"), ("energy, eV", "right"), ("state", "left"),
             ("", "left")],
            [(_short(one, top), *_cells(one)) for one in taken],
        )  # fmt: skip
    refused = [one for one in done if one.refused]
    for one in refused:
        click.echo(f"refused {one.run.name}: {one.refused}")
    known = sum(one.is_new is False for one in taken)
    news = f" ({len(taken) - known} new, {known} known)" if stored else " (a dry run: nothing is stored)"
    click.echo(f"{len(taken)} runs taken{news}, {len(refused)} refused")
    if documents:
        click.echo(f"{len(documents)} documents derived: lianode query --campaign {documents[0].campaign}")


def _short(one: Ingested, top: str) -> str:
    """Return the folder below the one that all runs are in."""
    below = os.path.relpath(one.run.folder, top)
    name = one.run.folder.name if below == "." else below
    return f"{name} ({one.run.suffix})" if one.run.suffix else name


def _cells(one: Ingested) -> tuple[str, ...]:
    calculation = one.calculation
    if calculation is None or one.kind is None:
        return ("", "", "", "", "")
    failed = [check.name for check in calculation.checks if not check.passed]
    note = calculation.reason or ("! " + ", ".join(failed) if failed else "")
    return (one.kind.value, calculation.formula, number(calculation.energy), calculation.state.value, note)
