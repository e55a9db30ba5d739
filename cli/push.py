"""``lianode push``: a local project's results into this project's store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lianode.cli import exit_codes
from lianode.cli.project import open_results, project_option


@click.command("push", short_help="Copy a campaign's results from another project into this one.")
@click.argument("campaign")
@click.option("--from", "folder", required=True, type=click.Path(path_type=Path), help="Folder of the other project.")
@project_option
def command(campaign: str, folder: Path, project: Path | None) -> None:
    """Copy the results of CAMPAIGN (its name) from the project in a folder into this project's store.

    As `lianode pull`, the other way. Documents of a rehearsal are refused: the exit code is then 1.
    """
    from lianode.cli.transferred import print_transferred
    from lianode.hpc.transfer import open_other, transfer

    target, file = open_results(project)
    source = open_other(folder, file)
    done = transfer(source, target, campaign)
    print_transferred(done, campaign, source=folder, target=file.parent)
    if done.refused:
        sys.exit(exit_codes.INCOMPLETE)
