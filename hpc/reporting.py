"""All that the store knows of a campaign, gathered for its report."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from lianode.analysis.report.source import Source
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lianode.hpc.store import ResultsStore


def report_source(results: ResultsStore, campaign: str, *, campaign_file: str = "", keys: Iterable[str] = ()) -> Source:
    """Return what the report of a campaign is made from.

    Parameters
    ----------
    results
        The project's store.
    campaign
        Name of the campaign.
    campaign_file
        Text of its file, where it is at hand.
    keys
        Of its calculations; those that failed are in no document, and only known from here.

    Raises
    ------
    InputError
        When the store has nothing of this campaign.
    """
    documents = list(results.query(campaign=campaign))
    wanted = list(dict.fromkeys([*keys, *(k for document in documents for k in document["calculations"].values())]))
    found = results.calculations(wanted)
    if not documents and not found:
        known = [str(name) for name in results.property_documents.distinct("campaign")]
        raise InputError(
            f"the store has no results of it{nearest(campaign, known)}; it has those of: "
            f"{', '.join(sorted(known)) or 'no campaign yet'}",
            f"campaign '{campaign}'",
        )
    return Source(
        campaign=campaign,
        documents=documents,
        calculations={key: calculation.model_dump(mode="json") for key, calculation in found.items()},
        compared=_compared(documents),
        campaign_file=campaign_file,
        generated=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=version("lianode"),
    )


def _compared(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the comparison with every paper; results of a rehearsal are compared with nothing."""
    from lianode.analysis.compare.compare import compare
    from lianode.analysis.compare.published import papers
    from lianode.analysis.method import REHEARSAL

    real = [document for document in documents if not document["method"]["program"].endswith(REHEARSAL)]
    return {paper: compare(paper, real) for paper in papers()} if real else {}
