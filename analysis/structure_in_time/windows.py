"""Stretches of time over which a structure is averaged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Windows:
    """Time windows, half open, in fs.

    Attributes
    ----------
    spans
        (beginning, end) of each, ascending and apart.
    """

    spans: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not self.spans:
            raise InputError("none; at least one (beginning, end) in fs would be right", "windows")
        flat = [time for span in self.spans for time in span]
        if not np.isfinite(flat).all() or any(a >= b for a, b in self.spans) or flat != sorted(flat):
            raise InputError(
                f"{list(self.spans)} fs overlap or run backwards; they have to follow each other", "windows"
            )

    @classmethod
    def equal(cls, beginning: float, end: float, count: int) -> Windows:
        """Return ``count`` windows of equal length, in fs."""
        if count < 1:
            raise InputError(f"{count} windows; at least one would be right", "windows")
        edges = np.linspace(beginning, end, count + 1).tolist()
        return cls(tuple(pairwise(edges)))

    def runs(self, times: NDArray[np.float64]) -> Iterator[tuple[int, int, int]]:
        """Yield (window, first, end) of the frames in a row that share a window; frames outside all are left out."""
        begins, ends = np.array(self.spans).T
        index = np.searchsorted(begins, times, side="right") - 1
        index = np.where((index >= 0) & (times < ends[index]), index, -1)
        breaks = [0, *(np.flatnonzero(np.diff(index)) + 1).tolist(), len(index)]
        for first, end in pairwise(breaks):
            if first < end and index[first] >= 0:
                yield int(index[first]), first, end
