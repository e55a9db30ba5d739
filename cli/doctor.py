"""``lianode doctor``: what works here, and what to do about the rest."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from lianode.cli import exit_codes
from lianode.cli.output import print_json
from lianode.cli.project import project_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("doctor", short_help="Check this installation and this project; say how to mend what is missing.")
@project_option
@click.option("--load", is_flag=True, help="Also load every potential and compute one cell with it (seconds each).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(project: Path | None, load: bool, as_json: bool) -> None:
    """Check Python, packages, engines, memory, and the project's store.

    The exit code is 1 when something needed is missing.
    """
    from lianode.hpc.doctor import examine

    findings = examine(project, load=load)
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        for finding in findings:
            mark = {"good": "ok  ", "optional": "-   ", "bad": "BAD "}[finding.state]
            click.echo(f"{mark}{finding.what:24}{finding.message}")
    sys.exit(exit_codes.INCOMPLETE if any(finding.state == "bad" for finding in findings) else 0)
