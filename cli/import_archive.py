"""``lianode import``: an archive of results into this project's store."""

from __future__ import annotations

from pathlib import Path

import click

from lianode.cli.project import open_results, project_option


@click.command("import", short_help="Import an archive that `lianode export --archive` wrote.")
@click.argument("archive", type=click.Path(path_type=Path))
@project_option
@click.option("--files", type=click.Path(path_type=Path), help="New folder for its campaign files and figures.")
def command(archive: Path, project: Path | None, files: Path | None) -> None:
    """Import the results in ARCHIVE, a .tar.gz file.

    Checksums and every document are verified first; of an archive that is not right, nothing is imported. A converged
    calculation of this project is never replaced.
    """
    from lianode.hpc.archive.load import import_archive

    results, _ = open_results(project)
    done = import_archive(results, archive, folder=files)
    click.echo(
        f"imported {done.properties} results and {done.calculations} calculations; "
        f"{done.properties_known} results and {done.calculations_known} calculations were there"
    )
    if files is not None:
        click.echo(f"{done.files} files in {files}")
