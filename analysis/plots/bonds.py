"""Bonds, polyhedra and penetration at an interface in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.plots.labels import Label, place_labels
from lianode.analysis.plots.panels import PS, digits_of, interface_notes, interface_title, new_panels
from lianode.analysis.plots.style import BLACK, SERIES, size_named, style
from lianode.analysis.structure_in_time.bond_document import BondDocument
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from lianode.analysis.plots.style import Size, SizeName
    from lianode.analysis.structure_in_time.bond_document import BondEvolution, BondOnset

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
"""For series beyond the colours."""
BondLike = BondDocument | dict[str, Any]


def bonds_figure(document: BondLike, *, size: SizeName = "column") -> Figure:
    """Draw bonds in time; below them the polyhedra that are left, and how deep elements went, where it was asked.

    The band around a line is what a longer and a shorter cut-off would count. A marker is an onset with its error.

    Parameters
    ----------
    document
        Of one interface.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        Without any bond or polyhedron, or for an unknown size.
    """
    found = BondDocument.model_validate(document)
    units = [unit for unit in found.polyhedra if unit.initial]
    parts = [bool(found.bonds), bool(units), bool(found.penetration)]
    if not any(parts):
        raise InputError("the document has neither bonds nor polyhedra to draw", "bonds")
    sizes = size_named(size)
    times = np.array(found.times_fs) / PS
    with style(sizes):
        rows = sum(parts)
        height = max(sizes.height, (6 + 13 * rows) * sizes.font / 72)
        figure, panels = new_panels(
            sizes, rows=rows, height=height, gaps=(0, 0.9), notes=[*_notes(found), *interface_notes(found)],
            title=interface_title(found),
        )  # fmt: skip
        left = list(panels)
        for axes in left:
            axes.set_xlim(times[0], times[-1] if len(times) > 1 else times[0] + 1)
        if found.bonds:
            _bonds(left.pop(0), times, found.bonds, sizes)
        if units:
            axes = left.pop(0)
            for number, unit in enumerate(units):
                look = _look(number)
                share = np.array(unit.surviving) / unit.initial
                axes.plot(times, np.array(unit.intact) / unit.initial, alpha=0.45, lw=0.5 * sizes.line, **look)
                axes.plot(times, share, lw=sizes.line, label=f"{mathtext_formula(unit.name)} of {unit.initial}", **look)
            axes.set_ylim(0, 1.08)
            axes.set_ylabel("Share left")
            axes.legend(loc="lower left", handlelength=1.4)
        if found.penetration:
            axes = left.pop(0)
            for number, of in enumerate(found.penetration):
                look = _look(number)
                axes.plot(times, of.deepest, lw=0.7 * sizes.line, label=of.element, **look)
                mean = np.where(np.array(of.left) > 0, of.mean_depth, np.nan)
                axes.plot(times, mean, lw=0.7 * sizes.line, **(look | {"ls": (0, (3, 1.5))}))
            axes.set_ylim(0, 1.15 * max(1.0, axes.get_ylim()[1]))
            axes.set_ylabel("Depth (Å)")
            axes.legend(loc="upper left", handlelength=1.4, ncols=len(found.penetration))
        for axes in panels:
            axes.locator_params(axis="both", nbins=5)
        for axes in panels[:-1]:
            axes.tick_params(axis="x", labelbottom=False)
        panels[-1].set_xlabel("Time (ps)")
        figure.align_ylabels(panels)
    return figure


def _bonds(axes: Axes, times: NDArray[np.float64], bonds: Sequence[BondEvolution], sizes: Size) -> None:
    """Draw counts with their bands and onsets."""
    labels, lines = [], []
    for number, bond in enumerate(bonds):
        look = _look(number)
        axes.fill_between(times, bond.counts_shorter, bond.counts_longer, color=look["color"], alpha=0.22, lw=0)
        axes.plot(times, bond.counts, lw=sizes.line, label=bond.pair, zorder=3, **look)
        lines.append((times.tolist(), bond.counts))
        if bond.onset.time_fs is None:
            continue
        time = bond.onset.time_fs / PS
        at = time + times[0]
        y = float(np.interp(at, times, bond.counts))
        axes.errorbar(
            [at], [y], xerr=_spread(bond.onset, time), fmt="none", ecolor=BLACK, elinewidth=0.8 * sizes.line,
            capsize=0.3 * sizes.font, zorder=5,
        )  # fmt: skip
        axes.plot(
            [at], [y], ls="none", marker="D", color=look["color"], mec=BLACK, mew=0.5 * sizes.line,
            ms=0.8 * sizes.marker, zorder=6, clip_on=False,
        )  # fmt: skip
        labels.append(Label(x=at, y=y, text=onset_text(bond.onset), color=BLACK, prefer=80.0))
    axes.set_ylim(0, 1.28 * max(1.0, *(max(bond.counts_longer) for bond in bonds)))
    axes.set_ylabel("Bonds")
    legend = axes.legend(loc="upper left", handlelength=1.4, ncols=min(4, len(bonds)), columnspacing=1.0)
    place_labels(axes, labels, font=0.9 * sizes.font, lines=lines, keep_clear=[legend])


def onset_text(onset: BondOnset) -> str:
    """Return an onset with its error, both to the digit that the error allows, in ps; empty where there is none."""
    if onset.time_fs is None:
        return ""
    if onset.error_fs is None:
        return f"{onset.time_fs / PS:.2f} ps"
    error = onset.error_fs / PS
    digits = digits_of(error)
    return rf"{onset.time_fs / PS:.{digits}f} $\pm$ {error:.{digits}f} ps"


def _spread(onset: BondOnset, time: float) -> NDArray[np.float64]:
    """Return the error on both sides, ps; from other cut-offs where no error could be given."""
    if onset.error_fs is not None:
        return np.full((2, 1), onset.error_fs / PS)
    earliest = time if onset.earliest_fs is None else onset.earliest_fs / PS
    latest = time if onset.latest_fs is None else onset.latest_fs / PS
    return np.array([[max(0.0, time - earliest)], [max(0.0, latest - time)]])


def _look(number: int) -> dict[str, Any]:
    return {"color": SERIES[number % len(SERIES)], "ls": DASHES[number // len(SERIES) % len(DASHES)]}


def _notes(found: BondDocument) -> list[str]:
    notes = []
    if found.bonds:
        cutoffs = ", ".join(
            f"{bond.pair} {bond.cutoff:.2f} Å ({bond.cutoff_source.removeprefix('first minimum of ')})"
            for bond in found.bonds
        )
        moved = ", ".join(sorted({f"{bond.cutoff_uncertainty:g} Å" for bond in found.bonds}))
        notes.append(f"Cut-offs: {cutoffs}; bands: {moved} less and more.")
    open_ended = [bond.pair for bond in found.bonds if bond.onset.time_fs is not None and bond.onset.error_fs is None]
    if open_ended:
        notes.append(f"Onset with only some of the cut-offs, so without an error: {', '.join(open_ended)}.")
    never = [bond.pair for bond in found.bonds if bond.initial == 0 and bond.onset.time_fs is None]
    if never:
        notes.append(f"Never began to form: {', '.join(never)}.")
    if any(unit.initial for unit in found.polyhedra):
        notes.append("Polyhedra of the first frame: thick, intact then or later; thin, intact.")
    none = [unit.name for unit in found.polyhedra if not unit.initial]
    if none:
        notes.append(f"Not in the first frame: {', '.join(none)}.")
    if found.penetration:
        notes.append("Depth in the other side: solid, deepest atom; dashed, mean of those that left.")
    return notes
