"""Layers of a cell along the normal of an interface, and the volume of a shell inside one.

The normal is perpendicular to the two other vectors of the cell, whatever the third's direction. Of a ball of radius r
around an atom at the distances d₁ and d₂ from the planes of its layer, the volume inside the layer is

    4/3 π r³ - cap(r, d₁) - cap(r, d₂),    cap(r, d) = π/3 (r - d)² (2r + d) = π/3 (2r³ - 3r²d + d³) for d < r.

Summed over atoms, a cap needs only how many distances are below r, their sum and the sum of their cubes: three
histograms give the exact volume at every edge of the bins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.structure_in_time.drift import Drift, fractional
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.blocks import Species


_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Layers:
    """Layers between planes.

    Attributes
    ----------
    edges
        Heights of the planes above the origin of the first frame's cell, Å, ascending, at most one period from first
        to last. They stretch with the cell and move with the centre of mass.
    axis
        0, 1 or 2: the vector of the cell that leaves the interface's plane.
    fixed
        Elements whose centre of mass the planes follow; none takes all atoms.
    """

    edges: tuple[float, ...]
    axis: int = 2
    fixed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.axis not in {0, 1, 2}:
            raise InputError(f"axis {self.axis}; 0, 1 or 2 would be right", "layers")
        if len(self.edges) < 2 or not np.isfinite(self.edges).all() or (np.diff(self.edges) <= 0).any():
            raise InputError(
                f"edges {list(self.edges)}; two or more heights in ascending order would be right", "layers"
            )

    @property
    def count(self) -> int:
        """How many layers there are."""
        return len(self.edges) - 1


@dataclass(frozen=True, slots=True)
class Placed:
    """Which layer atoms are in.

    Attributes
    ----------
    layer_of
        (n_frames, n); -1 for none.
    heights
        (n_frames, n) above the first plane, Å, within one period.
    normals
        (n_frames, 3), of length 1.
    periods
        (n_frames,) of the cell along the normal, Å.
    edges
        (n_frames, n_layers + 1) heights of the planes above the first, Å.
    """

    layer_of: NDArray[np.int64]
    heights: NDArray[np.float64]
    normals: NDArray[np.float64]
    periods: NDArray[np.float64]
    edges: NDArray[np.float64]


class Placing:
    """Finds the layers of atoms, block after block.

    Parameters
    ----------
    layers
        Planes.
    species
        Order of the atoms.
    where
        Name of the trajectory, for messages.
    """

    def __init__(self, layers: Layers, species: Species, where: str) -> None:
        self._layers = layers
        self._drift = Drift(species, layers.fixed, where)
        self._where = where
        self._planes: NDArray[np.float64] | None = None
        self.first_period = np.nan

    def place(self, positions: NDArray[np.float64], cells: NDArray[np.float64]) -> Placed:
        """Return the layers of the next frames' atoms.

        Raises
        ------
        InputError
            When the planes span more than one period.
        """
        axis = self._layers.axis
        normals, periods = normal_and_period(cells, axis)
        if self._planes is None:
            self.first_period = float(periods[0])
            self._planes = np.array(self._layers.edges) / self.first_period
            if self._planes[-1] - self._planes[0] > 1 + 1e-9:
                raise InputError(
                    f"layers of {self._layers.edges[-1] - self._layers.edges[0]:g} Å in a cell of {periods[0]:.3f} Å "
                    "along its normal; at most the cell would be right",
                    self._where,
                )
        fractions = fractional(positions, cells)
        heights = fractions[:, :, axis] - self._drift.of(fractions)[:, None, axis] - self._planes[0]
        heights -= np.floor(heights + _ROUNDING)  # an atom on the lowest plane is above it, not below the period's end
        np.maximum(heights, 0.0, out=heights)
        planes = self._planes - self._planes[0]
        layer_of = np.searchsorted(planes, heights, side="right") - 1
        layer_of[layer_of >= self._layers.count] = -1
        return Placed(layer_of, heights * periods[:, None], normals, periods, planes * periods[:, None])


def normal_and_period(cells: NDArray[np.float64], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the normals (n_frames, 3) of the plane of the two other vectors, and the periods along them, Å."""
    normals = np.cross(cells[:, (axis + 1) % 3], cells[:, (axis + 2) % 3])
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    periods = np.einsum("fk,fk->f", normals, cells[:, axis])
    normals *= np.sign(periods)[:, None]
    return normals, np.abs(periods)


class ShellVolumes:
    """Sums over centres of the volume of each shell inside the centre's layer.

    Parameters
    ----------
    n_layers
        Layers.
    radii
        (n_bins + 1,) edges of the bins, Å.
    """

    def __init__(self, n_layers: int, radii: NDArray[np.float64]) -> None:
        self._radii = radii
        self._moments = np.zeros((n_layers, 3, len(radii)))
        self._centres = np.zeros(n_layers)

    def add(self, placed: Placed, atoms: slice) -> None:
        """Add the centres of some frames."""
        layer_of, heights = placed.layer_of[:, atoms], placed.heights[:, atoms]
        for layer in range(len(self._centres)):
            frame, atom = np.nonzero(layer_of == layer)
            height = heights[frame, atom]
            self._centres[layer] += len(height)
            lower, upper = placed.edges[frame, layer], placed.edges[frame, layer + 1]
            for distance in (height - lower, upper - height):
                near = distance[distance < self._radii[-1]]
                first = np.searchsorted(self._radii, near, side="left")
                for moment, weights in enumerate((np.ones_like(near), near, near**3)):
                    self._moments[layer, moment] += np.bincount(first, weights, minlength=len(self._radii))

    def volumes(self) -> NDArray[np.float64]:
        """Return the sums, (n_layers, n_bins), Å³."""
        r = self._radii
        below, linear, cubic = np.cumsum(self._moments, axis=2).transpose(1, 0, 2)
        caps = np.pi / 3 * (2 * r**3 * below - 3 * r**2 * linear + cubic)
        balls = 4 / 3 * np.pi * r**3 * self._centres[:, None] - caps
        shells: NDArray[np.float64] = np.diff(balls, axis=1)
        return shells
