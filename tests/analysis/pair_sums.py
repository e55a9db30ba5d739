"""Energies of a pair potential as sums over bonds, without an engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from pymatgen.core import Structure

from lianode.workflows.engines.morse import CUTOFF, UNLIKE_BONUS, MorseCalculator


class Morse:
    """The pairs of the engine's test potential."""

    cutoff = CUTOFF

    def energies(self, crystal: Structure) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        potential = MorseCalculator()
        first, second, images, r = crystal.get_neighbor_list(self.cutoff, exclude_self=True)
        symbols = [site.specie.symbol for site in crystal]
        diameters = np.array([potential.diameters[symbol] for symbol in symbols])
        alike = np.array([symbols[i] == symbols[j] for i, j in zip(first, second, strict=True)])
        depth = potential.well_depth * np.where(alike, 1.0, UNLIKE_BONUS)
        return first, second, images, potential.pair(r, 0.5 * (diameters[first] + diameters[second]), depth)[0]


def energy(model: Any, crystal: Structure) -> float:
    """Energy of a cell, eV."""
    return 0.5 * float(model.energies(crystal)[3].sum())


def cut_bonds(model: Any, surface: Any, height: float) -> float:
    """Energy of all bonds through a plane, per surface cell, eV: a sum over pairs of the infinite crystal.

    An atom at z and its partner at z + dz < z have the cut between them in as many lattice planes as there are whole
    numbers k with z + dz < height + k d < z.
    """
    crystal = Structure(
        surface.vectors, list(surface.elements), surface.positions, coords_are_cartesian=True, to_unit_cell=False
    )
    first, second, images, bonds = model.energies(crystal)
    ends = surface.positions[second] + images @ surface.vectors
    top, bottom = surface.positions[first, 2], ends[:, 2]
    d = surface.spacing
    crossings = np.floor((top - height) / d) - np.floor((bottom - height) / d)
    return float(np.where(crossings > 0, crossings * bonds, 0.0).sum())
