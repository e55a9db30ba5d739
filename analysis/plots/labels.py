"""Labels that cover neither each other nor the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

ANGLES = tuple(math.radians(angle) for angle in range(0, 360, 15))
RADII = (0.9, 1.3, 1.8, 2.4, 3.2, 4.2, 5.5, 7.0, 9.0)
"""Distances of a label's near edge from its point, in font sizes."""
SWEEPS = 4


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text that belongs to a point, in data coordinates.

    Attributes
    ----------
    x, y
        The point.
    text
        With mathtext where there are subscripts.
    color
        Of the text.
    prefer
        Angle at which the label would best sit, degrees, counted from the right.
    """

    x: float
    y: float
    text: str
    color: str
    prefer: float


Box = tuple[float, float, float, float]
Segment = tuple[float, float, float, float]
Place = tuple[Box, Segment]
"""Where a label lies, and the line that leads to it; pixels."""


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """What is already drawn, in pixels.

    Attributes
    ----------
    blocked
        Boxes that may not be covered.
    segments
        Of the curves.
    markers
        Points, shape (n, 2).
    frame
        The axes.
    dots
        Pixels of a font size.
    """

    blocked: Sequence[Box]
    segments: Sequence[Segment]
    markers: NDArray[np.float64]
    frame: Box
    dots: float


def place_labels(
    axes: Axes,
    labels: Sequence[Label],
    *,
    font: float,
    lines: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    markers: Sequence[tuple[float, float]] = (),
    keep_clear: Sequence[Any] = (),
) -> None:
    """Write labels beside their points, where they cover the least; far ones get a thin line to their point.

    Each label tries a ring of places, nearest first; all labels are then reconsidered in turn. Data limits have to
    be final.

    Parameters
    ----------
    axes
        To draw in.
    labels
        What to write.
    font
        Size of the text, points.
    lines
        Curves to stay clear of, data coordinates.
    markers
        Other points that a label must not seem to belong to, data coordinates.
    keep_clear
        Artists to stay clear of, such as a legend.
    """
    if not labels:
        return
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    dots = axes.figure.dpi / 72 * font
    points = axes.transData.transform([(label.x, label.y) for label in labels])
    sizes = []
    for label in labels:
        probe = axes.text(0, 0, label.text, fontsize=font)
        box = probe.get_window_extent(renderer)
        probe.remove()
        sizes.append((box.width + 0.25 * dots, box.height + 0.1 * dots))
    segments: list[Segment] = []
    for xs, ys in lines:
        path = axes.transData.transform(np.column_stack([xs, ys]))
        segments += [(*a, *b) for a, b in pairwise(path)]
    every = np.concatenate([points, axes.transData.transform(list(markers))]) if markers else points
    scene = _Scene(
        blocked=[artist.get_window_extent(renderer).extents for artist in keep_clear],
        segments=segments,
        markers=every,
        frame=axes.get_window_extent(renderer).extents,
        dots=dots,
    )
    chosen: list[Place | None] = [None] * len(labels)
    for _ in range(SWEEPS):
        before = list(chosen)
        for i, label in enumerate(labels):
            taken = [place for j, place in enumerate(chosen) if j != i and place is not None]
            best = min(
                _places(points[i], sizes[i], dots, math.radians(label.prefer)),
                key=lambda candidate: candidate[1] + _cost(candidate[0], taken, scene),
            )
            chosen[i] = best[0]
        if chosen == before:
            break
    for label, place in zip(labels, chosen, strict=True):
        if place is not None:
            _write(axes, label, place, font=font, dots=dots)


def _places(
    point: NDArray[np.float64], size: tuple[float, float], dots: float, prefer: float
) -> list[tuple[Place, float]]:
    """Return the boxes to try, each with its leader and the cost of being there."""
    places = []
    width, height = size
    for distance in RADII:
        for angle in ANGLES:
            # the box touches the ring of this radius with its near edge
            dx, dy = math.cos(angle), math.sin(angle)
            x = point[0] + distance * dots * dx + 0.5 * width * dx
            y = point[1] + distance * dots * dy + 0.5 * height * dy
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            near_x, near_y = min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])
            turn = abs(math.remainder(angle - prefer, 2 * math.pi)) / math.pi
            cost = 1.6 * distance + 5.0 * turn
            places.append(((box, (float(point[0]), float(point[1]), near_x, near_y)), cost))
    return places


def _cost(place: Place, taken: Sequence[Place], scene: _Scene) -> float:
    box, leader = place
    dots, frame = scene.dots, scene.frame
    outside = max(frame[0] - box[0], box[2] - frame[2], frame[1] - box[1], box[3] - frame[3], 0.0)
    cost = 200.0 * (outside > 0) + 50.0 * outside / dots
    away = np.hypot(scene.markers[:, 0] - leader[0], scene.markers[:, 1] - leader[1])
    others = scene.markers[away > 0.3 * dots]
    radius = 0.45 * dots
    around = [(x - radius, y - radius, x + radius, y + radius) for x, y in others]
    cost += sum(60.0 * _overlap(box, other) + 25.0 * _crosses(leader, other) for other in (*scene.blocked, *around))
    for other, its_leader in taken:
        cost += 100.0 * _overlap(box, other) + 40.0 * _crosses(leader, other) + 40.0 * _crosses(its_leader, box)
        cost += 30.0 * _intersect(leader, its_leader)
    cost += sum(40.0 for segment in scene.segments if _crosses(segment, box))
    # a leader starts on the curve: only crossings away from its point count
    start = leader[0] + 0.25 * (leader[2] - leader[0]), leader[1] + 0.25 * (leader[3] - leader[1])
    cost += sum(8.0 for segment in scene.segments if _intersect((*start, leader[2], leader[3]), segment))
    return cost + _ambiguity(box, leader, others)


def _ambiguity(box: Box, leader: Segment, others: NDArray[np.float64]) -> float:
    """Return the cost of lying nearer to somebody else's point than to one's own."""
    own = math.dist(leader[:2], leader[2:])
    if not len(others) or own == 0:
        return 0.0
    dx = np.maximum(np.maximum(box[0] - others[:, 0], others[:, 0] - box[2]), 0.0)
    dy = np.maximum(np.maximum(box[1] - others[:, 1], others[:, 1] - box[3]), 0.0)
    return 60.0 * max(0.0, 1.0 - float(np.hypot(dx, dy).min()) / (1.5 * own))


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _intersect(a: Segment, b: Segment) -> bool:
    def side(px: float, py: float, s: Segment) -> float:
        return (s[2] - s[0]) * (py - s[1]) - (s[3] - s[1]) * (px - s[0])

    return side(a[0], a[1], b) * side(a[2], a[3], b) < 0 and side(b[0], b[1], a) * side(b[2], b[3], a) < 0


def _crosses(segment: Segment, box: Box) -> bool:
    if any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in (segment[:2], segment[2:])):
        return True
    diagonals = ((box[0], box[1], box[2], box[3]), (box[0], box[3], box[2], box[1]))
    return any(_intersect(segment, diagonal) for diagonal in diagonals)


def _write(axes: Axes, label: Label, place: Place, *, font: float, dots: float) -> None:
    box, leader = place
    back = axes.transData.inverted()
    x, y = back.transform(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    axes.text(float(x), float(y), label.text, fontsize=font, color=label.color, ha="center", va="center", zorder=5)
    length = math.dist(leader[:2], leader[2:])
    if length > 1.2 * dots:
        skip = 0.5 * dots / length  # do not draw into the marker
        start = [leader[0] + skip * (leader[2] - leader[0]), leader[1] + skip * (leader[3] - leader[1])]
        ends = back.transform([start, leader[2:]])
        axes.plot(ends[:, 0], ends[:, 1], color=label.color, lw=0.06 * font, alpha=0.6, zorder=2.5)
