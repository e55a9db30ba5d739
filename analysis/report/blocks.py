"""What a section of the report is made of, before it is HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Color = Literal[0, 1, 2, 3, 4, 5, "grey", "ink"]
"""Number of a series' colour (:data:`lianode.analysis.plots.style.SERIES`), or a neutral one."""
Marker = Literal["circle", "diamond", "triangle", "square", "none"]
N_COLORS = 6
N_DASHES = 4


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    heading
        With the unit behind a slash.
    kind
        ``number`` is right-aligned and sorts by value, ``name`` stays in one line, ``long`` may break anywhere on
        paper, ``key`` is set in the typewriter face, ``flag`` says what is wrong and stands out.
    digits
        Decimals of numbers; None writes them as they are.
    """

    heading: str
    kind: Literal["text", "name", "long", "number", "key", "flag"] = "text"
    digits: int | None = 3


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows that sort and filter.

    Attributes
    ----------
    caption
        What the rows are.
    columns
        One per cell of a row.
    rows
        Cells: text, a number, or None for nothing.
    anchors
        Ids of rows that others link to; empty for none.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    anchors: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Series:
    """A curve or a group of points that the legend turns on and off.

    Attributes
    ----------
    name
        In the legend.
    x, y
        Equally long; None in ``y`` breaks a line.
    color, dash, marker
        How it looks; ``dash`` is a number, 0 for a full line.
    line
        Whether points are joined.
    filled
        Whether markers are.
    said
        What is read out at each point, in place of its numbers; empty for the numbers.
    written
        Short names drawn at the points; empty for none.
    low, high
        Edges of a band around ``y``; empty for none.
    listed
        Whether it is in the legend and answers to the mouse.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    color: Color = 0
    dash: int = 0
    marker: Marker = "none"
    line: bool = True
    filled: bool = True
    said: Sequence[str] = ()
    written: Sequence[str] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    listed: bool = True


@dataclass(frozen=True, kw_only=True)
class Disc:
    """An atom seen from above, below the curves of a chart.

    Attributes
    ----------
    element
        Symbol, which gives the colour.
    x, y, radius
        On the scale of the axes.
    pale
        0 at the surface, up to 1.
    """

    element: str
    x: float
    y: float
    radius: float
    pale: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A figure with axes.

    Attributes
    ----------
    title, caption
        Above it.
    x_label, y_label
        With units.
    series
        In the order of the legend.
    zero
        Whether a line marks y = 0.
    triangle
        Whether x and y are places in a triangle, which has no axes.
    equal
        Whether a length is the same along both axes.
    shown
        From and to which x the chart begins; what is beyond comes by zooming out. None shows all.
    discs
        Drawn in turn, each over those before.
    """

    title: str
    caption: str = ""
    x_label: str = ""
    y_label: str = ""
    series: Sequence[Series]
    zero: bool = False
    triangle: bool = False
    equal: bool = False
    shown: tuple[float, float] | None = None
    discs: Sequence[Disc] = ()


@dataclass(frozen=True, kw_only=True)
class Crystal:
    """Atoms in a cell, to be turned.

    Attributes
    ----------
    name
        In the list of what the viewer shows.
    cell
        (3, 3), rows are vectors, Å.
    elements
        Symbol of each atom.
    positions
        (n, 3), Cartesian, Å.
    """

    name: str
    cell: NDArray[Any]
    elements: Sequence[str]
    positions: NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Structures of which one is shown at a time."""

    title: str
    caption: str = ""
    crystals: Sequence[Crystal]


@dataclass(frozen=True, kw_only=True)
class Body:
    """A closed surface around the origin, coloured by kind of face or by value.

    Attributes
    ----------
    name
        In the list of what the figure shows.
    axes
        Three vectors drawn in a corner, by name.
    corners
        (n, 3).
    faces
        Numbers of the corners of each face, in turn, counterclockwise from outside.
    parts, part
        Kinds of faces as the legend names them, and the number of the kind of each face.
    said
        What is read out at each face that has a kind.
    values, unit
        Of each face, instead of kinds; the value and its direction are read out.
    """

    name: str
    axes: Mapping[str, Sequence[float]]
    corners: NDArray[Any]
    faces: Sequence[Sequence[int]]
    parts: Sequence[str] = ()
    part: Sequence[int] = ()
    said: Sequence[str] = ()
    values: Sequence[float] = ()
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Bodies:
    """Closed surfaces of which one is shown at a time."""

    title: str
    caption: str = ""
    bodies: Sequence[Body]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names with their values; a value may be several lines."""

    facts: Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """A list of sentences under a heading; ``warning`` ones stand out."""

    heading: str
    sentences: Sequence[str]
    warning: bool = False


@dataclass(frozen=True, kw_only=True)
class Verbatim:
    """Text as it was written, such as a campaign file."""

    heading: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Heading:
    """Begins a part of a section.

    Attributes
    ----------
    title
        What it is of.
    key
        Of the document that follows; empty for none.
    badges
        Short warnings beside the title, such as ``partial``.
    """

    title: str
    key: str = ""
    badges: Sequence[str] = ()


Block = Table | Chart | Viewer | Bodies | Facts | Sentences | Verbatim | Heading


@dataclass(frozen=True, kw_only=True)
class Section:
    """A chapter of the report."""

    title: str
    blocks: Sequence[Block] = field(default_factory=list)


def looks(index: int) -> tuple[Color, int]:
    """Return colour and dash of the curve with this number: no two of the first 24 are alike."""
    colors: tuple[Color, ...] = (0, 1, 2, 3, 4, 5)
    return colors[index % N_COLORS], index // N_COLORS % N_DASHES
