"""Figures of adsorption: a surface from above with its sites, and their energies below it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lianode.analysis.adsorption.document import AdsorptionDocument
from lianode.analysis.checks import failed
from lianode.analysis.plots.elements import color_of
from lianode.analysis.plots.from_above import DEPTH, SurfaceFromAbove
from lianode.analysis.plots.panels import fit_width, mathtext_interface
from lianode.analysis.plots.style import BLACK, BLUE, GREY, LIGHT, VERMILION, new_figure, size_named, style
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.adsorption.document import SiteRow
    from lianode.analysis.plots.style import Size, SizeName
    from lianode.structures.adsorption.sites import SiteKind

AdsorptionLike = AdsorptionDocument | dict[str, Any]
MARKERS: dict[SiteKind, str] = {"top": "o", "bridge": "s", "hollow": "^"}
PER_SITE = 1.55
"""Font sizes of height for one site."""
MOST_HIGH = 0.85
"""Height of the picture over its width; a longer surface is turned."""


def adsorption_figure(document: AdsorptionLike, *, size: SizeName = "column") -> Figure:
    """Draw a surface from above with its distinct sites, and below it their energies.

    The markers' shapes say what a site is, their numbers are those of the list, by energy. Filled: a configuration
    of its own; open, small and grey: a site that relaxed to another one, which the list names.

    Parameters
    ----------
    document
        Of one surface.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        When no site has an energy, and for an unknown size.
    """
    found = AdsorptionDocument.model_validate(document)
    rows = [row for row in found.sites if row.adsorption_energy is not None]
    if not rows:
        raise InputError("no site has an energy to draw", f"adsorption {found.surface}")
    sizes = size_named(size)
    view = SurfaceFromAbove(found.slab)
    em = sizes.font / 72
    picture = sizes.width * min(MOST_HIGH, view.height / view.width)
    listed = (PER_SITE * len(rows) + 6.8) * em
    with style(sizes):
        whole = replace(sizes, height=picture + listed + 5.2 * em)
        figure, axes = new_figure(whole, notes=_notes(found), title="")
        for text in figure.texts:
            fit_width(figure, text, 0.02)
        high = float(figure.get_size_inches()[1])
        bottom = axes.get_position().y0
        axes.set_position((0.3, bottom, 0.66, (listed - 6.2 * em) / high))
        above = figure.add_axes((0.03, bottom + listed / high - 1.0 * em / high, 0.94, picture / high))
        _draw_surface(above, view, rows, sizes)
        _draw_energies(axes, found, rows, sizes)
        title = f"{found.adsorbate} on {mathtext_interface(found.surface)}, {found.method.label}"
        place = above.get_position().y1 + 0.5 * em / high
        fit_width(figure, figure.text(0.03, place, title, fontsize=sizes.font, va="bottom"), 0.02)
    return figure


def _draw_surface(axes: Axes, view: SurfaceFromAbove, rows: Sequence[SiteRow], size: Size) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Circle

    for number, atom in enumerate(view.atoms):
        pale = 0.75 * atom.depth / DEPTH
        fill = tuple((1 - pale) * part + pale for part in to_rgb(color_of(atom.element)))
        edge = tuple((1 - pale) * part + pale for part in to_rgb(GREY))
        axes.add_patch(Circle((atom.x, atom.y), atom.radius, fc=fill, ec=edge, lw=0.5 * size.line, zorder=1 + number))
    last = 2 + len(view.atoms)
    axes.plot(*view.outline.T, color=BLACK, lw=0.7 * size.line, ls="--", zorder=last)
    for number, row in reversed(list(enumerate(rows, start=1))):
        place = view.home(row.position)
        _marker(axes, row, (float(place[0]), float(place[1])), size, last + 1)
        axes.annotate(
            str(number), (float(place[0]), float(place[1])), fontsize=0.75 * size.font, ha="center", va="center",
            color="white" if _filled(row) else BLACK, zorder=last + 2, annotation_clip=False,
        )  # fmt: skip
    elements = list(dict.fromkeys(atom.element for atom in reversed(view.atoms)))
    for element in elements:
        axes.plot([], [], "o", mfc=color_of(element), mec=GREY, ms=1.4 * size.marker, label=element)
    for kind, marker in MARKERS.items():
        if any(row.kind == kind for row in rows):
            axes.plot([], [], marker, mfc="white", mec=BLACK, ms=1.2 * size.marker, label=kind)
    axes.set_xlim(view.low[0], view.high[0])
    axes.set_ylim(view.low[1], view.high[1])
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_energies(axes: Axes, document: AdsorptionDocument, rows: Sequence[SiteRow], size: Size) -> None:
    """Draw one line per site: against the metal below, against the free atom above."""
    for place, row in enumerate(rows):
        energy = float(row.adsorption_energy or 0.0)
        axes.plot([0.0, energy], [place, place], color=LIGHT, lw=0.8 * size.line, zorder=1)
        _marker(axes, row, (energy, place), size, 3)
        said = f"{energy:.2f}"
        if row.same_as is not None:
            said += f"  → {row.same_as}"
        elif row.ended_on != row.site:
            said += f"  → {row.ended_on}"
        said += "" if row.sound else " *"
        axes.annotate(
            said, (max(energy, 0.0), place), (0.9 * size.font, 0), textcoords="offset points", va="center",
            fontsize=0.85 * size.font, color=BLACK if row.sound else VERMILION,
        )  # fmt: skip
    energies = [float(row.adsorption_energy or 0.0) for row in rows]
    low, high = min(0.0, *energies), max(0.0, *energies)
    span = max(high - low, 0.1)
    axes.set_xlim(low - 0.08 * span, high + 0.45 * span)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(0.0, color=BLACK, lw=0.8 * size.line, zorder=2)
    axes.set_yticks(range(len(rows)), [f"{row.site}  {number}" for number, row in enumerate(rows, start=1)])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"adsorption energy against {document.adsorbate} metal / eV")
    if document.free_atom is not None:
        shift = document.free_atom.cohesive_energy
        below: Any = (lambda x: x - shift, lambda x: x + shift)
        other = axes.secondary_xaxis("top", functions=below)
        axes.tick_params(axis="x", top=False)
        other.set_xlabel("against the free atom / eV", fontsize=0.9 * size.font)
        other.tick_params(labelsize=0.9 * size.font)
    if document.sites[0].adsorption_energy is not None:
        handles, labels = axes.figure.axes[-1].get_legend_handles_labels()
        axes.figure.axes[-1].legend(
            handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=len(labels), frameon=False,
            fontsize=0.85 * size.font, handletextpad=0.1, columnspacing=0.9,
        )  # fmt: skip


def _marker(axes: Axes, row: SiteRow, place: tuple[float, float], size: Size, zorder: int) -> None:
    filled, own = _filled(row), row.same_as is None
    axes.plot(
        *place, MARKERS[row.kind], mfc=BLUE if filled else "white", mec=BLUE if own else GREY,
        ms=(2.1 if own else 1.7) * size.marker, mew=0.8 * size.line, zorder=zorder, clip_on=False,
    )  # fmt: skip


def _filled(row: SiteRow) -> bool:
    return row.same_as is None


def _notes(document: AdsorptionDocument) -> list[str]:
    best = document.adsorption_energy
    prefers = "its own metal" if best > 0 else "this surface"
    slab = f"slab of {document.thickness:.0f} Å, cut {document.termination}"
    notes = [
        f"Best on {document.best_site}: {best:+.2f} eV against {document.adsorbate} metal; the atom prefers {prefers}.",
        f"One atom on {document.area_per_adsorbate:.0f} Å²; {slab}.",
    ]
    if document.free_atom is not None and document.free_atom.origin == "tabulated":
        notes.append(f"Free atom: tabulated cohesive energy of {document.free_atom.cohesive_energy:.2f} eV.")
    if any(row.same_as for row in document.sites):
        notes.append("Open: relaxed to another site.")
    if any(not row.sound for row in document.sites):
        notes.append("* The slab did not stay what it was, or the atom left it.")
    notes += [f"Missing: {text}." for text in document.missing[:3]]
    names = sorted({check.name.replace("_", " ") for check in failed(document.checks)})
    return [*notes, *([f"Checks that failed: {', '.join(names)}."] if names else [])]
