"""``lianode plan``: what a campaign would do, and what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import duration, print_json, print_table
from lianode.cli.project import campaign_argument, engine_option, load_plan, open_results, project_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lianode.cli.output import Align
    from lianode.hpc.cluster.estimate import PlannedJob, VaspDetails
    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan


@click.command("plan", short_help="Show what a campaign would run, what is done already, and how long it takes.")
@campaign_argument
@project_option
@engine_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(campaign: Path, project: Path | None, engine: str | None, as_json: bool) -> None:
    """Show what CAMPAIGN would run; nothing is started.

    On a project with [cluster], also what every job asks the scheduler for and the core-hours it is expected to take;
    for VASP also k-points, PAW sets and what differs from the preset's INCAR. No POTCAR is needed.
    """
    from lianode.hpc.cluster.estimate import follow_up_jobs, planned_jobs, vasp_details
    from lianode.workflows.plan import with_follow_ups

    plan = load_plan(campaign, engine=engine)
    results, _ = open_results(project)
    plan = with_follow_ups(plan, results)
    cluster = results.settings.cluster
    jobs = planned_jobs(plan, results, cluster)
    details = {job.request.key: found for job in jobs if (found := vasp_details(job.request)) is not None}
    if as_json:
        print_json(_as_json(plan, jobs, details, cluster))
        return
    _print_jobs(plan, jobs, details, cluster)
    for note in plan.campaign.notes():
        click.echo(note)
    _print_differences(jobs, details)
    notes: list[str] = [note for part in plan.properties for note in getattr(part, "notes", ())]
    for note in dict.fromkeys(notes):
        click.echo(note)
    for hull in plan.hulls:
        if hull.free_energies:
            click.echo(
                f"{hull.title}: free energies of {len(hull.free_energies)} phases follow the relaxations"
                + ("; their core-hours are not counted here" if cluster is not None else "")
            )
    _print_totals(jobs, cluster)
    _print_follow_ups([job for job in follow_up_jobs(plan, results, cluster) if not job.settled], cluster)


def planned(plan: CampaignPlan, results: ResultsStore) -> list[dict[str, Any]]:
    """Return one row per distinct calculation, with its state in the store and the expected time on one core."""
    from lianode.hpc.cluster.estimate import planned_jobs

    return [_row(job) for job in planned_jobs(plan, results, None)]


def _row(job: PlannedJob) -> dict[str, Any]:
    return {
        "engine": job.engine,
        "label": job.request.label,
        "phase": job.phase.name,
        "task": job.request.task.kind,
        "atoms": job.request.n_atoms,
        "kind": job.phase.kind,
        "key": job.request.key,
        "state": job.state,
        "reason": job.reason,
        "settled": job.settled,
        "expected_seconds": job.expected_s,
    }


def _as_json(
    plan: CampaignPlan, jobs: Sequence[PlannedJob], details: Mapping[str, VaspDetails], cluster: ClusterSettings | None
) -> dict[str, Any]:
    from lianode.hpc.cluster.estimate import core_hours_left

    rows = []
    for job in jobs:
        row = _row(job) | {"core_hours": job.core_hours, "settings": job.request.engine}
        if job.request.key in details:
            row |= vars(details[job.request.key])
        if job.resources is not None:
            row["resources"] = vars(job.resources)
        rows.append(row)
    summary = {"campaign": plan.campaign.name, "notes": list(plan.campaign.notes()), "calculations": rows}
    return summary | {
        "core_hours_left": core_hours_left(jobs),
        "budget": None if cluster is None else cluster.budget,
    }


def _print_jobs(
    plan: CampaignPlan, jobs: Sequence[PlannedJob], details: Mapping[str, VaspDetails], cluster: ClusterSettings | None
) -> None:
    engines = list(dict.fromkeys(job.engine for job in jobs))
    one_engine = bool(details) and len(engines) == 1  # a long name, the same in every line
    columns: list[tuple[str, Align]] = [] if one_engine else [("engine", "left")]
    columns += [("calculation", "left"), ("task", "left"), ("atoms", "right")]
    columns += [("k-points", "left"), ("PAW sets", "left")] if details else [("kind", "left")]
    columns.append(("store", "left"))
    columns += (
        [("partition", "left"), ("nodes", "right"), ("tasks", "right"), ("time", "right"), ("core-h", "right")]
        if cluster is not None
        else [("expected", "right")]
    )
    rows = []
    for job in jobs:
        cells = [] if one_engine else [job.engine]
        cells += [job.request.label, job.request.task.kind, str(job.request.n_atoms)]
        if details:
            mine = details.get(job.request.key)
            cells += ["x".join(map(str, mine.k_mesh)), " ".join(mine.potcar_symbols)] if mine else ["", ""]
        else:
            cells.append(job.phase.kind)
        rows.append([*cells, job.state, *_cost(job, with_cluster=cluster is not None)])
    with_engine = f" with {engines[0]}" if one_engine else ""
    print_table(columns, rows, title=f"campaign {plan.campaign.name}{with_engine}")


def _cost(job: PlannedJob, *, with_cluster: bool) -> list[str]:
    if job.settled:
        return [""] * (5 if with_cluster else 1)
    asked = job.resources
    if asked is None:
        return [duration(job.expected_s)]
    clock = f"{asked.walltime_s // 3600}:{asked.walltime_s // 60 % 60:02d}"
    return [asked.partition, str(asked.nodes), str(asked.tasks), clock, _hours(job.core_hours)]


def _print_differences(jobs: Sequence[PlannedJob], details: Mapping[str, VaspDetails]) -> None:
    """Say what differs from the preset: once what all jobs of an engine share, then what is a job's own."""
    from lianode.hpc.cluster.estimate import shared_differences

    for engine in dict.fromkeys(job.engine for job in jobs if job.request.key in details):
        mine = [job for job in jobs if job.engine == engine]
        shared = shared_differences([details[job.request.key] for job in mine])
        releases = {details[job.request.key].potcar_functional for job in mine}
        preset = mine[0].request.engine["preset"]
        click.echo(
            f"{engine}: INCAR of preset {preset}"
            + (f", except {_tags(shared)}" if shared else "")
            + f"; PAW sets of {', '.join(sorted(releases))}"
        )
        for job in mine:
            own = {tag: value for tag, value in details[job.request.key].incar_differences.items() if tag not in shared}
            if own:
                click.echo(f"  {job.request.label}: also {_tags(own)}")


def _tags(differences: Mapping[str, Any]) -> str:
    return ", ".join(f"{tag} = {value}" if value is not None else f"no {tag}" for tag, value in differences.items())


def _print_totals(jobs: Sequence[PlannedJob], cluster: ClusterSettings | None) -> None:
    from lianode.hpc.cluster.estimate import core_hours_left

    left = [job for job in jobs if not job.settled]
    if not left:
        click.echo("everything is in the store")
        return
    if cluster is None:
        seconds = sum(job.expected_s for job in left)
        click.echo(f"{len(left)} of {len(jobs)} calculations to do, about {duration(seconds)} on one core")
        return
    hours = core_hours_left(jobs)
    click.echo(f"{len(left)} of {len(jobs)} calculations to do, about {_hours(hours)} core-hours")
    if cluster.budget is not None:
        more = hours > cluster.budget
        click.echo(
            f"the budget is {_hours(cluster.budget)} core-hours" + ("; `lianode submit` will ask first" if more else "")
        )


def _print_follow_ups(jobs: Sequence[PlannedJob], cluster: ClusterSettings | None) -> None:
    """Say what comes on top once single points have chosen terminations."""
    if not jobs:
        return
    cost = (
        f"{duration(sum(job.expected_s for job in jobs))} on one core"
        if cluster is None
        else f"{_hours(sum(job.core_hours for job in jobs))} core-hours"
    )
    click.echo(f"then about {len(jobs)} more for the terminations that single points choose, about {cost}")


def _hours(hours: float) -> str:
    return f"{hours:.2f}" if hours < 1 else f"{hours:.1f}" if hours < 100 else f"{hours:,.0f}"
