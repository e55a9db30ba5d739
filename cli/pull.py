"""``lianode pull``: a campaign's results into a local project."""

from __future__ import annotations

from pathlib import Path

import click

from lianode.cli.project import open_results, project_option


@click.command("pull", short_help="Copy a campaign's results into a project on this machine.")
@click.argument("campaign")
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), help="Folder of a project; made where missing."
)
@project_option
def command(campaign: str, folder: Path, project: Path | None) -> None:
    """Copy the results of CAMPAIGN (its name) from this project's store into the project in a folder.

    Property documents and the calculations they name are copied; large files stay where they are. What is there
    already is not copied again, and a converged calculation is never replaced.
    """
    from lianode.cli.transferred import print_transferred
    from lianode.hpc.transfer import open_other, transfer

    source, file = open_results(project)
    target = open_other(folder, file, make=True)
    done = transfer(source, target, campaign, with_rehearsals=True)
    print_transferred(done, campaign, source=file.parent, target=folder)
