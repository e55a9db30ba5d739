"""``lianode doctor``: what works here, and what to do about the rest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lianode.cli import exit_codes
from lianode.cli.output import print_json
from lianode.cli.project import load_plan, project_file, project_option

if TYPE_CHECKING:
    from lianode.hpc.doctor import Finding
    from lianode.hpc.settings import Settings


@click.command("doctor", short_help="Check this installation and this project; say how to mend what is missing.")
@project_option
@click.option("--load", is_flag=True, help="Also load every potential and compute one cell with it (seconds each).")
@click.option("--campaign", type=click.Path(path_type=Path), help="Look for the POTCARs of this campaign.")
@click.option("--queue", is_flag=True, help="Also submit one small job per partition, and look from there.")
@click.option(
    "--queue-timeout", default=10.0, show_default=True, type=click.FloatRange(min=0.1), help="Minutes to wait for them."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    project: Path | None, load: bool, campaign: Path | None, queue: bool, queue_timeout: float, as_json: bool
) -> None:
    """Check Python, packages, engines, memory, and the project's store.

    On a project with [cluster] also the scheduler and its partitions, VASP and its POTCARs, and with --queue all of
    that from a compute node. The exit code is 1 when something needed is missing.
    """
    from lianode.hpc.doctor import examine

    plan = None if campaign is None else load_plan(campaign)
    settings = _cluster_project(project) if queue else None
    findings = []
    for finding in examine(project, load=load, plan=plan):
        findings.append(finding)
        _print(finding, as_json)
    if settings is not None:
        from lianode.hpc.cluster.doctor_queue import examine_queue

        waiting = examine_queue(
            settings, plan, timeout_s=60.0 * queue_timeout, tell=lambda words: click.echo(words, err=True)
        )
        for finding in waiting:
            findings.append(finding)
            _print(finding, as_json)
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    sys.exit(exit_codes.INCOMPLETE if any(finding.state == "bad" for finding in findings) else 0)


def _print(finding: Finding, as_json: bool) -> None:
    if not as_json:
        mark = {"good": "ok  ", "optional": "-   ", "bad": "BAD "}[finding.state]
        click.echo(f"{mark}{finding.what:<28}  {finding.message}")


def _cluster_project(project: Path | None) -> Settings:
    """Return the settings of a project that has a cluster.

    Raises
    ------
    InputError
        When it has none.
    """
    from lianode.hpc.settings import load_settings
    from lianode.structures.errors import InputError

    file = project_file(project)
    settings = load_settings(file)
    if settings.cluster is None:
        raise InputError("--queue needs a table [cluster]; make a project with 'lianode init --cluster'", str(file))
    return settings
