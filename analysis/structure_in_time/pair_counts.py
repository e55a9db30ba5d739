"""How many pairs of atoms there are at each distance: the numbers behind n(r) and g(r), as they were counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.structure_in_time.blocks import blocks, clock, opened, pair_names, species_order
from lianode.analysis.structure_in_time.layers import Placed, Placing, ShellVolumes
from lianode.analysis.structure_in_time.neighbours import SKIN, Neighbours
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.frame import Frame
    from lianode.analysis.structure_in_time.blocks import Species
    from lianode.analysis.structure_in_time.kernels import Kernels
    from lianode.analysis.structure_in_time.layers import Layers
    from lianode.analysis.structure_in_time.neighbours import Direct, Visit
    from lianode.analysis.structure_in_time.windows import Windows

MOST_BINS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Radii:
    """Bins of distance, half open: bin k holds r with k w <= r < (k + 1) w.

    A distance less than 1e-10 Å below an edge counts as on it.

    Attributes
    ----------
    largest
        Å; rounded up to a whole number of bins. It may exceed half the cell, and the cell.
    width
        w, Å.
    """

    largest: float = 8.0
    width: float = 0.02

    def __post_init__(self) -> None:
        if not (np.isfinite(self.width) and self.width > 0 and np.isfinite(self.largest) and self.largest > 0):
            raise InputError(f"{self.largest:g} Å in bins of {self.width:g} Å; both have to be above 0", "radii")
        if self.largest / self.width > MOST_BINS:
            raise InputError(f"{self.largest / self.width:.0f} bins; at most {MOST_BINS} would be right", "radii")

    @property
    def count(self) -> int:
        """How many bins there are."""
        return int(np.ceil(self.largest / self.width - 1e-9))

    @property
    def edges(self) -> NDArray[np.float64]:
        """(n_bins + 1,) Å."""
        edges: NDArray[np.float64] = np.arange(self.count + 1, dtype=np.float64) * self.width
        return edges

    @property
    def centres(self) -> NDArray[np.float64]:
        """(n_bins,) middles of the bins, Å."""
        centres: NDArray[np.float64] = (np.arange(self.count, dtype=np.float64) + 0.5) * self.width
        return centres


@dataclass(frozen=True, kw_only=True)
class PairCounts:
    """Pairs by window, layer, kind and distance.

    Without windows there is one of all frames, without layers one of the whole cell.

    Attributes
    ----------
    pairs
        Kinds as ``In-S``, centre first.
    radii
        Bins.
    windows, layers
        As asked for.
    counts
        (n_windows, n_layers, n_pairs, n_bins) neighbours of all centres in all frames, wherever the neighbour is.
    centres
        (n_windows, n_layers, n_pairs) centres in all frames.
    frames
        (n_windows,)
    atoms
        Number of atoms of each element in the cell.
    volume, inverse_volume
        (n_windows,) means of the cell's volume, Å³, and of one over it.
    inside
        As ``counts``, neighbours in the same layer only; None without layers.
    neighbours
        (n_windows, n_layers, n_pairs) atoms of the neighbours' element in the layer, in all frames.
    shells
        As ``counts``: sum over centres of the volume of the shell inside the layer, Å³; None without layers.
    shares
        (n_layers,) of the cell's volume.
    """

    pairs: tuple[str, ...]
    radii: Radii
    windows: Windows | None
    layers: Layers | None
    counts: NDArray[np.int64]
    centres: NDArray[np.int64]
    frames: NDArray[np.int64]
    atoms: dict[str, int]
    volume: NDArray[np.float64]
    inverse_volume: NDArray[np.float64]
    inside: NDArray[np.int64] | None = None
    neighbours: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    shells: NDArray[np.float64] | None = None
    shares: NDArray[np.float64] = field(default_factory=lambda: np.ones(1))

    def index(self, pair: str) -> int:
        """Return the position of a pair.

        Raises
        ------
        InputError
            When it was not counted.
        """
        if pair not in self.pairs:
            raise InputError(f"'{pair}' was not counted; {', '.join(self.pairs)} were", "pairs")
        return self.pairs.index(pair)


def count_pairs(
    frames: Iterable[Frame],
    pairs: Sequence[str],
    *,
    radii: Radii | None = None,
    windows: Windows | None = None,
    layers: Layers | None = None,
    spacing: float | None = None,
    where: str = "trajectory",
    kernels: Kernels | None = None,
    skin: float = SKIN,
) -> PairCounts:
    """Count pairs in every frame, with all periodic images, in any cell.

    Memory does not grow with the number of frames.

    Parameters
    ----------
    frames
        Of one trajectory, in order of time; a structure is a single frame.
    pairs
        Such as ``In-S``, centre first. In layers the centre decides.
    radii
        Bins; by default 0 to 8 Å in steps of 0.02 Å.
    windows
        Stretches of time that are counted apart; frames outside all of them are left out.
    layers
        Layers along the normal that are counted apart.
    spacing
        fs between frames, where frames have no time and windows need it.
    where
        Name of the trajectory, for messages.
    kernels, skin
        Code that counts, and the list's skin in Å. They change speed only.

    Raises
    ------
    InputError
        When there are no frames, atoms change, or positions are not numbers; when an element is not there, or a
        window is empty.
    """
    radii = radii or Radii()
    names = pair_names(pairs, where)
    first, frames = opened(frames, where)
    species = species_order(first, [symbol for name in names for symbol in name], where)
    counter = _Counter(
        species, names, radii=radii, windows=windows, layers=layers, where=where, kernels=kernels, skin=skin
    )
    done = 0
    for block in blocks(frames, species, where):
        if windows is None:
            runs: Iterable[tuple[int, int, int]] = [(0, 0, len(block.times))]
        else:
            runs = windows.runs(clock(block.times, spacing, done, where))
        placed = counter.placing.place(block.positions, block.cells) if counter.placing else None
        for window, begin, end in runs:
            part = None if placed is None else _part(placed, begin, end)
            counter.count(window, block.positions[begin:end], block.cells[begin:end], part)
        done += len(block.times)
    return counter.result(tuple(f"{one}-{other}" for one, other in names))


def _part(placed: Placed, begin: int, end: int) -> Placed:
    """Return the frames from ``begin`` to ``end``."""
    rows = slice(begin, end)
    return Placed(
        placed.layer_of[rows], placed.heights[rows], placed.normals[rows], placed.periods[rows], placed.edges[rows]
    )


class _Counter:
    """Counts of one pass over a trajectory."""

    def __init__(
        self,
        species: Species,
        names: list[tuple[str, str]],
        *,
        radii: Radii,
        windows: Windows | None,
        layers: Layers | None,
        where: str,
        kernels: Kernels | None,
        skin: float,
    ) -> None:
        self._species, self._names, self._radii, self._windows, self._layers = species, names, radii, windows, layers
        self._where = where
        self._neighbours = Neighbours(species, names, radii.count * radii.width, where, kernels=kernels, skin=skin)
        self.placing = Placing(layers, species, where) if layers else None
        n_windows = len(windows.spans) if windows else 1
        n_layers = layers.count if layers else 1
        shape = (n_windows, n_layers, len(names))
        # bins beyond the largest distance take what the list holds beside: no pair has to be asked whether it counts
        wide = int(np.ceil(self._neighbours.longest / radii.width)) + 2
        self._counts = np.zeros((n_windows, len(names), n_layers, wide), dtype=np.int64)
        self._inside = np.zeros_like(self._counts if layers else self._counts[:0])
        self._centres = np.zeros(shape, dtype=np.int64)
        self._others = np.zeros(shape, dtype=np.int64)
        self._frames = np.zeros(n_windows, dtype=np.int64)
        self._volumes, self._inverses = np.zeros(n_windows), np.zeros(n_windows)
        self._shells = [
            {symbol: ShellVolumes(n_layers, radii.edges) for symbol in dict.fromkeys(one for one, _ in names)}
            for _ in range(n_windows if layers else 0)
        ]

    def count(
        self, window: int, positions: NDArray[np.float64], cells: NDArray[np.float64], placed: Placed | None
    ) -> None:
        """Count frames of one window."""
        volumes = np.abs(np.linalg.det(cells[:1] if (cells == cells[0]).all() else cells))
        self._volumes[window] += volumes.mean() * len(cells)
        self._inverses[window] += (1 / volumes).mean() * len(cells)
        self._frames[window] += len(cells)
        if placed is not None:
            self._occupy(window, placed)
        if placed is None:
            self._neighbours.visit(positions, cells, *self._whole(window))
        else:
            self._neighbours.visit(positions, cells, self._layered(window, placed))

    def _whole(self, window: int) -> tuple[Visit, Direct]:
        """Return what counts pairs of the whole cell, with a list and without."""
        near, per_width, counts = self._neighbours, 1 / self._radii.width, self._counts[window, :, 0]

        def visit(_: int, positions: Any, cells: Any, listed: Any, pairs: Any) -> int:
            return near.kernels.histogram(positions, cells, listed, pairs, near.reach, per_width, counts)

        def direct(positions: Any, cells: Any) -> int:
            return near.kernels.direct_histogram(
                positions, cells, near.starts, near.kinds, near.reach, per_width, counts
            )

        return visit, direct

    def _layered(self, window: int, placed: Placed) -> Visit:
        """Return what counts pairs by layer."""
        near, per_width = self._neighbours, 1 / self._radii.width
        counts, inside = self._counts[window], self._inside[window]

        def visit(done: int, positions: Any, cells: Any, listed: Any, pairs: Any) -> int:
            part = _part(placed, done, len(placed.periods))
            layers = (part.layer_of, part.heights, part.normals, part.periods, near.is_half)
            return near.kernels.layered_histogram(
                positions, cells, listed, pairs, near.reach, per_width, layers, counts, inside
            )

        return visit

    def _occupy(self, window: int, placed: Placed) -> None:
        """Count atoms in layers, and the volumes around them."""
        n_layers = self._centres.shape[1]
        held = {}
        for symbol in dict.fromkeys(symbol for name in self._names for symbol in name):
            layer_of = placed.layer_of[:, self._species.slice(symbol)]
            held[symbol] = np.bincount(layer_of[layer_of >= 0], minlength=n_layers)
        for kind, (one, other) in enumerate(self._names):
            self._centres[window, :, kind] += held[one]
            self._others[window, :, kind] += held[other]
        for symbol, shells in self._shells[window].items():
            shells.add(placed, self._species.slice(symbol))

    def result(self, pairs: tuple[str, ...]) -> PairCounts:
        """Return what was counted."""
        if not self._frames.all():
            spans = self._windows.spans if self._windows else ()
            begin, end = spans[int(np.flatnonzero(self._frames == 0)[0])]
            raise InputError(f"no frame in the window from {begin:g} to {end:g} fs; leave it out", self._where)
        n_bins, layers = self._radii.count, self._layers
        counts = self._counts[:, :, :, :n_bins].transpose(0, 2, 1, 3)
        if layers is None:
            counts = counts * np.where(self._neighbours.is_half, 2, 1)[:, None]  # each pair was listed once
            sizes = [(self._species.count(one), self._species.count(other)) for one, other in self._names]
            each = self._frames[:, None, None]
            self._centres = each * np.array([one for one, _ in sizes])
            self._others = each * np.array([other for _, other in sizes])
        shells = None
        if layers is not None:
            shells = np.stack([np.stack([of[one].volumes() for one, _ in self._names], axis=1) for of in self._shells])
        edges = np.array(layers.edges) if layers else np.array([0.0, 1.0])
        return PairCounts(
            pairs=pairs,
            radii=self._radii,
            windows=self._windows,
            layers=layers,
            counts=np.ascontiguousarray(counts),
            centres=self._centres,
            frames=self._frames,
            atoms={symbol: self._species.count(symbol) for symbol in self._species.symbols},
            volume=self._volumes / self._frames,
            inverse_volume=self._inverses / self._frames,
            inside=None if layers is None else self._inside[:, :, :, :n_bins].transpose(0, 2, 1, 3),
            neighbours=self._others,
            shells=shells,
            shares=np.diff(edges) / self._period(edges),
        )

    def _period(self, edges: NDArray[np.float64]) -> float:
        """Return the cell's period along the normal in the first frame, Å; 1 without layers."""
        return self.placing.first_period if self.placing else float(edges[-1])
