"""Frames in blocks: checked, atoms in the order of their species, ready to be counted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.frame import Frame

BLOCK = 64
"""Frames per block: large enough that Python costs little per frame, small enough to stay in a core's cache."""
_FLAT = 1e-3
"""A cell whose volume is below this, as a fraction of the product of its edges, is flat: a mistake in a file."""


@dataclass(frozen=True, slots=True)
class Species:
    """Order of atoms by species, those that are asked for first.

    Attributes
    ----------
    symbols
        Species in order.
    numbers
        (n,) atomic numbers, as in the frames.
    order
        (n,) index in the frame of each atom in this order.
    starts
        (n_species + 1,) where each species begins.
    n_used
        Atoms of the species that were asked for; they come first.
    """

    symbols: tuple[str, ...]
    numbers: NDArray[np.intp]
    order: NDArray[np.intp]
    starts: NDArray[np.int64]
    n_used: int

    def index(self, symbol: str) -> int:
        """Return the position of a species in the order."""
        return self.symbols.index(symbol)

    def count(self, symbol: str) -> int:
        """Return how many atoms of a species there are."""
        index = self.index(symbol)
        return int(self.starts[index + 1] - self.starts[index])

    def slice(self, symbol: str) -> slice:
        """Return where the atoms of a species stand."""
        index = self.index(symbol)
        return slice(int(self.starts[index]), int(self.starts[index + 1]))


@dataclass(frozen=True, slots=True)
class Block:
    """Frames that follow each other.

    Attributes
    ----------
    positions
        (n_frames, n, 3), Å, atoms in the order of their species.
    cells
        (n_frames, 3, 3), Å.
    times
        (n_frames,) fs; NaN where the file does not say.

    The next block is written over this one.
    """

    positions: NDArray[np.float64]
    cells: NDArray[np.float64]
    times: NDArray[np.float64]


def opened(frames: Iterable[Frame], where: str) -> tuple[Frame, Iterator[Frame]]:
    """Return the first frame, and all of them.

    Raises
    ------
    InputError
        When there is none.
    """
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise InputError("no frames; molecular dynamics that has made at least one step would be right", where)
    return first, chain([first], iterator)


def species_order(first: Frame, wanted: Iterable[str], where: str) -> Species:
    """Return the atoms of a frame in the order of their species.

    Parameters
    ----------
    first
        A frame of the trajectory.
    wanted
        Species that are needed; the atoms of all others follow them.
    where
        Name of the trajectory, for messages.

    Raises
    ------
    InputError
        When a wanted species is not in the frame.
    """
    from ase.data import chemical_symbols

    symbols = [chemical_symbols[number] for number in first.numbers]
    present = list(dict.fromkeys(symbols))
    used = list(dict.fromkeys(wanted))
    for symbol in used:
        if symbol not in present:
            raise InputError(f"no {symbol} in it; its elements are {', '.join(sorted(present))}", where)
    names = [*used, *(symbol for symbol in present if symbol not in used)]
    rank = np.array([names.index(symbol) for symbol in symbols], dtype=np.intp)
    starts = np.concatenate([[0], np.cumsum(np.bincount(rank, minlength=len(names)))]).astype(np.int64)
    return Species(
        symbols=tuple(names),
        numbers=np.asarray(first.numbers),
        order=np.argsort(rank, kind="stable"),
        starts=starts,
        n_used=int(starts[len(used)]),
    )


def blocks(frames: Iterable[Frame], species: Species, where: str, *, size: int = BLOCK) -> Iterator[Block]:
    """Yield checked frames in blocks; memory does not grow with their number.

    Parameters
    ----------
    frames
        Of one trajectory.
    species
        Order of its atoms.
    where
        Name of the trajectory, for messages.
    size
        Frames per block.

    Raises
    ------
    InputError
        When the atoms change, or a position or cell is not a number.
    """
    n = len(species.order)
    positions, cells, times = np.empty((size, n, 3)), np.empty((size, 3, 3)), np.empty(size)
    filled, done = 0, 0
    for frame in frames:
        if frame.numbers is not species.numbers and not np.array_equal(frame.numbers, species.numbers):
            raise InputError(_changed(frame, species, done + filled), where)
        if frame.positions.shape != (n, 3):
            raise InputError(
                f"frame {done + filled} (step {frame.step}) has positions of shape {frame.positions.shape}; "
                f"({n}, 3) would be right",
                where,
            )
        at = np.asarray(frame.positions, dtype=np.float64)
        at.take(species.order, axis=0, out=positions[filled], mode="clip")
        cells[filled] = frame.cell
        times[filled] = np.nan if frame.time is None else frame.time
        filled += 1
        if filled == size:
            yield _checked(Block(positions, cells, times), species, done, where)
            filled, done = 0, done + size
    if filled:
        yield _checked(Block(positions[:filled], cells[:filled], times[:filled]), species, done, where)


def clock(times: NDArray[np.float64], spacing: float | None, done: int, where: str) -> NDArray[np.float64]:
    """Return times in fs, from the spacing of frames where the file does not say.

    Parameters
    ----------
    times
        (n,), NaN where unknown.
    spacing
        fs between frames, or None.
    done
        Frames before these.
    where
        Name of the trajectory, for messages.

    Raises
    ------
    InputError
        When neither is known.
    """
    if spacing is not None:
        counted: NDArray[np.float64] = np.arange(done, done + len(times), dtype=np.float64) * spacing
        return counted
    if np.isnan(times).any():
        raise InputError("its frames have no times; say how many fs lie between two of them", where)
    return times.copy()  # a block's own are written over by the next


def _changed(frame: Frame, species: Species, index: int) -> str:
    """Return how the atoms of a frame differ."""
    here = f"frame {index} (step {frame.step})"
    if len(frame.numbers) != len(species.numbers):
        return f"{here} has {len(frame.numbers)} atoms and the first {len(species.numbers)}; they must not change"
    atom = int(np.flatnonzero(np.asarray(frame.numbers) != species.numbers)[0])
    return f"{here} has another element as atom {atom} than the first; elements and their order must not change"


def _checked(block: Block, species: Species, done: int, where: str) -> Block:
    """Return a block whose every number is finite and whose cells have a volume."""
    if not np.isfinite(block.positions).all():
        frame, atom, _ = (int(index) for index in np.argwhere(~np.isfinite(block.positions))[0])
        symbol = species.symbols[int(np.searchsorted(species.starts, atom, side="right")) - 1]
        raise InputError(
            f"frame {done + frame} has an atom without a position ({symbol}, atom {species.order[atom]}): it is not a "
            "finite number; the run had exploded or its file is damaged",
            where,
        )
    if (block.cells == block.cells[0]).all():
        _needs_volume(block.cells[:1], done, where)
    else:
        _needs_volume(block.cells, done, where)
    return block


def _needs_volume(cells: NDArray[np.float64], done: int, where: str) -> None:
    """Raise where a cell is no cell."""
    edges = np.linalg.norm(cells, axis=2).prod(axis=1)
    volumes = np.abs(np.linalg.det(cells))
    good = np.isfinite(volumes) & (volumes > _FLAT * edges) & (edges > 0)
    if not good.all():
        raise InputError(
            f"frame {done + int(np.flatnonzero(~good)[0])} has a cell without volume; three vectors that span space "
            "would be right",
            where,
        )


def pair_names(pairs: Sequence[str], where: str) -> list[tuple[str, str]]:
    """Return the elements of pairs such as ``In-S``, centre first.

    Raises
    ------
    InputError
        When a name is not two elements.
    """
    from ase.data import atomic_numbers

    named: list[tuple[str, str]] = []
    for pair in pairs:
        elements = pair.split("-")
        if len(elements) != 2 or any(element not in atomic_numbers for element in elements):
            raise InputError(f"'{pair}' is not a pair; two elements with a hyphen would be right, like In-S", where)
        named.append((elements[0], elements[1]))
    if not named:
        raise InputError("no pairs; name at least one, like In-S", where)
    return named
