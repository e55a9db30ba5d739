"""Pairs of a dilute lithium and a vacancy near it, and how they turn into each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.hops.action import GroupAction
from lianode.structures.hops.environment import environments, stable_order
from lianode.structures.hops.neighbours import steps_between
from lianode.structures.symmetry import SYMPREC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.structures.hops.action import Step
    from lianode.structures.hops.sites import Sites

Image = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Lithium on a host site, and a vacancy near it.

    Attributes
    ----------
    lithium, vacancy
        Numbers of the host's sites.
    image
        Lattice translation of the vacancy from the lithium's cell.
    distance
        Å.
    """

    lithium: int
    vacancy: int
    image: Image
    distance: float


def opposite(image: Image) -> Image:
    """Turn a translation around."""
    return -image[0], -image[1], -image[2]


def pair_distance(sites: Sites, pair: Pair) -> float:
    """Return the distance of lithium and vacancy, Å."""
    return float(np.linalg.norm(sites.vector(pair.lithium, pair.vacancy, pair.image)))


def moved_distance(sites: Sites, start: Pair, end: Pair, image: Image) -> float:
    """Return how far the moving atom goes, Å: the lithium where it has another site afterwards, else a host atom."""
    if any(image) or start.lithium != end.lithium:
        return pair_distance(sites, start)
    way = sites.vector(start.lithium, start.vacancy, start.image) - sites.vector(end.lithium, end.vacancy, end.image)
    return float(np.linalg.norm(way))


def _neighbours(sites: Sites, reach: float) -> list[Pair]:
    return [
        Pair(lithium=i, vacancy=j, image=image, distance=float(np.linalg.norm(sites.vector(i, j, image))))
        for i, j, image in steps_between(sites.crystal, sites.positions, reach)
    ]


def pair_shells(sites: Sites, shortest: float) -> list[float]:
    """Return distances at which further sites come in, ascending, from the host's longest hop to three times as far."""
    distances = sorted(pair.distance for pair in _neighbours(sites, 3 * shortest + SYMPREC))
    steps = [a for a, b in zip(distances, [*distances[1:], np.inf], strict=True) if b - a > SYMPREC]
    return [step for step in steps if step >= shortest - SYMPREC]


def pairs_within(sites: Sites, reach: float) -> list[Pair]:
    """Return all pairs with lithium in the first cell, up to a distance (Å)."""
    found = _neighbours(sites, reach + SYMPREC)
    return sorted(found, key=lambda pair: (pair.lithium, round(pair.distance, 3), pair.vacancy, pair.image))


def pair_edges(pairs: Sequence[Pair], steps: set[Step]) -> list[Step]:
    """Return exchanges of lithium and vacancy, and hops of host atoms between pairs, in both directions."""
    numbers = {(pair.lithium, pair.vacancy, pair.image): number for number, pair in enumerate(pairs)}
    edges: list[Step] = []
    for number, pair in enumerate(pairs):
        if (pair.lithium, pair.vacancy, pair.image) in steps:
            edges.append((number, numbers[pair.vacancy, pair.lithium, opposite(pair.image)], pair.image))
        for start, end, (a, b, c) in steps:
            if start != pair.vacancy:
                continue
            there = (pair.image[0] + a, pair.image[1] + b, pair.image[2] + c)
            other = numbers.get((pair.lithium, end, there))
            if other is not None:
                edges.append((number, other, (0, 0, 0)))
    return edges


def act_on_pairs(action: GroupAction, pairs: Sequence[Pair]) -> GroupAction:
    """Return how the space group acts on pairs, whose translation is that of their lithium."""
    numbers = {(pair.lithium, pair.vacancy, pair.image): number for number, pair in enumerate(pairs)}
    images = np.empty((len(action.rotations), len(pairs)), dtype=np.int64)
    shifts = np.empty((len(action.rotations), len(pairs), 3), dtype=np.int64)
    for number, pair in enumerate(pairs):
        rows = action.transformed((pair.lithium, pair.vacancy, pair.image)).tolist()
        images[:, number] = [numbers[lithium, vacancy, (a, b, c)] for lithium, vacancy, a, b, c in rows]
        shifts[:, number] = action.shifts[:, pair.lithium]
    return GroupAction(rotations=action.rotations, images=images, shifts=shifts)


def pair_orbits(sites: Sites, pairs: Sequence[Pair], action: GroupAction) -> tuple[str, ...]:
    """Name the classes of pairs ``V1``, ``V2``, ... by distance."""
    orbits = action.orbits()
    middles = np.array(
        [
            (sites.positions[pairs[i].lithium] + sites.positions[pairs[i].vacancy] + np.array(pairs[i].image)) / 2
            for i in (orbit[0] for orbit in orbits)
        ]
    )
    around = environments(sites.crystal, middles).tolist()
    keys = [[pairs[orbit[0]].distance, *row] for orbit, row in zip(orbits, around, strict=True)]
    names = [""] * len(pairs)
    for number, which in enumerate(stable_order(keys), 1):
        for pair in orbits[which]:
            names[pair] = f"V{number}"
    return tuple(names)
