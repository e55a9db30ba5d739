"""How every figure looks, and how it is saved."""

from __future__ import annotations

import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png")

BLACK = "#000000"
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREY = "#7F7F7F"
LIGHT = "#BFBFBF"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
"""Okabe-Ito: told apart with any common colour blindness, and in grey by marker."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Size of a figure, in inches and points.

    Attributes
    ----------
    width, height
        Of the figure without the notes below it, inches.
    font
        Points.
    line
        Points.
    marker
        Diameter, points.
    """

    width: float
    height: float
    font: float
    line: float
    marker: float


SIZES = {
    "column": Size(width=3.4, height=2.9, font=7.0, line=1.0, marker=4.5),
    "slide": Size(width=8.0, height=5.4, font=14.0, line=2.0, marker=9.0),
}
SizeName = Literal["column", "slide"]


@contextmanager
def style(size: Size) -> Iterator[None]:
    """Draw within these settings; nothing global is left changed."""
    import matplotlib as mpl

    settings: Any = {
        "font.family": "sans-serif",
        "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans"],
        "font.size": size.font,
        "axes.labelsize": size.font,
        "axes.titlesize": size.font,
        "xtick.labelsize": size.font,
        "ytick.labelsize": size.font,
        "legend.fontsize": 0.9 * size.font,
        "mathtext.default": "regular",  # subscripts in the font of the text
        "axes.linewidth": 0.8 * size.line,
        "lines.linewidth": size.line,
        "lines.markersize": size.marker,
        "xtick.major.size": 0.5 * size.font,
        "ytick.major.size": 0.5 * size.font,
        "xtick.major.width": 0.8 * size.line,
        "ytick.major.width": 0.8 * size.line,
        "xtick.direction": "in",
        "ytick.direction": "in",
        "xtick.top": True,
        "ytick.right": True,
        "legend.edgecolor": "none",
        "legend.framealpha": 1.0,
        "legend.fancybox": False,
        "legend.borderpad": 0.2,
        "svg.fonttype": "none",  # text stays text
        "pdf.fonttype": 42,
        "svg.hashsalt": "lianode",  # equal figures are equal files
    }
    with mpl.rc_context(settings):
        yield


def size_named(name: str) -> Size:
    """Return a size.

    Raises
    ------
    InputError
        For an unknown name.
    """
    if name not in SIZES:
        raise InputError(f"'{name}' is no figure size; sizes are {', '.join(SIZES)}", "size")
    return SIZES[name]


def new_figure(size: Size, *, notes: Sequence[str], title: str) -> tuple[Figure, Axes]:
    """Return a figure with one set of axes, a title above and notes below it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    em = size.font / 72  # inches
    note_font = 0.85 * size.font
    per_line = int(size.width / (0.54 * note_font / 72))
    lines = [line for note in notes for line in textwrap.wrap(note, per_line, subsequent_indent="  ")]
    below = 1.25 * note_font / 72 * len(lines) + (0.5 * em if lines else 0)
    height = size.height + below
    figure = Figure(figsize=(size.width, height))
    FigureCanvasAgg(figure)
    left, right, bottom, top = 5.2 * em, 1.2 * em, 3.9 * em + below, 2.2 * em
    axes = figure.add_axes(
        (left / size.width, bottom / height, 1 - (left + right) / size.width, 1 - (bottom + top) / height)
    )
    axes.set_title(title, loc="left", fontsize=size.font, pad=0.45 * size.font)
    if lines:
        figure.text(
            0.8 * em / size.width,
            0.5 * em / height,
            "\n".join(lines),
            fontsize=note_font,
            va="bottom",
            linespacing=1.25,
        )
    return figure, axes


def save(figure: Figure, path: Path) -> list[Path]:
    """Write a figure as SVG, PDF and PNG (400 dpi), or as the one of them that ``path`` ends with.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        For another ending.
    """
    import matplotlib as mpl

    ending = path.suffix.lower().removeprefix(".")
    known = ending in FORMATS
    if ending.isalpha() and len(ending) <= 4 and not known:
        raise InputError(f"a figure is written as {', '.join(FORMATS)}, not '.{ending}'", str(path))
    # a name such as li-in-0.5 has no ending to replace
    files = [path] if known else [path.with_name(f"{path.name}.{name}") for name in FORMATS]
    path.parent.mkdir(parents=True, exist_ok=True)
    # text as text and no dates: these are read when a figure is written
    with mpl.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "lianode"}):
        for file in files:
            kind = file.suffix.lower().removeprefix(".")
            metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
            figure.savefig(file, dpi=400, metadata=metadata)
    return files
