"""Labels that cover neither each other nor the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

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


Boxes = NDArray[np.float64]
"""Left, bottom, right and top of boxes, in pixels; the last axis has length 4."""
Segments = NDArray[np.float64]
"""Both ends of segments, in pixels; the last axis has length 4."""
Met = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where one label could lie.

    Attributes
    ----------
    boxes, leaders
        Boxes, and the lines that lead to them; shape (n, 4).
    costs
        Of being there whatever the other labels do; shape (n,).
    """

    boxes: Boxes
    leaders: Segments
    costs: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """What is already drawn, in pixels.

    Attributes
    ----------
    blocked
        Boxes that may not be covered, shape (n, 4).
    segments
        Of the curves, shape (n, 4).
    crossing
        Cost of lying on one of them.
    markers
        Points, shape (n, 2).
    frame
        The axes.
    dots
        Pixels of a font size.
    """

    blocked: Boxes
    segments: Segments
    crossing: float
    markers: NDArray[np.float64]
    frame: tuple[float, float, float, float]
    dots: float


def place_labels(
    axes: Axes,
    labels: Sequence[Label],
    *,
    font: float,
    lines: Sequence[tuple[Sequence[float], Sequence[float]]] = (),
    markers: Sequence[tuple[float, float]] = (),
    keep_clear: Sequence[Any] = (),
    crossing: float = 40.0,
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
    crossing
        Cost of a label that lies on a curve; a step away from the point costs about 1.
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
    paths = [axes.transData.transform(np.column_stack([xs, ys])) for xs, ys in lines]
    scene = _Scene(
        blocked=_rows([artist.get_window_extent(renderer).extents for artist in keep_clear]),
        segments=_rows([(*start, *end) for path in paths for start, end in pairwise(path)]),
        crossing=crossing,
        markers=np.concatenate([points, axes.transData.transform(list(markers))]) if markers else points,
        frame=axes.get_window_extent(renderer).extents,
        dots=dots,
    )
    places = [
        _places(point, size, math.radians(label.prefer), scene)
        for point, size, label in zip(points, sizes, labels, strict=True)
    ]
    for label, place, chosen in zip(labels, places, _choose(places), strict=True):
        _write(axes, label, place.boxes[chosen], place.leaders[chosen], font=font, dots=dots)


def _rows(rows: Sequence[Any]) -> NDArray[np.float64]:
    return np.asarray(rows, dtype=float).reshape(-1, 4)


def _choose(places: Sequence[_Places]) -> list[int]:
    """Return the place of each label: the best of several searches that begin with different labels."""
    n = len(places)
    crowded = sorted(range(n), key=lambda i: -float(places[i].costs.min()))
    searches = [_search(places, order) for order in (range(n), range(n - 1, -1, -1), crowded, crowded[::-1])]
    return min(searches, key=lambda search: search[0])[1]


def _search(places: Sequence[_Places], order: Sequence[int]) -> tuple[float, list[int]]:
    """Return the cost that is reached when each label in turn takes its best place, and the places."""
    chosen: dict[int, int] = {}
    for _ in range(SWEEPS):
        before = dict(chosen)
        total = 0.0
        for i in order:
            others = [(places[j], chosen[j]) for j in chosen if j != i]
            boxes = _rows([place.boxes[k] for place, k in others])
            leaders = _rows([place.leaders[k] for place, k in others])
            costs = places[i].costs + _among_labels(places[i], boxes, leaders)
            chosen[i] = int(np.argmin(costs))
            total += float(costs[chosen[i]])
        if chosen == before:
            break
    return total, [chosen[i] for i in range(len(places))]


def _places(point: NDArray[np.float64], size: tuple[float, float], prefer: float, scene: _Scene) -> _Places:
    """Return the places to try: boxes that touch rings around the point with their near edge."""
    radius, angle = (grid.ravel() for grid in np.meshgrid(RADII, ANGLES, indexing="ij"))
    half = 0.5 * np.array(size)
    direction = np.column_stack([np.cos(angle), np.sin(angle)])
    centre = point + direction * (scene.dots * radius[:, None] + half)
    boxes = np.hstack([centre - half, centre + half])
    leaders = np.hstack([np.broadcast_to(point, centre.shape), np.clip(point, boxes[:, :2], boxes[:, 2:])])
    turn = np.abs(np.remainder(angle - prefer + np.pi, 2 * np.pi) - np.pi) / np.pi
    return _Places(boxes=boxes, leaders=leaders, costs=1.6 * radius + 5.0 * turn + _cost(point, boxes, leaders, scene))


def _cost(point: NDArray[np.float64], boxes: Boxes, leaders: Segments, scene: _Scene) -> NDArray[np.float64]:
    """Return the cost of lying over what is drawn, and of seeming to belong to another point."""
    dots, frame = scene.dots, np.array(scene.frame)
    outside = np.maximum(np.max(frame[:2] - boxes[:, :2], axis=1), np.max(boxes[:, 2:] - frame[2:], axis=1)).clip(0.0)
    cost: NDArray[np.float64] = 200.0 * (outside > 0) + 50.0 * outside / dots
    others = scene.markers[np.hypot(*(scene.markers - point).T) > 0.3 * dots]
    around = np.hstack([others - 0.45 * dots, others + 0.45 * dots])
    taken = np.vstack([scene.blocked, around])
    cost += 60.0 * _count(_overlap, boxes, taken) + 25.0 * _count(_crosses, leaders, taken)
    cost += scene.crossing * _count(_lies_on, boxes, scene.segments)
    # a leader starts on the curve: only crossings away from its point count
    start = leaders[:, :2] + 0.25 * (leaders[:, 2:] - leaders[:, :2])
    cost += 8.0 * _count(_intersect, np.hstack([start, leaders[:, 2:]]), scene.segments)
    if not len(others):
        return cost
    own = np.hypot(*(leaders[:, 2:] - leaders[:, :2]).T).clip(1e-6)
    gap = np.maximum(boxes[:, None, :2] - others, others - boxes[:, None, 2:]).clip(0.0)
    nearest = np.hypot(gap[..., 0], gap[..., 1]).min(axis=1)
    cost += 60.0 * (1.0 - nearest / (1.5 * own)).clip(0.0)
    return cost


def _among_labels(place: _Places, boxes: Boxes, leaders: Segments) -> NDArray[np.float64]:
    """Return the cost of lying over other labels or their leaders."""
    cost = 100.0 * _count(_overlap, place.boxes, boxes)
    cost += 40.0 * _count(_crosses, place.leaders, boxes)
    cost += 40.0 * _count(_lies_on, place.boxes, leaders)
    cost += 30.0 * _count(_intersect, place.leaders, leaders)
    return cost


def _count(
    test: Callable[[NDArray[np.float64], NDArray[np.float64]], Met],
    these: NDArray[np.float64],
    those: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return for each of these how many of those it meets."""
    met: NDArray[np.float64] = test(these[:, None], those[None]).sum(axis=1, dtype=float)
    return met


def _overlap(a: Boxes, b: Boxes) -> Met:
    met: Met = np.all((a[..., :2] < b[..., 2:]) & (b[..., :2] < a[..., 2:]), axis=-1)
    return met


def _intersect(a: Segments, b: Segments) -> Met:
    """Whether both ends of either segment lie on different sides of the other."""
    met: Met = (_side(a[..., :2], b) * _side(a[..., 2:], b) < 0) & (_side(b[..., :2], a) * _side(b[..., 2:], a) < 0)
    return met


def _side(point: NDArray[np.float64], segment: Segments) -> NDArray[np.float64]:
    along = segment[..., 2:] - segment[..., :2]
    to = point - segment[..., :2]
    area: NDArray[np.float64] = along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]
    return area


def _crosses(segments: Segments, boxes: Boxes) -> Met:
    met = _intersect(segments, boxes) | _intersect(segments, boxes[..., [0, 3, 2, 1]])  # the two diagonals
    for end in (segments[..., :2], segments[..., 2:]):
        met |= np.all((boxes[..., :2] < end) & (end < boxes[..., 2:]), axis=-1)
    return met


def _lies_on(boxes: Boxes, segments: Segments) -> Met:
    return _crosses(segments, boxes)


def _write(
    axes: Axes, label: Label, box: NDArray[np.float64], leader: NDArray[np.float64], *, font: float, dots: float
) -> None:
    back = axes.transData.inverted()
    x, y = back.transform(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    axes.text(float(x), float(y), label.text, fontsize=font, color=label.color, ha="center", va="center", zorder=5)
    length = math.dist(leader[:2], leader[2:])
    if length > 1.2 * dots:
        skip = 0.5 * dots / length  # do not draw into the marker
        start = [leader[0] + skip * (leader[2] - leader[0]), leader[1] + skip * (leader[3] - leader[1])]
        ends = back.transform(np.array([start, leader[2:]]))
        axes.plot(ends[:, 0], ends[:, 1], color=label.color, lw=0.06 * font, alpha=0.6, zorder=2.5)
