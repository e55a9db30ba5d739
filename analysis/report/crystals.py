"""Atoms as the viewer draws them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.report.blocks import Crystal

if TYPE_CHECKING:
    from collections.abc import Mapping

ON_A_FACE = 0.02
"""Atoms closer to a face than this fraction of the cell are drawn on the opposite one too."""


def crystal(name: str, structure: Mapping[str, Any]) -> Crystal:
    """Return a crystal within one cell, with the atoms on its faces, edges and corners repeated.

    Parameters
    ----------
    name
        In the viewer.
    structure
        As a pymatgen dictionary; a site with several species shows the commonest.
    """
    cell = np.array(structure["lattice"]["matrix"], dtype=float)
    elements, fractions = [], []
    for site in structure["sites"]:
        species = max(site["species"], key=lambda one: one["occu"])
        at = np.array(site["abc"], dtype=float) % 1.0
        at[at > 1 - ON_A_FACE] -= 1.0
        for shift in product(*((0, 1) if abs(x) < ON_A_FACE else (0,) for x in at)):
            elements.append(str(species["element"]))
            fractions.append(at + shift)
    return Crystal(name=name, cell=cell, elements=elements, positions=np.array(fractions).reshape(-1, 3) @ cell)


def snapshot(name: str, frame: Mapping[str, Any]) -> Crystal:
    """Return a frame of a run, its atoms within the cell along the interface and where they are along the normal."""
    cell = np.array(frame["cell"], dtype=float)
    fractions = np.array(frame["positions"], dtype=float) @ np.linalg.inv(cell)
    fractions[:, :2] %= 1.0
    return Crystal(name=name, cell=cell, elements=list(frame["elements"]), positions=fractions @ cell)
