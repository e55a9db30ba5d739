"""How this project writes extended XYZ: the names in the comment line, for the programs that write and read it.

Molecular dynamics writes its trajectory so (:mod:`lianode.workflows.engines.md_files`), exports are written so
(:mod:`lianode.analysis.trajectories.export`), and :mod:`lianode.analysis.trajectories.extxyz` reads both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

STEP = "step"
"""Number of the step since the beginning of the trajectory, also in a file that continues another."""
TIME = "time_fs"
ENERGY = "energy"
"""Potential energy, eV."""
POSITIONS = "species:S:1:pos:R:3"
"""Columns: the element, and the position in Å."""
VELOCITIES = "velo:R:3"
"""Columns of the velocity, Å/fs."""


def lattice_text(cell: NDArray[np.float64]) -> str:
    """Return the nine numbers of a cell, rows one after the other, with all their digits."""
    return " ".join(repr(float(x)) for x in cell.ravel())


def comment_line(lattice: str, columns: str, values: Mapping[str, str]) -> str:
    """Return the second line of a frame.

    Parameters
    ----------
    lattice
        See :func:`lattice_text`.
    columns
        What the rows hold, in the notation of the format.
    values
        Key and value, as they are to be written.
    """
    pairs = " ".join(f"{key}={value}" for key, value in values.items())
    return f'Lattice="{lattice}" Properties={columns} pbc="T T T" {pairs}'.rstrip()
