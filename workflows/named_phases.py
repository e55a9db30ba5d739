"""The phases that an entry of a campaign names: of the library, or the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.workflows.hull.entry import is_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign


def named_phases(campaign: Campaign, texts: Iterable[str], where: str) -> list[Phase]:
    """Return the ordered phases that names, formulas and paths mean.

    Parameters
    ----------
    campaign
        Whose folder relative paths start at.
    texts
        As written.
    where
        The property, for messages.

    Raises
    ------
    InputError
        For disordered crystals, and two phases of one name.
    """
    from lianode.structures import library
    from lianode.structures.files import read_phases

    chosen: dict[str, Phase] = {}
    for text in texts:
        for phase in read_phases(campaign.path(text)) if is_path(text) else [library.phase(text)]:
            if phase.name in chosen:
                raise InputError(f"two phases are named {phase.name}; leave one out, or rename its file", where)
            if not phase.ordered:
                raise InputError(f"{phase.name} is disordered; name one of its ordered models", where)
            chosen[phase.name] = phase
    return list(chosen.values())
