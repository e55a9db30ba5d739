"""The page of one result: its figure and tables as in the report, and the walk to all that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lianode.analysis.report.blocks import Facts, Heading, Section, Sentences
from lianode.analysis.report.markup import tag
from lianode.analysis.report.page import chapters
from lianode.analysis.report.said import heading, method, remarks
from lianode.analysis.report.source import Source
from lianode.analysis.report.written import Writer
from lianode.hpc.provenance import Explanation, explain
from lianode.hpc.serve.frame import page, result_address
from lianode.hpc.serve.walk import walk
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from starlette.responses import HTMLResponse

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.markup import Markup
    from lianode.hpc.provenance import CalculationEvidence
    from lianode.hpc.store import ResultsStore

LEFT_OUT: Final = frozenset({"Summary", "Provenance", "Beside published values"})
"""Chapters of a campaign's report that say nothing of one result."""
HELP: Final = (
    "Hover over a figure, or focus it and use the arrow keys, to read its values. The walk at the end leads to the "
    "calculations, settings, files and versions behind every number."
)
NOT_DRAWN: Final = "There is no figure of this result: it is of a make that this lianode does not draw."


def result(store: ResultsStore, key: str) -> HTMLResponse:
    """Return the page of a property document, or of a calculation.

    Raises
    ------
    InputError
        For a key that the store does not hold, with the nearest.
    """
    found = explain(store, key)
    parts = [] if not isinstance(found, Explanation) else _results(store, found)
    links = [tag("a", "How it was made", href="#how-it-was-made"), tag("a", "JSON", href=f"{result_address(key)}.json")]
    parts.append(tag("section", tag("h2", "How it was made"), walk(found), id="how-it-was-made", class_="walk"))
    return page(_title(found), parts, help_line=HELP, links=links, title=key)


def _title(found: Explanation | CalculationEvidence) -> str:
    if not isinstance(found, Explanation):
        return f"Calculation of {found.label or found.formula or found.key}"
    name = found.property.replace("_", " ")
    return f"{name[:1].upper()}{name[1:]} of {found.phase or found.system}, {found.campaign}"


def _results(store: ResultsStore, found: Explanation) -> list[Markup]:
    """Return what is to be read of a result, and the chapters of the report that draw it."""
    document = store.property_documents.find_one({"key": found.key}) or {}
    blocks: list[Block] = []
    if found.superseded_by:
        sentence = f"A later run of the same campaign put another result in its place: {found.superseded_by}."
        blocks.append(Sentences(heading="Replaced", sentences=[sentence], warning=True))
    source = _source(store, document, found)
    try:
        drawn = [section for section in chapters(source) if section.title not in LEFT_OUT]
    except (InputError, KeyError, TypeError, ValueError):
        drawn = []
        blocks.append(Sentences(heading="No figure", sentences=[NOT_DRAWN]))
    if not any(isinstance(block, Heading) and block.key == found.key for one in drawn for block in one.blocks):
        title = f"{found.property.replace('_', ' ')} of {found.phase or found.system}, {method(document)}"
        blocks += [heading(title, document), *remarks(document)]
    values = {name.replace("_", " "): _written(value) for name, value in found.values.items() if name != "notes"}
    blocks.append(Facts(facts=values))
    writer = Writer(result_address)
    return [writer.section(section) for section in (Section(title="Values", blocks=blocks), *drawn)]


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.8g}".replace("-", "−") if isinstance(value, int | float) else str(value)


def _source(store: ResultsStore, document: dict[str, Any], found: Explanation) -> Source:
    """Return what the figure is drawn from: the document, those that it is seen with, and their calculations."""
    drawn = [document]
    match document["property"]:
        case "phase_stability" if found.derived_with:  # a place on its hull
            drawn += store.properties({"key": found.derived_with, "property": "hull"})
        case "migration":
            hops = [row["barrier_key"] for row in document.get("hops", ()) if row.get("barrier_key")]
            drawn += store.properties({"key": {"$in": hops}}, limit=len(hops)) if hops else []
    keys = list(dict.fromkeys(key for one in drawn for key in one["calculations"].values()))
    calculations = {key: calculation.model_dump(mode="json") for key, calculation in store.calculations(keys).items()}
    return Source(campaign=document["campaign"], documents=drawn, calculations=calculations)
