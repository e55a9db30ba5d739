"""Figures of surface energies and of equilibrium shapes, drawn from documents alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import failed
from lianode.analysis.plots.panels import fit_width
from lianode.analysis.plots.style import BLACK, BLUE, GREY, LIGHT, SERIES, SKY, VERMILION, new_figure, size_named, style
from lianode.analysis.plots.surface_data import in_joule
from lianode.analysis.surface.surface import SurfaceDocument
from lianode.analysis.surface.wulff_document import WulffDocument
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.plots.style import Size, SizeName

SurfaceLike = SurfaceDocument | dict[str, Any]
WulffLike = WulffDocument | dict[str, Any]
PER_BAR = 2.1
"""Font sizes of height for one bar."""
OUTER = 7.0
"""Font sizes above and below the bars: title, axis and its label."""


def surface_figure(documents: Sequence[SurfaceLike], *, size: SizeName = "column") -> Figure:
    """Draw the surface energies of one phase as bars, the lowest on top.

    A bar is of relaxed slabs, or hatched of slabs as they were cut, which an open circle shows beside relaxed ones. A
    line shows the range over the chemical potentials at which the phase is stable. A light bar is the mean of the two
    surfaces of a cleavage, a star says that a check failed.

    Parameters
    ----------
    documents
        Of one phase and method.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        When there is no energy to draw, several phases or methods, and for an unknown size.
    """
    found = [SurfaceDocument.model_validate(document) for document in documents]
    known = sorted((one for one in found if in_joule(one) is not None), key=lambda one: in_joule(one) or 0.0)
    if not known:
        raise InputError("no surface has an energy to draw", "surfaces")
    if len({(one.phase, one.method.digest) for one in known}) > 1:
        raise InputError("a figure of surfaces is of one phase with one method", "surfaces")
    sizes = size_named(size)
    height = (OUTER + PER_BAR * len(known)) * sizes.font / 72
    with style(sizes):
        first = known[0]
        title = f"Surfaces of {_name(first)}, {first.method.label}"
        figure, axes = new_figure(replace(sizes, height=height), notes=_notes(found), title="")
        for text in figure.texts:
            fit_width(figure, text, 0.02)
        for row, surface in enumerate(known):
            _bar(axes, row, surface, sizes)
        axes.set_yticks(range(len(known)), [_label(surface) for surface in known])
        axes.set_ylim(len(known) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("surface energy / J m$^{-2}$")
        if axes.get_xlim()[0] < 0:
            axes.axvline(0.0, color=BLACK, lw=0.8 * sizes.line)
        _make_room(figure, axes)
        head = axes.get_position()
        em = sizes.font / 72 / figure.get_size_inches()[1]
        fit_width(figure, figure.text(0.02, head.y1 + 0.5 * em, title, fontsize=sizes.font, va="bottom"), 0.02)
    return figure


def wulff_figure(document: WulffLike, *, size: SizeName = "column") -> Figure:
    """Draw the equilibrium shape of a crystal, its faces coloured by plane.

    Parameters
    ----------
    document
        With a shape.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        Where there is no shape, and for an unknown size.
    """
    found = WulffDocument.model_validate(document)
    if not found.faces:
        raise InputError(next(iter(found.notes), "there is no shape to draw"), f"wulff {found.phase}")
    sizes = size_named(size)
    with style(sizes):
        figure, flat = new_figure(sizes, notes=_shape_notes(found), title="")
        for text in figure.texts:
            fit_width(figure, text, 0.02)
        box = flat.get_position()
        flat.remove()
        wide = 0.66
        axes: Any = figure.add_axes((0.0, box.y0 - 0.06, wide, box.height + 0.06), projection="3d")
        _body(axes, found, sizes)
        _legend(figure, found, sizes, wide)
        title = f"Equilibrium shape of {_name(found)}, {found.method.label}"
        em = sizes.font / 72 / figure.get_size_inches()[1]
        fit_width(figure, figure.text(0.02, box.y1 + 0.5 * em, title, fontsize=sizes.font, va="bottom"), 0.02)
    return figure


def _bar(axes: Axes, row: int, surface: SurfaceDocument, size: Size) -> None:
    energy = in_joule(surface) or 0.0
    colour = SKY if surface.kind == "cleavage" else BLUE
    fill, hatch = (colour, None) if surface.relaxed else ("white", "////")
    axes.barh(row, energy, height=0.62, facecolor=fill, edgecolor=colour, hatch=hatch)
    ends = [energy]
    if surface.limits:
        ends += [limit.surface_energy_J_per_m2 for limit in surface.limits]
        axes.plot([min(ends), max(ends)], [row, row], color=BLACK, lw=size.line, marker="|", ms=size.marker)
    if surface.relaxed and surface.unrelaxed_fit is not None:
        cut = surface.unrelaxed_fit.energy_J_per_m2
        axes.plot(cut, row, "o", mfc="white", mec=GREY, ms=0.8 * size.marker, mew=0.8 * size.line)
        ends.append(cut)
    star = "*" if surface.flagged else ""
    axes.annotate(
        f"{energy:.2f}{star}", (max(*ends, 0.0), row), (0.5 * size.font, 0), textcoords="offset points", va="center",
        color=VERMILION if star else BLACK,
    )  # fmt: skip
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 1.1 * min(ends), 0.0), max(high, 1.25 * max(ends)))


def _make_room(figure: Figure, axes: Axes) -> None:
    """Move the left side of the axes to where the names of the bars end."""
    figure.canvas.draw()
    box = axes.get_position()
    widest = max(tick.get_window_extent().width for tick in axes.get_yticklabels()) / figure.bbox.width
    left = min(0.6, widest + 0.05)
    axes.set_position((left, box.y0, box.x1 - left, box.height))


def _body(axes: Any, document: WulffDocument, size: Size) -> None:
    from matplotlib.colors import to_rgb
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

    elev, azim = np.radians(22.0), np.radians(33.0)
    light = np.array([np.cos(elev) * np.cos(azim), np.cos(elev) * np.sin(azim), np.sin(elev)])
    faces = [np.array(face.corners) for face in document.faces]
    colours = []
    for face, corners in zip(document.faces, faces, strict=True):
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        bright = 0.65 + 0.35 * abs(float(normal @ light)) / float(np.linalg.norm(normal))
        colours.append(tuple(bright * part for part in to_rgb(_colour(face.family))))
    axes.add_collection3d(Poly3DCollection(faces, facecolors=colours, edgecolors=BLACK, linewidths=0.6 * size.line))
    reach = 0.78 * float(np.abs(np.concatenate(faces)).max())
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_zlim(-reach, reach)
    axes.set_box_aspect((1, 1, 1))
    axes.set_axis_off()
    axes.set_proj_type("ortho")
    axes.view_init(elev=22, azim=33)


def _legend(figure: Figure, document: WulffDocument, size: Size, left: float) -> None:
    """List the planes with their energies and shares; those without a face in grey."""
    from matplotlib.patches import Patch

    patches = []
    for family, row in enumerate(document.planes):
        share = row.area_fraction or 0.0
        star = "*" if row.flagged else ""
        label = f"{_indices(row.plane_label)}{star} {row.surface_energy_J_per_m2:.2f}, {share:.0%}"
        patches.append(Patch(facecolor=_colour(family) if share else LIGHT, edgecolor="none", label=label))
    figure.legend(
        handles=patches, loc="center left", bbox_to_anchor=(left, 0.55), frameon=False, fontsize=0.9 * size.font,
        title="plane, J m$^{-2}$, share", title_fontsize=0.9 * size.font, alignment="left",
    )  # fmt: skip


def _colour(family: int) -> str:
    return SERIES[family % len(SERIES)]


def _indices(label: str) -> str:
    """Write minus signs over the indices."""
    inside = label.strip("()")
    parts = inside.split(",") if "," in inside else _digits(inside)
    return "(" + (" " if "," in inside else "").join(
        f"$\\bar{{{part[1:]}}}$" if part.startswith("-") else part for part in parts
    ) + ")"  # fmt: skip


def _digits(text: str) -> list[str]:
    import re

    return re.findall(r"-?\d", text)


def _label(surface: SurfaceDocument) -> str:
    name, *number = surface.termination.split("#")
    return f"{_indices(surface.plane_label)} {mathtext_formula(name)}{''.join(f' #{one}' for one in number)}"


def _name(document: SurfaceDocument | WulffDocument) -> str:
    plain = mathtext_formula(document.formula)
    return plain if document.phase in {None, document.formula} else f"{plain} ({document.phase})"


def _notes(found: Sequence[SurfaceDocument]) -> list[str]:
    notes = []
    if any(one.relaxed and one.unrelaxed_fit for one in found):
        notes.append("Circles: slabs as they were cut.")
    if any(not one.relaxed for one in found):
        notes.append("Hatched: not relaxed.")
    if any(one.kind == "cleavage" for one in found):
        notes.append("Light: mean of the two surfaces of a cleavage.")
    charged = next((one for one in found if one.limits), None)
    if charged is not None:
        where = " and ".join(charged.limits[0].neighbours)
        notes.append(f"Bars of terminations with atoms in excess: in equilibrium with {where}; lines: the whole range.")
    nameless = [_label(one) for one in found if in_joule(one) is None]
    if nameless:
        notes.append(f"Missing: {', '.join(nameless)}.")
    names = sorted({check.name.replace("_", " ") for one in found for check in failed(one.checks)})
    return [
        *([" ".join(notes)] if notes else []),
        *([f"* Checks that failed: {', '.join(names)}."] if names else []),
    ]


def _shape_notes(document: WulffDocument) -> list[str]:
    notes = [f"{note[0].upper()}{note[1:]}." for note in document.notes]
    if document.weighted_surface_energy_J_per_m2 is not None:
        notes.insert(0, f"Mean over the surface {document.weighted_surface_energy_J_per_m2:.3g} J/m².")
    if document.in_equilibrium_with:
        notes.append(f"In equilibrium with {' and '.join(document.in_equilibrium_with)}.")
    names = sorted({check.name.replace("_", " ") for check in failed(document.checks)})
    return [*notes, *([f"* Checks that failed: {', '.join(names)}."] if names else [])]
