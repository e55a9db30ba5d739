"""``lianode launch``: keep the scheduler's queue fed."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from lianode.cli import exit_codes
from lianode.cli.project import open_cluster, project_option

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.cluster.allocations import Allocations
    from lianode.hpc.cluster.launch import Pass


@click.command("launch", short_help="Feed the scheduler with the jobs that may begin; once, or until all are done.")
@project_option
@click.option("--watch", is_flag=True, help="Go on until no job is left; Ctrl-C or SIGTERM ends it after a pass.")
@click.option("--daemon", is_flag=True, help="Go on for ever, for campaigns that are submitted later.")
@click.option(
    "--interval", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds between passes."
)
@click.option(
    "--max-queued", type=click.IntRange(1), help="Most jobs in the scheduler's queue; default: the settings'."
)
@click.option("--anyway", is_flag=True, help="Also ask partitions whose last allocations ended before they began.")
@click.option("--forget", metavar="JOB", help="Count this job of the scheduler as gone, where it cannot be asked.")
def command(
    project: Path | None,
    watch: bool,
    daemon: bool,
    interval: float,
    max_queued: int | None,
    anyway: bool,
    forget: str | None,
) -> None:
    """Do one pass: give back jobs whose process was lost, derive what is complete, ask for allocations for the rest.

    Without options it ends after the pass, which suits cron. It needs to run nowhere in particular and holds nothing:
    stop it and start it again at any time, jobs in the scheduler's queue go on by themselves.
    """
    from lianode.hpc.cluster.allocations import Allocations
    from lianode.hpc.cluster.launch import feed, keep_feeding

    cluster = open_cluster(project)
    settings = cluster.settings
    if max_queued is not None:
        settings = settings.model_copy(update={"max_queued": max_queued})
    allocations = Allocations(cluster.results)
    if anyway:
        allocations.forgive()
    if forget is not None:
        _forget(allocations, forget)
    if not watch and not daemon:
        done = feed(cluster.results, cluster.launchpad, settings, cluster.file)
        click.echo(_sentence(done))
        _refused(done)
        return
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    before = ""

    def tell(done: Pass) -> None:
        nonlocal before
        text = "; ".join([_sentence(done), *done.refused])
        if text != before:  # a quiet log: one line per change
            click.echo(text)
            before = text

    keep_feeding(
        cluster.results,
        cluster.launchpad,
        settings,
        cluster.file,
        interval_s=interval,
        stop=stop,
        until_done=not daemon,
        tell=tell,
    )
    if stop.is_set():
        click.echo("stopped; jobs in the scheduler's queue go on")


def _sentence(done: Pass) -> str:
    """Return what a pass did, in one line."""
    parts = []
    if done.given_back:
        shown = ", ".join(f"{one.label} ({one.reason})" for one in done.given_back[:3])
        more = f" and {len(done.given_back) - 3} more" if len(done.given_back) > 3 else ""
        parts.append(f"given back: {shown}{more}")
    if done.here:
        parts.append(f"done here: {len(done.here)}")
    if done.submitted:
        jobs = sum(len(one.fw_ids) for one in done.submitted)
        parts.append(f"submitted {len(done.submitted)} allocations for {jobs} jobs")
    parts.append(f"allocations: {done.running} running, {done.queued} queued")
    parts.append(f"jobs left: {done.left}" + (f", {done.waiting} wait for an allocation" if done.waiting else ""))
    return "; ".join(parts)


def _refused(done: Pass) -> None:
    for sentence in done.refused:
        click.echo(f"error: {sentence}", err=True)
    if done.refused:
        sys.exit(exit_codes.INCOMPLETE)


def _forget(allocations: Allocations, number: str) -> None:
    from lianode.structures.errors import InputError

    live = {one.queue_job: one for one in allocations.live()}
    if number not in live:
        known = ", ".join(filter(None, live)) or "none"
        raise InputError(f"no allocation with job {number!r} is queued or running; there are: {known}", "--forget")
    allocations.end(live[number], "it was forgotten by hand")
