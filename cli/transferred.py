"""What ``pull`` and ``push`` say at their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.transfer import Transferred


def print_transferred(done: Transferred, campaign: str, *, source: Path, target: Path) -> None:
    """Print how much was copied.

    Raises
    ------
    InputError
        When the source has nothing of the campaign.
    """
    from lianode.structures.errors import InputError

    if not done.found:
        raise InputError(f"there are no results of a campaign '{campaign}'; `lianode query` lists what is", str(source))
    click.echo(
        f"{target}: {done.documents} documents and {done.calculations} calculations copied; "
        f"{done.documents_known} documents were there"
    )
    if done.refused:
        click.echo(f"{done.refused} documents of a rehearsal were refused: no DFT was done for them")
    if done.missing:
        click.echo(f"{done.missing} calculations that documents name are not in {source}")
