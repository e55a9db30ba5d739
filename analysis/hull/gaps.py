"""What a phase without an energy could change in a hull."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.hull.diagram import same_composition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.hull.diagram import Diagram, Point


def consequence(fractions: Mapping[str, float], *, counts: bool, diagram: Diagram, points: Sequence[Point]) -> str:
    """Say in a sentence what the hull would look like if this phase were stable.

    Parameters
    ----------
    fractions
        Atomic fractions of the missing phase.
    counts
        Whether the hull would count it.
    diagram
        Hull of the phases that are there.
    points
        Those phases.
    """
    if not counts:
        return "the hull would not count it and stays as it is"
    twins = sorted(p.name for p in points if same_composition(p.fractions, fractions))
    if sum(fraction > 0 for fraction in fractions.values()) == 1:
        return f"if it lies below {' and '.join(twins)}, every formation energy changes with the reference"
    neighbours = diagram.decomposition(fractions)
    if len(neighbours) == 1:
        return f"if it lies below {next(iter(neighbours))}, it takes its place on the hull"
    unstable = sorted(
        p.name
        for p in points
        if p.name not in diagram.stable and set(diagram.decomposition(p.fractions)) <= set(neighbours)
    )
    text = f"if it is stable, the hull between {' and '.join(neighbours)} is lower than given"
    if unstable:
        text += f" and {', '.join(unstable)} lie{'s' if len(unstable) == 1 else ''} further above it than given"
    if len(diagram.elements) == 2:
        text += _reach(fractions, diagram, points)
    return text


def _reach(fractions: Mapping[str, float], diagram: Diagram, points: Sequence[Point]) -> str:
    """Say how far below the hull of two elements a new phase must lie to push a neighbour off it.

    A neighbour leaves the hull when the new point falls below the line through that neighbour and the next vertex
    beyond it.
    """
    first = diagram.elements[0]
    x = fractions[first]
    vertices = sorted((p.fractions[first], p.energy, p.name) for p in points if p.name in diagram.stable)
    left = [v for v in vertices if v[0] < x]
    right = [v for v in vertices if v[0] > x]
    limits = []
    for beyond, near in ((left[-2:-1], left[-1]), (right[1:2], right[0])):
        for x0, e0, _ in beyond:
            line = e0 + (near[1] - e0) * (x - x0) / (near[0] - x0)
            limits.append((diagram.energy(fractions) - line, near[2]))
    if not limits:
        return ""
    depth, name = min(limits)
    return f"; more than {1000 * depth:.0f} meV/atom below the present line it would take {name} off the hull"
