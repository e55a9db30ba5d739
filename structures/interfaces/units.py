"""What a cut through a crystal leaves whole: atoms, and molecular ions such as PS4."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.structures.interfaces.surface_cell import SurfaceCell

LONGEST_COVALENT_BOND = 1.15
"""Share of the sum of covalent radii up to which two non-metals are bonded: P-S in PS4 has 0.97, S...S 1.5."""


def covalent_units(cell: SurfaceCell) -> list[dict[int, NDArray[np.float64]]]:
    """Divide a crystal's cell into molecular ions and single atoms.

    Non-metals within :data:`LONGEST_COVALENT_BOND` are bonded. What bonds join across the whole crystal (black
    phosphorus, silicon) is no unit: every cut breaks it somewhere, and its atoms count one by one.

    Returns
    -------
    list[dict[int, ndarray]]
        Each unit's atoms with their positions, Å, in one piece.
    """
    bonds = _bonds(cell)
    units: list[dict[int, NDArray[np.float64]]] = []
    seen: set[int] = set()
    for start in range(len(cell.elements)):
        if start in seen:
            continue
        images = {start: np.zeros(3, dtype=np.int64)}
        waiting, finite = [start], True
        while waiting:
            atom = waiting.pop()
            for other, image in bonds[atom]:
                there = images[atom] + image
                if other not in images:
                    images[other] = there
                    waiting.append(other)
                elif (images[other] != there).any():
                    finite = False
        seen.update(images)
        whole = {atom: cell.positions[atom] + image @ cell.vectors for atom, image in images.items()}
        units += [whole] if finite else [{atom: cell.positions[atom]} for atom in images]
    return units


def _bonds(cell: SurfaceCell) -> dict[int, list[tuple[int, NDArray[np.int64]]]]:
    from ase.data import atomic_numbers, covalent_radii
    from pymatgen.core import Element, Lattice, Structure

    bonded = [number for number, symbol in enumerate(cell.elements) if not Element(symbol).is_metal]
    bonds: dict[int, list[tuple[int, NDArray[np.int64]]]] = defaultdict(list)
    if not bonded:
        return bonds
    symbols = [cell.elements[number] for number in bonded]
    radii = np.array([covalent_radii[atomic_numbers[symbol]] for symbol in symbols])
    # coordinates are not wrapped: the images have to be those of the positions as they are
    crystal = Structure(Lattice(cell.vectors), symbols, cell.positions[bonded], coords_are_cartesian=True)
    first, second, images, distances = crystal.get_neighbor_list(
        2 * LONGEST_COVALENT_BOND * float(radii.max()), exclude_self=True
    )
    for a, b, image, distance in zip(first, second, images, distances, strict=True):
        if distance < LONGEST_COVALENT_BOND * (radii[a] + radii[b]):
            bonds[bonded[a]].append((bonded[b], np.rint(image).astype(np.int64)))
    return bonds
