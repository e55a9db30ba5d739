"""The words of a query as criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.hpc.periods import created_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from lianode.analysis.documents import Completeness


def query_criteria(
    *,
    property: str | Sequence[str] | None = None,  # noqa: A002  the word of the documents and the command line
    system: str | Sequence[str] | None = None,
    phase: str | Sequence[str] | None = None,
    engine: str | Sequence[str] | None = None,
    campaign: str | Sequence[str] | None = None,
    completeness: Completeness | None = None,
    flagged: bool | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    superseded: bool = False,
    criteria: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what the words of :meth:`lianode.hpc.store.ResultsStore.query` mean as MongoDB criteria."""
    words = {"property": property, "system": system, "phase": phase, "engine": engine, "campaign": campaign}
    wanted: dict[str, Any] = {
        name: value if isinstance(value, str) else {"$in": list(value)}
        for name, value in words.items()
        if value is not None
    }
    if completeness is not None:
        wanted["completeness"] = completeness
    if flagged is not None:
        wanted["flagged"] = flagged
    wanted |= created_between(since, until)
    if not superseded:
        wanted["superseded_by"] = None
    return {"$and": [wanted, criteria]} if criteria else wanted
