"""POSCAR and CONTCAR: lattice, ions, selective dynamics, velocities and the state of the thermostat."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Geometry:
    """One arrangement of the ions.

    Attributes
    ----------
    comment
        First line of the file.
    lattice
        Rows are the lattice vectors, Å.
    species
        Symbols, one per block of equal ions, in the file's order (an element may come twice).
    counts
        Ions per block.
    fractional
        Positions in the lattice vectors, shape (N, 3).
    free
        Selective dynamics: whether each coordinate may move, shape (N, 3); None if everything may.
    velocities
        Å/fs, shape (N, 3), or None.
    thermostat
        The four numbers of the thermostat in the third block, or None.
    """

    comment: str
    lattice: NDArray[np.float64]
    species: tuple[str, ...]
    counts: tuple[int, ...]
    fractional: NDArray[np.float64]
    free: NDArray[np.bool_] | None = None
    velocities: NDArray[np.float64] | None = None
    thermostat: tuple[float, float, float, float] | None = None

    @property
    def symbols(self) -> list[str]:
        """Element of every ion."""
        return [symbol for symbol, count in zip(self.species, self.counts, strict=True) for _ in range(count)]

    @property
    def cartesian(self) -> NDArray[np.float64]:
        """Positions, Å."""
        return np.asarray(self.fractional @ self.lattice, dtype=float)

    @property
    def wrapped(self) -> NDArray[np.float64]:
        """Fractional positions between 0 and 1, as VASP writes them."""
        inside = self.fractional - np.floor(self.fractional)
        return np.asarray(np.where(inside >= 1.0, 0.0, inside), dtype=float)

    @property
    def volume(self) -> float:
        """Å³."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def reciprocal(self) -> NDArray[np.float64]:
        """Rows are the reciprocal vectors without 2π, 1/Å."""
        return np.asarray(np.linalg.inv(self.lattice).T, dtype=float)

    def movable(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the components along fixed coordinates out of Cartesian vectors (VASP's flags belong to the lattice)."""
        if self.free is None:
            return vectors
        direct = vectors @ np.linalg.inv(self.lattice)
        return np.asarray(np.where(self.free, direct, 0.0) @ self.lattice, dtype=float)


def _numbers(lines: list[str], count: int) -> NDArray[np.float64]:
    rows = np.array([[float(word) for word in line.split()[:3]] for line in lines[:count]])
    if rows.shape != (count, 3):
        raise ValueError(f"expected {count} lines of three numbers")
    return rows


def _blocks(lines: list[str], n_ions: int) -> tuple[NDArray[np.float64] | None, tuple[float, ...] | None]:
    """Read velocities and thermostat behind the positions."""
    if len(lines) < n_ions + 1 or (lines[0].strip() and lines[0].split()[0][0] not in "cCkK"):
        return None, None
    velocities = _numbers(lines[1:], n_ions)
    rest = lines[n_ions + 1 :]
    if len(rest) < 4 or rest[0].strip():
        return velocities, None
    with contextlib.suppress(ValueError):
        return velocities, tuple(float(word) for word in rest[3].split())
    return velocities, None


def parse_poscar(text: str, where: str) -> Geometry:
    """Read a POSCAR with element names in line 6 (VASP 5 and later).

    Raises
    ------
    InputError
        If the text is not such a file.
    """
    lines = text.splitlines()
    try:
        scale = float(lines[1].split()[0])
        lattice = _numbers(lines[2:5], 3)
        if scale < 0:
            scale = float((-scale / abs(np.linalg.det(lattice))) ** (1 / 3))
        species = tuple(word.split("/")[0].split("_")[0] for word in lines[5].split())
        if any(symbol.isdigit() for symbol in species):
            raise InputError("line 6 has to name the elements (format of VASP 5)", where)
        counts = tuple(int(word) for word in lines[6].split())
        n_ions, at = sum(counts), 7
        selective = lines[at].strip()[:1] in {"s", "S"}
        at += selective
        cartesian = lines[at].strip()[:1] in {"c", "C", "k", "K"}
        rows = lines[at + 1 : at + 1 + n_ions]
        positions = _numbers(rows, n_ions)
        free = np.array([[word.upper().strip(".")[0] == "T" for word in row.split()[3:6]] for row in rows])
        velocities, thermostat = _blocks(lines[at + 1 + n_ions :], n_ions)
    except (IndexError, ValueError) as error:
        raise InputError(f"this is not a POSCAR: {error}", where) from error
    if len(species) != len(counts):
        raise InputError(f"{len(species)} elements but {len(counts)} numbers of ions", where)
    lattice = lattice * scale
    return Geometry(
        comment=lines[0].strip(),
        lattice=lattice,
        species=species,
        counts=counts,
        fractional=(positions * scale) @ np.linalg.inv(lattice) if cartesian else positions,
        free=free if selective else None,
        velocities=velocities,
        thermostat=None if thermostat is None or len(thermostat) != 4 else thermostat,
    )


def read_poscar(path: Path) -> Geometry:
    """Read a POSCAR; see `parse_poscar`."""
    if not path.is_file():
        raise InputError("there is no POSCAR in this folder", str(path.parent))
    return parse_poscar(path.read_text(encoding="utf-8"), str(path))


def format_contcar(geometry: Geometry, time_step: float | None = None) -> str:
    """Write a CONTCAR with 16 decimals, velocities (8 digits) and, of a molecular dynamics run, the thermostat.

    Parameters
    ----------
    geometry
        What to write.
    time_step
        fs, of a molecular dynamics run; the third block is written only with it. Its arrays of predictor-corrector
        coordinates are zero: this program's integrator needs none.
    """
    lines = [f"{geometry.comment:<40}", "   1.00000000000000     "]
    lines += ["   " + "".join(f" {x:21.16f}" for x in row) for row in geometry.lattice]
    lines.append("   " + " ".join(f"{symbol:<4}" for symbol in geometry.species))
    lines.append("".join(f"{count:6d}" for count in geometry.counts))
    if geometry.free is not None:
        lines.append("Selective dynamics")
    lines.append("Direct")
    for index, row in enumerate(geometry.wrapped):
        flags = "" if geometry.free is None else "".join("   T" if flag else "   F" for flag in geometry.free[index])
        lines.append("".join(f" {x:19.16f}" for x in row) + flags)
    lines.append(" ")
    velocities = np.zeros_like(geometry.fractional) if geometry.velocities is None else geometry.velocities
    lines += ["".join(f" {x:15.8E}" for x in row) for row in velocities]
    if time_step is not None:
        lines += [" ", "           1", f"  {time_step:.14E}"]
        lines.append("".join(f" {x:22.14E}" for x in geometry.thermostat or (0.0, 0.0, 0.0, 0.0)))
        lines += ["  0.00000000E+00  0.00000000E+00  0.00000000E+00"] * (3 * len(geometry.fractional))
    return "\n".join(lines) + "\n"
