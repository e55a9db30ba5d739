"""What an evaluation with GPAW costs, for plans."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lianode.workflows.engines.vasp.cost import (
    TYPICAL_ELECTRONS,
    TYPICAL_K_POINTS_TIMES_ATOMS,
    TYPICAL_VOLUME,
    scf_seconds,
)
from lianode.workflows.engines.vasp.valence import bands

if TYPE_CHECKING:
    from lianode.workflows.engines.gpaw.settings import GpawSettings

CYCLES = 3.0
"""One evaluation, counted in the cycles of :func:`lianode.workflows.engines.vasp.cost.scf_seconds`.

GPAW 26.7.0 took 2.4 (In) to 3.5 (Li) of them on one core, all 8 or 9 cycles of its own together: Li 5 s, LiCl 9 s, In
27 s, LiIn 29 s with the preset alloy.
"""
USUAL_K_DENSITY = 42.0
"""That of :data:`lianode.workflows.engines.vasp.cost.TYPICAL_K_POINTS_TIMES_ATOMS`."""


def typical_seconds(settings: GpawSettings, n_atoms: int) -> float:
    """Return the time of one evaluation on one core for an alloy of which only the number of atoms is known, s."""
    if settings.k_density is None:
        n_k = (math.prod(settings.k_mesh or (1, 1, 1)) + 1) // 2  # with time reversal as the only symmetry
    else:
        n_k = max(1, round(TYPICAL_K_POINTS_TIMES_ATOMS * (settings.k_density / USUAL_K_DENSITY) ** 3 / n_atoms))
    n_bands = bands(round(TYPICAL_ELECTRONS * n_atoms), n_atoms, spin_polarised=settings.ispin == 2)
    return CYCLES * scf_seconds(TYPICAL_VOLUME * n_atoms, n_bands, n_k, settings.encut, settings.ispin)
