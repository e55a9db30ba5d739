"""Figure of the hull of three elements: the Gibbs triangle, seen along the energy axis.

A composition with atomic fractions (t, l, r) of the elements at the top, the left and the right corner of an
equilateral triangle of side 1 lies at

    x = r + t / 2,    y = t sqrt(3) / 2.

Phases in equilibrium are joined by tie lines, the edges of the hull's facets.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lianode.analysis.hull.diagram import same_composition
from lianode.analysis.plots.hull_phases import MEV, groups, hull_of, notes, phase_label, title
from lianode.analysis.plots.labels import Label, place_labels
from lianode.analysis.plots.style import BLACK, Size, new_figure, size_named, style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    from lianode.analysis.hull.hull import HullDocument, HullPhase
    from lianode.analysis.plots.hull_phases import HullLike
    from lianode.analysis.plots.style import SizeName

HEIGHT = math.sqrt(3) / 2
"""Of a triangle of side 1."""
SIDE = 0.74
"""Side of the triangle over the width of the figure."""


def ternary_hull_figure(document: HullLike, *, size: SizeName = "column") -> Figure:
    """Draw the convex hull of three elements as a Gibbs triangle with its tie lines, lithium at the top.

    Stable, metastable and uncounted phases have the markers and colours of the binary figure. Behind the formula of
    a phase that is not stable stands its energy above hull in meV/atom, negative below it. Of several phases of one
    composition one has a marker, the lowest of those that count, and the others stand in a note. A star at a label
    says that a check of that phase failed.

    Parameters
    ----------
    document
        A hull of three elements.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For a system of another number of elements, or an unknown size.
    """
    hull = hull_of(document, 3)
    named = size_named(size)
    em = named.font / 72
    sizes = Size(
        width=named.width,
        height=SIDE * HEIGHT * named.width + 7.3 * em,
        font=named.font,
        line=named.line,
        marker=named.marker,
    )
    shown = [row for row in hull.phases if _lowest(row, hull)]
    with style(sizes):
        figure, axes = new_figure(sizes, title=title(hull), notes=[*notes([hull]), *_own_notes(hull, shown)])
        _frame(axes, sizes)
        lines = _tie_lines(axes, hull, sizes)
        for rows, (marker, color), name in groups(hull):
            points = [position(row.fractions, hull.elements) for row in rows if row in shown]
            filled = name == "stable"
            axes.plot(
                [x for x, _ in points],
                [y for _, y in points],
                ls="none",
                marker=marker,
                ms=0.9 * sizes.marker,
                color=color,
                mfc=color if filled else "white",
                mew=0.9 * sizes.line,
                label=name if points else None,
                zorder=4 if filled else 3.5,
            )
        corners = _corners(axes, hull, sizes)
        legend = axes.legend(
            loc="upper left", bbox_to_anchor=(0, 1), handlelength=1.0, handletextpad=0.4, labelspacing=0.3
        )
        place_labels(
            axes,
            _labels(hull, shown),
            font=0.9 * sizes.font,
            lines=lines,
            markers=[position(row.fractions, hull.elements) for row in shown],
            keep_clear=[legend, *corners],
            crossing=12.0,  # a label inside the triangle may lie on a tie line rather than far from its phase
        )
        for text in axes.texts:
            if text not in corners:
                text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.12 * sizes.font})
                text.set_zorder(2.3)  # over the tie lines, under leaders and markers
    return figure


def position(fractions: Mapping[str, float], elements: Sequence[str]) -> tuple[float, float]:
    """Return where a composition lies in the triangle of side 1.

    Parameters
    ----------
    fractions
        Atomic fraction of each element.
    elements
        Those at the top, the left and the right corner; left is (0, 0), right is (1, 0).
    """
    top, _, right = (fractions.get(element, 0.0) for element in elements)
    return right + top / 2, HEIGHT * top


def _lowest(row: HullPhase, hull: HullDocument) -> bool:
    """Whether it is the lowest phase of its composition; one that counts goes before one that does not."""
    here = [other for other in hull.phases if same_composition(other.fractions, row.fractions)]
    return row is min(here, key=lambda r: (not r.stable, not r.counted, r.energy_above_hull_per_atom))


def _own_notes(hull: HullDocument, shown: Sequence[HullPhase]) -> list[str]:
    sentences = []
    if any(not row.stable for row in shown):
        sentences.append("In parentheses: energy above hull, meV/atom.")
    hidden = [row for row in hull.phases if row not in shown]
    if hidden:
        rest = ", ".join(f"{row.name} ({_energy(row)})" for row in hidden)
        sentences.append(f"Behind a phase of the same composition: {rest}.")
    return sentences


def _energy(row: HullPhase) -> str:
    energy = MEV * row.energy_above_hull_per_atom
    text = f"{abs(energy):.1f}" if abs(energy) < 9.95 else f"{abs(energy):.0f}"
    return f"−{text}" if energy < 0 and float(text) > 0 else text


def _frame(axes: Axes, sizes: Size) -> None:
    """Fill the width with the axes, undistorted, and draw the edges."""
    figure = axes.figure
    wide, high = figure.get_size_inches()  # type: ignore[union-attr]
    em = sizes.font / 72
    box = axes.get_position()
    bottom = box.y0 - 3.4 * em / high
    axes.set_position((0.01, bottom, 0.98, box.y1 - bottom))
    axes.set_axis_off()
    side = SIDE * wide  # inches
    margin = (0.98 * wide - side) / 2 / side
    below = 2.2 * em / side
    axes.set_xlim(-margin, 1 + margin)
    axes.set_ylim(-below, -below + (box.y1 - bottom) * high / side)
    axes.plot([0.5, 0, 1, 0.5], [HEIGHT, 0, 0, HEIGHT], color=BLACK, lw=sizes.line, zorder=2)


def _tie_lines(axes: Axes, hull: HullDocument, sizes: Size) -> list[tuple[list[float], list[float]]]:
    """Draw the tie lines and return them."""
    points = {row.name: position(row.fractions, hull.elements) for row in hull.phases}
    lines = []
    for first, second in sorted(hull.diagram().tie_lines):
        (x0, y0), (x1, y1) = points[first], points[second]
        axes.plot([x0, x1], [y0, y1], color=BLACK, lw=0.6 * sizes.line, zorder=2)
        lines.append(([x0, x1], [y0, y1]))
    return lines


def _corners(axes: Axes, hull: HullDocument, sizes: Size) -> list[Annotation]:
    """Name the corners by their elements."""
    places = ((0.0, 0.55, "center", "bottom"), (-0.45, -0.35, "right", "top"), (0.45, -0.35, "left", "top"))
    texts = []
    for element, (dx, dy, ha, va) in zip(hull.elements, places, strict=True):
        reference = hull.phase_named(hull.references[element])
        texts.append(
            axes.annotate(
                f"{element}{'*' if reference.flagged else ''}",
                position({element: 1.0}, hull.elements),
                xytext=(dx * sizes.font, dy * sizes.font),
                textcoords="offset points",
                ha=ha,
                va=va,
                fontsize=1.15 * sizes.font,
                fontweight="bold",
            )
        )
    return texts


def _labels(hull: HullDocument, shown: Sequence[HullPhase]) -> list[Label]:
    colors = {row.name: color for rows, (_, color), _ in groups(hull) for row in rows}
    labels = []
    for row in shown:
        if row.name in hull.references.values():
            continue  # a corner
        x, y = position(row.fractions, hull.elements)
        text = phase_label(row, hull)
        labels.append(
            Label(
                x=x,
                y=y,
                text=text if row.stable else f"{text} ({_energy(row)})",
                color=BLACK if row.stable else colors[row.name],
                prefer=_outward(row, hull.elements),
            )
        )
    return labels


def _outward(row: HullPhase, elements: Sequence[str]) -> float:
    """Return the angle that leads away from the triangle, or upwards from a phase of three elements."""
    top, left, right = (row.fractions[element] for element in elements)
    if top == 0:
        return 270.0
    if left == 0:
        return 20.0
    return 160.0 if right == 0 else 90.0
