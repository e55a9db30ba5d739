"""Figures of convex hulls, drawn from documents alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.compare.published import published
from lianode.analysis.hull.hull import HullDocument
from lianode.analysis.hull.spread import hull_spread
from lianode.analysis.plots.hull_phases import MEV, groups, hull_of, notes, phase_label, title
from lianode.analysis.plots.labels import Label, place_labels
from lianode.analysis.plots.style import (
    BLACK,
    LIGHT,
    SERIES,
    Size,
    new_figure,
    size_named,
    style,
)
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula, parse_formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

    from lianode.analysis.hull.hull import HullPhase
    from lianode.analysis.plots.hull_phases import HullLike
    from lianode.analysis.plots.style import SizeName


def hull_figure(document: HullLike, *, paper: str | None = None, size: SizeName = "column") -> Figure:
    """Draw the convex hull of a binary system.

    Stable, metastable and uncounted phases differ in marker and colour. A star at a label says that a check of that
    phase failed. References, missing phases and notes stand below.

    Parameters
    ----------
    document
        A hull of two elements.
    paper
        Short key of a paper whose published values are drawn over it.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For a system of more than two elements, an unknown paper or size.
    """
    hull = hull_of(document, 2)
    sizes = size_named(size)
    with style(sizes):
        figure, axes = new_figure(sizes, title=title(hull), notes=notes([hull]))
        x, y = _hull_line(hull)
        axes.plot(x, y, color=BLACK, lw=sizes.line, zorder=2)
        lithium = hull.elements[0]
        for rows, (marker, color), name in groups(hull):
            filled = name == "stable"
            axes.plot(
                [row.fractions[lithium] for row in rows],
                [MEV * row.formation_energy_per_atom for row in rows],
                ls="none",
                marker=marker,
                color=color,
                mfc=color if filled else "white",
                mew=0.9 * sizes.line,
                label=name,
                zorder=4 if filled else 3,
            )
        if paper is not None:
            _published(axes, hull, paper, sizes)
        _finish(axes, hull.elements)
        legend = _legend(axes)
        place_labels(
            axes, _labels(hull), font=0.9 * sizes.font, lines=[(x, y)], markers=_markers([hull]), keep_clear=[legend]
        )
    return figure


def hull_models_figure(documents: Sequence[HullLike], *, paper: str | None = None, size: SizeName = "column") -> Figure:
    """Draw the hulls of several models over each other, with the spread between models as bars.

    Bars join models of one functional and one correction scheme only.

    Raises
    ------
    InputError
        For other than binary systems, or hulls that cannot be compared.
    """
    hulls = [hull_of(document, 2) for document in documents]
    spreads = hull_spread(hulls)
    sizes = size_named(size)
    lithium = hulls[0].elements[0]
    with style(sizes):
        pooled = [spread for spread in spreads if len(spread.engines) > 1]
        bars = ["Bars: spread between models, which is not an error bar."] if pooled else []
        figure, axes = new_figure(
            sizes,
            title=f"{hulls[0].system.replace('-', '–')}, {len(hulls)} models",
            notes=[*bars, *notes(hulls)],
        )
        for spread in pooled:
            several = [row for row in spread.phases if row.n_models > 1 and row.spread_between_models > 0]
            axes.vlines(
                [row.li_fraction for row in several],
                [MEV * row.lowest for row in several],
                [MEV * row.highest for row in several],
                color=LIGHT,
                lw=3.5 * sizes.line,
                zorder=1,
            )
        lines = []
        for hull, color in zip(hulls, SERIES, strict=False):
            x, y = _hull_line(hull)
            lines.append((x, y))
            axes.plot(x, y, color=color, zorder=2, label=hull.method.label)
            for rows, (marker, _), name in groups(hull):
                axes.plot(
                    [row.fractions[lithium] for row in rows],
                    [MEV * row.formation_energy_per_atom for row in rows],
                    ls="none",
                    marker=marker,
                    color=color,
                    mfc=color if name == "stable" else "white",
                    mew=0.8 * sizes.line,
                    ms=0.85 * sizes.marker,
                    zorder=3,
                )
        if paper is not None:
            _published(axes, hulls[0], paper, sizes)
        _finish(axes, hulls[0].elements)
        legend = _legend(axes)
        lowest = _lowest_of_each(hulls)
        place_labels(axes, lowest, font=0.9 * sizes.font, lines=lines, markers=_markers(hulls), keep_clear=[legend])
    return figure


def energy_above_hull_figure(document: HullLike, *, size: SizeName = "column") -> Figure:
    """Draw how far every phase that is not a vertex lies above the hull, or below it where it is not counted."""
    hull = HullDocument.model_validate(document)
    rows = sorted((row for row in hull.phases if not row.stable), key=lambda row: row.energy_above_hull_per_atom)
    if not rows:
        raise InputError(f"every phase of the {hull.system} hull is a vertex of it", "energy above hull")
    sizes = size_named(size)
    sizes = Size(
        width=sizes.width,
        height=sizes.font / 72 * (7 + 1.9 * len(rows)),
        font=sizes.font,
        line=sizes.line,
        marker=sizes.marker,
    )
    with style(sizes):
        figure, axes = new_figure(sizes, title=title(hull), notes=notes([hull]))
        box = axes.get_position()
        wide = 9.5 * sizes.font / 72 / sizes.width  # the names of phases
        axes.set_position((wide, box.y0, box.x1 - wide, box.height))
        for group, (marker, color), name in groups(hull):
            own = [(rows.index(row), MEV * row.energy_above_hull_per_atom) for row in group if row in rows]
            if own:
                axes.hlines([i for i, _ in own], 0, [e for _, e in own], color=color, lw=sizes.line)
                axes.plot(
                    [e for _, e in own],
                    [i for i, _ in own],
                    ls="none",
                    marker=marker,
                    color=color,
                    mfc="white",
                    label=name,
                )
        axes.axvline(0, color=BLACK, lw=sizes.line)
        axes.set_yticks(range(len(rows)), [phase_label(row, hull) for row in rows])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.margins(x=0.08)
        axes.set_xlabel("Energy above hull (meV/atom)")
        axes.legend(loc="lower right", handletextpad=0.3)
    return figure


def _hull_line(hull: HullDocument) -> tuple[list[float], list[float]]:
    rows = sorted((row for row in hull.phases if row.stable), key=lambda row: row.fractions[hull.elements[0]])
    return [row.fractions[hull.elements[0]] for row in rows], [MEV * row.formation_energy_per_atom for row in rows]


def _markers(hulls: Sequence[HullDocument]) -> list[tuple[float, float]]:
    return [
        (row.fractions[hull.elements[0]], MEV * row.formation_energy_per_atom)
        for hull in hulls
        for row in hull.phases
        if not _crowd(row, hull)
    ]


def _crowd(row: HullPhase, hull: HullDocument) -> bool:
    """Whether this is a polymorph of a reference, a few meV above it, whose label would hide the reference's."""
    pure = sum(fraction > 0 for fraction in row.fractions.values()) == 1
    return pure and row.formation_energy_per_atom >= 0 and row.name not in hull.references.values()


def _finish(axes: Axes, elements: Sequence[str]) -> None:
    first, second = elements
    axes.set_xlabel(rf"$\mathit{{x}}$ in {first}$_{{\mathit{{x}}}}${second}$_{{1{{-}}\mathit{{x}}}}$")
    axes.set_ylabel("Formation energy (meV/atom)")
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.16 * (high - low), high + 0.08 * (high - low))
    axes.set_xlim(-0.06, 1.06)


def _legend(axes: Axes) -> Legend:
    """Put the legend inside the V of the hull, or in a corner below it, where it covers fewest phases."""
    lines = [line for line in axes.lines if line.get_transform() == axes.transData]
    points = axes.transData.transform(np.concatenate([np.asarray(line.get_xydata()) for line in lines]))

    def put(loc: Any, x: float, y: float) -> tuple[int, Legend]:
        legend = axes.legend(
            loc=loc, bbox_to_anchor=(x, y), handlelength=1.2, handletextpad=0.5, borderaxespad=0.3, labelspacing=0.3
        )
        renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        x0, y0, x1, y1 = legend.get_window_extent(renderer).extents
        inside = (points[:, 0] > x0) & (points[:, 0] < x1) & (points[:, 1] > y0) & (points[:, 1] < y1)
        return int(inside.sum()), legend

    places = (("upper center", 0.5, 0.96), ("upper center", 0.62, 0.96), ("lower left", 0, 0), ("lower right", 1, 0))
    covered = []
    for place in places:
        n, legend = put(*place)
        if n == 0:
            return legend
        covered.append(n)
    return put(*places[covered.index(min(covered))])[1]


def _labels(hull: HullDocument) -> list[Label]:
    colors = {row.name: color for rows, (_, color), _ in groups(hull) for row in rows}
    labels = []
    for row in hull.phases:
        if _crowd(row, hull):
            continue
        labels.append(
            Label(
                x=row.fractions[hull.elements[0]],
                y=MEV * row.formation_energy_per_atom,
                text=phase_label(row, hull),
                color=BLACK if row.stable else colors[row.name],
                prefer=_outward(row, hull),
            )
        )
    return labels


def _outward(row: HullPhase, hull: HullDocument) -> float:
    """Return the angle that leads away from the hull's line: below it for vertices, above it for the others."""
    x = row.fractions[hull.elements[0]]
    if x in {0.0, 1.0}:
        return 60.0 if x < 0.5 else 120.0
    deepest = min(hull.phases, key=lambda other: other.formation_energy_per_atom).fractions[hull.elements[0]]
    side = 250.0 if x < deepest else 290.0
    return side if row.energy_above_hull_per_atom <= 0 else 90.0


def _lowest_of_each(hulls: Sequence[HullDocument]) -> list[Label]:
    """Label each formula once, at its lowest point among the models, where any model has it on the hull."""
    stable = {row.formula for hull in hulls for row in hull.phases if row.stable}
    labels = []
    for formula in sorted(stable):
        rows = [(row, hull) for hull in hulls for row in hull.phases if row.formula == formula]
        row, hull = min(rows, key=lambda pair: pair[0].formation_energy_per_atom)
        labels.append(
            Label(
                x=row.fractions[hull.elements[0]],
                y=MEV * row.formation_energy_per_atom,
                text=mathtext_formula(formula),
                color=BLACK,
                prefer=_outward(row, hull),
            )
        )
    return labels


def _published(axes: Axes, hull: HullDocument, paper: str, sizes: Size) -> None:
    """Draw a paper's deepest point, and ticks at the phases it has on the hull."""
    systems: Mapping[str, Any] = published(paper).get("hull", {}).get("systems", {})
    if hull.system not in systems:
        raise InputError(f"{paper} has no hull of {hull.system}", "published")
    values = systems[hull.system]
    first = hull.elements[0]

    def fraction(formula: str) -> float:
        amounts = parse_formula(formula)
        return amounts.get(first, 0.0) / sum(amounts.values())

    axes.plot(
        [fraction(values["minimum"]["phase"])],
        [values["minimum"]["formation_energy_meV_per_atom"]],
        ls="none",
        marker="+",
        ms=1.9 * sizes.marker,
        mew=1.2 * sizes.line,
        color=BLACK,
        label=f"minimum, {paper}",
        zorder=4.5,
    )
    axes.plot(
        [fraction(formula) for formula in values["stable"]],
        [0.985] * len(values["stable"]),
        ls="none",
        marker=7,  # a caret that points down, from the upper edge
        ms=0.8 * sizes.marker,
        color=BLACK,
        transform=axes.get_xaxis_transform(),
        label=f"stable, {paper}",
        clip_on=False,
    )
