"""The numbers behind figures of Young's modulus, as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.elastic.moduli import youngs_modulus
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.analysis.elastic.document import ElasticDocument

Table = tuple[list[str], list[list[Any]]]
CUTS: dict[str, tuple[int, int]] = {"x-y": (0, 1), "x-z": (0, 2), "y-z": (1, 2)}
"""Planes of the crystal's frame, by the axes that lie across and up."""
STEP = 5
"""Degrees between the lines of a cut in the table."""


def cut(document: ElasticDocument, plane: str, angles_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Young's modulus along directions in a plane, GPa.

    Parameters
    ----------
    document
        Of a stable crystal.
    plane
        One of :data:`CUTS`.
    angles_deg
        (n,), from the first axis of the plane to the second.

    Raises
    ------
    InputError
        For a crystal that is not stable.
    """
    return youngs_modulus(np.array(document.tensor_GPa), directions(plane, angles_deg))


def directions(plane: str, angles_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors (n, 3) of a plane in the crystal's frame."""
    across, up = CUTS[plane]
    vectors = np.zeros((len(angles_deg), 3))
    vectors[:, across], vectors[:, up] = np.cos(np.radians(angles_deg)), np.sin(np.radians(angles_deg))
    return vectors


def elastic_table(document: ElasticDocument) -> Table:
    """Return the elastic constants, the moduli, and Young's modulus in three planes; a quantity per line.

    Directions are unit vectors of the crystal's frame: x along a, z along c* of the conventional cell.
    """
    header = ["quantity", "value_GPa", "angle_deg", "x", "y", "z"]
    rows: list[list[Any]] = [
        [f"C{i + 1}{j + 1}", float(document.tensor_GPa[i][j]), "", "", "", ""] for i in range(6) for j in range(i, 6)
    ]
    if document.moduli is None:
        return header, rows
    rows += [
        [name.removesuffix("_GPa"), value, "", "", "", ""]
        for name, value in document.moduli.model_dump().items()
        if name.endswith("_GPa")
    ]
    for name, extreme in (("youngs_softest", document.softest), ("youngs_stiffest", document.stiffest)):
        if extreme is None:
            raise InputError("a stable crystal has a softest and a stiffest direction", f"elastic {document.phase}")
        rows.append([name, extreme.youngs_modulus_GPa, "", *extreme.direction])
    angles = np.arange(0.0, 180.0 + STEP / 2, STEP)  # E(-n) = E(n)
    for plane in CUTS:
        values = cut(document, plane, angles)
        rows += [
            [f"youngs_in_{plane}", float(value), float(angle), *(float(x) for x in vector)]
            for value, angle, vector in zip(values, angles, directions(plane, angles), strict=True)
        ]
    return header, rows
