"""INCARs: what a preset, a variant and a task make together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.kpoints import vacuum
from lianode.workflows.engines.vasp.settings import DISPERSIONS, FUNCTIONALS, WHERE
from lianode.workflows.task import ElectronicTask, RelaxTask, StaticTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.workflows.engines.vasp.settings import VaspSettings

VACUUM = 6.0
"""Å: a gap from which the potential is flat enough for a dipole layer, so that the correction makes sense."""
TIGHT_EDIFF = 1e-6
"""eV, for the cell up to 100 atoms.

The error of a force goes with the square root of the error of the total energy, whatever the size of the cell, so the
limit is one on the cell; beyond 100 atoms rounding in the sum over bands grows, and 1e-8 eV per atom is what is left.
"""


_THERMOSTATS: dict[str, dict[str, Any]] = {
    "nose": {"MDALGO": 2, "SMASS": 0},  # a period of 40 steps
    "none": {"MDALGO": 1, "ANDERSEN_PROB": 0.0},  # as VASP's manual advises for constant energy
}


@dataclass(frozen=True)
class Dynamics:
    """Molecular dynamics at constant volume and temperature.

    Attributes
    ----------
    temperature
        K.
    time_step
        fs.
    steps
        Number of them.
    thermostat
        ``nose``, or ``none`` for constant energy.
    """

    temperature: float = 300.0
    time_step: float = 2.0
    steps: int = 10000
    thermostat: Literal["nose", "none"] = "nose"


@dataclass(frozen=True)
class Band:
    """A nudged elastic band.

    Attributes
    ----------
    images
        Images between the end points.
    max_force
        Largest force at the end, eV/Å.
    max_steps
        Steps after which it gives up.
    vtst
        Whether the executable has the VTST patch: it climbs and has optimisers that know of springs; plain VASP does
        neither, so that its highest image lies below the saddle.
    """

    images: int = 5
    max_force: float = 0.02
    max_steps: int = 300
    vtst: bool = False


VaspTask = StaticTask | RelaxTask | ElectronicTask | Dynamics | Band


def force_limit(settings: VaspSettings, task: RelaxTask | Band) -> float:
    """Return the largest force at the end of a relaxation, eV/Å: the preset's where it states one, else the task's."""
    stated = settings.definition.max_force
    return task.max_force if stated is None else stated


def incar_tags(settings: VaspSettings, task: VaspTask, structure: Structure) -> dict[str, Any]:
    """Return the INCAR of a preset that is not the Materials Project's.

    Parameters
    ----------
    settings
        Resolved.
    task
        What to do.
    structure
        In the order of the POSCAR.

    Raises
    ------
    InputError
        When the cell of a slab or interface should relax.
    """
    preset = settings.definition
    tags: dict[str, Any] = dict(preset.incar)
    tags |= FUNCTIONALS[settings.functional][1]
    tags |= {
        "ENCUT": settings.encut,
        "EDIFF": preset.ediff or max(TIGHT_EDIFF, 1e-8 * len(structure)),
        "ISMEAR": settings.ismear,
        "SIGMA": settings.sigma,
        "ISPIN": settings.ispin,
    }
    if settings.ispin == 2:
        tags["MAGMOM"] = {}  # pymatgen writes 0.6 for every atom that has no moment of its own
    if settings.dispersion is not None:
        tags["IVDW"] = DISPERSIONS[settings.dispersion][0]
    tags |= task_tags(settings, task)
    if settings.variant in {"slab", "interface"}:
        tags |= _layered(settings, task, structure)
    return tags


def task_tags(settings: VaspSettings, task: VaspTask) -> dict[str, Any]:
    """Return the tags that say what is done with the ions.

    ``ISIF >= 2`` throughout: the stress costs little and says what a fixed cell would like to do.
    """
    if isinstance(task, Dynamics):
        return {
            "IBRION": 0,
            **_THERMOSTATS[task.thermostat],
            "ISIF": 2,
            "ISYM": 0,
            "NSW": task.steps,
            "POTIM": task.time_step,
            "TEBEG": task.temperature,
            "TEEND": task.temperature,
            "PREC": "Normal",
            "ALGO": "Fast",
            "EDIFF": 1e-5,
            "NELMIN": 4,
            "LREAL": "Auto",
            "MAXMIX": 40,
        }
    if isinstance(task, Band):
        moves = (
            {"IBRION": 3, "POTIM": 0.0, "ICHAIN": 0, "IOPT": 7, "LCLIMB": True}
            if task.vtst
            else {"IBRION": 1, "POTIM": 0.3}
        )
        return {
            "IMAGES": task.images,
            "SPRING": -5,
            "ISIF": 2,
            "ISYM": 0,
            "NSW": task.max_steps,
            "EDIFFG": -force_limit(settings, task),
            **moves,
        }
    if isinstance(task, RelaxTask):
        return {
            "IBRION": 2,
            "ISIF": isif(task),
            "NSW": task.max_steps,
            "EDIFFG": -force_limit(settings, task),
        }
    return {"IBRION": -1, "ISIF": 2, "NSW": 0}


def isif(task: RelaxTask) -> int:
    """Return which degrees of freedom VASP relaxes.

    Raises
    ------
    InputError
        For the height of a cell alone.
    """
    if task.relax_cell == "height":
        raise InputError(
            "VASP relaxes all of a cell or nothing of it, not its height alone; use relax_cell: false", WHERE
        )
    return 3 if task.relax_cell else 2


def _layered(settings: VaspSettings, task: VaspTask, structure: Structure) -> dict[str, Any]:
    """Return what a slab or interface with its normal along c needs."""
    if isinstance(task, RelaxTask) and task.relax_cell:
        raise InputError(
            f"the cell of variant {settings.variant} must not relax (the vacuum would close, or the strain of the "
            "layers go); use relax_cell: false",
            WHERE,
        )
    if vacuum(structure) < VACUUM:
        if settings.variant == "slab":
            raise InputError(
                f"a slab needs at least {VACUUM:g} Å of vacuum along c, not {vacuum(structure):.1f} Å", WHERE
            )
        return {}
    return {"LDIPOL": True, "IDIPOL": 3, "DIPOL": centre(structure)}


def centre(structure: Structure) -> list[float]:
    """Return the fractional centre of mass, taken along c from above the vacuum, so that it lies in the slab."""
    heights = structure.frac_coords[:, 2] % 1.0
    ordered = np.sort(heights)
    gaps = np.diff(np.append(ordered, ordered[0] + 1.0))
    lowest = ordered[(int(gaps.argmax()) + 1) % len(ordered)]
    masses = np.array([float(site.specie.atomic_mass) for site in structure])
    z = lowest + float(np.average((heights - lowest) % 1.0, weights=masses))
    return [0.5, 0.5, round(z % 1.0, 6)]
