"""``lianode plan``: what a campaign would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import duration, print_json, print_table
from lianode.cli.project import campaign_argument, load_plan, open_results, project_option

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan


@click.command("plan", short_help="Show what a campaign would run, what is done already, and how long it takes.")
@campaign_argument
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(campaign: Path, project: Path | None, as_json: bool) -> None:
    """Show what CAMPAIGN would run; nothing is started."""
    plan = load_plan(campaign)
    loaded = plan.campaign
    results, _ = open_results(project)
    rows = planned(plan, results)
    if as_json:
        print_json({"campaign": loaded.name, "notes": list(loaded.notes()), "calculations": rows})
        return
    print_table(
        [("engine", "left"), ("phase", "left"), ("task", "left"), ("atoms", "right"), ("kind", "left"),
         ("store", "left"), ("expected", "right")],
        [
            (row["engine"], row["phase"], row["task"], str(row["atoms"]), row["kind"], row["state"],
             "" if row["settled"] else duration(row["expected_seconds"]))
            for row in rows
        ],
        title=f"campaign {loaded.name}",
    )  # fmt: skip
    left = [row for row in rows if not row["settled"]]
    for note in loaded.notes():
        click.echo(note)
    for hull in plan.hulls:
        if hull.free_energies:
            click.echo(f"{hull.title}: free energies of {len(hull.free_energies)} phases follow the relaxations")
    seconds = sum(row["expected_seconds"] for row in left)
    click.echo(
        f"{len(left)} of {len(rows)} calculations to do, about {duration(seconds)} on one core"
        if left
        else "everything is in the store"
    )


def planned(plan: CampaignPlan, results: ResultsStore) -> list[dict[str, Any]]:
    """Return one row per phase and engine, with its state in the store and the expected time on one core."""
    from lianode.workflows.calculate import is_settled
    from lianode.workflows.plan import expected_seconds, measured_speed

    found = results.calculations(list(plan.requests))
    speed = measured_speed(found.values())
    rows = []
    for hull in plan.hulls:
        for request, phase in zip(hull.requests, hull.phases, strict=True):
            calculation = found.get(request.key)
            rows.append(
                {
                    "engine": hull.spec.engine,
                    "phase": phase.name,
                    "task": request.task.kind,
                    "atoms": request.n_atoms,
                    "kind": phase.kind,
                    "key": request.key,
                    "state": "new" if calculation is None else calculation.state.value,
                    "reason": None if calculation is None else calculation.reason,
                    "settled": is_settled(calculation, retry_failed=request.retry_failed),
                    "expected_seconds": expected_seconds(request, speed),
                }
            )
    return rows
