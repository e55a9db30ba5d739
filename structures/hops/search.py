"""From steps between sites to named, distinct hops that percolate."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.hops.action import reverse, step_classes
from lianode.structures.hops.environment import environments, stable_order
from lianode.structures.hops.hop import Hop
from lianode.structures.hops.neighbours import steps_between
from lianode.structures.hops.percolation import components, dimensionality
from lianode.structures.hops.survey import HopSurvey
from lianode.structures.symmetry import SYMPREC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lianode.structures.hops.action import Step, StepClass
    from lianode.structures.hops.hop import Mechanism
    from lianode.structures.hops.sites import Sites

LONGEST_HOP = 5.0
"""Å. Hops beyond are found only when asked for: neighbours are closer in every alloy, and a straight path that long
leads past several atoms."""

LONGEST_CUTOFF = 12.0
"""Å. Longest cut-off that is taken from a user."""

_SAME_SHELL = 0.05  # Å: a cut-off that is found lets hops in that are longer by less; a relaxation may turn their order
_SAME_LENGTH = 1e-4  # Å: noise of lengths


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A class of steps with what decides whether they are hops, and their names.

    Attributes
    ----------
    step_class
        Its members are turned so that the orbit with the lower number is the start.
    length
        Mean of its members, Å.
    obstacle
        Sentence that says why it is no hop, or None.
    """

    step_class: StepClass
    length: float
    obstacle: str | None


def candidates(sites: Sites, reach: float, obstacle: Callable[[Sites, Step], str | None]) -> list[Candidate]:
    """Find the distinct steps between sites up to a length, shortest first.

    Every image counts: in a small cell a site has several steps to one neighbour, and to itself.

    Parameters
    ----------
    sites
        Of a primitive cell.
    reach
        Å.
    obstacle
        Says why the straight path of a step is none, or None where it is free.
    """
    slack = reach + 2 * SYMPREC
    rows = []
    for found in step_classes(sites.action, steps_between(sites.crystal, sites.positions, slack)):
        turned = _turned(sites, found)
        length = float(np.mean([np.linalg.norm(sites.vector(*member)) for member in turned.members]))
        if length <= slack:
            rows.append((turned, length))
    keys = [[length, *_along(sites, found.members[0])] for found, length in rows]
    ordered = [rows[number] for number in stable_order(keys)]
    return [
        Candidate(step_class=found, length=length, obstacle=obstacle(sites, found.members[0]))
        for found, length in ordered
    ]


def survey_hops(
    sites: Sites,
    mechanism: Mechanism,
    obstacle: Callable[[Sites, Step], str | None],
    *,
    cutoff: float | None = None,
    longest: float = LONGEST_HOP,
) -> HopSurvey:
    """Find the distinct hops between sites.

    Parameters
    ----------
    sites
        Of a primitive cell.
    mechanism
        What the hops are called.
    obstacle
        As in :func:`candidates`.
    cutoff
        Longest hop, Å. None takes the shortest with which the hops percolate in three dimensions over every site that
        can take part; where no cut-off up to ``longest`` does that, in as many dimensions as they can.
    longest
        Where the search for a cut-off ends, Å.

    Returns
    -------
    HopSurvey
        Without hops where no two sites are within ``longest``.

    Raises
    ------
    InputError
        Where the cut-off is no length, or leaves no hop.
    """
    if cutoff is None:
        found, chosen = _as_far_as_needed(sites, obstacle, longest)
    else:
        chosen = checked_cutoff(cutoff, sites.name)
        found = candidates(sites, chosen, obstacle)
    within = [one for one in found if one.length <= chosen + _SAME_LENGTH]
    free = [one for one in within if one.obstacle is None]
    if cutoff is not None and not free:
        shortest = [one.length for one in candidates(sites, LONGEST_CUTOFF, obstacle) if one.obstacle is None]
        raise InputError(
            f"no {sites.mobile} site is within the cut-off of {cutoff:g} Å of another along a free path"
            + (f"; the shortest hop has {shortest[0]:.3f} Å" if shortest else ""),
            sites.name,
        )
    hops = _named(sites, mechanism, free)
    equivalents = tuple(one.step_class.members for one in free)
    return HopSurvey(
        sites=sites,
        hops=hops,
        equivalents=equivalents,
        cutoff=chosen,
        dimensions=dimensionality(step for steps in equivalents for step in steps),
        set_aside=tuple(one.obstacle for one in within if one.obstacle is not None),
    )


def _as_far_as_needed(
    sites: Sites, obstacle: Callable[[Sites, Step], str | None], longest: float
) -> tuple[list[Candidate], float]:
    """Return the steps up to the percolating cut-off or further, and the cut-off."""
    for reach in (longest / 2, 3 * longest / 4, longest):
        found = candidates(sites, reach, obstacle)
        shells = [(one.length, one.step_class.members) for one in found if one.obstacle is None]
        every = (step for _, steps in shells for step in steps)
        chosen = percolating_cutoff(shells, longest)
        # beyond what takes in every node in three dimensions there is nothing to gain
        if chosen <= reach and len(_percolating_nodes(every, 3)) == len(sites):
            break
    return found, chosen


def percolating_cutoff(shells: Sequence[tuple[float, Sequence[Step]]], longest: float) -> float:
    """Return the shortest cut-off with which steps percolate in as many dimensions as they can, Å.

    Every node that can percolate in so many dimensions has to: a network that goes round the sites which bind a vacancy
    best says nothing about how the vacancy moves. Hops that are
    longer by less than 0.05 Å come with them.

    Parameters
    ----------
    shells
        Length of each class of steps, ascending, and its members.
    longest
        Returned where the steps percolate in no dimension, Å.
    """
    most = dimensionality(step for _, steps in shells for step in steps)
    if most == 0:
        return longest
    reached = _percolating_nodes((step for _, steps in shells for step in steps), most)
    edges: list[Step] = []
    for length, steps in shells:
        edges += steps
        if _percolating_nodes(edges, most) == reached:
            return math.ceil((length + _SAME_SHELL) * 100) / 100
    raise RuntimeError("the last shell completes the network")


def _percolating_nodes(edges: Iterable[Step], dimensions: int) -> set[int]:
    return {node for nodes, rows in components(edges) if len(rows) >= dimensions for node in nodes}


def checked_cutoff(cutoff: float, where: str) -> float:
    """Refuse a cut-off that is no length.

    Raises
    ------
    InputError
        Where it is not between 0 and :data:`LONGEST_CUTOFF`.
    """
    if not 0 < cutoff <= LONGEST_CUTOFF:
        raise InputError(
            f"a cut-off of {cutoff} Å cannot be used; hops of lithium are some 3 Å long, and up to "
            f"{LONGEST_CUTOFF:g} Å are looked for",
            where,
        )
    return cutoff


def representative(members: Iterable[Step]) -> Step:
    """Choose the step that stays closest to the cell, then the one with the lowest numbers."""
    return min(members, key=lambda step: (sum(abs(n) for n in step[2]), step))


def letters(number: int) -> str:
    """Count a, b, ..., z, aa, ab, ... from 0."""
    text = ascii_lowercase[number % 26]
    return text if number < 26 else letters(number // 26 - 1) + text


def _turned(sites: Sites, found: StepClass) -> StepClass:
    start, end, _ = found.members[0]
    if _number(sites.orbits[start]) <= _number(sites.orbits[end]):
        return found
    return replace(found, members=tuple(sorted(reverse(step) for step in found.members)))


def _number(orbit: str) -> int:
    return int("".join(letter for letter in orbit if letter.isdigit()))


def _along(sites: Sites, step: Step) -> list[float]:
    """Surroundings of a path that do not depend on its direction: at the middle, and at both quarters together."""
    start, end, image = step
    first, last = sites.positions[start], sites.positions[end] + np.array(image)
    middle, one, other = environments(
        sites.crystal, np.array([(first + last) / 2, first + (last - first) / 4, last - (last - first) / 4])
    )
    return [*middle.tolist(), *(one + other).tolist()]


def _named(sites: Sites, mechanism: Mechanism, free: list[Candidate]) -> tuple[Hop, ...]:
    """Name hops by the sites they join, with letters in order of length, so that a longer cut-off only adds names."""
    count: dict[tuple[str, str], int] = {}
    hops = []
    for one in free:
        start, end, image = representative(one.step_class.members)
        pair = sites.orbits[start], sites.orbits[end]
        number = count[pair] = count.get(pair, -1) + 1
        hops.append(
            Hop(
                label=f"{pair[0]}-{pair[1]}{letters(number)}",
                mechanism=mechanism,
                start=start,
                end=end,
                start_orbit=pair[0],
                end_orbit=pair[1],
                image=image,
                length=one.length,
                multiplicity=len(one.step_class.members),
                symmetric=one.step_class.symmetric,
                moves=sites.mobile,
            )
        )
    return tuple(hops)
