"""A crystal seen along the normal of one of its lattice planes."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.interfaces.integers import plane_basis, reduced_basis, row_echelon
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.phase import Phase

_SAME_HEIGHT = 1e-3  # Å, between heights that symmetry makes equal
_MAX_DENOMINATOR = 48  # of centring translations in a conventional cell or a supercell of it

Plane = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class SurfaceCell:
    """Primitive cell of a crystal with two vectors in a lattice plane, turned so that the plane's normal is along z.

    Attributes
    ----------
    phase
        The crystal.
    plane
        Miller indices in the phase's stored cell, without common divisor.
    label
        As the user wrote them: ``(400)`` for the plane (100).
    vectors
        Rows u, v, w, Å: u along x, v in the xy plane, w one lattice plane up, right-handed.
    elements
        Symbol of each atom.
    positions
        Of the atoms, Cartesian, Å, heights in [0, spacing).
    rotations
        Symmetries that keep the normal, as 2 x 2 integer matrices g: a row of coordinates along u and v becomes
        ``row @ g``.
    lifts
        How far each symmetry moves the crystal along the normal, Å, in [0, spacing).
    """

    phase: Phase
    plane: Plane
    label: str
    vectors: NDArray[np.float64]
    elements: tuple[str, ...]
    positions: NDArray[np.float64]
    rotations: NDArray[np.int64]
    lifts: NDArray[np.float64]

    @property
    def name(self) -> str:
        """``In(001)``."""
        return f"{self.phase.name}{self.label}"

    @property
    def in_plane(self) -> NDArray[np.float64]:
        """The vectors u and v in the plane, shape (2, 2), Å."""
        return self.vectors[:2, :2]

    @property
    def area(self) -> float:
        """Of u and v, Å²."""
        return float(self.vectors[0, 0] * self.vectors[1, 1])

    @property
    def spacing(self) -> float:
        """Distance of neighbouring lattice planes, Å."""
        return float(self.vectors[2, 2])

    @property
    def level_rotations(self) -> NDArray[np.int64]:
        """Those symmetries that leave every atom at its height."""
        level = np.minimum(self.lifts, self.spacing - self.lifts) < _SAME_HEIGHT
        return np.unique(self.rotations[level], axis=0)

    def structure(self) -> Structure:
        """Return the cell as a crystal."""
        from pymatgen.core import Lattice, Structure

        return Structure(
            Lattice(self.vectors), list(self.elements), self.positions, coords_are_cartesian=True, to_unit_cell=True
        )


def surface_cell(phase: Phase, plane: Sequence[int]) -> SurfaceCell:
    """Turn a crystal so that a plane's normal is along z, and find the smallest cell in that plane.

    Miller indices are those of the phase's stored conventional cell. The cell found is primitive, also where the stored
    one is centred: In(001) has one atom, Li2S(111) three.

    Parameters
    ----------
    phase
        Ordered crystal.
    plane
        Three integers, not all zero. The sign matters: the normal is along the reciprocal vector h k l, and in a polar
        crystal (111) and (-1-1-1) are two surfaces. A common divisor is dropped and kept in the label.

    Raises
    ------
    InputError
        Where the indices are no plane, or the crystal is disordered.
    """
    indices = _checked_plane(plane, phase.name)
    disordered = sum(not site.is_ordered for site in phase.structure)
    if disordered:
        raise InputError(
            f"{disordered} of its {len(phase.structure)} sites are partly or mixedly occupied, and no slab can be cut "
            "from an average; order it first (lianode.structures.ordering) or name an ordered model",
            phase.name,
        )
    lattice = np.asarray(phase.structure.lattice.matrix)
    rotations, translations = space_group_operations(phase.structure)
    primitive = _primitive_vectors(rotations, translations)  # in units of the stored cell's
    numbers = np.rint(primitive @ indices * _common_denominator(primitive @ indices)).astype(np.int64)
    basis = plane_basis((numbers // math.gcd(*numbers.tolist())).tolist())
    normal = np.linalg.solve(lattice, np.array(indices, dtype=float))
    normal /= np.linalg.norm(normal)

    cell = basis @ primitive @ lattice
    frame = _frame(cell[0], normal)
    inner = reduced_basis(cell[:2] @ frame.T[:, :2])
    cell[:2] = inner @ cell[:2]
    frame = _frame(cell[0], normal)
    cell = cell @ frame.T
    cell[0, 1:] = cell[1, 2] = 0.0
    along = np.linalg.solve(cell[:2, :2].T, cell[2, :2])
    cell[2] -= np.rint(along - 1e-6) @ cell[:2]  # a half stays a half, whatever the noise

    elements, positions = _one_of_each(phase.structure, cell, frame)
    turned = np.einsum("ab,nbc,cd->nad", lattice.T, rotations, np.linalg.inv(lattice.T))
    upright = np.linalg.norm(turned @ normal - normal, axis=1) < 1e-3
    flat = (frame @ turned[upright] @ frame.T)[:, :2, :2]
    inverse = np.linalg.inv(cell[:2, :2])
    return SurfaceCell(
        phase=phase,
        plane=(indices[0] // math.gcd(*indices), indices[1] // math.gcd(*indices), indices[2] // math.gcd(*indices)),
        label=plane_label(indices),
        vectors=cell,
        elements=elements,
        positions=positions,
        rotations=np.rint(cell[:2, :2] @ flat.transpose(0, 2, 1) @ inverse).astype(np.int64),
        lifts=np.mod(translations[upright] @ lattice @ normal, cell[2, 2]),
    )


def plane_label(indices: Sequence[int]) -> str:
    """Write Miller indices: ``(001)``, ``(1-10)``, with commas where one has two digits."""
    return "(" + (",".join if max(map(abs, indices)) > 9 else "".join)(map(str, indices)) + ")"


def _checked_plane(plane: Sequence[int], where: str) -> Plane:
    right = "a plane is three integers that are not all zero, such as [0, 0, 1]"
    try:
        h, k, l = (operator.index(index) for index in plane)  # noqa: E741 - the crystallographers' letter
    except (TypeError, ValueError) as error:
        raise InputError(f"'{plane}' is no plane of a crystal; {right}", where) from error
    if any(isinstance(index, bool) for index in plane):
        raise InputError(f"'{plane}' is no plane of a crystal; {right}", where)
    if not (h or k or l):
        raise InputError(f"there is no plane (0, 0, 0); {right}", where)
    return h, k, l


def _primitive_vectors(rotations: NDArray[np.int64], translations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Primitive vectors as rows in units of the cell's, from its pure translations; the orientation stays."""
    pure = translations[(rotations == np.eye(3, dtype=np.int64)).all(axis=(1, 2))]
    scale = _common_denominator(pure.ravel())
    rows = np.concatenate([np.rint(pure * scale), scale * np.eye(3)]).astype(np.int64)
    return row_echelon(rows)[0] / scale


def _common_denominator(numbers: NDArray[np.float64]) -> int:
    from fractions import Fraction

    return math.lcm(*(Fraction(float(x)).limit_denominator(_MAX_DENOMINATOR).denominator for x in numbers))


def _frame(along_x: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows are the new axes: a proper rotation that takes the normal to z."""
    x = along_x - (along_x @ normal) * normal
    x /= np.linalg.norm(x)
    return np.array([x, np.cross(normal, x), normal])


def _one_of_each(
    structure: Structure, cell: NDArray[np.float64], frame: NDArray[np.float64]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """One atom out of those that the primitive cell's translations make of each other."""
    coordinates = np.asarray(structure.cart_coords) @ frame.T @ np.linalg.inv(cell)
    coordinates = np.mod(np.round(coordinates, 9), 1.0)
    symbols = [site.specie.symbol for site in structure]
    kept: list[int] = []
    for number, symbol in enumerate(symbols):
        known = [other for other in kept if symbols[other] == symbol]
        apart = coordinates[number] - coordinates[known]
        apart -= np.rint(apart)
        if not known or float(np.linalg.norm(apart @ cell, axis=1).min()) > 0.1:
            kept.append(number)
    expected = len(structure) * abs(float(np.linalg.det(cell))) / structure.volume
    if len(kept) != round(expected):
        raise RuntimeError(f"{structure.formula}: {len(kept)} atoms in a primitive cell that holds {expected:.3f}")
    return tuple(symbols[number] for number in kept), coordinates[kept] @ cell
