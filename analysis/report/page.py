"""The whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.report.adsorption import adsorption
from lianode.analysis.report.barriers import migration
from lianode.analysis.report.electronic import electronic_structure
from lianode.analysis.report.embed import policy, style_element
from lianode.analysis.report.frame import html
from lianode.analysis.report.hulls import hulls_and_voltages
from lianode.analysis.report.interfaces import interfaces
from lianode.analysis.report.markup import anchor, tag
from lianode.analysis.report.materials import elasticity, others, surfaces
from lianode.analysis.report.parity import parity
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
    links = [tag("a", one.title, href=f"#{anchor(one.title.lower())}") for one in sections]
    return html(
        title=f"lianode: {source.campaign}",
        kicker="lianode report",
        heading=source.campaign,
        help_line=HELP,
        links=links,
        main=written,
        head=(policy(), style_element()),
        skip=("Skip to the results", "#summary"),
    )


def chapters(source: Source) -> list[Section]:
    """Return the chapters that the documents fill, in their order.

    A property gets a chapter by a function like those named here. Until it has one, ``others`` writes its plain values
    down.
    """
    filled = (
        summary(source),
        hulls_and_voltages(source),
        migration(source),
        reactions(source),
        interfaces(source),
        surfaces(source),
        adsorption(source),
        elasticity(source),
        electronic_structure(source),
        parity(source),
        others(source),
        comparison(source),
        provenance(source),
    )
    return [section for section in filled if section is not None]
