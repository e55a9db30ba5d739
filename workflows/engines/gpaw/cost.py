"""What an evaluation with GPAW costs, for plans."""

from __future__ import annotations

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


def typical_seconds(settings: GpawSettings, n_atoms: int) -> float:
    """Return the time of one evaluation on one core for an alloy of which only the number of atoms is known, s."""
    n_k = max(1, round(TYPICAL_K_POINTS_TIMES_ATOMS / n_atoms))
    n_bands = bands(round(TYPICAL_ELECTRONS * n_atoms), n_atoms, spin_polarised=settings.ispin == 2)
    return 12 * scf_seconds(TYPICAL_VOLUME * n_atoms, n_bands, n_k, settings.encut, settings.ispin)
