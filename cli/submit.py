"""``lianode submit``: put a campaign into the queue of a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from lianode.cli.output import print_json
from lianode.cli.project import campaign_argument, engine_option, load_plan, open_cluster, project_option

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.cluster.estimate import PlannedJob


@click.command("submit", short_help="Put a campaign into the queue of the cluster; twice adds nothing.")
@campaign_argument
@project_option
@engine_option
@click.option("--rehearse", is_flag=True, help="Let a stand-in take the place of VASP: the whole path, at no cost.")
@click.option("--retry-failed", is_flag=True, help="Try calculations again that failed before.")
@click.option("--budget", type=click.FloatRange(min=0), help="Ask above so many core-hours; default: [cluster].budget.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    campaign: Path,
    project: Path | None,
    engine: str | None,
    rehearse: bool,
    retry_failed: bool,
    budget: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Submit CAMPAIGN: its jobs go to FireWorks' database, from which `lianode launch` feeds the scheduler.

    What is in the store is not repeated, and what is in the queue is not added again.
    """
    from lianode.hpc.cluster.estimate import planned_jobs
    from lianode.hpc.cluster.submit import submit
    from lianode.workflows.plan import with_follow_ups

    plan = load_plan(campaign, retry_failed=retry_failed, engine=engine, rehearse=rehearse)
    cluster = open_cluster(project)
    plan = with_follow_ups(plan, cluster.results)
    jobs = planned_jobs(plan, cluster.results, cluster.settings)
    if not rehearse and not yes:
        _ask(jobs, cluster.settings.budget if budget is None else budget)
    done = submit(plan, cluster.results, cluster.launchpad, cluster.settings)
    if as_json:
        print_json({"campaign": plan.campaign.name} | vars(done))
        return
    for title in done.workflows:
        click.echo(f"submitted   {title}")
    for title in done.already:
        click.echo(f"there already   {title}")
    click.echo(
        f"calculations: {done.new} new, {done.stored} in the store, {done.queued} in the queue already; "
        f"{done.jobs} jobs added"
    )
    if done.jobs:
        click.echo(f"next: lianode launch, then lianode status {plan.campaign.name}")


def _ask(jobs: list[PlannedJob], budget: float | None) -> None:
    """Ask before a budget is passed.

    Raises
    ------
    InputError
        When nobody can be asked.
    """
    from lianode.hpc.cluster.estimate import core_hours_left
    from lianode.structures.errors import InputError

    wanted = core_hours_left(jobs)
    if budget is None or wanted <= budget:
        return
    sentence = f"the calculations to do are estimated at {wanted:,.0f} core-hours, the budget is {budget:,.0f}"
    if not sys.stdin.isatty():
        raise InputError(f"{sentence}; repeat with --yes, or a larger --budget", "--budget")
    click.confirm(f"{sentence}. Submit?", abort=True)
