"""Radial distribution functions of an interface in time, beside those of crystals that may form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.plots.panels import (
    PS,
    early_to_late,
    interface_notes,
    interface_title,
    label_rows,
    new_panels,
    one_of,
    span_label,
)
from lianode.analysis.plots.style import GREY, LIGHT, SERIES, size_named, style
from lianode.analysis.structure_in_time.rdf_document import RdfDocument
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from lianode.analysis.plots.style import Size, SizeName
    from lianode.analysis.structure_in_time.rdf_document import PairEvolution, ReferenceRdf

MARKERS = ("o", "s", "D", "^", "v", "P")
MOST_NAMED = 4
"""Windows with a line in the legend; the colours of others lie between theirs."""
RdfLike = RdfDocument | dict[str, Any]


def rdf_evolution_figure(
    document: RdfLike,
    *,
    pairs: Sequence[str] | None = None,
    layer: int | None = None,
    size: SizeName = "column",
) -> Figure:
    """Draw g(r) of each pair in its panel, coloured from early to late windows, below its reference crystals in grey.

    Crystals are scaled to the height of the panel: their shape is what is compared. A dashed line is the first minimum
    of a crystal, the cut-off of a bond; thick on the crystal's base line is the stretch over which it is flat.

    Parameters
    ----------
    document
        Of one interface.
    pairs
        Which ones; None for all.
    layer
        Number of the layer from the bottom, from 1; None for the mean over the centres of all layers, which is the
        whole cell where the layers fill it.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For a pair, layer or size that is not there.
    """
    found = RdfDocument.model_validate(document)
    sizes = size_named(size)
    names = [pair.pair for pair in found.pairs]
    shown = [found.pairs[names.index(one_of("pair", name, names, "rdf"))] for name in pairs or names]
    if not shown:
        raise InputError("the document has no pairs to draw", "rdf")
    where = layer_text(found, layer)
    with style(sizes):
        rows, columns, height = _arranged(len(shown), sizes)
        figure, panels = new_panels(
            sizes, rows=rows, columns=columns, height=height, head=2.9, gaps=(2.6, 1.9 if columns == 1 else 3.2),
            notes=[*_notes(found, shown, where), *interface_notes(found)], title=interface_title(found),
        )  # fmt: skip
        colors = early_to_late(len(found.frames))
        for place, (axes, pair) in enumerate(zip(panels, shown, strict=False)):
            _draw(axes, found, pair, layer=layer, colors=colors, sizes=sizes)
            axes.set_title(pair.pair, loc="left", pad=0.3 * sizes.font, weight="bold")
            last = place + columns >= len(shown)
            axes.tick_params(axis="x", labelbottom=last)
            if last:
                axes.set_xlabel("Distance r (Å)")
        for axes in panels[len(shown) :]:
            axes.remove()
        by = "the cell's density" if found.normalisation == "global" else "the layer's density"
        label_rows(figure, panels[: len(shown) : columns], f"g(r), by {by}")
        _legend(figure, panels[0], found, colors, sizes)
    return figure


def similarity_figure(document: RdfLike, *, layer: int | None = None, size: SizeName = "column") -> Figure:
    """Draw how like each reference crystal the neighbours are, in time: the overlap of the shapes of g(r).

    Raises
    ------
    InputError
        Without a comparison, for a layer or size that is not there, or for several layers where none is named: the
        overlap of a whole does not follow from those of its layers.
    """
    found = RdfDocument.model_validate(document)
    compared = [reference for reference in found.references if reference.similarity]
    if not compared:
        raise InputError("no crystal was compared with the windows: there is no similarity to draw", "rdf")
    count = _layers(found)
    if layer is None and count > 1:
        raise InputError(f"say which layer, 1 to {count}: similarities of layers have no sum", "similarity")
    where = layer_text(found, layer)
    times = [(begin + end) / 2 / PS for begin, end in found.windows_fs] or [0.0]
    sizes = size_named(size)
    with style(sizes):
        reach = ", ".join(sorted({f"{reference.similarity_largest:g} Å" for reference in compared}))
        notes = [f"Overlap of the shapes of g(r) up to {reach}{where}: 1 for equal, 0 for no distance in common."]
        figure, (axes,) = new_panels(
            sizes, rows=1, notes=[*notes, *interface_notes(found)], title=interface_title(found)
        )
        for number, reference in enumerate(compared):
            values = _array([row[(layer or 1) - 1] for row in reference.similarity])
            axes.plot(
                times, values, color=SERIES[number % len(SERIES)], marker=MARKERS[number % len(MARKERS)], mfc="white",
                label=f"{reference.pair} of {mathtext_formula(reference.crystal)}", clip_on=False, zorder=3,
            )  # fmt: skip
        axes.set_ylim(0, 1)
        axes.set_xlim(0, (found.windows_fs[-1][1] if found.windows_fs else PS) / PS)
        axes.set_xlabel("Time (ps)")
        axes.set_ylabel("Similarity")
        axes.locator_params(axis="x", nbins=5)
        axes.legend(loc="best")
    return figure


def layer_curve(document: RdfDocument, pair: PairEvolution, window: int, layer: int | None) -> NDArray[np.float64]:
    """Return g of a window in a layer, or its mean over all centres; NaN where nothing can be said.

    Raises
    ------
    InputError
        For a layer that is not there.
    """
    layer_text(document, layer)
    if layer is not None:
        return _array(pair.g[window][layer - 1])
    centres = np.nan_to_num(_array(pair.centres[window]))
    curves = np.array([_array(curve) for curve in pair.g[window]])
    if centres.sum() == 0:
        return np.full(curves.shape[1], np.nan)
    held = centres > 0  # a layer without centres has no g, and no weight
    return np.asarray(centres[held] @ curves[held] / centres.sum(), dtype=np.float64)


def layer_text(document: RdfDocument, layer: int | None) -> str:
    """Return where in the cell a figure looks, to follow a noun; empty for a cell without layers.

    Raises
    ------
    InputError
        For a layer that is not there.
    """
    count = _layers(document)
    if layer is not None and not 1 <= layer <= count:
        raise InputError(f"no layer {layer}; layers are 1 to {count}, from the bottom", "rdf")
    if count == 1:
        return ""
    if layer is None:
        return f", mean over the centres of {count} layers"
    low, high = document.layer_edges[layer - 1 : layer + 1]
    return f", layer {layer} from {low:g} to {high:g} Å"


def middles(document: RdfDocument, count: int) -> NDArray[np.float64]:
    """Return the middles of so many bins, Å."""
    return np.asarray((np.arange(count) + 0.5) * document.bin_width, dtype=np.float64)


def _layers(document: RdfDocument) -> int:
    return max(1, len(document.layer_edges) - 1)


def _array(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _arranged(count: int, sizes: Size) -> tuple[int, int, float]:
    """Return rows, columns and the height of the figure, inches: one column of panels in a journal, rows on a slide."""
    is_wide = sizes.width > 1.3 * sizes.height
    columns = min(count, 3) if is_wide else 1 + (count > 4)
    rows = -(-count // columns)
    return rows, columns, max(sizes.height, (7.5 + rows * (13 if columns == 1 else 15)) * sizes.font / 72)


def _draw(
    axes: Axes, found: RdfDocument, pair: PairEvolution, *, layer: int | None, colors: Sequence[str], sizes: Size
) -> None:
    """Draw the windows of one pair, and above them its crystals."""
    curves = [layer_curve(found, pair, window, layer) for window in range(len(found.frames))]
    highest = max((float(np.nanmax(curve)) for curve in curves if np.isfinite(curve).any()), default=0.0)
    top = highest or 1.0
    x = middles(found, len(curves[0]))
    for number, (curve, color) in enumerate(zip(curves, colors, strict=True)):
        axes.plot(x, curve, color=color, lw=0.75 * sizes.line, zorder=3 + 0.001 * number)
    if highest == 0.0:
        axes.text(
            0.5 * found.largest, 0.45 * top, f"no {pair.pair} within {found.largest:g} Å", color=GREY, ha="center",
            fontsize=0.9 * sizes.font, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0}, zorder=5,
        )  # fmt: skip
    crystals = [reference for reference in found.references if reference.pair == pair.pair]
    for number, crystal in enumerate(crystals):
        _crystal(axes, found, crystal, base=(1.12 + 0.62 * number) * top, height=0.52 * top, sizes=sizes)
    high = (1.12 + 0.62 * len(crystals)) * top
    axes.set_xlim(0, found.largest)
    axes.set_ylim(-0.03 * high, high)
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= 1.1 * top])
    axes.set_ylim(-0.03 * high, high)
    axes.locator_params(axis="x", nbins=5)


def _crystal(axes: Axes, found: RdfDocument, crystal: ReferenceRdf, *, base: float, height: float, sizes: Size) -> None:
    """Draw a crystal so high, above a line at ``base``, with its first minimum down through the windows."""
    g = _array(crystal.g)
    g = g[: round(found.largest / found.bin_width)]
    x = middles(found, len(g))
    peak = float(np.nanmax(g)) if np.isfinite(g).any() else 0.0
    axes.axhline(base, color=LIGHT, lw=0.5 * sizes.line, zorder=1)
    if peak > 0:
        axes.fill_between(x, base, base + height * g / peak, color=LIGHT, lw=0, zorder=1.5)
        axes.plot(x, base + height * g / peak, color=GREY, lw=0.7 * sizes.line, zorder=2)
    axes.text(
        0.03 * found.largest, base + 0.18 * height, mathtext_formula(crystal.crystal.split("_")[0]),
        fontsize=0.9 * sizes.font, color=GREY, zorder=4,
    )  # fmt: skip
    if crystal.first_minimum is not None:
        minimum = crystal.first_minimum
        ends = [minimum.distance - minimum.half_width, minimum.distance + minimum.half_width]
        axes.plot(ends, [base, base], color=GREY, lw=2.4 * sizes.line, solid_capstyle="butt", zorder=2.5)
        axes.plot([minimum.distance] * 2, [0, base], color=GREY, ls=(0, (3, 2)), lw=0.7 * sizes.line, zorder=1)


def _legend(figure: Figure, axes: Axes, found: RdfDocument, colors: Sequence[str], sizes: Size) -> None:
    """Name windows in the room above the panels."""
    from matplotlib.lines import Line2D

    if not found.windows_fs:
        return
    count = len(found.windows_fs)
    named = sorted({round(index) for index in np.linspace(0, count - 1, min(count, MOST_NAMED))})
    lines = [Line2D([], [], color=colors[index], lw=1.4 * sizes.line) for index in named]
    box, high = axes.get_position(), figure.get_figheight()
    labels = [span_label(found.windows_fs[index]) for index in named]
    labels[:-1] = [label.removesuffix(" ps") for label in labels[:-1]]
    figure.legend(
        lines, labels, ncols=len(named), loc="lower left",
        bbox_to_anchor=(0.8 * sizes.font / 72 / figure.get_figwidth(), box.y1 + 1.45 * sizes.font / 72 / high),
        borderaxespad=0, borderpad=0, handlelength=1.0, handletextpad=0.4, columnspacing=1.0, frameon=False,
    )  # fmt: skip


def _source(crystal: ReferenceRdf) -> str:
    """Return how a crystal's curve was made."""
    if crystal.temperature is not None:
        return f"from MD at {crystal.temperature:g} K"
    return f"at rest, broadened by {crystal.sigma:g} Å" if crystal.sigma else "at rest"


def _notes(found: RdfDocument, shown: Sequence[PairEvolution], where: str) -> list[str]:
    names = {pair.pair for pair in shown}
    crystals = [reference for reference in found.references if reference.pair in names]
    notes = [f"Coloured from early to late{where}."] if found.windows_fs else [f"All frames{where}."]
    minima = [
        f"{crystal.pair} of {crystal.crystal} {crystal.first_minimum.distance:.2f} Å"
        for crystal in crystals
        if crystal.first_minimum is not None
    ]
    if crystals:
        sources: dict[str, list[str]] = {}
        for crystal in crystals:
            names_of = sources.setdefault(_source(crystal), [])
            names_of += [crystal.crystal] if crystal.crystal not in names_of else []
        made = [f"{', '.join(of)} {how}" for how, of in sources.items()]
        notes.append(f"Grey, scaled: {'; '.join(made)}.")
    if minima:
        notes.append(f"Dashed: first minima, {', '.join(minima)}; thick: where they are flat.")
    return notes
