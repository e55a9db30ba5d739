"""Blocks as HTML: tables stand in the file, figures are drawn from data in it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.plots.elements import look_of
from lianode.analysis.report.blocks import (
    Bodies,
    Chart,
    Facts,
    Heading,
    Sentences,
    Table,
    Verbatim,
)
from lianode.analysis.report.embed import data_script
from lianode.analysis.report.markup import anchor, joined, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lianode.analysis.report.blocks import (
        Block,
        Body,
        Column,
        Crystal,
        Section,
        Series,
        Viewer,
    )
    from lianode.analysis.report.markup import Markup

NEEDS_SCRIPT = "This figure needs JavaScript; the tables hold its results."


def in_the_file(key: str) -> str:
    """Return where a file tells of a result."""
    return f"#{anchor('key', key)}"


class Writer:
    """Writes blocks; ids count up through the file.

    Parameters
    ----------
    address
        Returns where the origin of the result with a key is told.
    """

    def __init__(self, address: Callable[[str], str] = in_the_file) -> None:
        self._numbers: Iterator[int] = count(1)
        self._address = address

    def section(self, section: Section) -> Markup:
        """Return a chapter."""
        name = anchor(section.title.lower())
        inside = [self.block(block) for block in section.blocks]
        return tag("section", tag("h2", section.title), *inside, id=name, aria_label=section.title)

    def block(self, block: Block) -> Markup:
        """Return one block."""
        match block:
            case Heading():
                return _heading(block, self._address)
            case Facts():
                return _facts(block)
            case Sentences():
                return _sentences(block)
            case Verbatim():
                return tag("details", tag("summary", block.heading), tag("pre", block.content), class_="verbatim")
            case Table():
                return self._table(block)
            case _:
                return self._figure(block)

    def _table(self, table: Table) -> Markup:
        name = f"table-{next(self._numbers)}"
        head = tag(
            "tr", *(tag("th", column.heading, scope="col", class_=_alignment(column)) for column in table.columns)
        )
        anchors: list[str | None] = [*table.anchors] or [None] * len(table.rows)
        body = [
            tag("tr", *(_cell(value, column) for value, column in zip(row, table.columns, strict=True)), id=of)
            for row, of in zip(table.rows, anchors, strict=True)
        ]
        inner = tag("table", tag("caption", table.caption, id=name), tag("thead", head), tag("tbody", *body))
        if not table.rows:
            return tag("p", table.caption, class_="empty")
        scroller = tag("div", inner, class_="scroller", role="region", tabindex="0", aria_labelledby=name)
        return tag("div", scroller, class_="table")

    def _figure(self, block: Chart | Viewer | Bodies) -> Markup:
        match block:
            case Chart():
                kind, data = "chart", _chart(block)
            case Bodies():
                kind, data = "bodies", {"bodies": [_body(body) for body in block.bodies]}
            case _:
                kind, data = "viewer", _viewer(block)
        name = f"figure-{next(self._numbers)}"
        caption = tag("span", block.caption) if block.caption else None
        said = tag("figcaption", tag("strong", block.title), " ", caption, id=name)
        instead = tag("noscript", tag("p", NEEDS_SCRIPT))
        return tag("figure", said, data_script(data), instead, class_=kind, aria_labelledby=name)


def _heading(block: Heading, address: Callable[[str], str]) -> Markup:
    badges = [tag("span", badge, class_="badge") for badge in block.badges]
    key = tag("a", block.key, href=address(block.key), class_="key") if block.key else None
    spaced = joined(*(joined(" ", badge) for badge in badges))
    return tag("div", tag("h3", block.title, spaced), key, class_="of")


def _facts(block: Facts) -> Markup:
    rows = []
    for name, value in block.facts.items():
        lines = [value] if isinstance(value, str) else value
        rows.append(tag("div", tag("dt", name), *(tag("dd", line) for line in lines)))
    return tag("dl", *rows)


def _sentences(block: Sentences) -> Markup:
    """Return a list; a long one is folded."""
    items = tag("ul", *(tag("li", sentence) for sentence in block.sentences))
    kind = "warning" if block.warning else "notes"
    n = len(block.sentences)
    if n > 6:
        return tag("details", tag("summary", f"{block.heading} ({n})"), items, class_=kind)
    return tag("div", tag("h4", block.heading), items, class_=kind)


def _alignment(column: Column) -> str | None:
    return None if column.kind == "text" else column.kind


def _cell(value: Any, column: Column) -> Markup:
    """Return a cell; where digits are cut, the whole number stands beside it for sorting."""
    if value is None or value == "":
        return tag("td")
    if column.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        if column.digits is None:
            return tag("td", f"{value:g}", class_="number", data_value=f"{value:.6g}")
        shown = f"{value:.{column.digits}f}"
        shown = shown[1:] if shown.startswith("-") and not shown.strip("-0.") else shown
        return tag("td", shown.replace("-", "−"), class_="number", data_value=f"{value:.6g}")
    return tag("td", value, class_=column.kind if column.kind not in {"text", "number"} else None)


def _chart(chart: Chart) -> dict[str, Any]:
    whole = {
        "x": chart.x_label,
        "y": chart.y_label,
        "zero": chart.zero,
        "triangle": chart.triangle,
        "equal": chart.equal,
        "shown": chart.shown,
        "discs": [(disc.element, disc.x, disc.y, disc.radius, disc.pale) for disc in chart.discs],
        "elements": {disc.element: look_of(disc.element)[0] for disc in reversed(chart.discs)},
        "series": [_series(series) for series in chart.series],
    }
    return {name: value for name, value in whole.items() if value not in ("", False, None, [], {})}


def _series(series: Series) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "name": series.name,
        "x": _evenly(list(series.x)),
        "y": list(series.y),
        "color": series.color,
        "dash": series.dash,
        "marker": series.marker,
        "line": series.line,
        "filled": series.filled,
        "said": list(series.said),
        "written": list(series.written),
        "low": list(series.low),
        "high": list(series.high),
        "listed": series.listed,
    }
    usual = {"dash": 0, "marker": "none", "line": True, "filled": True, "said": [], "written": [], "low": [],
             "high": [], "listed": True}  # fmt: skip
    return {name: value for name, value in whole.items() if name not in usual or value != usual[name]}


def _evenly(values: list[float]) -> list[float] | dict[str, float]:
    """Return evenly spaced values as their first, their step and their number."""
    if len(values) < 8:
        return values
    step = (values[-1] - values[0]) / (len(values) - 1)
    even = values[0] + step * np.arange(len(values))
    return {"first": values[0], "last": values[-1], "n": len(values)} if np.allclose(values, even) else values


def _viewer(viewer: Viewer) -> dict[str, Any]:
    symbols = dict.fromkeys(symbol for crystal in viewer.crystals for symbol in crystal.elements)
    return {
        "elements": {symbol: look_of(symbol) for symbol in symbols},
        "crystals": [_atoms(crystal) for crystal in viewer.crystals],
    }


def _atoms(crystal: Crystal) -> dict[str, Any]:
    """Return atoms with 0.001 Å, sorted by element so that each symbol stands once."""
    order = sorted(range(len(crystal.elements)), key=lambda atom: crystal.elements[atom])
    counted: dict[str, int] = {}
    for atom in order:
        counted[crystal.elements[atom]] = counted.get(crystal.elements[atom], 0) + 1
    at = np.round(crystal.positions[order], 3).ravel().tolist() if order else []
    return {"name": crystal.name, "cell": np.round(crystal.cell, 4).tolist(), "counts": counted, "at": at}


def _body(body: Body) -> dict[str, Any]:
    """Return a surface with corners to a thousandth, which no screen resolves."""
    whole: dict[str, Any] = {
        "name": body.name,
        "axes": {"names": list(body.axes), "vectors": [list(vector) for vector in body.axes.values()]},
        "at": np.round(body.corners, 3).ravel().tolist(),
        "faces": [list(face) for face in body.faces],
        "said": list(body.said),
        "parts": list(body.parts),
        "part": list(body.part),
        "values": np.round(body.values, 2).tolist(),
        "unit": body.unit,
    }
    return {name: value for name, value in whole.items() if value not in ([], "")}
