"""``lianode store``: the results store itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.output import print_json
from lianode.cli.project import open_results, project_file, project_option

if TYPE_CHECKING:
    from pathlib import Path


@click.group("store", short_help="Show or upgrade the results store.")
def command() -> None:
    """Show or upgrade the results store."""


@command.command("status")
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(project: Path | None, as_json: bool) -> None:
    """Count what the store holds."""
    results, _ = open_results(project)
    counts = results.counts()
    if as_json:
        print_json(counts)
        return
    for kind, numbers in counts.items():
        for name, count in sorted(numbers.items()):
            if count:
                click.echo(f"{kind:14}{name:18}{count:8}")


@command.command("upgrade")
@project_option
def upgrade(project: Path | None) -> None:
    """Bring a store of an older lianode to this version; no campaign may run meanwhile."""
    from lianode.hpc.settings import load_settings
    from lianode.hpc.store import upgrade_store

    versions = upgrade_store(load_settings(project_file(project)))
    if len(versions) > 1:
        click.echo(f"upgraded through versions {', '.join(map(str, versions))}")
    else:
        click.echo("the store is of this version already")
