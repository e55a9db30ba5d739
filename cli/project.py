"""The project that a command works in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan

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


def load_plan(campaign: Path, *, retry_failed: bool = False) -> CampaignPlan:
    """Return the plan of a campaign file; whatever is wrong with it is said with the name of the file.

    Raises
    ------
    InputError
        For a file that is no campaign, and for a campaign that cannot be computed.
    """
    from lianode.structures.errors import InputError
    from lianode.workflows.campaign_file import load_campaign
    from lianode.workflows.plan import plan_campaign

    loaded = load_campaign(campaign)
    try:
        return plan_campaign(loaded, retry_failed=retry_failed)
    except InputError as error:
        raise InputError(error.message, ": ".join(filter(None, (str(campaign), error.where)))) from error
