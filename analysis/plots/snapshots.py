"""An interface before and after a run, seen from the side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.analysis.interface_md import InterfaceMdDocument
from lianode.analysis.plots.elements import color_of, radius_of
from lianode.analysis.plots.panels import PS, interface_notes, interface_title, new_panels
from lianode.analysis.plots.side_view import home_of, side_view
from lianode.analysis.plots.style import BLACK, GREY, size_named, style
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula, ordered_elements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.interface_md import Snapshot
    from lianode.analysis.plots.side_view import SideView
    from lianode.analysis.plots.style import Size, SizeName

ATOM = 0.62
"""Share of its radius with which an atom is drawn, so that bonds are seen."""
FADE = 0.6
"""How much of white the farthest atom has."""
RULER = 10.0
"""Å."""
MARGIN = 1.0
"""Around a cell, Å: for atoms on its border."""
LINE = 1.6
"""Of text above a panel, in font sizes."""
InterfaceMdLike = InterfaceMdDocument | dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Region:
    """A side of the interface along the drawing, Å."""

    name: str
    begin: float
    end: float


def snapshots_figure(document: InterfaceMdLike, *, size: SizeName = "column") -> Figure:
    """Draw the first and the last frame, seen along the interface, its normal to the right; far atoms are paler.

    Atoms are wrapped into the cell. Dashed lines are where the sides meet in the first frame.

    Parameters
    ----------
    document
        Of one interface.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        Without a frame, or for an unknown size.
    """
    found = InterfaceMdDocument.model_validate(document)
    sizes = size_named(size)
    if not found.snapshots:
        raise InputError("the document has no frames to draw", "interface_md")
    first = found.snapshots[0]
    origin, shares = _sides(found)
    views = [side_view(snapshot, origin=origin) for snapshot in found.snapshots]
    em = sizes.font / 72
    widest, highest = max(view.width for view in views), max(view.height for view in views)
    # one scale for all: Å are as long across as up
    inch = (sizes.width - 1.6 * em) / (widest + 2 * MARGIN)
    with style(sizes):
        rows, row = len(views), (highest + 2 * MARGIN) * inch
        height = (2.2 + 0.2 + 2.8) * em + rows * (row + LINE * em)
        figure, panels = new_panels(sizes, rows=rows, height=height, notes=_notes(found), title=interface_title(found))
        tall = figure.get_figheight()
        floor = tall - height  # the room of the notes
        for place, (axes, view, snapshot) in enumerate(zip(panels, views, found.snapshots, strict=True)):
            bottom = floor + 3.0 * em + (rows - 1 - place) * (row + LINE * em)
            axes.set_position((0.8 * em / sizes.width, bottom / tall, 1 - 1.6 * em / sizes.width, row / tall))
            axes.set_xlim(-MARGIN, widest + MARGIN)
            axes.set_ylim(-MARGIN, highest + MARGIN)
            axes.set_axis_off()
            regions = _regions(found, shares, view.width)
            _cell(axes, view, regions, sizes)
            _atoms(axes, view, snapshot, sizes)
            axes.annotate(
                f"{snapshot.time_fs / PS:.4g} ps", (0, view.height + MARGIN), xytext=(0, 0.25 * sizes.font),
                textcoords="offset points", va="bottom", annotation_clip=False,
            )  # fmt: skip
        _region_names(panels[0], _regions(found, shares, views[0].width), views[0], sizes)
        _key(figure, ordered_elements(set(first.elements)), sizes, inch, floor)
    return figure


def _sides(found: InterfaceMdDocument) -> tuple[float, tuple[float, float, float, float]]:
    """Return where to begin to draw, and beginnings and ends of electrolyte and anode, as shares of the third vector.

    The drawing begins in the middle between the anode's end and the electrolyte's beginning.
    """
    first = found.snapshots[0]
    count = found.electrolyte.atoms
    if not 0 < count < len(first.elements) or count + found.anode.atoms != len(first.elements):
        raise InputError(
            f"{count} atoms of the electrolyte and {found.anode.atoms} of the anode in a frame of "
            f"{len(first.elements)}",
            "interface_md",
        )
    low, high = home_of(first, slice(0, count))
    begin, end = home_of(first, slice(count, None))
    origin = low - ((low - end) % 1.0) / 2
    low, high = (low - origin) % 1.0, (low - origin) % 1.0 + high - low
    begin, end = (begin - origin) % 1.0, (begin - origin) % 1.0 + end - begin
    return origin, (low, high, begin, end)


def _regions(found: InterfaceMdDocument, shares: tuple[float, float, float, float], width: float) -> list[_Region]:
    low, high, begin, end = (share * width for share in shares)
    return [
        _Region(name=found.electrolyte.phase, begin=low, end=high),
        _Region(name=found.anode.phase, begin=begin, end=end),
    ]


def _cell(axes: Axes, view: SideView, regions: Sequence[_Region], sizes: Size) -> None:
    """Draw the cell's outline, and where its sides met in the beginning."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((0, 0), view.width, view.height, fill=False, ec=GREY, lw=0.6 * sizes.line, zorder=0.5))
    electrolyte, anode = regions
    axes.plot([(electrolyte.end + anode.begin) / 2] * 2, [0, view.height], color=BLACK, ls=(0, (3, 2)),
              lw=0.7 * sizes.line, zorder=7)  # fmt: skip


def _atoms(axes: Axes, view: SideView, snapshot: Snapshot, sizes: Size) -> None:
    """Draw circles and half bonds from back to front."""
    from matplotlib.patches import Circle

    for (start, end), atom in zip(view.bonds, view.bond_atoms, strict=True):
        near = float(view.depth[atom])
        axes.plot(
            [start[0], end[0]], [start[1], end[1]], color=_faded(color_of(snapshot.elements[atom]), near),
            lw=1.6 * sizes.line, solid_capstyle="butt", zorder=2 + 4 * near,
        )  # fmt: skip
    for element, x, y, near in zip(
        snapshot.elements, view.across.tolist(), view.up.tolist(), view.depth.tolist(), strict=True
    ):
        axes.add_patch(
            Circle(
                (x, y), ATOM * radius_of(element), facecolor=_faded(color_of(element), near),
                edgecolor=_faded(BLACK, 0.8 * near), lw=0.3 * sizes.line, zorder=2.001 + 4 * near,
            )
        )  # fmt: skip


def _faded(color: str, near: float) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    white = FADE * (1 - near)
    red, green, blue = (white + (1 - white) * part for part in to_rgb(color))
    return red, green, blue


def _region_names(axes: Axes, regions: Sequence[_Region], view: SideView, sizes: Size) -> None:
    """Name the sides over brackets above the first panel."""
    for region in regions:
        y = view.height + MARGIN
        axes.plot([region.begin, region.end], [y, y], color=BLACK, lw=sizes.line, clip_on=False, solid_capstyle="butt")
        axes.annotate(
            mathtext_formula(region.name.split("_")[0]), ((region.begin + region.end) / 2, y),
            xytext=(0, 0.25 * sizes.font), textcoords="offset points", ha="center", va="bottom", annotation_clip=False,
        )  # fmt: skip


def _key(figure: Figure, elements: Sequence[str], sizes: Size, inch: float, floor: float) -> None:
    """Draw which circle is which element, and a bar of 10 Å, below the panels.

    Parameters
    ----------
    figure
        To draw in.
    elements
        In order.
    sizes
        Of the figure.
    inch
        Inches of 1 Å.
    floor
        Inches below it belong to the notes.
    """
    from matplotlib.patches import Circle

    em, tall = sizes.font / 72, figure.get_figheight()
    axes = figure.add_axes((0, (floor + 0.3 * em) / tall, 1, 2.4 * em / tall))
    axes.set_axis_off()
    axes.set_xlim(0, sizes.width)
    axes.set_ylim(0, 2.4 * em)
    right = sizes.width - 0.8 * em - MARGIN * inch
    bar = RULER * inch
    axes.plot([right - bar, right], [0.65 * em] * 2, color=BLACK, lw=1.6 * sizes.line, solid_capstyle="butt")
    axes.text(right - bar / 2, 0.95 * em, f"{RULER:g} Å", ha="center", va="bottom", fontsize=0.9 * sizes.font)
    step = min(4.0 * em, (right - bar - 2 * em) / max(1, len(elements)))
    for number, element in enumerate(elements):
        x = 1.4 * em + number * step
        radius = min(ATOM * radius_of(element) * inch, 0.8 * em)
        axes.add_patch(Circle((x, 1.2 * em), radius, facecolor=color_of(element), edgecolor=BLACK, lw=0.3 * sizes.line))
        axes.text(x + 1.1 * em, 1.2 * em, element, va="center", ha="left")


def _notes(found: InterfaceMdDocument) -> list[str]:
    notes = [] if len(found.snapshots) > 1 else ["Only one frame is there."]
    strains = {"anode": found.anode, "electrolyte": found.electrolyte}
    strained = [
        f"{name} {'stretched' if side.strain > 0 else 'compressed'} by {100 * abs(side.strain):.1f} %"
        for name, side in strains.items()
        if abs(side.strain) >= 5e-4
    ]
    atoms = f"{found.electrolyte.atoms} atoms of electrolyte, {found.anode.atoms} of anode"
    notes.append(f"{atoms}{'; ' + ', '.join(strained) if strained else ''}.")
    return [*notes, *interface_notes(found)]
