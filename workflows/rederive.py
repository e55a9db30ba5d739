"""Properties again from stored calculations, without any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.workflows.barrier_analysis import BarrierSpec, derive_barriers
from lianode.workflows.hull_analysis import HullSpec, derive_hull

if TYPE_CHECKING:
    from lianode.workflows.results import Results


def rederive(results: Results, *, campaign: str | None = None) -> int:
    """Derive every document again whose derivation the store knows; return how many there were.

    Parameters
    ----------
    results
        Store with calculations and documents; documents are replaced, or superseded where their key changes.
    campaign
        Only documents of this campaign.
    """
    criteria: dict[str, Any] = {"property": {"$in": ["hull", "migration"]}, "superseded_by": None}
    if campaign is not None:
        criteria["campaign"] = campaign
    count = 0
    for stored in list(results.properties(criteria)):
        if not stored["derivation"]:
            continue  # a hull at a temperature comes with the one at 0 K
        documents = (
            derive_hull(HullSpec.model_validate(stored["derivation"]), results)
            if stored["property"] == "hull"
            else derive_barriers(BarrierSpec.model_validate(stored["derivation"]), results)
        )
        for document in documents:
            results.put_property(document)
            count += 1
    return count
