"""Figures of the direction-dependent Young's modulus, drawn from documents alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import failed
from lianode.analysis.elastic.document import ElasticDocument
from lianode.analysis.elastic.moduli import youngs_modulus
from lianode.analysis.plots.elastic_data import CUTS, cut
from lianode.analysis.plots.panels import new_panels
from lianode.analysis.plots.style import BLACK, BLUE, GREY, LIGHT, VERMILION, size_named, style
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.plots.style import Size, SizeName

ElasticLike = ElasticDocument | dict[str, Any]
TALL = 1.06
"""Height over width of the figure without its notes."""
NUMBERS = 3.4
"""Font sizes below the panels of other figures for the numbers of an axis, which these have not."""
ROUND = 1.18
"""Half the width of a panel over the largest modulus: room for the names of the axes."""


def youngs_modulus_figure(document: ElasticLike, *, size: SizeName = "column") -> Figure:
    """Draw Young's modulus as a surface over all directions, and cut by three planes.

    The distance from the middle is the modulus along that direction; that of a polycrystal (Hill) is a dashed circle.

    Parameters
    ----------
    document
        Of a stable crystal.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For a crystal that is not stable, and an unknown size.
    """
    found = ElasticDocument.model_validate(document)
    if found.moduli is None or found.stiffest is None:
        raise InputError("the crystal is mechanically unstable and has no moduli to draw", f"elastic {found.phase}")
    sizes = size_named(size)
    with style(sizes):
        figure, panels = new_panels(
            sizes,
            rows=2,
            columns=2,
            height=TALL * sizes.width,
            notes=_notes(found),
            title=f"Young's modulus of {_name(found)}, {found.method.label}",
        )
        _fill(figure, panels, sizes)
        edge = ROUND * found.stiffest.youngs_modulus_GPa
        _surface(figure, panels[0], found, sizes)
        for panel, plane in zip(panels[1:], CUTS, strict=True):
            _cut(panel, found, plane, edge, sizes)
    return figure


def _fill(figure: Figure, panels: Sequence[Axes], size: Size) -> None:
    """Let four panels without numbers take all the room between title and notes."""
    wide, high = figure.get_size_inches()
    em = size.font / 72
    bottom = panels[2].get_position().y0 - NUMBERS * em / high
    top = panels[0].get_position().y1
    width, height = 0.5 - em / wide, 0.5 * (top - bottom)
    for number, axes in enumerate(panels):
        row, column = divmod(number, 2)
        axes.set_position((em / wide + column * width, top - (row + 1) * height, width, height))


def _cut(axes: Axes, document: ElasticDocument, plane: str, edge: float, size: Size) -> None:
    """Draw one plane, with circles to read the modulus at."""
    angles = np.linspace(0.0, 360.0, 721)
    values = cut(document, plane, angles)
    turn = np.radians(angles)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-edge, edge)
    axes.set_ylim(-edge, edge)
    for radius in _circles(edge / ROUND):
        axes.plot(radius * np.cos(turn), radius * np.sin(turn), color=LIGHT, lw=0.5 * size.line, zorder=1)
        axes.annotate(
            f"{radius:g}",
            (radius * np.cos(-np.pi / 4), radius * np.sin(-np.pi / 4)),
            fontsize=0.8 * size.font,
            color=GREY,
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
            zorder=2,
        )
    for x, y in ((edge / ROUND, 0.0), (0.0, edge / ROUND)):
        axes.plot([-x, x], [-y, y], color=LIGHT, lw=0.5 * size.line, zorder=1)
    hill = document.youngs_modulus_GPa or 0.0
    axes.plot(hill * np.cos(turn), hill * np.sin(turn), color=VERMILION, ls=(0, (4, 2)), lw=0.8 * size.line, zorder=3)
    axes.plot(values * np.cos(turn), values * np.sin(turn), color=BLUE, lw=1.2 * size.line, zorder=4)
    across, up = plane.split("-")
    axes.text(edge, 0, across, ha="right", va="center")
    axes.text(0, edge, up, ha="center", va="top")


def _circles(largest: float) -> list[float]:
    """Return two to four round numbers up to a modulus, GPa."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, largest)
    return [float(tick) for tick in ticks if 0 < tick <= 1.001 * largest]


def _surface(figure: Figure, panel: Axes, document: ElasticDocument, size: Size) -> None:
    """Draw the surface in the place of a panel."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    box = panel.get_position()
    panel.remove()
    axes: Any = figure.add_axes((box.x0, box.y0, box.width, box.height), projection="3d")
    polar, turn = np.meshgrid(np.linspace(0.0, np.pi, 61), np.linspace(0.0, 2 * np.pi, 121), indexing="ij")
    normals = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], axis=-1)
    values = youngs_modulus(np.array(document.tensor_GPa), normals)
    x, y, z = np.moveaxis(values[..., None] * normals, -1, 0)
    low, high = (e.youngs_modulus_GPa if e else 0.0 for e in (document.softest, document.stiffest))
    colours = colormaps["viridis"](Normalize(low, max(high, low + 1e-6))(values))
    axes.plot_surface(
        x, y, z, facecolors=colours, rstride=1, cstride=1, linewidth=0, antialiased=False, rasterized=True
    )
    axes.set_axis_off()
    axes.set_proj_type("ortho")
    axes.view_init(elev=22, azim=35)
    reach = 0.72 * high  # the box is drawn smaller than the panel
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_zlim(-reach, reach)
    axes.set_box_aspect((1, 1, 1))
    along = youngs_modulus(np.array(document.tensor_GPa), np.eye(3))
    for name, start, step in zip("xyz", along, np.eye(3), strict=True):
        begin, end = start * step, (start + 0.22 * high) * step
        axes.plot(*zip(begin, end, strict=True), color=BLACK, lw=0.8 * size.line, zorder=10)
        axes.text(*(end + 0.08 * high * step), name, ha="center", va="center", zorder=11)


def _name(document: ElasticDocument) -> str:
    plain = mathtext_formula(document.formula)
    return plain if document.phase in {None, document.formula} else f"{plain} ({document.phase})"


def _notes(document: ElasticDocument) -> list[str]:
    softest, stiffest = document.softest, document.stiffest
    ends = [
        f"{one.youngs_modulus_GPa:.3g} GPa along ({', '.join(f'{x:.2f}' for x in one.direction)})"
        for one in (softest, stiffest)
        if one is not None
    ]
    frame = "GPa; x along a, z along c* of the conventional cell."
    polycrystal = f"dashed: polycrystal (Hill), {document.youngs_modulus_GPa:.3g} GPa."
    notes = [f"{frame} From {' to '.join(ends)}; {polycrystal}"]
    names = sorted({check.name.replace("_", " ") for check in failed(document.checks)})
    return [*notes, *([f"Checks that failed: {', '.join(names)}."] if names else [])]
