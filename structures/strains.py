"""Strains of a crystal from which its elastic tensor follows, as few as its symmetry allows.

A strain E and its image R E Rᵀ by an operation R of the point group have stresses that R takes into each other. So a
set of strains is enough when their images span all six kinds of strain: two for cubic crystals, three for hexagonal
and trigonal, four for tetragonal ones, six for the others. Where an operation turns a strain into its opposite, as it
does with most shears, one sign is computed.

Strains are Green-Lagrange ones, E = (FᵀF - 1)/2 with the symmetric deformation gradient F = (1 + 2E)^(1/2), so that
positive and negative ones cancel even orders exactly (Wallace, Thermodynamics of Crystals, 1972, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.crystal_axes import CrystalAxes

Pattern = Literal["xx", "yy", "zz", "yz", "xz", "xy"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
"""In Voigt's order."""
MAGNITUDES = (0.005, 0.01)
"""Two, so that linearity can be judged."""
LARGEST_MAGNITUDE = 0.05
_EQUAL = 1e-6


@dataclass(frozen=True)
class Strain:
    """A homogeneous strain in the crystal's frame.

    Attributes
    ----------
    pattern
        Which component of the tensor; shears have both E_ij and E_ji.
    magnitude
        Its value, with sign. A shear of 0.01 has E_yz = E_zy = 0.01, an engineering strain of 0.02.
    """

    pattern: Pattern
    magnitude: float

    @property
    def name(self) -> str:
        """Stable name for keys and messages, such as ``xx+0.5%``."""
        return f"{self.pattern}{100 * self.magnitude:+g}%"

    def tensor(self) -> NDArray[np.float64]:
        """Return the Green-Lagrange strain (3, 3)."""
        return self.magnitude * unit_strain(self.pattern)


def unit_strain(pattern: Pattern) -> NDArray[np.float64]:
    """Return the tensor (3, 3) of a pattern with magnitude 1."""
    i, j = ("xyz".index(letter) for letter in pattern)
    tensor = np.zeros((3, 3))
    tensor[i, j] = tensor[j, i] = 1.0
    return tensor


def deformation_gradient(strain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F = (1 + 2E)^(1/2), symmetric (3, 3), of a Green-Lagrange strain E (3, 3).

    Raises
    ------
    InputError
        When no deformation has this strain: a compression to nothing.
    """
    squares, axes = np.linalg.eigh(np.eye(3) + 2.0 * np.asarray(strain))
    if squares[0] <= 0:
        raise InputError(f"no deformation has a strain of {0.5 * (squares[0] - 1):.3g}; it has to be above -0.5")
    gradient: NDArray[np.float64] = (axes * np.sqrt(squares)) @ axes.T
    return gradient


def independent_patterns(rotations: NDArray[np.float64]) -> tuple[Pattern, ...]:
    """Return the fewest strains whose images by the point group span all six, in Voigt's order.

    Of shears those come first that an operation reverses, as they need one sign only.

    Parameters
    ----------
    rotations
        Point group in the crystal's frame, (n, 3, 3).
    """
    chosen: list[Pattern] = []
    images = np.zeros((0, 9))
    rank = 0
    for pattern in sorted(PATTERNS, key=lambda shear: shear[0] != shear[1] and not _reversed(shear, rotations)):
        more = np.concatenate([images, _images(unit_strain(pattern), rotations).reshape(-1, 9)])
        found = int(np.linalg.matrix_rank(more, tol=0.1))
        if found > rank:
            images, rank = more, found
            chosen.append(pattern)
    return tuple(sorted(chosen, key=PATTERNS.index))


def operation_that_reverses(pattern: Pattern, rotations: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return an operation (3, 3) with R E Rᵀ = -E, or None where the two signs are different strains.

    Parameters
    ----------
    pattern
        Of the strain.
    rotations
        Point group in the crystal's frame, (n, 3, 3).
    """
    unit = unit_strain(pattern)
    off = np.abs(_images(unit, rotations) + unit).max(axis=(1, 2))
    best = int(off.argmin())
    return rotations[best] if off[best] < _EQUAL else None


def operations_that_keep(pattern: Pattern, rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the operations (m, 3, 3) with R E Rᵀ = E, which the strained crystal still has.

    Parameters
    ----------
    pattern
        Of the strain.
    rotations
        Point group in the crystal's frame, (n, 3, 3).
    """
    unit = unit_strain(pattern)
    kept: NDArray[np.float64] = rotations[np.abs(_images(unit, rotations) - unit).max(axis=(1, 2)) < _EQUAL]
    return kept


def independent_strains(rotations: NDArray[np.float64], magnitudes: Sequence[float] = MAGNITUDES) -> tuple[Strain, ...]:
    """Return the strains to compute.

    Parameters
    ----------
    rotations
        Point group in the crystal's frame, (n, 3, 3).
    magnitudes
        Without sign, each above 0 and up to 0.05; with one alone linearity cannot be judged.

    Raises
    ------
    InputError
        For magnitudes that are none.
    """
    if not magnitudes:
        raise InputError("at least one magnitude of strain is needed, such as 0.005", "magnitudes")
    for magnitude in magnitudes:
        if not 0 < magnitude <= LARGEST_MAGNITUDE:  # also refuses NaN
            raise InputError(
                f"a strain of {magnitude:g} is no small one; it has to be above 0 and at most {LARGEST_MAGNITUDE:g}",
                "magnitudes",
            )
    sizes = sorted(set(magnitudes))
    return tuple(
        Strain(pattern, sign * size)
        for pattern in independent_patterns(rotations)
        for sign in ((1,) if _reversed(pattern, rotations) else (1, -1))
        for size in sizes
    )


def strained(structure: Structure, axes: CrystalAxes, strain: Strain) -> Structure:
    """Return a crystal with a strained cell; the atoms' fractional coordinates stay.

    Parameters
    ----------
    structure
        Relaxed crystal, Å, in any orientation.
    axes
        Its conventional axes.
    strain
        In the crystal's frame.
    """
    from pymatgen.core import Lattice, Structure

    cell = np.asarray(structure.lattice.matrix)
    frame = axes.frame(cell)
    gradient = frame.T @ deformation_gradient(strain.tensor()) @ frame
    return Structure(Lattice(cell @ gradient.T), structure.species, structure.frac_coords)


def _reversed(pattern: Pattern, rotations: NDArray[np.float64]) -> bool:
    return operation_that_reverses(pattern, rotations) is not None


def _images(tensor: NDArray[np.float64], rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    images: NDArray[np.float64] = rotations @ tensor @ rotations.transpose(0, 2, 1)
    return images
