"""``lianode logs``: what a job and its programs said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.project import open_cluster, project_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("logs", short_help="Show the last lines of the files of a job.")
@click.argument("campaign")
@click.argument("label")
@project_option
@click.option("--lines", type=click.IntRange(1, 10_000), default=15, show_default=True, help="Lines of each file.")
def command(campaign: str, label: str, project: Path | None, lines: int) -> None:
    """Show the files of job LABEL (as `lianode status` names it) of CAMPAIGN."""
    from lianode.hpc.cluster.logs import job_logs
    from lianode.hpc.cluster.status import campaign_status
    from lianode.structures.errors import InputError, nearest

    cluster = open_cluster(project)
    jobs = campaign_status(cluster.results, cluster.launchpad, campaign)
    chosen = [job for job in jobs if job.label == label]
    if not chosen:
        names = [job.label for job in jobs]
        raise InputError(f"campaign {campaign!r} has no job {label!r}{nearest(label, names)}", "label")
    for job in chosen:
        click.echo(f"{job.label} {job.engine}: {job.state}{f' ({job.reason})' if job.reason else ''}")
        if job.key is not None:
            click.echo(f"folder: {cluster.results.run_directory(job.key)}")
        for log in job_logs(cluster.results, cluster.launchpad, job, lines):
            click.secho(f"\n--- {log.path}", bold=True)
            click.echo("\n".join(log.lines))
