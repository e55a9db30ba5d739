"""Properties again from stored calculations, without any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.workflows.derivations import DERIVATIONS, derive_documents

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
    criteria: dict[str, Any] = {"property": {"$in": list(DERIVATIONS)}, "superseded_by": None}
    if campaign is not None:
        criteria["campaign"] = campaign
    count = 0
    for stored in list(results.properties(criteria)):
        if not stored["derivation"]:
            continue  # a hull at a temperature comes with the one at 0 K
        for document in derive_documents(stored["property"], stored["derivation"], results):
            results.put_property(document)
            count += 1
    return count
