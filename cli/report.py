"""``lianode report``: a campaign as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from lianode.cli.project import load_plan, open_results, project_option


@click.command("report", short_help="Write a campaign as one HTML file that opens offline.")
@click.argument("campaign")
@project_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=Path("report.html"), show_default=True,
    help="File to write.",
)  # fmt: skip
def command(campaign: str, project: Path | None, output: Path) -> None:
    """Write the results of CAMPAIGN, its name or its file, as one HTML file.

    It holds figures that answer to the mouse and the keyboard, structures one can turn, tables that sort and filter,
    what failed and why, and where every number comes from. It needs no network and nothing beside it. With the file of
    the campaign the report also says what was asked, and names calculations that failed before they gave a result.
    """
    from lianode.analysis.report.page import report
    from lianode.hpc.reporting import report_source
    from lianode.structures.errors import InputError
    from lianode.workflows.plan import with_follow_ups

    results, _ = open_results(project)
    file = Path(campaign)
    if file.suffix in {".yaml", ".yml"} or file.is_file():
        plan = with_follow_ups(load_plan(file), results)
        written = file.read_text(encoding="utf-8")
        source = report_source(results, plan.campaign.name, campaign_file=written, keys=plan.requests)
    else:
        source = report_source(results, campaign)
    page = report(source)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"it cannot be written: {error.strerror}", str(output)) from None
    click.echo(f"wrote {output} ({len(page.encode('utf-8')) / 1e6:.2f} MB)")
