"""Campaign files that lie in the project's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.hpc.archive.manifest import CAMPAIGNS, is_member_name
from lianode.structures.errors import InputError
from lianode.workflows.campaign.file import load_campaign

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path


def campaign_files(folder: Path, names: Collection[str]) -> list[Path]:
    """Return the campaign files directly in a folder whose campaign has one of these names.

    Files that are no campaigns, links, and names that an archive cannot hold are passed over.
    """
    found = []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        if path.is_symlink() or not is_member_name(f"{CAMPAIGNS}{path.name}"):
            continue
        try:
            campaign = load_campaign(path)
        except InputError:
            continue
        if campaign.name in names:
            found.append(path)
    return found


def with_named(found: Sequence[Path], named: Sequence[Path]) -> list[Path]:
    """Return the files found and those that a user names, each once.

    Raises
    ------
    InputError
        For a named file that is no campaign.
    """
    for path in named:
        load_campaign(path)
    return list({path.resolve(): path for path in (*found, *named)}.values())
