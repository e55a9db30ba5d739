"""CHGCAR, AECCAR, WAVECAR and LOCPOT: small, of the right form, and for a slab with a work function that is known."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from lianode.hpc.rehearsal.report import NOTICE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.settings import Settings

WORK_FUNCTION_eV = 4.0
"""From the Fermi energy to the vacuum of every rehearsed slab."""
VACUUM_FROM = 6.0
"""Å without ions along a lattice vector that make a slab."""
WELL_DEPTH = 12.0
"""eV Å² per ion and area: strength of the model potential of an ion."""
WELL_WIDTH = 0.8
"""Å."""


@dataclass(frozen=True)
class Profile:
    """Planar average of the model potential along the normal of a slab.

    Attributes
    ----------
    axis
        Lattice vector along the normal.
    values
        eV, one per grid plane; their mean is zero, as in VASP.
    vacuum
        eV, in the middle of the vacuum.
    """

    axis: int
    values: NDArray[np.float64]
    vacuum: float


def slab_profile(geometry: Geometry, grid: tuple[int, int, int]) -> Profile | None:
    """Return the model potential of a slab, or None for a crystal without vacuum."""
    widths: list[tuple[float, int, float]] = []
    for axis in range(3):
        height = geometry.volume / np.linalg.norm(
            np.cross(geometry.lattice[(axis + 1) % 3], geometry.lattice[(axis + 2) % 3])
        )
        along = np.sort(geometry.fractional[:, axis] % 1.0)
        gaps = np.diff(np.append(along, along[0] + 1.0))
        widest = int(np.argmax(gaps))
        widths.append((float(gaps[widest] * height), axis, float((along[widest] + gaps[widest] / 2) % 1.0)))
    width, axis, middle = max(widths)
    if width < VACUUM_FROM:
        return None
    n_planes = grid[axis]
    height = geometry.volume / np.linalg.norm(
        np.cross(geometry.lattice[(axis + 1) % 3], geometry.lattice[(axis + 2) % 3])
    )
    area = geometry.volume / height
    apart = np.arange(n_planes)[:, None] / n_planes - geometry.fractional[:, axis][None, :]
    distance = (apart - np.round(apart)) * height
    wells = np.exp(-0.5 * (distance / WELL_WIDTH) ** 2).sum(axis=1)
    values = -WELL_DEPTH / area * wells
    values = values - values.mean()
    return Profile(axis, values, float(values[round(middle * n_planes) % n_planes]))


def _volume_file(geometry: Geometry, grid: tuple[int, int, int], values: NDArray[np.float64]) -> str:
    """Write a grid, x running fastest, five numbers per line, behind the structure."""
    text = StringIO()
    text.write(f"{NOTICE}\n   1.00000000000000\n")
    np.savetxt(text, geometry.lattice, fmt="  %12.6f %12.6f %12.6f")
    text.write("   " + " ".join(f"{symbol:<4}" for symbol in geometry.species) + "\n")
    text.write("".join(f"{count:6d}" for count in geometry.counts) + "\nDirect\n")
    np.savetxt(text, geometry.fractional, fmt="  %9.6f %9.6f %9.6f")
    text.write(f" \n{grid[0]:5d}{grid[1]:5d}{grid[2]:5d}\n")
    flat = values.reshape(-1, order="F")
    whole = len(flat) // 5 * 5
    np.savetxt(text, flat[:whole].reshape(-1, 5), fmt=" %17.11E")
    if whole < len(flat):
        text.write("".join(f" {value:17.11E}" for value in flat[whole:]) + "\n")
    return text.getvalue()


def write_volumetric(folder: Path, settings: Settings, geometry: Geometry) -> None:
    """Write the grids that INCAR asks for.

    CHGCAR and AECCAR2 hold an even density of the valence electrons, AECCAR0 none; LOCPOT the model potential of a
    slab, or zero without vacuum. WAVECAR holds no wave functions, only the notice.
    """
    grid = settings.grid
    if settings.flag("LCHARG", True):
        even = _volume_file(geometry, grid, np.full(grid, settings.n_electrons))
        (folder / "CHGCAR").write_text(even, encoding="utf-8")
    if settings.flag("LAECHG", False):
        (folder / "AECCAR0").write_text(_volume_file(geometry, grid, np.zeros(grid)), encoding="utf-8")
        even = _volume_file(geometry, grid, np.full(grid, settings.n_electrons))
        (folder / "AECCAR2").write_text(even, encoding="utf-8")
    if settings.flag("LWAVE", True):
        (folder / "WAVECAR").write_text(f"{NOTICE}\n", encoding="utf-8")
    if settings.flag("LVHAR", False) or settings.flag("LVTOT", False):
        profile = slab_profile(geometry, grid)
        values = np.zeros(grid)
        if profile is not None:
            shape = [1, 1, 1]
            shape[profile.axis] = len(profile.values)
            values = np.broadcast_to(profile.values.reshape(shape), grid).copy()
        (folder / "LOCPOT").write_text(_volume_file(geometry, grid, values), encoding="utf-8")
