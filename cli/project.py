"""The project that a command works in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from fireworks import LaunchPad

    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan


@dataclass(frozen=True)
class Cluster:
    """A project that uses a cluster, opened."""

    results: ResultsStore
    launchpad: LaunchPad
    settings: ClusterSettings
    file: Path


project_option: Callable[[Any], Any] = click.option(
    "--project",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of the project, with lianode.toml; default: the current folder or one above it.",
)
"""The option every command has that opens a project."""

campaign_argument: Callable[[Any], Any] = click.argument("campaign", type=click.Path(path_type=Path))
"""A campaign file."""


def project_file(project: Path | None) -> Path:
    """Return the path of ``lianode.toml``."""
    from lianode.hpc.settings import find_project

    return find_project(project)


def open_results(project: Path | None) -> tuple[ResultsStore, Path]:
    """Open the results store of a project; return it with the path of ``lianode.toml``."""
    from lianode.hpc.settings import load_settings
    from lianode.hpc.store import open_store

    file = project_file(project)
    return open_store(load_settings(file)), file


engine_option: Callable[[Any], Any] = click.option(
    "--engine",
    metavar="ENGINE",
    help="Use this engine for everything, instead of those of the file: vasp, or '{name: vasp, preset: alloy}'.",
)
"""An engine instead of the campaign's."""


def open_cluster(project: Path | None) -> Cluster:
    """Open all that commands for a cluster need.

    Raises
    ------
    InputError
        When the project has no ``[cluster]``, or its database does not answer.
    """
    from lianode.hpc.cluster.launchpad import open_launchpad
    from lianode.structures.errors import InputError

    results, file = open_results(project)
    if results.settings.cluster is None:
        raise InputError(
            "this project says nothing of a cluster; make one with 'lianode init --cluster', or add a [cluster] table",
            str(file),
        )
    return Cluster(results, open_launchpad(results), results.settings.cluster, file)


def load_plan(
    campaign: Path, *, retry_failed: bool = False, engine: str | None = None, rehearse: bool = False
) -> CampaignPlan:
    """Return the plan of a campaign file; whatever is wrong with it is said with the name of the file.

    Parameters
    ----------
    campaign
        The file.
    retry_failed
        Whether calculations that failed before are tried again.
    engine
        An engine instead of the file's, as the file would have it.
    rehearse
        Whether a stand-in takes the place of VASP.

    Raises
    ------
    InputError
        For a file that is no campaign, and for a campaign that cannot be computed.
    """
    from lianode.structures.errors import InputError
    from lianode.workflows.campaign.engines import rehearsal_of, with_engine
    from lianode.workflows.campaign.file import load_campaign
    from lianode.workflows.plan import plan_campaign

    loaded = load_campaign(campaign)
    if engine is not None:
        loaded = with_engine(loaded, engine)
    if rehearse:
        loaded = rehearsal_of(loaded)
    try:
        return plan_campaign(loaded, retry_failed=retry_failed)
    except InputError as error:
        raise InputError(error.message, ": ".join(filter(None, (str(campaign), error.where)))) from error
