"""Supercells that hold one defect, and where the primitive cell's atoms are in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.hops.sites import primitive_cell
from lianode.structures.supercells import shortest_vector, symmetric_supercell
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.phase import Phase

LENGTH = 10.0
"""Å. How far a vacancy is from its periodic images, at least, where the user sets nothing."""

MOST_ATOMS = 2000
"""Supercells beyond are not looked for."""

Repeats = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class Supercell:
    """A supercell of a crystal.

    Attributes
    ----------
    crystal
        Primitive cell.
    repeats
        Vectors of the supercell as rows, in units of the primitive ones.
    """

    crystal: Structure
    repeats: Repeats

    @cached_property
    def matrix(self) -> NDArray[np.int64]:
        """Vectors of the supercell as rows, shape (3, 3)."""
        return np.array(self.repeats, dtype=np.int64)

    @cached_property
    def image_distance(self) -> float:
        """Shortest distance between periodic images, Å."""
        return shortest_vector(np.asarray(self.matrix @ self.crystal.lattice.matrix, dtype=np.float64))

    @cached_property
    def size(self) -> int:
        """Number of primitive cells."""
        return abs(round(float(np.linalg.det(self.matrix))))

    @cached_property
    def translations(self) -> list[tuple[int, int, int]]:
        """Primitive cells that it is made of, ``size`` of them."""
        corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3) @ self.matrix
        ranges = [np.arange(low, high + 1) for low, high in zip(corners.min(axis=0), corners.max(axis=0), strict=True)]
        cells = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
        inside = np.unique([self._key(cell) for cell in cells], axis=0, return_index=True)[1]
        return [(int(a), int(b), int(c)) for a, b, c in cells[np.sort(inside)].tolist()]

    @cached_property
    def structure(self) -> Structure:
        """The perfect crystal: all images of the first atom, then of the second, ... (Å)."""
        from pymatgen.core import Lattice, Structure

        places = [
            self.fractional(np.asarray(site.frac_coords) + np.array(cell))
            for site in self.crystal
            for cell in self.translations
        ]
        species = [site.specie.symbol for site in self.crystal for _ in self.translations]
        lattice = Lattice(self.matrix @ np.asarray(self.crystal.lattice.matrix))
        return Structure(lattice, species, np.mod(np.array(places) + 1e-9, 1.0) - 1e-9)

    def fractional(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn fractional coordinates of the primitive cell into those of the supercell."""
        return np.asarray(position @ np.linalg.inv(self.matrix))

    def atom(self, number: int, image: Sequence[int]) -> int:
        """Return the number in :attr:`structure` of an atom of the primitive cell, translated by ``image``."""
        return number * self.size + self._cells[self._key(np.array(image))]

    @cached_property
    def _cells(self) -> dict[tuple[int, ...], int]:
        return {self._key(np.array(cell)): number for number, cell in enumerate(self.translations)}

    def _key(self, image: NDArray[np.int64]) -> tuple[int, ...]:
        return tuple((image @ self._adjugate % self.size).tolist())

    @cached_property
    def _adjugate(self) -> NDArray[np.int64]:
        # whole: a translation is one of the supercell's where its product with it is a multiple of the size
        return np.asarray(np.rint(np.linalg.inv(self.matrix) * np.linalg.det(self.matrix)), dtype=np.int64)


def vacancy_supercell(crystal: Phase | Structure, *, length: float = LENGTH) -> Supercell:
    """Find the smallest supercell that keeps a defect away from its periodic images.

    It keeps all rotations of the crystal, diagonal or not: hops that symmetry makes equal stay equal in it, a symmetric
    hop needs half a band, and one relaxed vacancy serves all equal sites.

    Parameters
    ----------
    crystal
        A phase, whose primitive cell is taken, or a structure, which is taken as it is.
    length
        Shortest distance between periodic images, at least, Å.

    Raises
    ------
    InputError
        Where the length is none, or the supercell would have more than :data:`MOST_ATOMS` atoms.
    """
    structure, name = primitive_cell(crystal)
    if not 0 < length < np.inf:
        raise InputError(f"a distance of {length} Å between images cannot be used; 10 Å is usual", name)
    found = symmetric_supercell(
        np.asarray(structure.lattice.matrix), space_group_operations(structure)[0], length, MOST_ATOMS // len(structure)
    )
    if found is None:
        raise InputError(
            f"images {length:g} Å apart would need a supercell of more than {MOST_ATOMS} atoms; ask for a shorter "
            "distance",
            name,
        )
    rows = _reduced(found[0], np.asarray(structure.lattice.matrix)).tolist()
    return Supercell(structure, _repeats(rows))


def supercell(crystal: Phase | Structure, repeats: Sequence[int] | Sequence[Sequence[int]]) -> Supercell:
    """Take a supercell that the user names.

    Parameters
    ----------
    crystal
        As in :func:`vacancy_supercell`.
    repeats
        Three numbers, or three rows of three.

    Raises
    ------
    InputError
        Where the numbers are none that make a cell.
    """
    structure, name = primitive_cell(crystal)
    matrix = np.asarray(repeats, dtype=np.float64)
    matrix = np.diag(matrix) if matrix.shape == (3,) else matrix
    if matrix.shape != (3, 3) or (matrix != np.rint(matrix)).any() or round(float(np.linalg.det(matrix))) == 0:
        raise InputError("a supercell is three whole numbers, or three rows of three that span a volume", name)
    if np.linalg.det(matrix @ np.asarray(structure.lattice.matrix)) < 0:
        matrix = -matrix
    return Supercell(structure, _repeats(np.rint(matrix).astype(int).tolist()))


def check_size(cell: Supercell, length: float, where: str) -> None:
    """Refuse a supercell in which a hop is not shorter than half the way to the next image.

    Parameters
    ----------
    cell
        The supercell.
    length
        Of the hop, or of the longest one, Å.
    where
        For the message.

    Raises
    ------
    InputError
        With the distance that would do.
    """
    if cell.image_distance <= 2 * length + 1e-6:
        raise InputError(
            f"the supercell is too small: its images are {cell.image_distance:.2f} Å apart, and hops of {length:.2f} Å "
            f"need more than {2 * length:.2f} Å, so that the way back around the cell is never the shorter one",
            where,
        )


def _reduced(matrix: NDArray[np.int64], primitive: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn vectors of a superlattice into short ones that make a right-handed cell (VASP refuses others)."""
    from pymatgen.core import Lattice

    short = Lattice(matrix @ primitive).get_lll_reduced_lattice().matrix
    rows = np.rint(short @ np.linalg.inv(primitive)).astype(np.int64)
    return rows if np.linalg.det(short) > 0 else -rows


def _repeats(rows: list[list[int]]) -> Repeats:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return (a, b, c), (d, e, f), (g, h, i)
