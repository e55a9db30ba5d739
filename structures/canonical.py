"""A hash that says whether two structures are the same input."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from pymatgen.core import Structure

RESOLUTION = 1e-6
"""Step to which coordinates (fractional) and cell vectors (Å) are rounded."""

# Numbers are cut into steps whose edges lie at the golden ratio between two multiples of the step, not half-way: of all
# positions it is the one furthest from simple fractions, so that 1/3, 1/128 or a seventh decimal of 5 is near no edge.
_EDGE = (np.sqrt(5.0) - 1.0) / 2.0
_LAYOUT = 1


def structure_hash(structure: Structure) -> str:
    """Hash what a calculation of this structure depends on: cell vectors, coordinates and elements, in their order.

    Cell vectors (Å) and fractional coordinates are rounded to 1e-6, coordinates after wrapping into [0, 1), and the
    integers are hashed with SHA-256, so that the hash is the same on every machine.

    Equal for structures that differ by lattice translations of single atoms (0.0, -0.0, 1.0 and 0.9999999999 agree), by
    numerical noise, and by labels, oxidation states, spins and site properties, which are not part of it.
    Not equal where atoms are in another order, the origin or the orientation is another, or the same crystal is given
    in another cell: whether two structures are the same crystal is asked of
    :func:`~lianode.structures.matching.same_structure`.

    Noise cannot be harmless for every number: each rounding has edges. What is guaranteed is that noise up to 1e-9 on
    coordinates does not change the hash where they are decimals of up to seven places or fractions with a denominator
    up to 20 (and the products of such with powers of 2 and 5, like 1/128). For a number without such a form, such as
    one from a relaxation, noise of size d changes the rounding with a probability of 2d / 1e-6. Derived inputs are
    therefore not identified by this hash but by the recipe that made them.

    Parameters
    ----------
    structure
        Ordered or disordered crystal.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    ValueError
        Where a cell vector or a coordinate is not a finite number.
    """
    period = round(1 / RESOLUTION)
    content = {
        "layout": _LAYOUT,
        "lattice": _steps(structure.lattice.matrix).tolist(),
        "coordinates": (_steps(structure.frac_coords) % period).tolist(),
        "species": [
            sorted([str(_symbol(specie)), int(_steps(amount))] for specie, amount in site.species.items())
            for site in structure
        ],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _steps(values: ArrayLike) -> NDArray[np.int64]:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("a cell vector or a coordinate is not a finite number")
    steps: NDArray[np.int64] = np.floor(numbers / RESOLUTION + _EDGE).astype(np.int64)
    return steps


def _symbol(specie: object) -> object:
    return getattr(specie, "symbol", specie)
