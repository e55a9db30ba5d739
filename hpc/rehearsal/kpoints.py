"""K-points: from KPOINTS or KSPACING to the irreducible set with weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.incar import Value
    from lianode.hpc.rehearsal.poscar import Geometry


@dataclass(frozen=True)
class KPoints:
    """The k-points of a run.

    Attributes
    ----------
    comment
        First line of KPOINTS.
    style
        ``Gamma``, ``Monkhorst-Pack``, ``listgenerated`` (along lines) or ``Reciprocal`` (a list).
    divisions
        Of the mesh; points per line for lines.
    shift
        The user's shift of the mesh.
    ends
        End points of the lines, shape (2 L, 3); empty otherwise.
    points
        Irreducible points in reciprocal lattice vectors, shape (K, 3).
    weights
        Sum to one, shape (K,).
    """

    comment: str
    style: str
    divisions: tuple[int, ...]
    shift: tuple[float, float, float]
    ends: NDArray[np.float64]
    points: NDArray[np.float64]
    weights: NDArray[np.float64]


def irreducible(
    geometry: Geometry, divisions: tuple[int, ...], shift: tuple[float, float, float], isym: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Reduce a mesh by the crystal's symmetry (spglib).

    Parameters
    ----------
    geometry
        The crystal.
    divisions
        Of the three reciprocal vectors.
    shift
        In mesh steps; only 0 and 0.5 can be reduced, other shifts keep the full mesh.
    isym
        As in VASP: -1 no symmetry, 0 time reversal only, above 0 the space group too.

    Returns
    -------
    tuple
        Points, shape (K, 3), and weights that sum to one.
    """
    import spglib

    halves = [round(2 * value) for value in shift]
    if isym < 0 or any(abs(2 * value - half) > 1e-6 for value, half in zip(shift, halves, strict=True)):
        grid = np.stack(np.meshgrid(*(np.arange(n) for n in divisions), indexing="ij"), -1).reshape(-1, 3)
        points = (grid + np.array(shift)) / np.array(divisions)
        return points - np.round(points), np.full(len(points), 1.0 / len(points))
    half_steps = [half % 2 for half in halves]
    if isym == 0:
        rotations = np.eye(3, dtype="intc").reshape(1, 3, 3)
        found = spglib.get_stabilized_reciprocal_mesh(divisions, rotations, half_steps, is_time_reversal=True)
    else:
        kinds = {symbol: index for index, symbol in enumerate(dict.fromkeys(geometry.symbols))}
        types = [kinds[symbol] for symbol in geometry.symbols]
        cell = (geometry.lattice.tolist(), geometry.fractional.tolist(), types)
        found = spglib.get_ir_reciprocal_mesh(divisions, cell, half_steps, is_time_reversal=True, symprec=1e-5)
    if found is None:
        return irreducible(geometry, divisions, shift, -1)
    mapping, addresses = found
    representatives, counts = np.unique(mapping, return_counts=True)
    points = (addresses[representatives] + 0.5 * np.array(half_steps)) / np.array(divisions)
    return points, counts / counts.sum()


def _mesh(
    comment: str,
    style: str,
    divisions: tuple[int, ...],
    shift: tuple[float, float, float],
    *,
    geometry: Geometry,
    isym: int,
) -> KPoints:
    # Monkhorst and Pack's own meshes leave out Γ where the division is even
    own = [0.5 if style == "Monkhorst-Pack" and n % 2 == 0 else 0.0 for n in divisions]
    points, weights = irreducible(geometry, divisions, (own[0] + shift[0], own[1] + shift[1], own[2] + shift[2]), isym)
    return KPoints(comment, style, divisions, shift, np.zeros((0, 3)), points, weights)


def _listed(comment: str, lines: list[str], geometry: Geometry) -> KPoints:
    count = int(lines[1].split()[0])
    rows = np.array([[float(word) for word in line.split()[:4]] for line in lines[3 : 3 + count]])
    points, weights = rows[:, :3], rows[:, 3]
    if lines[2].strip()[:1] in {"c", "C", "k", "K"}:
        points = points @ geometry.lattice.T
    return KPoints(comment, "Reciprocal", (0,), (0.0, 0.0, 0.0), np.zeros((0, 3)), points, weights / weights.sum())


def _lines(comment: str, lines: list[str], geometry: Geometry) -> KPoints:
    per_line = int(lines[1].split()[0])
    rows = [line.split() for line in lines[4:] if len(line.split()) >= 3]
    ends = np.array([[float(word) for word in row[:3]] for row in rows])
    if lines[3].strip()[:1] in {"c", "C", "k", "K"}:
        ends = ends @ geometry.lattice.T
    points = np.concatenate(
        [np.linspace(ends[index], ends[index + 1], per_line) for index in range(0, len(ends) - 1, 2)]
    )
    weights = np.full(len(points), 1.0 / len(points))
    return KPoints(comment, "listgenerated", (per_line,), (0.0, 0.0, 0.0), ends, points, weights)


def read_kpoints(folder: Path, tags: dict[str, Value], geometry: Geometry, isym: int) -> KPoints:
    """Take the k-points from KPOINTS, or from KSPACING where there is no KPOINTS.

    Raises
    ------
    InputError
        If KPOINTS cannot be read.
    """
    path = folder / "KPOINTS"
    lengths = np.linalg.norm(geometry.reciprocal, axis=1)
    origin = (0.0, 0.0, 0.0)
    if not path.is_file():
        spacing = tags.get("KSPACING", 0.5)
        if not isinstance(spacing, int | float) or spacing <= 0:
            raise InputError(f"KSPACING has to be a positive number, not {spacing!r}", str(folder / "INCAR"))
        divisions = tuple(max(1, math.ceil(2 * math.pi * length / spacing)) for length in lengths)
        style = "Gamma" if tags.get("KGAMMA", True) is True else "Monkhorst-Pack"
        return _mesh("Automatic mesh of KSPACING", style, divisions, origin, geometry=geometry, isym=isym)
    lines = path.read_text(encoding="utf-8").splitlines()
    try:
        comment, mode = lines[0].strip(), lines[2].strip()[:1].lower()
        if mode == "l":
            return _lines(comment, lines, geometry)
        if int(lines[1].split()[0]) > 0:
            return _listed(comment, lines, geometry)
        if mode == "a":
            length = float(lines[3].split()[0])
            divisions = tuple(max(1, int(length * value + 0.5)) for value in lengths)
            return _mesh(comment, "Gamma", divisions, origin, geometry=geometry, isym=isym)
        style = {"g": "Gamma", "m": "Monkhorst-Pack"}[mode]
        divisions = tuple(int(word) for word in lines[3].split()[:3])
        given = [float(word) for word in lines[4].split()[:3]] if len(lines) > 4 and lines[4].strip() else [0.0] * 3
        return _mesh(comment, style, divisions, (given[0], given[1], given[2]), geometry=geometry, isym=isym)
    except (IndexError, ValueError, KeyError) as error:
        raise InputError(f"this is not a KPOINTS of a kind that the rehearsal reads ({error})", str(path)) from error
