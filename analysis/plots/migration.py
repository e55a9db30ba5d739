"""Figures of migration, drawn from documents alone: energy along hops, and barriers by phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import failed
from lianode.analysis.compare.published import published
from lianode.analysis.migration.barrier import BarrierDocument
from lianode.analysis.migration.document import MigrationDocument
from lianode.analysis.migration.energy_path import EnergyPath
from lianode.analysis.plots.labels import Label, place_labels
from lianode.analysis.plots.style import BLACK, BLUE, GREY, LIGHT, SERIES, VERMILION, new_figure, size_named, style
from lianode.structures.errors import InputError
from lianode.structures.formulas import composition_key, mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from lianode.analysis.migration.hop_network import PercolatingBarrier
    from lianode.analysis.plots.style import Size, SizeName

MEV = 1000.0
POINTS = 200
"""Of a drawn curve."""
MARKERS = ("o", "s", "D", "^", "v", "P")
PUBLISHED = "migration_barrier_meV"
BarrierLike = BarrierDocument | dict[str, Any]
MigrationLike = MigrationDocument | dict[str, Any]


def hop_figure(document: BarrierLike, *, size: SizeName = "column") -> Figure:
    """Draw the energy along one hop: images, the curve through them, and the saddle."""
    hop = BarrierDocument.model_validate(document)
    sizes = size_named(size)
    with style(sizes):
        figure, axes = new_figure(sizes, title=_title(hop), notes=_hop_notes(hop))
        curve = _draw(axes, hop, 0.0, 0.0, sizes)
        top = MEV * hop.barrier_forward
        saddle = Label(
            x=hop.saddle_position * hop.path_length, y=top, text=f"{top:.0f} meV", color=VERMILION, prefer=90.0
        )
        axes.plot([saddle.x], [saddle.y], ls="none", marker="D", color=VERMILION, zorder=4)
        _room(axes, 0.05, 0.18)
        axes.set_xlabel("Length along the path (Å)")
        axes.set_ylabel("Energy (meV)")
        labels = [saddle]
        if abs(hop.energy_difference) > hop.tolerances.noise:
            end = MEV * hop.energy_difference
            labels.append(Label(x=hop.path_length, y=end, text=f"{end:.0f} meV", color=BLACK, prefer=120.0))
        place_labels(axes, labels, font=0.9 * sizes.font, lines=[curve])
    return figure


def percolating_path_figure(
    document: MigrationLike,
    barriers: Sequence[BarrierLike],
    *,
    dimension: int | None = None,
    size: SizeName = "column",
) -> Figure:
    """Draw the hops of a percolating path beside each other, on the zero of the lowest site.

    Parameters
    ----------
    document
        Of the phase.
    barriers
        Of its hops; others are passed over.
    dimension
        1 to 3; None takes as many as the hops percolate in.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        Where the phase does not percolate in so many dimensions, or a hop is not among the barriers.
    """
    phase = MigrationDocument.model_validate(document)
    path = _path(phase, phase.dimensions if dimension is None else dimension)
    hops = _hops(phase, path, barriers)
    sizes = size_named(size)
    with style(sizes):
        figure, axes = new_figure(sizes, title=_title(phase), notes=_path_notes(phase, path))
        gap = 0.12 * sum(hop.path_length for hop in hops) / len(hops)
        start, curves, ticks = 0.0, [], []
        for number, hop in enumerate(hops):
            if number:
                axes.axvline(start - gap / 2, color=LIGHT, lw=0.6 * sizes.line, zorder=0)
            curves.append(_draw(axes, hop, start, phase.site_energies[hop.start_orbit], sizes))
            ticks.append((start + hop.path_length / 2, hop.hop))
            start += hop.path_length + gap
        axes.set_xlim(-gap / 2, start - gap / 2)
        top = MEV * path.barrier
        axes.axhline(top, color=VERMILION, ls=(0, (4, 2)), lw=0.9 * sizes.line, zorder=1)
        axes.set_xticks([x for x, _ in ticks], [label for _, label in ticks], rotation=90 if len(ticks) > 4 else 0)
        axes.tick_params(axis="x", length=0)
        axes.set_xlabel("Hops of the path")
        axes.set_ylabel("Energy above the lowest site (meV)")
        _room(axes, 0.05, 0.18)
        if len(ticks) > 4:
            _room_below(figure, axes, sizes, max(len(label) for _, label in ticks))
        axes.text(
            0.015,
            top,
            f"{path.dimension}D: {top:.0f} meV",
            transform=axes.get_yaxis_transform(),
            color=VERMILION,
            fontsize=0.9 * sizes.font,
            va="bottom",
        )
    return figure


def barriers_figure(
    documents: Sequence[MigrationLike], *, paper: str | None = None, size: SizeName = "column"
) -> Figure:
    """Draw percolating barriers by phase, one colour for each engine, beside published ones.

    A filled marker is the lowest barrier over which lithium percolates at all, an open one that in all the dimensions
    that the hops reach; a thin line joins the two.

    Parameters
    ----------
    documents
        Of phases and engines, one for each mechanism.
    paper
        Key of a paper whose barriers are drawn.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        Without any phase that percolates, or for a paper without barriers.
    """
    found = [MigrationDocument.model_validate(document) for document in documents]
    shown = [phase for phase in found if phase.percolating]
    if not shown:
        raise InputError("no phase percolates: there is no barrier to draw", "figure")
    values = _published(paper) if paper is not None else {}
    places = _places(shown)
    sizes = size_named(size)
    with style(sizes):
        figure, axes = new_figure(sizes, title=_barriers_title(shown), notes=_barriers_notes(found, paper))
        series = list(dict.fromkeys(_series(phase, shown) for phase in shown))
        for number, name in enumerate(series):
            shift = 0.24 * (number - (len(series) - 1) / 2)
            own = [phase for phase in shown if _series(phase, shown) == name]
            look: dict[str, Any] = {"marker": MARKERS[number % len(MARKERS)], "color": SERIES[number % len(SERIES)]}
            _phases(axes, {places[p.phase or p.formula] + shift: p for p in own}, look, sizes)
            axes.plot([], [], ls="none", label=name, **look)
        drawn = [(x, values[composition_key(f)]) for f, x in _formulas(shown, places) if composition_key(f) in values]
        if drawn:
            axes.plot(
                [x for x, _ in drawn],
                [value for _, value in drawn],
                ls="none",
                marker="_",
                ms=3.6 * sizes.marker,
                mew=1.5 * sizes.line,
                color=BLACK,
                label=paper,
                zorder=2,
            )
        names = {place: phase for phase, place in places.items()}
        labels = [_phase_text(names[place], shown) for place in sorted(names)]
        axes.set_xticks(sorted(names), labels, rotation=45 if len(names) > 5 else 0)
        axes.tick_params(axis="x", length=0)
        axes.set_xlim(-0.6, len(places) - 0.4)
        axes.set_ylabel("Percolating barrier (meV)")
        axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
        axes.legend(loc="upper left", handletextpad=0.9, borderaxespad=0.4, labelspacing=0.3, ncols=2)
    return figure


def _draw(axes: Axes, hop: BarrierDocument, start: float, energy: float, sizes: Size) -> tuple[Any, Any]:
    """Draw one hop from ``start`` and from the energy of its first site, eV; return its curve."""
    path = EnergyPath(hop.bands)
    x = np.linspace(0, path.length, POINTS)
    y = MEV * (path.energies(x) - hop.initial_energy + energy)
    axes.plot(start + x, y, color=BLUE, lw=sizes.line, zorder=2)
    axes.plot(
        *_images(hop, start, energy), ls="none", marker="o", color=BLUE, mfc="white", mew=0.9 * sizes.line, zorder=3
    )
    return start + x, y


def _images(hop: BarrierDocument, start: float, energy: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = [], []
    for band in hop.bands:
        x += [start + c - band.coordinates[0] for c in band.coordinates]
        y += [MEV * (e - hop.initial_energy + energy) for e in band.energies]
        start = x[-1]
    return np.array(x), np.array(y)


def _room(axes: Axes, below: float, above: float) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(low - below * (high - low), high + above * (high - low))


def _room_below(figure: Figure, axes: Axes, sizes: Size, letters: int) -> None:
    """Make room for turned labels of the ticks."""
    room = 0.55 * letters * sizes.font / 72 / figure.get_figheight()
    box = axes.get_position()
    axes.set_position((box.x0, box.y0 + room, box.width, box.height - room))


def _title(document: BarrierDocument | MigrationDocument) -> str:
    partial = ", partial" if document.completeness == "partial" else ""
    hop = f" {document.hop}," if isinstance(document, BarrierDocument) else ""
    phase = mathtext_formula((document.phase or document.formula).split("_")[0])
    return f"{phase}{',' if hop else ''}{hop or ','} {document.method.label}{partial}".replace(",,", ",")


def _hop_notes(hop: BarrierDocument) -> list[str]:
    moved = f"{hop.mechanism} hop over {hop.hop_length:.2f} Å from {hop.start_orbit} to {hop.end_orbit}"
    neighbours = ""
    if hop.coordination is not None:
        c = hop.coordination
        numbers = f"{c.initial} at its start, {c.saddle} at the saddle, {c.final} at its end"
        neighbours = f"; neighbours within {c.radius:.1f} Å: {numbers}"
    back = f"Backward {MEV * hop.barrier_backward:.0f} meV. " if abs(hop.energy_difference) > 1e-3 else ""
    return [f"{moved[0].upper()}{moved[1:]}, {hop.n_atoms} atoms{neighbours}. {back}".strip(), *_failed(hop)]


def _failed(document: BarrierDocument | MigrationDocument) -> list[str]:
    names = sorted({check.name.replace("_", " ") for check in failed(document.checks)})
    return [f"Checks that failed: {', '.join(names)}."] if names else []


def _path(phase: MigrationDocument, dimension: int) -> PercolatingBarrier:
    for path in phase.percolating:
        if path.dimension == dimension:
            return path
    raise InputError(
        f"{phase.phase} percolates in {phase.dimensions} dimensions"
        + (f", not in {dimension}" if phase.dimensions else ": there is no path to draw"),
        "figure",
    )


def _hops(phase: MigrationDocument, path: PercolatingBarrier, barriers: Sequence[BarrierLike]) -> list[BarrierDocument]:
    keys = {row.hop: row.barrier_key for row in phase.hops}
    by_key = {found.key: found for found in (BarrierDocument.model_validate(document) for document in barriers)}
    lost = [label for label in path.hops if keys[label] not in by_key]
    if lost:
        raise InputError(f"the barriers of {', '.join(lost)} are needed for the path of {phase.phase}", "figure")
    return [by_key[keys[label]] for label in path.hops]


def _path_notes(phase: MigrationDocument, path: PercolatingBarrier) -> list[str]:
    count = f"{path.dimension} dimension{'s' if path.dimension > 1 else ''}"
    return [
        f"Dashed: barrier over which lithium percolates in {count}, at {', '.join(path.bottleneck)}.",
        *(f"{note[0].upper()}{note[1:]}." for note in phase.notes[:1] if "percolate" in note),
        *_failed(phase),
    ]


def _published(paper: str) -> dict[Any, float]:
    values = published(paper).get(PUBLISHED)
    if values is None:
        raise InputError(f"{paper} has no migration barriers", "published")
    return {composition_key(name): value for name, value in values.items() if isinstance(value, int | float)}


def _places(shown: Sequence[MigrationDocument]) -> dict[str, int]:
    """Return a place on the axis for each phase, host by host, from little lithium to much."""

    def order(phase: MigrationDocument) -> tuple[str, float, str]:
        amounts = {element: float(n) for element, n in composition_key(phase.formula)}
        return phase.system, amounts.get("Li", 0.0) / sum(amounts.values()), phase.phase or phase.formula

    names = list(dict.fromkeys(phase.phase or phase.formula for phase in sorted(shown, key=order)))
    return {name: place for place, name in enumerate(names)}


def _formulas(shown: Sequence[MigrationDocument], places: dict[str, int]) -> list[tuple[str, int]]:
    return sorted({(phase.formula, places[phase.phase or phase.formula]) for phase in shown}, key=lambda p: p[1])


def _series(phase: MigrationDocument, shown: Sequence[MigrationDocument]) -> str:
    several = len({other.mechanism for other in shown}) > 1
    return f"{phase.method.label}, {phase.mechanism}" if several else phase.method.label


def _phases(axes: Axes, phases: Mapping[float, MigrationDocument], look: Mapping[str, Any], sizes: Size) -> None:
    """Draw phases at their places: the lowest barrier filled, the highest open, and what a reader has to know."""
    lowest = [MEV * phase.percolating[0].barrier for phase in phases.values()]
    highest = [MEV * phase.percolating[-1].barrier for phase in phases.values()]
    axes.vlines(list(phases), lowest, highest, color=look["color"], lw=0.8 * sizes.line, zorder=2.5)
    axes.plot(list(phases), highest, ls="none", mfc="white", mew=0.9 * sizes.line, zorder=3, **look)
    axes.plot(list(phases), lowest, ls="none", zorder=4, **look)
    for (x, phase), value in zip(phases.items(), highest, strict=True):
        text = (f"{phase.dimensions}D" if phase.dimensions < 3 else "") + ("*" if phase.flagged else "")
        axes.annotate(
            text,
            (x, value),
            xytext=(0.7 * sizes.font, 0),  # beside it: a published value may stand above
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=0.85 * sizes.font,
            color=GREY,
        )


def _phase_text(name: str, shown: Sequence[MigrationDocument]) -> str:
    formulas = [phase.formula for phase in shown if (phase.phase or phase.formula) == name]
    twins = {phase.phase for phase in shown if phase.formula == formulas[0]}
    return name if len(twins) > 1 else mathtext_formula(formulas[0])


def _barriers_title(shown: Sequence[MigrationDocument]) -> str:
    mechanisms = sorted({phase.mechanism for phase in shown})
    return f"Lithium migration, {' and '.join(mechanisms)}"


def _barriers_notes(found: Sequence[MigrationDocument], paper: str | None) -> list[str]:
    notes = ["Filled: lowest barrier over which lithium percolates; open: in as many dimensions as the hops reach."]
    still = sorted({phase.formula for phase in found if not phase.percolating})
    if still:
        notes.append(f"No percolation: {', '.join(still)}.")
    if any(phase.flagged for phase in found):
        notes.append("*: a check failed.")
    partial = sorted({phase.formula for phase in found if phase.completeness == "partial"})
    if partial:
        notes.append(f"Partial: {', '.join(partial)}.")
    if paper is not None and "source" in (values := published(paper)[PUBLISHED]):
        notes.append(f"{paper}: {values['source']}.")
    return notes
