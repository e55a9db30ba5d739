"""``lianode retry``: run jobs again that did not end well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.project import open_cluster, project_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("retry", short_help="Put jobs that failed back into the queue, with other resources where needed.")
@click.argument("campaign")
@click.argument("labels", nargs=-1)
@project_option
@click.option("--partition", help="Another partition.")
@click.option("--nodes", type=click.IntRange(1), help="Nodes.")
@click.option("--tasks", type=click.IntRange(1), help="Ranks over all nodes.")
@click.option("--walltime", help="Time, such as 24:00:00.")
@click.option("--max-steps", type=click.IntRange(1), help="Steps after which a relaxation gives up.")
@click.option("--incar", multiple=True, metavar="TAG=VALUE", help="A tag of the way to the result, such as ALGO=All.")
def command(
    campaign: str,
    labels: tuple[str, ...],
    project: Path | None,
    partition: str | None,
    nodes: int | None,
    tasks: int | None,
    walltime: str | None,
    max_steps: int | None,
    incar: tuple[str, ...],
) -> None:
    """Retry the jobs LABELS of CAMPAIGN, or all that did not end well.

    They go on from what they have. Settings that decide a result are not changed here: change the campaign file and
    submit it, and it is another calculation.
    """
    from lianode.hpc.cluster.retry import Changes, retry
    from lianode.hpc.cluster.settings import walltime_seconds
    from lianode.hpc.cluster.status import WRONG, campaign_status
    from lianode.structures.errors import InputError, nearest

    cluster = open_cluster(project)
    changes = Changes(
        partition=partition,
        nodes=nodes,
        tasks=tasks,
        walltime_s=None if walltime is None else walltime_seconds(walltime, "--walltime"),
        max_steps=max_steps,
        incar=dict(_tag(text) for text in incar),
    )
    jobs = campaign_status(cluster.results, cluster.launchpad, campaign)
    names = [job.label for job in jobs]
    for label in labels:
        if label not in names:
            raise InputError(f"campaign {campaign!r} has no job {label!r}{nearest(label, names)}", "label")
    wanted = [job for job in jobs if not labels or job.label in labels]
    put_back = retry(cluster.launchpad, cluster.settings, wanted, changes)
    for job in put_back:
        click.echo(f"back in the queue: {job.label} {job.engine} (was {job.state}: {job.reason})")
    if not put_back:
        click.echo(f"nothing to retry: no job is {', '.join(sorted(WRONG))}")
    else:
        click.echo("next: lianode launch")


def _tag(text: str) -> tuple[str, Any]:
    """Read ``TAG=VALUE``."""
    from lianode.structures.errors import InputError

    name, separator, value = text.partition("=")
    if not separator or not name.strip() or not value.strip():
        raise InputError(f"{text!r} is not TAG=VALUE, such as ALGO=All", "--incar")
    for kind in (int, float):
        try:
            return name.strip().upper(), kind(value)
        except ValueError:
            continue
    word = value.strip()
    if not word.replace("_", "").isalnum():
        raise InputError(f"{word!r} cannot be the value of a tag; write a number or a word", "--incar")
    return name.strip().upper(), {"TRUE": True, "FALSE": False}.get(word.strip(".").upper(), word)
