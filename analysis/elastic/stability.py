"""Whether a crystal withstands every small strain.

It does when its elastic tensor is positive definite (Born and Huang, Dynamical Theory of Crystal Lattices, 1954). For
each class that is a small set of conditions (Mouhat and Coudert, Phys. Rev. B 90, 224104 (2014)), which say what kind
of strain the crystal gives way to. They hold at zero stress, in the crystal's frame of
:mod:`lianode.structures.crystal_axes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from lianode.analysis.elastic.tensor import kelvin_of_voigt
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class BornCondition(BaseModel):
    """One condition of mechanical stability.

    Attributes
    ----------
    condition
        In words and symbols: ``C44 > 0 (shear on (001))``.
    value
        Of the expression that has to be above zero, in GPa to the power that it has.
    fulfilled
        Whether it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    condition: str
    value: float
    fulfilled: bool


def tensor_eigenvalues(stiffness: NDArray[np.float64]) -> list[float]:
    """Return the six eigenvalues of an elastic tensor, ascending, GPa.

    They are those of Kelvin's matrix, which do not depend on the frame; those of Voigt's matrix do.

    Parameters
    ----------
    stiffness
        (6, 6) in Voigt's notation, GPa.
    """
    return [float(value) for value in np.linalg.eigvalsh(kelvin_of_voigt(np.asarray(stiffness)))]


def born_conditions(stiffness: NDArray[np.float64], crystal_class: str) -> list[BornCondition]:
    """Return the conditions of a class, which together are necessary and sufficient.

    Parameters
    ----------
    stiffness
        (6, 6) in Voigt's notation and the crystal's frame, GPa.
    crystal_class
        As :func:`lianode.structures.crystal_axes.crystal_class` names it.

    Raises
    ------
    InputError
        For a class that there is not.
    """
    c = np.asarray(stiffness, dtype=float)
    (c11, c12, c13), (c14, c15, c16) = c[0, :3], c[0, 3:]
    c33, c44, c66 = c[2, 2], c[3, 3], c[5, 5]
    plane = ("C11 > |C12| (shear in (001))", c11 - abs(c12))
    volume = ("(C11 + C12) C33 > 2 C13² (volume and c/a)", (c11 + c12) * c33 - 2 * c13**2)
    slip = ("C44 > 0 (shear on (001))", c44)
    match crystal_class:
        case "cubic":
            found = [
                ("C11 > C12 (tetragonal shear)", c11 - c12),
                ("C11 + 2 C12 > 0 (volume)", c11 + 2 * c12),
                ("C44 > 0 (shear on (001))", c44),
            ]
        case "hexagonal":
            found = [plane, volume, slip]
        case "tetragonal 4/mmm":
            found = [plane, volume, slip, ("C66 > 0 (shear of a against b)", c66)]
        case "tetragonal 4/m":
            coupled = ("(C11 - C12) C66 > 2 C16² (shears in (001))", (c11 - c12) * c66 - 2 * c16**2)
            found = [plane, volume, slip, coupled]
        case "trigonal -3m" | "trigonal -3":
            coupled = (
                "C44 (C11 - C12)/2 > C14² + C15² (shears in and on (001))",
                0.5 * c44 * (c11 - c12) - c14**2 - c15**2,
            )
            found = [plane, volume, slip, coupled]
        case "orthorhombic":
            found = [*_minors(c[:3, :3], 0), *_shears(c)]
        case "monoclinic" | "triclinic":
            found = _minors(c, 0)
        case _:
            raise InputError(f"there is no class of elastic constants named {crystal_class!r}", "crystal class")
    return [BornCondition(condition=text, value=float(value), fulfilled=bool(value > 0)) for text, value in found]


def _minors(block: NDArray[np.float64], start: int) -> list[tuple[str, float]]:
    """Sylvester's criterion: all leading minors are positive."""
    texts = [
        "C11 > 0" if size == 1 else f"determinant of C{start + 1}{start + 1} to C{start + size}{start + size} > 0"
        for size in range(1, len(block) + 1)
    ]
    return [(text, float(np.linalg.det(block[:size, :size]))) for size, text in enumerate(texts, start=1)]


def _shears(c: NDArray[np.float64]) -> list[tuple[str, float]]:
    planes = ("b against c", "a against c", "a against b")
    return [
        (f"C{n}{n} > 0 (shear of {plane})", float(c[n - 1, n - 1])) for n, plane in zip((4, 5, 6), planes, strict=True)
    ]
