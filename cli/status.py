"""``lianode status``: where the jobs of campaigns stand."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lianode.cli import exit_codes
from lianode.cli.output import console, duration, number, print_json, print_table
from lianode.cli.project import open_cluster, project_option

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.cli.project import Cluster
    from lianode.hpc.cluster.status import JobStatus

REFRESH_S = 5.0


@click.command("status", short_help="Show where the jobs of a campaign stand, and why what failed failed.")
@click.argument("campaign", required=False)
@project_option
@click.option("--watch", is_flag=True, help="Refresh until Ctrl-C, or until no job is left.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(campaign: str | None, project: Path | None, watch: bool, as_json: bool) -> None:
    """Show the jobs of CAMPAIGN (its name, not its file), or all campaigns without one.

    The exit code is 1 when a job of the campaign ended without its result.
    """
    from lianode.hpc.cluster.status import WRONG, campaign_status, counts

    cluster = open_cluster(project)
    if campaign is None:
        _all_campaigns(cluster, as_json=as_json)
        return
    jobs = campaign_status(cluster.results, cluster.launchpad, campaign)
    if not jobs:
        raise _unknown(cluster, campaign)
    if as_json:
        print_json({"campaign": campaign, "counts": counts(jobs), "jobs": [asdict(job) for job in jobs]})
    elif watch and sys.stdout.isatty():
        jobs = _watch(cluster, campaign)
    else:
        print_table(*_table(jobs), title=_title(campaign, jobs))
    sys.exit(exit_codes.INCOMPLETE if any(job.state in WRONG for job in jobs) else 0)


def _all_campaigns(cluster: Cluster, *, as_json: bool) -> None:
    from lianode.hpc.cluster.allocations import Allocations
    from lianode.hpc.cluster.status import submitted_campaigns

    campaigns = submitted_campaigns(cluster.launchpad)
    live = Allocations(cluster.results).live()
    if as_json:
        print_json(
            {
                "campaigns": [asdict(one) for one in campaigns],
                "allocations": [one.model_dump(mode="json") for one in live],
            }
        )
        return
    if not campaigns:
        click.echo("nothing was submitted yet; lianode submit CAMPAIGN")
        return
    print_table(
        [("campaign", "left"), ("jobs", "right"), ("left", "right")],
        [(one.campaign, str(one.jobs), str(one.left)) for one in campaigns],
    )
    if live:
        print_table(
            [("queue job", "left"), ("state", "left"), ("partition", "left"), ("nodes", "right"), ("tasks", "right"),
             ("time asked for", "right"), ("jobs", "right"), ("host", "left")],
            [
                (one.queue_job or "-", one.state.value, one.partition, str(one.nodes), str(one.tasks),
                 duration(one.walltime_s), str(len(one.fw_ids)), one.host)
                for one in live
            ],
        )  # fmt: skip


def _table(jobs: list[JobStatus]) -> tuple[list[Any], list[tuple[str, ...]]]:
    several = len({job.engine for job in jobs if job.engine}) > 1
    columns: list[Any] = [("job", "left"), *([("engine", "left")] if several else []), ("state", "left"),
                          ("where", "left"), ("step", "right"), ("energy / eV", "right"), ("force / eV/Å", "right"),
                          ("left", "right"), ("runs", "right"), ("reason", "left")]  # fmt: skip
    rows = [
        (
            job.label,
            *([job.engine] if several else []),
            job.state,
            " ".join(filter(None, (job.host, f"job {job.queue_job}" if job.queue_job else ""))),
            "" if job.step is None else str(job.step),
            "" if job.energy is None else number(job.energy, 4),
            "" if job.max_force is None else number(job.max_force, 4),
            "" if job.left_s is None else duration(job.left_s),
            str(job.runs) if job.runs > 1 else "",
            job.reason,
        )
        for job in jobs
    ]
    return columns, rows


def _title(campaign: str, jobs: list[JobStatus]) -> str:
    from lianode.hpc.cluster.status import counts

    shown = ", ".join(f"{count} {state}" for state, count in counts(jobs).items())
    return f"campaign {campaign}: {shown or 'no calculations'}"


def _watch(cluster: Cluster, campaign: str) -> list[JobStatus]:
    """Show a live table; return the last state."""
    from rich.live import Live

    from lianode.cli.output import table
    from lianode.hpc.cluster.status import ENDED, campaign_status

    with Live(console=console(), refresh_per_second=1, screen=False) as live:
        while True:
            jobs = campaign_status(cluster.results, cluster.launchpad, campaign)
            live.update(table(*_table(jobs), title=_title(campaign, jobs)))
            if all(job.state in ENDED for job in jobs):
                return jobs
            time.sleep(REFRESH_S)


def _unknown(cluster: Cluster, campaign: str) -> Exception:
    from lianode.hpc.cluster.status import submitted_campaigns
    from lianode.structures.errors import InputError, nearest

    known = [one.campaign for one in submitted_campaigns(cluster.launchpad)]
    return InputError(
        f"no campaign {campaign!r} was submitted{nearest(campaign, known)}; submitted: {', '.join(known) or 'none'}",
        "campaign",
    )
