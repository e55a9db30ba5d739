"""Bonds and polyhedra in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.structure_in_time.blocks import blocks, clock, opened, pair_names, species_order
from lianode.analysis.structure_in_time.neighbours import SKIN, Neighbours
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.frame import Frame
    from lianode.analysis.structure_in_time.blocks import Block
    from lianode.analysis.structure_in_time.kernels import Kernels

CUTOFF_UNCERTAINTY = 0.1
"""Å; by how much cut-offs are moved to see how far results depend on them."""


@dataclass(frozen=True, kw_only=True)
class Polyhedron:
    """A unit such as PS4: a centre with exactly so many ligands within a cut-off.

    Attributes
    ----------
    centre, ligand
        Elements.
    number
        Ligands.
    cutoff
        First minimum of the RDF of centre and ligand, Å.
    """

    centre: str
    ligand: str
    number: int
    cutoff: float

    @property
    def name(self) -> str:
        """Such as ``PS4``."""
        return f"{self.centre}{self.ligand}{self.number}"


@dataclass(frozen=True, kw_only=True)
class BondSeries:
    """Bonds of one kind in time.

    Attributes
    ----------
    pair
        Such as ``In-S``, centre first.
    cutoff
        Distance below which two atoms are bonded, Å.
    uncertainty
        By how much it was moved, Å.
    counts
        (n_frames,) bonds in the cell, each once.
    shorter, longer
        The same with the cut-off less and plus its uncertainty.
    centres
        Atoms of the first element; 2 counts / centres is their mean coordination in a pair of one element, and
        counts / centres otherwise.
    """

    pair: str
    cutoff: float
    uncertainty: float
    counts: NDArray[np.int64]
    shorter: NDArray[np.int64]
    longer: NDArray[np.int64]
    centres: int


@dataclass(frozen=True, kw_only=True)
class PolyhedronSeries:
    """Polyhedra of one kind in time.

    Attributes
    ----------
    polyhedron
        What was asked for.
    intact
        (n_frames,) centres that have exactly the number of ligands.
    initial
        Of them in the first frame.
    surviving
        (n_frames,) of the initial ones those that are intact then or at any later time. It only falls; a unit that a
        vibration opens for a moment survives.
    centres
        Atoms of the centre's element.
    coordination
        (n_ligands + 1,) share of centres with 0, 1, 2... ligands, over all frames.
    """

    polyhedron: Polyhedron
    intact: NDArray[np.int64]
    initial: int
    surviving: NDArray[np.int64]
    centres: int
    coordination: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BondHistory:
    """What :func:`follow_bonds` counted.

    Attributes
    ----------
    times
        (n_frames,) fs.
    bonds
        In the order they were asked for.
    polyhedra
        In the order they were asked for.
    """

    times: NDArray[np.float64]
    bonds: tuple[BondSeries, ...]
    polyhedra: tuple[PolyhedronSeries, ...]


def follow_bonds(
    frames: Iterable[Frame],
    cutoffs: Mapping[str, float],
    *,
    polyhedra: Sequence[Polyhedron] = (),
    uncertainty: float = CUTOFF_UNCERTAINTY,
    spacing: float | None = None,
    where: str = "trajectory",
    kernels: Kernels | None = None,
    skin: float = SKIN,
) -> BondHistory:
    """Count bonds and polyhedra in every frame.

    Parameters
    ----------
    frames
        Of one trajectory, in order of time.
    cutoffs
        Å, by pair such as ``In-S``.
    polyhedra
        Units that are followed.
    uncertainty
        By how much cut-offs are moved, Å.
    spacing
        fs between frames, where frames have no time.
    where
        Name of the trajectory, for messages.
    kernels, skin
        Code that counts, and the list's skin in Å. They change speed only.

    Raises
    ------
    InputError
        When there are no frames, atoms change, or positions are not numbers; when an element is not there or a cut-off
        not above its uncertainty.
    """
    names = pair_names(list(cutoffs), where) if cutoffs or not polyhedra else []
    limits: list[float] = []
    kinds: list[tuple[str, str]] = []
    for name, cutoff in zip(names, cutoffs.values(), strict=True):
        if not (np.isfinite(cutoff) and cutoff > uncertainty >= 0):
            raise InputError(f"a cut-off of {cutoff:g} Å; it has to be above {uncertainty:g} Å", "-".join(name))
        kinds += [name] * 3
        limits += [cutoff, cutoff - uncertainty, cutoff + uncertainty]
    for unit in polyhedra:
        if not (np.isfinite(unit.cutoff) and unit.cutoff > 0 and unit.number > 0):
            raise InputError(f"{unit.number} within {unit.cutoff:g} Å; both have to be above 0", unit.name)
        kinds.append((unit.centre, unit.ligand))
        limits.append(unit.cutoff)
    first, frames = opened(frames, where)
    species = species_order(first, [symbol for kind in kinds for symbol in kind], where)
    near = Neighbours(species, kinds, max(limits), where, kernels=kernels, skin=skin)
    squares = np.array(limits) ** 2
    slices = [species.slice(one) for one, _ in kinds]
    followed = [_Followed(unit, species.count(unit.centre)) for unit in polyhedra]
    times: list[NDArray[np.float64]] = []
    sums: list[NDArray[np.int64]] = []
    done = 0
    for block in blocks(frames, species, where):
        out = _neighbours_of_atoms(block, near, squares, species.n_used)
        sums.append(out.sum(axis=2, dtype=np.int64))
        for kind, series in enumerate(followed, start=3 * len(names)):
            series.add(out[:, kind, slices[kind]])
        times.append(clock(block.times, spacing, done, where))
        done += len(block.times)
    counted = np.concatenate(sums) // np.where(near.is_half, 2, 1)  # both ends of a bond of one element were centres
    return BondHistory(
        times=np.concatenate(times),
        bonds=tuple(
            BondSeries(
                pair="-".join(name),
                cutoff=limits[3 * index],
                uncertainty=uncertainty,
                counts=counted[:, 3 * index],
                shorter=counted[:, 3 * index + 1],
                longer=counted[:, 3 * index + 2],
                centres=species.count(name[0]),
            )
            for index, name in enumerate(names)
        ),
        polyhedra=tuple(unit.series() for unit in followed),
    )


def _neighbours_of_atoms(block: Block, near: Neighbours, squares: NDArray[np.float64], n: int) -> NDArray[np.int32]:
    """Return how many neighbours each atom has within each cut-off, (n_frames, n_kinds, n)."""
    out = np.zeros((len(block.times), len(squares), n), dtype=np.int32)

    def visit(done: int, positions: Any, cells: Any, listed: Any, pairs: Any) -> int:
        return near.kernels.coordination(positions, cells, listed, pairs, near.reach, squares, near.is_half, out[done:])

    near.visit(block.positions, block.cells, visit)
    return out


class _Followed:
    """Polyhedra of one kind, block after block."""

    def __init__(self, polyhedron: Polyhedron, centres: int) -> None:
        self._polyhedron = polyhedron
        self._intact: list[NDArray[np.int64]] = []
        self._last = np.full(centres, -1)
        self._initial: NDArray[np.bool_] | None = None
        self._coordination = np.zeros(1, dtype=np.int64)
        self._done = 0

    def add(self, ligands: NDArray[np.int32]) -> None:
        """Add frames; (n_frames, n_centres) ligands."""
        intact = ligands == self._polyhedron.number
        if self._initial is None:
            self._initial = intact[0]
        self._intact.append(intact.sum(axis=1))
        frame = np.where(intact, self._done + np.arange(len(intact))[:, None], -1).max(axis=0)
        self._last = np.maximum(self._last, frame)
        found = np.bincount(ligands.ravel())
        total = np.zeros(max(len(found), len(self._coordination)), dtype=np.int64)
        total[: len(self._coordination)] += self._coordination
        total[: len(found)] += found
        self._coordination = total
        self._done += len(intact)

    def series(self) -> PolyhedronSeries:
        """Return what was followed."""
        initial = np.zeros(0, dtype=bool) if self._initial is None else self._initial
        lost_before = np.sort(self._last[initial])
        surviving = initial.sum() - np.searchsorted(lost_before, np.arange(self._done), side="left")
        return PolyhedronSeries(
            polyhedron=self._polyhedron,
            intact=np.concatenate(self._intact),
            initial=int(initial.sum()),
            surviving=surviving,
            centres=len(self._last),
            coordination=self._coordination / self._coordination.sum(),
        )
