"""``lianode rederive``: documents again from stored calculations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.project import open_results, project_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("rederive", short_help="Derive properties again from stored calculations; no engine runs.")
@project_option
@click.option("--campaign", help="Only the results of this campaign; default: all.")
def command(project: Path | None, campaign: str | None) -> None:
    """Derive property documents again, for instance after an update of lianode that analyses better."""
    from lianode.workflows.rederive import rederive

    results, _ = open_results(project)
    count = rederive(results, campaign=campaign)
    click.echo(f"derived {count} documents again")
