"""Mean-square displacement over all origins in time, and the diffusivity that follows from it.

MSD(t) = < |r(t₀ + t) - r(t₀)|² > over atoms and over every origin t₀, by the Fourier transform of the positions'
autocorrelation: n log n operations instead of n² (Calandrini et al., Collection SFN 12, 201 (2011),
section 4.2). Einstein:

    D = 1/(2 d)  dMSD/dt    where MSD is straight, d dimensions.

Origins overlap, so that the points of one MSD say nothing about its error. The trajectory is cut into blocks, which
are nearly independent when they are long against the jumps' correlation; with the diffusivities D_i of B blocks the
standard error is std(D_i)/sqrt(B) (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.structure_in_time.blocks import blocks, clock, opened, species_order
from lianode.analysis.structure_in_time.drift import Drift, Unwrapped, fractional
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.frame import Frame

CM2_PER_S = 0.1
"""1 Å²/fs in cm²/s."""
BLOCKS = 5
FIT = (0.1, 0.5)
"""Lags of the fit, as shares of a block's length: after the vibrations, and before origins become few."""
STRAIGHT = 0.2
"""A power of t within this of 1 counts as diffusion."""
LEAST_MSD = 1.0
"""Å² that atoms have to get away in the fit: vibration alone stays below 2 <u²>, which is 0.4 Å² where a crystal with
neighbours 3 Å apart melts (Lindemann: <u²> is the square of 15 % of it), however straight a piece of its MSD looks."""
_SMALL = 8


@dataclass(frozen=True, kw_only=True)
class Displacements:
    """Positions of one element's atoms without jumps through the cell's borders.

    Attributes
    ----------
    element
        Which one.
    spacing
        fs between frames.
    positions
        (n_frames, n_atoms, 3), Cartesian, Å, relative to the centre of mass that stays in place. In a cell that
        changes they are those of the mean cell.
    """

    element: str
    spacing: float
    positions: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Diffusion:
    """Diffusivity of an element in a run.

    Attributes
    ----------
    element
        Which one.
    diffusivity_cm2_per_s
        D; may come out below 0 where atoms only vibrate.
    error_cm2_per_s
        Standard error from the blocks.
    along_cm2_per_s
        (3,) D along each Cartesian axis.
    blocks_cm2_per_s
        D of each block.
    fit_fs
        First and last lag of the fit.
    exponent
        d ln MSD / d ln t over the fit: 1 for diffusion, 0 for vibration. None where MSD is 0.
    is_diffusive
        Whether the exponent is within 0.2 of 1, D is above twice its error, and atoms got farther than they vibrate
        (:data:`LEAST_MSD`).
    """

    element: str
    diffusivity_cm2_per_s: float
    error_cm2_per_s: float
    along_cm2_per_s: tuple[float, float, float]
    blocks_cm2_per_s: tuple[float, ...]
    fit_fs: tuple[float, float]
    exponent: float | None
    is_diffusive: bool


def displacements(
    frames: Iterable[Frame],
    elements: Sequence[str],
    *,
    fixed: Sequence[str] = (),
    spacing: float | None = None,
    where: str = "trajectory",
) -> tuple[Displacements, ...]:
    """Return the paths of atoms, followed through the borders of the cell and without the drift of the whole.

    This is the one analysis that keeps a trajectory in memory: 24 bytes for each atom and frame.

    Parameters
    ----------
    frames
        Of one trajectory, equally spaced in time; between two of them no atom moves by half the cell.
    elements
        Which ones.
    fixed
        Elements whose centre of mass stays in place (the framework's, in a solid electrolyte); none takes all atoms.
    spacing
        fs between frames, where frames have no time.
    where
        Name of the trajectory, for messages.

    Raises
    ------
    InputError
        When frames are not equally spaced; as in :func:`..pair_counts.count_pairs` otherwise.
    """
    if not elements:
        raise InputError("no elements; name at least one", where)
    first, frames = opened(frames, where)
    species = species_order(first, elements, where)
    drift, unwrapped = Drift(species, fixed, where), Unwrapped()
    symbols = tuple(dict.fromkeys(elements))
    kept: dict[str, list[NDArray[np.float64]]] = {symbol: [] for symbol in symbols}
    times: list[NDArray[np.float64]] = []
    mean_cell, done = np.zeros((3, 3)), 0
    for block in blocks(frames, species, where):
        fractions = fractional(block.positions, block.cells)
        still = unwrapped.follow(fractions) - drift.of(fractions)[:, None]
        for symbol in symbols:
            kept[symbol].append(still[:, species.slice(symbol)])
        times.append(clock(block.times, spacing, done, where))
        mean_cell += block.cells.sum(axis=0)
        done += len(block.times)
    if done < 2:
        raise InputError("one frame; displacements need at least two", where)
    steps = np.diff(np.concatenate(times))
    if not (steps.min() > 0 and np.allclose(steps, steps.mean(), rtol=1e-3, atol=0)):
        raise InputError("frames that are not equally spaced in time; those of one run without a break are", where)
    return tuple(
        Displacements(
            element=symbol, spacing=float(steps.mean()), positions=np.concatenate(kept[symbol]) @ (mean_cell / done)
        )
        for symbol in symbols
    )


def mean_square_displacement(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the MSD along each Cartesian axis, over all atoms and origins.

    Parameters
    ----------
    positions
        (n_frames, n_atoms, 3), Å, without jumps.

    Returns
    -------
    ndarray
        (n_frames, 3) by lag, Å²; their sum is the MSD in space.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    n, n_atoms, _ = positions.shape
    total = np.zeros((n, 3))
    size = next_fast_len(2 * n, real=True)
    origins = n - np.arange(n)
    for begin in range(0, n_atoms, _SMALL):  # a few atoms at a time: the transform takes several times their memory
        paths = positions[:, begin : begin + _SMALL]
        paths = paths - paths.mean(axis=0)  # squares of small numbers: less is lost in their difference
        spectrum = rfft(paths, size, axis=0)
        correlation = irfft(spectrum.real**2 + spectrum.imag**2, size, axis=0)[:n].sum(axis=1)
        square = (paths**2).sum(axis=1)
        running = np.concatenate([np.zeros((1, 3)), np.cumsum(square, axis=0)])
        # of the origins of lag m, the first frames from 0 and the last ones up to n: sums of r² over both
        ends = running[origins] + (running[n] - running[n - origins])
        total += ends - 2 * correlation
    msd: NDArray[np.float64] = total / (origins[:, None] * n_atoms)
    msd[0] = 0.0
    return np.maximum(msd, 0.0)


def diffusion(
    paths: Displacements,
    *,
    fit_fs: tuple[float, float] | None = None,
    n_blocks: int = BLOCKS,
) -> Diffusion:
    """Return an element's diffusivity with its error.

    Parameters
    ----------
    paths
        Of its atoms.
    fit_fs
        Lags between which MSD is fitted by a straight line; by default 10 to 50 % of a block.
    n_blocks
        Blocks; at least 3.

    Raises
    ------
    InputError
        When a block is too short for the fit.
    """
    if n_blocks < 3:
        raise InputError(f"{n_blocks} blocks; at least 3, for an error, would be right", "diffusivity")
    n, dt = len(paths.positions), paths.spacing
    length = n // n_blocks
    begin, end = fit_fs or (FIT[0] * length * dt, FIT[1] * length * dt)
    first, last = max(1, round(begin / dt)), round(end / dt)
    if last - first < 2 or last >= length:
        raise InputError(
            f"a fit from {begin:g} to {end:g} fs in blocks of {length * dt:g} fs with a frame every {dt:g} fs; it "
            "needs three frames, and blocks that are longer: a longer run or fewer blocks would be right",
            f"diffusivity of {paths.element}",
        )
    lags = np.arange(first, last + 1) * dt
    whole = mean_square_displacement(paths.positions)[first : last + 1]
    along = np.polyfit(lags, whole, 1)[0] / 2 * CM2_PER_S
    of_blocks = []
    for block in range(n_blocks):
        part = mean_square_displacement(paths.positions[block * length : (block + 1) * length])[first : last + 1]
        of_blocks.append(float(np.polyfit(lags, part.sum(axis=1), 1)[0] / 6 * CM2_PER_S))
    value, error = float(along.mean()), float(np.std(of_blocks, ddof=1) / np.sqrt(n_blocks))
    in_space = whole.sum(axis=1)
    exponent = float(np.polyfit(np.log(lags), np.log(in_space), 1)[0]) if in_space.min() > 0 else None
    return Diffusion(
        element=paths.element,
        diffusivity_cm2_per_s=value,
        error_cm2_per_s=error,
        along_cm2_per_s=(float(along[0]), float(along[1]), float(along[2])),
        blocks_cm2_per_s=tuple(of_blocks),
        fit_fs=(float(lags[0]), float(lags[-1])),
        exponent=exponent,
        is_diffusive=exponent is not None
        and abs(exponent - 1) <= STRAIGHT
        and value > 2 * error
        and float(in_space[-1]) >= LEAST_MSD,
    )
