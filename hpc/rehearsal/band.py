"""Nudged elastic bands: IMAGES folders that run together, each with its own files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lianode.hpc.rehearsal.incar import read_stopcar
from lianode.hpc.rehearsal.ionic import LONGEST_STEP, Damped, Downhill
from lianode.hpc.rehearsal.poscar import read_poscar
from lianode.hpc.rehearsal.potential import evaluate
from lianode.hpc.rehearsal.run import STOPCAR, Run
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.faults import Faults
    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.settings import Settings

SPRING = 5.0
"""eV/Å²: VASP's default."""


def _path(from_one: Geometry, to_other: Geometry) -> NDArray[np.float64]:
    """Cartesian way from one image to the next, Å, each ion by its shortest way."""
    apart = to_other.fractional - from_one.fractional
    return np.asarray((apart - np.round(apart)) @ from_one.lattice, dtype=float)


def band_forces(
    images: list[Geometry],
    energies: list[float],
    forces: list[NDArray[np.float64]],
    *,
    spring: float = SPRING,
    climbing: bool = False,
) -> list[NDArray[np.float64]]:
    """Return the nudged forces on the inner images, eV/Å.

    Improved tangent of Henkelman and Jónsson, J. Chem. Phys. 113, 9978 (2000); the climbing image of Henkelman,
    Uberuaga and Jónsson, J. Chem. Phys. 113, 9901 (2000).

    Parameters
    ----------
    images, energies
        With the end points, N + 2 long; eV.
    forces
        True forces on the N inner images.
    spring
        eV/Å².
    climbing
        Whether the highest image climbs.
    """
    highest = 1 + int(np.argmax(energies[1:-1]))
    nudged: list[NDArray[np.float64]] = []
    for index in range(1, len(images) - 1):
        ahead, behind = _path(images[index], images[index + 1]), _path(images[index - 1], images[index])
        before, here, after = energies[index - 1 : index + 2]
        if before < here < after:
            tangent = ahead
        elif after < here < before:
            tangent = behind
        else:
            large, small = max(abs(after - here), abs(before - here)), min(abs(after - here), abs(before - here))
            tangent = ahead * large + behind * small if after > before else ahead * small + behind * large
        tangent = tangent / max(float(np.linalg.norm(tangent)), 1e-12)
        true = forces[index - 1]
        along = float((true * tangent).sum())
        if climbing and index == highest:
            nudged.append(true - 2.0 * along * tangent)
        else:
            pull = spring * (float(np.linalg.norm(ahead)) - float(np.linalg.norm(behind)))
            nudged.append(true - along * tangent + pull * tangent)
    return nudged


def rehearse_band(folder: Path, settings: Settings, faults: Faults) -> int:
    """Run a band in the folders 00, 01, ... and return the exit status.

    Plain VASP does not know LCLIMB and IOPT: images climb, and POTIM = 0 moves, only where the faults say ``vtst``.

    Raises
    ------
    InputError
        If an image's folder is missing or the images differ in their ions.
    """
    count = settings.tags["IMAGES"]
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(f"IMAGES has to be a whole number above 0, not {count!r}", str(folder))
    places = [folder / f"{index:02d}" for index in range(count + 2)]
    images = [read_poscar(place / "POSCAR") for place in places]
    if any((image.species, image.counts) != (images[0].species, images[0].counts) for image in images):
        raise InputError("the images of a band need the same ions in the same order", str(folder))
    iopt = settings.tags.get("IOPT", 0)
    potim = 0.5 if faults.vtst and iopt else settings.potim
    spring = settings.tags.get("SPRING", -SPRING)
    stiffness = abs(float(spring)) if isinstance(spring, int | float) else SPRING
    runs = [
        Run(place, replace(settings, geometry=image), faults, console=index == 0)
        for index, (place, image) in enumerate(zip(places[1:-1], images[1:-1], strict=True))
    ]
    steppers = [Damped(potim, None) if settings.ibrion == 3 and not iopt else Downhill(potim) for _ in runs]
    ends = evaluate(images[0]).energy, evaluate(images[-1]).energy
    reason = "steps"
    for number in range(1, settings.n_steps + 1):
        done = [run.evaluate(number, image) for run, image in zip(runs, images[1:-1], strict=True)]
        energies = [ends[0], *(one[1] for one in done), ends[1]]
        nudged = band_forces(
            images,
            energies,
            [image.movable(one[0].forces) for image, one in zip(images[1:-1], done, strict=True)],
            spring=stiffness,
            climbing=faults.vtst and settings.flag("LCLIMB", False),
        )
        for run, image, one in zip(runs, images[1:-1], done, strict=True):
            run.record(number, image, one, None, image)
        largest = max(float(np.linalg.norm(force, axis=1).max()) for force in nudged)
        if settings.ediffg < 0 and largest < -settings.ediffg:
            reason = "accuracy"
            break
        stop = read_stopcar(folder / STOPCAR)
        if stop is not None:
            reason = stop
            break
        if number < settings.n_steps and potim > 0:
            images[1:-1] = [
                _moved(image, stepper.step(image.cartesian, image.movable(force), np.full(len(force), LONGEST_STEP)))
                for image, stepper, force in zip(images[1:-1], steppers, nudged, strict=True)
            ]
    for run, image in zip(runs, images[1:-1], strict=True):
        run.finish(reason, image)
    return faults.exit_code


def _moved(image: Geometry, step: NDArray[np.float64]) -> Geometry:
    return replace(image, fractional=image.fractional + step @ np.linalg.inv(image.lattice))
