"""Which code counts pairs: compiled where numba is installed, NumPy otherwise. Both give the same counts."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Kernels(Protocol):
    """Functions of :mod:`..compiled` and :mod:`..vectorised`; the latter documents them."""

    def neighbour_list(
        self, fractions: Array, cell: Array, starts: Array, kinds: Array, margins: Array, radius: float
    ) -> tuple[Array, Array, Array, Array, Array]:
        """Return images and the pairs closer than ``radius``."""

    def histogram(
        self, positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, per_width: float, counts: Array
    ) -> int:
        """Add the pairs of frames to ``counts``; return how many frames the list served."""

    def direct_histogram(
        self, positions: Array, cells: Array, starts: Array, kinds: Array, reach: float, per_width: float, counts: Array
    ) -> int:
        """Add the pairs of frames to ``counts`` without a list; return how many frames were counted."""

    def layered_histogram(
        self, positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, per_width: float, layers: Any,
        counts: Array, inside: Array,
    ) -> int:  # fmt: skip
        """Add pairs by the layer of their centre; return how many frames the list served."""

    def coordination(
        self, positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, squares: Array, is_half: Array,
        out: Array,
    ) -> int:  # fmt: skip
        """Count each atom's neighbours within the cut-offs; return how many frames the list served."""


def available() -> Kernels:
    """Return the compiled functions where numba is installed (extra ``fast``), and those in NumPy otherwise.

    Those in NumPy serve, too, where numba finds no folder that it can keep compiled code in (neither the package's nor
    the user's cache can be written); the environment variable ``NUMBA_CACHE_DIR`` names one.
    """
    if importlib.util.find_spec("numba") is None:
        return vectorised()
    try:
        return compiled()
    except RuntimeError:  # numba's word for that
        return vectorised()


def compiled() -> Kernels:
    """Return the functions that numba compiles, once per machine and version."""
    from lianode.analysis.structure_in_time import compiled as functions

    return functions


def vectorised() -> Kernels:
    """Return the functions in NumPy and SciPy."""
    from lianode.analysis.structure_in_time import vectorised as functions

    return functions
