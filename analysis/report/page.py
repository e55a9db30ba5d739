"""The whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.report.barriers import migration
from lianode.analysis.report.embed import policy, script_element, style_element
from lianode.analysis.report.hulls import hulls_and_voltages
from lianode.analysis.report.interfaces import interfaces
from lianode.analysis.report.markup import Markup, anchor, tag
from lianode.analysis.report.materials import elasticity, others, surfaces
from lianode.analysis.report.provenance import comparison, provenance
from lianode.analysis.report.reactions import reactions
from lianode.analysis.report.summary import summary
from lianode.analysis.report.written import Writer

if TYPE_CHECKING:
    from lianode.analysis.report.blocks import Section
    from lianode.analysis.report.source import Source

HELP = (
    "Hover over a figure, or focus it and use the arrow keys, to read its values; drag a box to zoom; the legend turns "
    "curves on and off. Drag structures, or use the arrow keys, to turn them. Tables sort by their headings."
)


def report(source: Source) -> str:
    """Return a campaign as one HTML file that needs nothing else.

    Parameters
    ----------
    source
        Documents and calculations, as the store holds them.
    """
    sections = chapters(source)
    writer = Writer()
    written = [writer.section(section) for section in sections]
    title = f"lianode: {source.campaign}"
    links = [tag("li", tag("a", one.title, href=f"#{anchor(one.title.lower())}")) for one in sections]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        policy(),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        style_element(),
    )
    body = tag(
        "body",
        tag("a", "Skip to the results", href="#summary", class_="skip"),
        tag(
            "header",
            tag("p", "lianode report", class_="kicker"),
            tag("h1", source.campaign),
            tag("p", HELP, class_="help"),
        ),
        tag("nav", tag("ul", *links), aria_label="Chapters"),
        tag("main", *written),
        script_element(),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, Markup(chr(10)), body, lang='en')}\n"


def chapters(source: Source) -> list[Section]:
    """Return the chapters that the documents fill, in their order."""
    filled = (
        summary(source),
        hulls_and_voltages(source),
        migration(source),
        reactions(source),
        interfaces(source),
        surfaces(source),
        elasticity(source),
        others(source),
        comparison(source),
        provenance(source),
    )
    return [section for section in filled if section is not None]
