"""The Cartesian frame in which tensors of a crystal are written.

x lies along a of the standard conventional cell, z along c* (at right angles to a and b), y completes the right-handed
frame. The standard cell is spglib's (International Tables' first setting, the unique axis of monoclinic crystals along
b, hexagonal axes for R groups), so that a tensor does not depend on how the computed cell was chosen or turned.

Where a crystal has less symmetry than its lattice, a and b may be exchanged with c reversed; then the sign of C16
(classes 4, -4, 4/m) or C14, C15 (trigonal ones) is a matter of choice. Moduli do not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.symmetry import symmetry_dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

_CENTRINGS = 6  # lattice vectors are halves or thirds of conventional ones
_LARGEST_MISFIT = 0.02  # of scalar products of two vectors, relative to their lengths


@dataclass(frozen=True)
class CrystalAxes:
    """Conventional axes of a crystal in terms of the vectors of the cell that is computed.

    They are found on the crystal as it was asked for and hold for the relaxed one too, where a search might choose
    other axes.

    Attributes
    ----------
    in_cell
        (3, 3): rows are a, b, c of the conventional cell in units of the computed cell's vectors.
    hall_number
        spglib's number, 1 to 530, of the space group in this setting.
    space_group
        International number, 1 to 230.
    """

    in_cell: NDArray[np.float64]
    hall_number: int
    space_group: int

    def frame(self, cell: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the crystal's Cartesian axes x, y, z as rows (3, 3) in the Cartesian axes of a cell.

        Parameters
        ----------
        cell
            Vectors of the computed cell as rows (3, 3), Å.
        """
        a, b, _ = self.in_cell @ cell
        x = a / np.linalg.norm(a)
        z = np.cross(a, b)
        z /= np.linalg.norm(z)
        return np.array([x, np.cross(z, x), z])

    def conventional(self, cell: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a, b, c of the conventional cell as rows (3, 3) in the crystal's frame, Å.

        Parameters
        ----------
        cell
            Vectors of the computed cell as rows (3, 3), Å.
        """
        vectors: NDArray[np.float64] = self.in_cell @ cell @ self.frame(cell).T
        return vectors

    def rotations(self, cell: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the point group as orthogonal matrices (n, 3, 3) in the crystal's frame.

        Parameters
        ----------
        cell
            Vectors of the computed cell as rows (3, 3), Å.

        Raises
        ------
        InputError
            When the cell has not this symmetry.
        """
        return cartesian_point_group(self.hall_number, self.conventional(cell))

    @cached_property
    def crystal_class(self) -> str:
        """Name of the class that decides which elastic constants there are."""
        return crystal_class(self.space_group)


_CLASSES = (
    (2, "triclinic"),
    (15, "monoclinic"),
    (74, "orthorhombic"),
    (88, "tetragonal 4/m"),
    (142, "tetragonal 4/mmm"),
    (148, "trigonal -3"),
    (167, "trigonal -3m"),
    (194, "hexagonal"),
    (230, "cubic"),
)


def crystal_class(space_group: int) -> str:
    """Return the class by elastic constants of a space group, such as ``tetragonal 4/m``.

    Both Laue classes of hexagonal crystals have the same elastic constants, as both of cubic ones have (Nye, Physical
    Properties of Crystals, 1985, table 9).

    Parameters
    ----------
    space_group
        International number, 1 to 230.
    """
    if not 1 <= space_group <= 230:
        raise InputError(f"space groups have numbers from 1 to 230, not {space_group}")
    return next(name for last, name in _CLASSES if space_group <= last)


def crystal_axes(structure: Structure) -> CrystalAxes:
    """Find the conventional axes of a crystal.

    Parameters
    ----------
    structure
        Any cell of an ordered crystal, in any orientation; supercells too.

    Raises
    ------
    InputError
        For a disordered crystal, and where spglib finds no symmetry, as with atoms on top of each other.
    """
    formula = structure.composition.reduced_formula
    if not structure.is_ordered:
        raise InputError("elastic constants need an ordered crystal; order its mixed sites first", formula)
    found = symmetry_dataset(structure)
    if found is None:
        raise InputError("spglib finds no symmetry in it; no two atoms may lie on top of each other", formula)
    to_conventional = np.rint(_CENTRINGS * np.asarray(found.transformation_matrix)) / _CENTRINGS
    return CrystalAxes(np.linalg.inv(to_conventional).T.astype(np.float64), int(found.hall_number), int(found.number))


def cartesian_point_group(hall_number: int, conventional: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotations of a space group as orthogonal matrices (n, 3, 3) in the crystal's frame.

    They come from the tables and not from a search in the cell, which in a supercell finds only those that the
    supercell keeps; and they are those of the nearest cell with exact symmetry: its metric is the mean over the
    operations W of Wᵀ G W.

    Parameters
    ----------
    hall_number
        spglib's number of the setting.
    conventional
        Vectors of the conventional cell as rows (3, 3), Å.

    Raises
    ------
    InputError
        When the cell has not this symmetry: scalar products of its vectors are off by more than 2 %.
    """
    import spglib

    tables = spglib.get_symmetry_from_database(hall_number)
    if tables is None:
        raise InputError(f"settings of space groups have numbers from 1 to 530, not {hall_number}", "crystal axes")
    operations = np.unique(tables["rotations"], axis=0)
    metric = conventional @ conventional.T
    symmetric = (operations.transpose(0, 2, 1) @ metric @ operations).mean(axis=0)
    lengths = np.linalg.norm(conventional, axis=1)
    misfit = np.abs(symmetric - metric) / np.outer(lengths, lengths)
    if float(misfit.max()) > _LARGEST_MISFIT:
        text = ", ".join(f"{length:.3f}" for length in lengths)
        raise InputError(
            f"the conventional cell (a, b, c = {text} Å) has not the symmetry of the crystal that was asked for",
            "crystal axes",
        )
    columns = np.linalg.cholesky(symmetric).T  # a along x, b in the plane of x and y
    rotations: NDArray[np.float64] = columns @ operations @ np.linalg.inv(columns)
    return rotations
