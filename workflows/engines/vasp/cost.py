"""What a calculation will cost, from atoms, electrons, k-points and cut-off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.workflows.engines.vasp.incar import Band, Dynamics
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.engines.vasp.kpoints import irreducible
from lianode.workflows.engines.vasp.valence import bands, electrons
from lianode.workflows.task import ElectronicTask, RelaxTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.workflows.engines.vasp.incar import VaspTask
    from lianode.workflows.engines.vasp.inputs import Inputs
    from lianode.workflows.engines.vasp.settings import VaspSettings

FLOPS_PER_CORE = 2e9
"""Sustained by VASP on one core, 1/s.

Five public runs with a sensible number of cores (LiF on 1, Y8C4I7 on 14, Li28P12S44 on 24) took 0.4 to 1.5 times the
estimate; small cells spread over 32 cores took 5 to 20 times as much. Finished calculations calibrate it.
"""
SCF_CYCLES = 12
"""Self-consistency cycles per ionic step; the first takes more, later ones fewer."""
APPLICATIONS = 4
"""Applications of the Hamiltonian to every band per cycle (blocked Davidson)."""
HYBRID_FACTOR = 50.0
"""Time of a cycle with a screened hybrid over one with PBE: exact exchange pairs every k-point with all others. Our
guess; it grows with the mesh."""
SECONDS_TO_START = 20.0
"""Reading, symmetry, first wave functions."""
TYPICAL_ELECTRONS = 6.0
TYPICAL_VOLUME = 20.0
"""Å³ per atom."""
TYPICAL_K_POINTS_TIMES_ATOMS = 400.0
"""Irreducible k-points times atoms of an alloy at the usual density."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What a calculation amounts to.

    Attributes
    ----------
    inputs
        The input files that begin it.
    k_points
        Irreducible ones.
    bands
        Bands, before they are rounded up to the parallel layout.
    steps
        Ionic steps expected, with those of the displaced crystal.
    core_seconds
        Time of the steps on one core, s.
    """

    inputs: Inputs
    k_points: int
    bands: int
    steps: int
    core_seconds: float


def scf_seconds(volume: float, n_bands: int, n_k: int, encut: float, spins: int) -> float:
    """Return the time of one self-consistency cycle on one core, s.

    Plane waves Np = V k³/6π² with k = 0.5123 √(E/eV) 1/Å; the FFT grid of ``PREC = Accurate`` has (2k/π)³ V points. Per
    k-point and spin: every application of the Hamiltonian transforms each band twice (5 N log₂ N each way), and
    orthogonalisation and subspace rotation are matrix products of 8 Nb² Np flops, some six of them.

    Parameters
    ----------
    volume
        Å³.
    n_bands, n_k, spins
        Bands, irreducible k-points, spin channels.
    encut
        eV.
    """
    k = 0.5123 * math.sqrt(encut)
    waves = volume * k**3 / (6.0 * math.pi**2)
    grid = volume * (2.0 * k / math.pi) ** 3
    transforms = APPLICATIONS * n_bands * 2.0 * 5.0 * grid * math.log2(max(grid, 2.0))
    products = 6.0 * 8.0 * n_bands**2 * waves
    return spins * n_k * (transforms + products) / FLOPS_PER_CORE


def ionic_steps(task: VaspTask, n_atoms: int) -> int:
    """Return how many ionic steps a task is expected to take."""
    if isinstance(task, Dynamics):
        return task.steps
    if isinstance(task, Band):
        return min(60, task.max_steps) * task.images
    if isinstance(task, RelaxTask):
        return min(60, 8 + 2 * n_atoms)
    return 1


def free_steps(task: VaspTask, n_atoms: int) -> int:
    """Return how many ionic steps the relaxation of the displaced crystal is expected to take.

    The rehearsal took 4 to 22 for one atom, 32 for four, 42 for nine.
    """
    return min(80, 20 + 3 * n_atoms) if isinstance(task, RelaxTask) and task.rattle > 0 else 0


def workload(settings: VaspSettings, task: VaspTask, structure: Structure) -> Workload:
    """Return what a calculation amounts to; needs no POTCAR.

    A displaced crystal has no symmetry left: its k-points are half the mesh. For small symmetric cells that is most of
    the cost.

    Raises
    ------
    InputError
        As :func:`lianode.workflows.engines.vasp.inputs.input_set`.
    """
    inputs = input_set(settings, task, structure)
    n_bands = bands(electrons(structure, settings.potential_of), len(structure), spin_polarised=settings.ispin == 2)
    n_k = irreducible(structure, inputs.mesh)
    own, free = ionic_steps(task, len(structure)), free_steps(task, len(structure))
    dearer = HYBRID_FACTOR if isinstance(task, ElectronicTask) and task.hybrid else 1.0
    n_k_times_steps = own * n_k + free * max(n_k, (math.prod(inputs.mesh) + 1) // 2)
    per_k_point = scf_seconds(structure.volume, n_bands, 1, settings.encut, settings.ispin)
    return Workload(
        inputs=inputs,
        k_points=n_k,
        bands=n_bands,
        steps=own + free,
        core_seconds=dearer * SCF_CYCLES * n_k_times_steps * per_k_point,
    )


def core_hours(settings: VaspSettings, task: VaspTask, structure: Structure, *, speed: float = 1.0) -> float:
    """Return the expected cost of a calculation in core-hours, before parallel losses; needs no POTCAR.

    Parameters
    ----------
    settings, task, structure
        What is computed.
    speed
        Measured over estimated time of finished calculations, to calibrate.

    Raises
    ------
    InputError
        As :func:`lianode.workflows.engines.vasp.inputs.input_set`.
    """
    return speed * (SECONDS_TO_START + workload(settings, task, structure).core_seconds) / 3600.0


def typical_seconds(settings: VaspSettings, n_atoms: int) -> float:
    """Return the time of one ionic step on one core for an alloy of which only the number of atoms is known, s."""
    n_k = max(1, round(TYPICAL_K_POINTS_TIMES_ATOMS / n_atoms))
    n_bands = bands(round(TYPICAL_ELECTRONS * n_atoms), n_atoms, spin_polarised=settings.ispin == 2)
    return SCF_CYCLES * scf_seconds(TYPICAL_VOLUME * n_atoms, n_bands, n_k, settings.encut, settings.ispin)
