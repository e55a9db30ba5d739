"""A slab seen from above, as figures of its surface draw it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.plots.elements import look_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

DEPTH = 4.5
"""Å below the highest atom down to which atoms are drawn, paler the deeper they are."""


@dataclass(frozen=True, kw_only=True)
class AtomFromAbove:
    """An atom, or an image of it.

    Attributes
    ----------
    element
        Symbol.
    x, y
        Å.
    depth
        Below the highest atom of the slab, Å.
    radius
        That it is drawn with, Å.
    """

    element: str
    x: float
    y: float
    depth: float
    radius: float


class SurfaceFromAbove:
    """The surface as it is drawn: its long vector along x.

    Parameters
    ----------
    structure
        The slab as a pymatgen dictionary, its third vector along the normal.

    Attributes
    ----------
    outline
        (5, 2): corners of the cell, the first one again at the end, Å.
    atoms
        Near the surface, the deepest first.
    width, height
        Of the drawn part, Å.
    """

    def __init__(self, structure: Mapping[str, Any]) -> None:
        matrix = np.array(structure["lattice"]["matrix"], dtype=float)
        elements = [str(max(site["species"], key=lambda one: one["occu"])["element"]) for site in structure["sites"]]
        coordinates = np.array([site["abc"] for site in structure["sites"]], dtype=float) @ matrix
        cell = matrix[:2, :2]
        long = int(np.argmax(np.linalg.norm(cell, axis=1)))
        angle = -np.arctan2(cell[long, 1], cell[long, 0])
        self.turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        self.cell = cell @ self.turn
        self.outline = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) @ self.cell
        margin = 1.2
        self.low = self.outline.min(axis=0) - margin
        self.high = self.outline.max(axis=0) + margin
        self.width, self.height = (float(one) for one in self.high - self.low)
        depth = coordinates[:, 2].max() - coordinates[:, 2]
        near = np.flatnonzero(depth < DEPTH)
        self.atoms = [
            AtomFromAbove(
                element=elements[i], x=float(place[0]), y=float(place[1]), depth=float(depth[i]),
                radius=1.15 * look_of(elements[i])[1] ** 0.5,
            )
            for i in near[np.argsort(-depth[near])]
            for place in self.images(coordinates[i, :2] @ self.turn, 2.0)
        ]  # fmt: skip

    def images(self, place: NDArray[np.float64], margin: float = 0.0) -> list[NDArray[np.float64]]:
        """Return the images of a point that are in the picture, or within a margin of it, Å."""
        found = [place + np.array(step) @ self.cell for step in product(range(-3, 4), repeat=2)]
        return [one for one in found if (one > self.low - margin).all() and (one < self.high + margin).all()]

    def home(self, place: tuple[float, float]) -> NDArray[np.float64]:
        """Return the image of a site that is in the cell."""
        fractions = np.array(place) @ self.turn @ np.linalg.inv(self.cell)
        inside: NDArray[np.float64] = (fractions - np.floor(fractions + 1e-6)) @ self.cell
        return inside
