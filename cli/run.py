"""``lianode run``: do what a campaign asks for, on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianode.cli import exit_codes
from lianode.cli.output import duration, print_json
from lianode.cli.project import campaign_argument, engine_option, load_plan, open_results, project_option

if TYPE_CHECKING:
    from lianode.hpc.local.campaign import CampaignRun
    from lianode.workflows.plan import CampaignPlan


@click.command("run", short_help="Run a campaign on this machine; what is in the store is not repeated.")
@campaign_argument
@project_option
@engine_option
@click.option("--workers", type=click.IntRange(1, 256), help="Processes at the same time; default: as many as fit.")
@click.option("--retry-failed", is_flag=True, help="Try calculations again that failed in an earlier run.")
@click.option("--figures", type=click.Path(path_type=Path), help="Draw all figures into this folder.")
@click.option("--published", metavar="PAPER", help="Overlay the values of a paper on the figures, such as hansel2021.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON, and no progress.")
def command(
    campaign: Path,
    project: Path | None,
    engine: str | None,
    workers: int | None,
    retry_failed: bool,
    figures: Path | None,
    published: str | None,
    as_json: bool,
) -> None:
    """Run CAMPAIGN. Ctrl-C saves and stops; the same command goes on from there.

    The exit code is 0 when everything that was asked for is there, 1 when something is missing (the summary says what),
    2 when the input cannot be used, 130 when it was stopped.
    """
    from lianode.analysis.compare.published import published as published_values
    from lianode.cli.display import show_progress
    from lianode.cli.figures import draw_everything
    from lianode.cli.summary import print_summary
    from lianode.cli.summary_adsorption import print_adsorptions
    from lianode.cli.summary_elastic import print_elastics
    from lianode.cli.summary_electronic import print_electronics
    from lianode.cli.summary_interface import print_interfaces
    from lianode.cli.summary_interface_energy import print_interface_energies
    from lianode.cli.summary_parity import print_parities
    from lianode.cli.summary_surface import print_surfaces
    from lianode.hpc.local.campaign import run_campaign

    if published is not None:
        published_values(published)  # an unknown paper is said before hours of work, not after
    plan = load_plan(campaign, retry_failed=retry_failed, engine=engine)
    results, file = open_results(project)
    for note in plan.campaign.notes():
        click.echo(f"note: {note}", err=True)
    with show_progress(plan, results, quiet=as_json) as tell:
        ended = run_campaign(plan, results, file, workers=workers, tell=tell)
    drawn = [] if figures is None else draw_everything(ended.documents, results, figures, published)
    if as_json:
        print_json(_summary(plan, ended) | {"figures": [str(path) for path in drawn]})
    else:
        print_summary(ended)
        print_interfaces(ended.documents)
        print_interface_energies(ended.documents)
        print_parities(ended.documents)
        print_elastics(ended.documents)
        print_electronics(ended.documents)
        print_surfaces(ended.documents)
        print_adsorptions(ended.documents)
        for path in drawn:
            if path.suffix == ".png":
                click.echo(f"figure {path} (and SVG, PDF, CSV)")
    if ended.stopped:
        click.echo(f"stopped after {duration(ended.seconds)}; run the same command to go on", err=True)
        sys.exit(exit_codes.STOPPED)
    sys.exit(0 if ended.complete else exit_codes.INCOMPLETE)


def _summary(plan: CampaignPlan, ended: CampaignRun) -> dict[str, Any]:
    return {
        "campaign": plan.campaign.name,
        "complete": ended.complete,
        "stopped": ended.stopped,
        "seconds": round(ended.seconds, 1),
        "calculations": {
            calculation.label: {"key": key, "state": calculation.state.value, "reason": calculation.reason,
                                "reused": key in ended.reused}
            for key, calculation in ended.calculations.items()
        },
        "errors": [{"job": name, "error": error} for name, error in ended.errors],
        "properties": [
            {"key": document["key"], "property": document["property"], "system": document["system"],
             "engine": document["engine"], "completeness": document["completeness"], "flagged": document["flagged"]}
            for document in ended.documents
        ],
    }  # fmt: skip
