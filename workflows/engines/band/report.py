"""What a band says when it has ended: the profile, the checks, the files."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import Check
from lianode.analysis.migration.band import Band
from lianode.workflows.engines.band.path import DIFFERENT, lengths, tangents
from lianode.workflows.engines.md_files import file_reference

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.workflows.calculation import FileReference
    from lianode.workflows.engines.band.state import BandState
    from lianode.workflows.task import NebTask

    Array = NDArray[np.float64]

PROMINENCE = 5e-3
"""eV: a dip between two maxima that is deeper than this is a minimum of its own."""
JUMP = 2.5
"""Factor over the mean distance between neighbouring images beyond which the path counts as broken."""
LEVEL = 1e-3
"""eV: by how much an image beside an end point may lie below it."""
IMAGES_FILE, PATH_FILE = "band.xyz", "path.vasp"


def profile(state: BandState, *, mirrored: bool) -> Band:
    """Return energies and forces along the path."""
    k = len(state.energies)
    flat = state.positions.reshape(k, -1)
    along = np.zeros_like(flat)
    along[1:-1] = tangents(flat, state.energies)
    whole = np.linalg.norm(state.forces[[0, -1]], axis=2).max(axis=1)
    perpendicular = np.concatenate([whole[:1], state.perpendicular_forces(), whole[1:]])
    return Band(
        coordinates=np.concatenate([[0.0], np.cumsum(lengths(flat))]).tolist(),
        energies=state.energies.tolist(),
        tangential_forces=(state.forces.reshape(k, -1) * along).sum(axis=1).tolist(),
        perpendicular_forces=perpendicular.tolist(),
        climbing=state.climbing,
        mirrored=mirrored,
    )


def fitted_profile(band: Band, points: int = 50) -> tuple[Array, Array]:
    """Return coordinates (Å) and energies (eV) of the path: cubic pieces with the energies and slopes of the images."""
    from scipy.interpolate import CubicHermiteSpline

    s, energy = np.array(band.coordinates), np.array(band.energies)
    fine = np.concatenate([np.linspace(a, b, points, endpoint=False) for a, b in pairwise(s)])
    fine = np.append(fine, s[-1])
    return fine, np.asarray(CubicHermiteSpline(s, energy, -np.array(band.tangential_forces))(fine))


def dips(band: Band) -> list[int]:
    """Return the images that lie in a minimum between two maxima of the path, deeper than :data:`PROMINENCE`."""
    coordinates, energies = fitted_profile(band)
    s = np.array(band.coordinates)
    found: list[int] = []
    inner = np.flatnonzero((energies[1:-1] < energies[:-2]) & (energies[1:-1] <= energies[2:])) + 1
    for place in inner:
        level = energies[place]
        higher = np.flatnonzero(energies < level)
        left = int(higher[higher < place].max(initial=-1)) + 1
        right = int(higher[higher > place].min(initial=len(energies)))
        rim = min(energies[left : place + 1].max(), energies[place:right].max())
        if rim - level > PROMINENCE:
            nearest = int(np.abs(s[1:-1] - coordinates[place]).argmin()) + 1
            if nearest not in found:
                found.append(nearest)
    return found


@dataclass(frozen=True)
class Report:
    """Fields of a document, and what they rest on."""

    band: Band
    checks: list[Check]
    intermediate: int | None


def report(state: BandState, task: NebTask, barriers: list[float], *, mirrored: bool) -> Report:
    """Return the profile of a converged band with its checks, and the number of its lowest intermediate minimum."""
    band = profile(state, mirrored=mirrored)
    minima = dips(band)
    lowest = min(minima, key=lambda number: float(state.energies[number])) if minima else None
    return Report(band, _checks(state, band, task, barriers, minima), lowest)


def _checks(state: BandState, band: Band, task: NebTask, barriers: list[float], minima: list[int]) -> list[Check]:
    energies, flat = state.energies, state.positions.reshape(len(state.energies), -1)
    apart = lengths(flat)
    inner = max(band.perpendicular_forces[1:-1])
    change = float(np.ptp(barriers[-6:])) * 1e3
    end_force = max(band.perpendicular_forces[0], band.perpendicular_forces[-1])
    below = max(energies[0] - energies[1], energies[-1] - energies[-2])
    moved = float(np.linalg.norm(state.positions[-1] - state.positions[0], axis=1).max())
    climbs = state.climbing is not None
    if minima:
        one = f"minima between maxima at images {', '.join(map(str, minima))}: the hop falls in halves"
    elif not climbs:
        one = "no image is higher than both end points: there is no saddle between them"
    else:
        one = "the energy rises to one maximum and falls"
    return [
        Check(
            name="forces_converged",
            passed=inner <= task.max_force,
            message=f"largest perpendicular force {inner:.4f} eV/Å (limit {task.max_force})",
        ),
        Check(
            name="saddle_converged",
            passed=state.climb_force() <= task.max_climb_force if climbs else None,
            message=(
                f"largest force on the climbing image {state.climb_force():.4f} eV/Å (limit {task.max_climb_force})"
                if climbs
                else "not made: no image climbs"
            ),
        ),
        Check(
            name="barrier_settled",
            passed=change <= task.barrier_change_meV if climbs else None,
            message=f"barrier changed by {change:.2f} meV over the last five steps (limit {task.barrier_change_meV:g})",
        ),
        Check(
            name="end_points_are_minima",
            passed=end_force <= task.max_force and below <= LEVEL,
            message=(
                f"largest force on an end point {end_force:.4f} eV/Å (limit {task.max_force}); the images beside them "
                f"lie {-below * 1e3:.1f} meV or more above (limit {-LEVEL * 1e3:g})"
            ),
        ),
        Check(
            name="end_points_differ",
            passed=moved >= DIFFERENT,
            message=f"the atom that moves most goes {moved:.2f} Å (at least {DIFFERENT})",
        ),
        Check(
            name="path_continuous",
            passed=float(apart.max()) <= JUMP * float(apart.mean()),
            message=(
                f"largest distance between neighbouring images {apart.max() / apart.mean():.2f} times the mean "
                f"(limit {JUMP})"
            ),
        ),
        Check(name="one_maximum", passed=climbs and not minima, message=one),
    ]


def write_files(state: BandState, structure: Structure, directory: Path) -> dict[str, FileReference]:
    """Write the images as extended XYZ, and the path as one POSCAR with the moving atom at all its places.

    Parameters
    ----------
    state
        The band.
    structure
        Cell and elements.
    directory
        Of the calculation.
    """
    import ase.io
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator
    from pymatgen.core import Structure as PymatgenStructure

    symbols = [site.specie.symbol for site in structure]
    frames = []
    for positions, energy, forces in zip(state.positions, state.energies, state.forces, strict=True):
        frame = Atoms(symbols, positions=positions, cell=structure.lattice.matrix, pbc=True)
        frame.calc = SinglePointCalculator(frame, energy=float(energy), forces=forces)
        frames.append(frame)
    ase.io.write(directory / IMAGES_FILE, frames, format="extxyz")
    moving = int(np.linalg.norm(state.positions[-1] - state.positions[0], axis=1).argmax())
    others = [i for i in range(len(symbols)) if i != moving]
    order = sorted(others, key=lambda i: symbols[i])
    drawn: Any = PymatgenStructure(
        structure.lattice,
        [symbols[i] for i in order] + [symbols[moving]] * len(state.positions),
        [*state.positions[0][order], *state.positions[:, moving]],
        coords_are_cartesian=True,
    )
    (directory / PATH_FILE).write_text(drawn.to(fmt="poscar"), encoding="utf-8")
    return {
        "band": file_reference(directory / IMAGES_FILE, directory),
        "path": file_reference(directory / PATH_FILE, directory),
    }
