"""``lianode cancel``: stop a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.project import open_cluster, project_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("cancel", short_help="Stop a campaign; what is finished stays, and submitting it again goes on.")
@click.argument("campaign")
@project_option
def command(campaign: str, project: Path | None) -> None:
    """Stop CAMPAIGN: nothing of it begins any more, and jobs of the scheduler that work for it alone are ended."""
    from lianode.hpc.cluster.allocations import Allocations
    from lianode.hpc.cluster.cancel import cancel
    from lianode.hpc.cluster.status import submitted_campaigns
    from lianode.structures.errors import InputError, nearest

    cluster = open_cluster(project)
    known = [one.campaign for one in submitted_campaigns(cluster.launchpad)]
    if campaign not in known:
        raise InputError(f"no campaign {campaign!r} was submitted{nearest(campaign, known)}", "campaign")
    done = cancel(cluster.launchpad, Allocations(cluster.results), cluster.settings.scheduler, campaign)
    click.echo(f"stopped {done.workflows} workflows; ended jobs {', '.join(done.queue_jobs) or 'none'}")
    if done.shared:
        click.echo(f"jobs {', '.join(done.shared)} go on: they have work of other campaigns too")
