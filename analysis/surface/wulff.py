"""The equilibrium shape of a crystal.

Wulff's theorem: of all bodies of one volume, the intersection of the half-spaces n · x <= gamma(n) has the least
surface energy (Herring, Phys. Rev. 82, 87 (1951)). The half-spaces of all planes that symmetry makes equal are given
one by one, so that crystals without inversion or with less symmetry than their lattice are right too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TOUCHING = 1e-7  # relative to the smallest energy: a plane that only touches the body has no facet


class NoShapeError(ValueError):
    """The half-spaces enclose no finite body."""


@dataclass(frozen=True, kw_only=True)
class Facet:
    """One face of the body.

    Attributes
    ----------
    plane
        Number of its half-space.
    corners
        Shape (n, 3), in turn around the face, seen from outside counterclockwise; in units of the energies.
    area
        Of the face.
    """

    plane: int
    corners: NDArray[np.float64]
    area: float


@dataclass(frozen=True, kw_only=True)
class WulffShape:
    """The body, its centre at the origin and each face at the distance of its surface energy.

    Attributes
    ----------
    facets
        Its faces.
    energies
        Of all half-spaces, eV/Å².
    """

    facets: tuple[Facet, ...]
    energies: tuple[float, ...]

    @property
    def surface(self) -> float:
        """Area of all faces, in squares of the unit of length."""
        return sum(facet.area for facet in self.facets)

    @property
    def volume(self) -> float:
        """Sum of the pyramids over all faces."""
        return sum(facet.area * self.energies[facet.plane] for facet in self.facets) / 3.0

    @property
    def area_fractions(self) -> dict[int, float]:
        """Share of the surface of each half-space that has a face."""
        return {facet.plane: facet.area / self.surface for facet in self.facets}

    @property
    def weighted_energy(self) -> float:
        """Mean surface energy over the surface, eV/Å²."""
        return sum(share * self.energies[plane] for plane, share in self.area_fractions.items())

    @property
    def anisotropy(self) -> float:
        """Standard deviation of the surface energy over the surface, relative to its mean; 0 for a sphere."""
        mean = self.weighted_energy
        spread = sum(share * (self.energies[plane] - mean) ** 2 for plane, share in self.area_fractions.items())
        return float(np.sqrt(spread)) / mean

    @property
    def shape_factor(self) -> float:
        """Surface over that of a sphere of equal volume."""
        return float(self.surface / (36.0 * np.pi * self.volume**2) ** (1.0 / 3.0))


def wulff_shape(normals: NDArray[np.float64], energies: Sequence[float]) -> WulffShape:
    """Intersect half-spaces.

    The dual of the body, the hull of the points n / gamma, has a corner for each of its faces and a face for each of
    its corners.

    Parameters
    ----------
    normals
        Shape (n, 3), of any length; all planes that symmetry makes equal, pointing outwards.
    energies
        Surface energy of each, eV/Å².

    Raises
    ------
    InputError
        When an energy is not above 0: the crystal would fall apart.
    NoShapeError
        When the planes enclose no finite body.
    """
    from scipy.spatial import ConvexHull, QhullError

    gamma = np.asarray(energies, dtype=np.float64)
    if not (gamma > 0).all() or not np.isfinite(gamma).all():
        raise InputError(
            f"a shape needs surface energies above 0, and one is {gamma.min():.4f} eV/Å²", "Wulff construction"
        )
    units = normals / np.linalg.norm(normals, axis=1)[:, None]
    try:
        dual = ConvexHull(units / gamma[:, None])
    except (QhullError, ValueError) as error:
        raise NoShapeError("these planes enclose no finite body") from error
    if (dual.equations[:, 3] > -1e-9 / gamma.max()).any():  # the origin has to be inside
        raise NoShapeError("these planes enclose no finite body")
    tolerance = _TOUCHING * float(gamma.min())
    corners = dual.equations[:, :3] / -dual.equations[:, 3:]
    corners = corners[_distinct(corners, tolerance)]  # qhull cuts faces with more than three corners into triangles
    facets = []
    for number in _distinct(units * gamma[:, None], tolerance):
        own = corners[np.abs(corners @ units[number] - gamma[number]) < 10 * tolerance]
        facet = _facet(number, units[number], own)
        if facet is not None:
            facets.append(facet)
    return WulffShape(facets=tuple(facets), energies=tuple(gamma.tolist()))


def _facet(number: int, normal: NDArray[np.float64], corners: NDArray[np.float64]) -> Facet | None:
    """Return the face with these corners, or None where a plane touches an edge or a corner only."""
    if len(corners) < 3:
        return None
    centre = corners.mean(axis=0)
    across = corners[0] - centre
    across /= np.linalg.norm(across)
    along = np.cross(normal, across)
    turned = np.argsort(np.arctan2((corners - centre) @ along, (corners - centre) @ across))
    ring = corners[turned]
    area = 0.5 * float(np.cross(ring, np.roll(ring, -1, axis=0)).sum(axis=0) @ normal)
    scale = float(np.linalg.norm(corners - centre, axis=1).max())
    return Facet(plane=number, corners=ring, area=area) if area > 1e-6 * scale**2 else None


def _distinct(points: NDArray[np.float64], tolerance: float) -> list[int]:
    """Return the numbers of points that are not there already."""
    from scipy.spatial import cKDTree

    groups = cKDTree(points).query_ball_point(points, tolerance)
    return [number for number, group in enumerate(groups) if min(group) == number]
