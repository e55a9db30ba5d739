"""Figures of several panels, and what stands above and below those of an interface's dynamics."""

from __future__ import annotations

import re
from dataclasses import replace
from math import floor, log10
from typing import TYPE_CHECKING

from lianode.analysis.checks import failed
from lianode.analysis.plots.style import BLUE, new_figure
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from lianode.analysis.interface_energy.document import InterfaceEnergyDocument
    from lianode.analysis.interface_md import InterfaceMdDocument
    from lianode.analysis.plots.style import Size
    from lianode.analysis.structure_in_time.bond_document import BondDocument
    from lianode.analysis.structure_in_time.motion_document import MotionDocument
    from lianode.analysis.structure_in_time.rdf_document import RdfDocument

    OfInterface = BondDocument | InterfaceMdDocument | MotionDocument | RdfDocument

PS = 1000.0
"""fs in a ps."""
MOST_SENTENCES = 3
"""Of what is missing, that stand below a figure; the rest is counted."""


def new_panels(
    size: Size,
    *,
    rows: int,
    columns: int = 1,
    height: float | None = None,
    head: float = 0.0,
    gaps: tuple[float, float] = (0.0, 0.0),
    notes: Sequence[str],
    title: str,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels, row by row from the upper left, below one title and above the notes.

    Parameters
    ----------
    size
        Of the figure.
    rows, columns
        Panels.
    height
        Of the figure without the notes, inches; None takes the size's.
    head
        Room between title and panels, such as for a legend, in font sizes.
    gaps
        Between columns and between rows, in font sizes.
    notes, title
        As of :func:`..style.new_figure`.
    """
    figure, whole = new_figure(replace(size, height=height or size.height), notes=notes, title="")
    box = whole.get_position()
    whole.remove()
    wide, high = figure.get_size_inches()
    em = size.font / 72
    across, down = gaps[0] * em / wide, gaps[1] * em / high
    top = box.y1 - head * em / high
    width = (box.width - across * (columns - 1)) / columns
    tall = (top - box.y0 - down * (rows - 1)) / rows
    panels = [
        figure.add_axes((box.x0 + column * (width + across), top - (row + 1) * tall - row * down, width, tall))
        for row in range(rows)
        for column in range(columns)
    ]
    left = 0.8 * em / wide
    for text in figure.texts:
        fit_width(figure, text, left)
    fit_width(figure, figure.text(left, box.y1 + 0.45 * em / high, title, fontsize=size.font, va="bottom"), left)
    return figure, panels


def label_rows(figure: Figure, panels: Sequence[Axes], label: str) -> None:
    """Name the vertical axis of panels that stand over each other once, left of the numbers, making room for them."""
    figure.canvas.draw()
    boxes = [axes.get_position() for axes in panels]
    middle = (min(box.y0 for box in boxes) + max(box.y1 for box in boxes)) / 2
    numbers = [tick.get_window_extent() for axes in panels for tick in axes.get_yticklabels() if tick.get_text()]
    ends = [box.x0 for box in numbers] or [axes.bbox.x0 for axes in panels]
    text = figure.text(0, middle, label, rotation=90, ha="left", va="center")
    gap = 0.25 * text.get_window_extent().width
    over = text.get_window_extent().width + 2 * gap - min(ends)
    if over > 0:
        wide = over / figure.bbox.width
        for axes, box in zip(panels, boxes, strict=True):
            axes.set_position((box.x0 + wide, box.y0, box.width - wide, box.height))
    text.set_x((max(0.0, min(ends) + max(0.0, over)) - gap - text.get_window_extent().width) / figure.bbox.width)


def fit_width(figure: Figure, text: Text, margin: float) -> None:
    """Make a text smaller until it ends before the right margin, as a fraction of the figure's width."""
    room = (1 - margin) * figure.bbox.width - text.get_window_extent().x0
    width = text.get_window_extent().width
    if width > room:
        text.set_fontsize(float(text.get_fontsize()) * room / width)


def early_to_late(count: int) -> list[str]:
    """Return colours from dark to light in the order of time; viridis, told apart with any colour blindness."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    if count == 1:
        return [BLUE]
    # its yellow end is too light for lines on white
    return [to_hex(colormaps["viridis"](0.82 * index / (count - 1))) for index in range(count)]


def interface_title(document: OfInterface) -> str:
    """Return the interface with subscripts, the temperature and the method."""
    partial = ", partial" if document.completeness == "partial" else ""
    return f"{mathtext_interface(document.interface)}, {document.temperature:g} K, {document.method.label}{partial}"


def mathtext_interface(name: str) -> str:
    """Write the amounts in formulas as subscripts, and leave the indices of planes alone."""
    return re.sub(r"(?<![\w(])[A-Z][A-Za-z0-9.]*", lambda formula: mathtext_formula(formula.group()), name)


def interface_notes(document: OfInterface | InterfaceEnergyDocument) -> list[str]:
    """Return what a reader has to know about a document: its notes, what is missing, and the checks that failed."""
    notes = [_sentence(note) for note in document.notes]
    notes += [f"Missing: {_sentence(text, capital=False)}" for text in document.missing[:MOST_SENTENCES]]
    if len(document.missing) > MOST_SENTENCES:
        notes.append(f"Missing: {len(document.missing) - MOST_SENTENCES} more.")
    names = sorted({check.name.replace("_", " ") for check in failed(document.checks)})
    return [*notes, *([f"Checks that failed: {', '.join(names)}."] if names else [])]


def span_label(span: tuple[float, float]) -> str:
    """Return a stretch of time in fs as text: ``0 to 5 ps``."""
    begin, end = span
    return f"{begin / PS:.3g} to {end / PS:.3g} ps"


def digits_of(error: float, *, most: int = 3) -> int:
    """Return how many decimals a value with this error has: one digit of the error, two where the first is 1."""
    return min(most, max(0, -floor(log10(error / 2)))) if error > 0 else most


def one_of(what: str, wanted: str, there: Sequence[str], where: str) -> str:
    """Return what was wanted.

    Raises
    ------
    InputError
        Where it is not there.
    """
    if wanted not in there:
        raise InputError(f"no {what} '{wanted}'; there are {', '.join(there) or 'none'}", where)
    return wanted


def _sentence(text: str, *, capital: bool = True) -> str:
    first = text[:1].upper() if capital else text[:1]
    return f"{first}{text[1:]}{'' if text.endswith('.') else '.'}"
