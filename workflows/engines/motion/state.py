"""All that the next step of a motion depends on, and what is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ase.units import kB

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Evaluate = Callable[[NDArray[np.float64], NDArray[np.float64]], "Evaluation"]
    """From positions (n, 3) and cell (3, 3), Å."""

_WORD = 2**64


class Evaluation(NamedTuple):
    """What the potential says: energy (eV), forces (n, 3) in eV/Å, and the stress that it causes.

    The stress has Voigt components (xx yy zz yz xz xy) in eV/Å³, positive under tension, as in ASE.
    """

    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]


@dataclass
class MotionState:
    """All that the next step depends on.

    Attributes
    ----------
    step
        Steps taken.
    positions
        (n, 3), Å, never wrapped into the cell.
    momenta
        (n, 3), in ASE's units (u Å / (Å √(u/eV))).
    cell
        (3, 3), Å, rows are vectors.
    energy, forces, stress
        At these positions; see :class:`Evaluation`.
    chain
        Momenta of a chain of thermostats; zeros where there is none.
    given
        Energy that the atoms have given to bath and surroundings so far, eV.
    random
        Where the noise comes from.
    """

    step: int
    positions: NDArray[np.float64]
    momenta: NDArray[np.float64]
    cell: NDArray[np.float64]
    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]
    chain: NDArray[np.float64]
    given: float
    random: np.random.Generator


def noise(seed: int) -> np.random.Generator:
    """Return the generator of a motion's noise: not that of its first velocities, which have the same seed."""
    return np.random.Generator(np.random.PCG64([seed, 1]))


def words_of(random: np.random.Generator) -> NDArray[np.uint64]:
    """Return the state of a PCG64 generator as six numbers.

    Generator and increment have 128 bits each, high word first; then whether half of a word is kept, and that half.
    """
    state = random.bit_generator.state
    inner = state["state"]
    numbers = [*divmod(inner["state"], _WORD), *divmod(inner["inc"], _WORD), state["has_uint32"], state["uinteger"]]
    return np.array(numbers, dtype=np.uint64)


def generator_of(words: NDArray[np.uint64]) -> np.random.Generator:
    """Return the generator that :func:`words_of` described."""
    high, low, inc_high, inc_low, has_half, half = (int(word) for word in words)
    random = np.random.Generator(np.random.PCG64())
    random.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": high * _WORD + low, "inc": inc_high * _WORD + inc_low},
        "has_uint32": has_half,
        "uinteger": half,
    }
    return random


def degrees_of_freedom(n_atoms: int) -> int:
    """Return 3N - 3: the total momentum is zero and stays so."""
    return 3 * n_atoms - 3


def maxwell_momenta(masses: NDArray[np.float64], temperature: float, seed: int) -> NDArray[np.float64]:
    """Return momenta (n, 3) of Maxwell's distribution without total momentum, scaled to the temperature.

    Parameters
    ----------
    masses
        (n,), u; at least two atoms.
    temperature
        K, over the 3N - 3 degrees of freedom that are left.
    seed
        Of the random numbers.
    """
    column = masses[:, None]
    momenta = np.sqrt(column * kB * temperature) * np.random.default_rng(seed).normal(size=(len(masses), 3))
    momenta -= column * momenta.sum(axis=0) / masses.sum()
    return np.asarray(
        momenta * np.sqrt(temperature / kinetic_temperature(kinetic_energy(momenta, masses), len(masses)))
    )


def kinetic_energy(momenta: NDArray[np.float64], masses: NDArray[np.float64]) -> float:
    """Return the kinetic energy, eV."""
    return float(0.5 * np.vdot(momenta / masses[:, None], momenta))


def kinetic_temperature(energy: float, n_atoms: int) -> float:
    """Return the temperature (K) of a kinetic energy (eV) over 3N - 3 degrees of freedom."""
    return float(2.0 * energy / (degrees_of_freedom(n_atoms) * kB))


def pressure_tensor(state: MotionState, masses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the instantaneous pressure (3, 3), eV/Å³: the momentum that atoms carry, less the stress."""
    xx, yy, zz, yz, xz, xy = state.stress
    stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    carried = state.momenta.T @ (state.momenta / masses[:, None])
    return np.asarray(carried / volume(state.cell) - stress)


def volume(cell: NDArray[np.float64]) -> float:
    """Return the volume of a cell, Å³."""
    return float(abs(np.linalg.det(cell)))
