"""How close two crystals come: ionic and metallic radii, and the height at which one rests on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lianode.structures.phase import Phase

# Å. pymatgen has no metallic radius of tin: Goldschmidt's, 12-fold
_METALLIC = {"Sn": 1.58}
# Å. Ions that Shannon did not tabulate: Pauling's
_ANIONS = {"P": 2.12, "As": 2.22, "N": 1.71}


@dataclass(frozen=True, kw_only=True)
class ContactRadius:
    """Radius of an element's atoms at the surface of one crystal, Å.

    A metal's atoms have their metallic radius. A salt's anions have their crystal radius (Shannon, Acta Cryst. A 32,
    751 (1976), whose crystal radii are closer to the size of ions in electron densities than his effective ones), its
    cations theirs where they face an anion, so that the sum is the bond length of the salt; facing a metal or another
    cation they have their metallic radius.
    """

    anion: bool
    facing_anions: float
    facing_others: float


def contact_radii(phase: Phase) -> dict[str, ContactRadius]:
    """Return the contact radius of each element of a crystal."""
    from pymatgen.core import Element

    symbols = [Element(symbol) for symbol in phase.elements]
    if all(element.is_metal for element in symbols):
        return {element.symbol: _of_metal(element.symbol) for element in symbols}
    states = _oxidation_states(phase)
    radii = {}
    for element in symbols:
        state = states[element.symbol]
        if state < 0:
            radius = _ionic(element.symbol, state)
            radii[element.symbol] = ContactRadius(anion=True, facing_anions=radius, facing_others=radius)
        else:
            radii[element.symbol] = ContactRadius(
                anion=False,
                facing_anions=_ionic(element.symbol, state),
                facing_others=_of_metal(element.symbol).facing_others,
            )
    return radii


def contact_distances(
    lower: Sequence[str],
    upper: Sequence[str],
    lower_radii: dict[str, ContactRadius],
    upper_radii: dict[str, ContactRadius],
) -> NDArray[np.float64]:
    """Return the distance at which atoms of two crystals touch, shape (lower, upper), Å."""

    def distance(below: ContactRadius, above: ContactRadius) -> float:
        first = below.facing_anions if above.anion else below.facing_others
        second = above.facing_anions if below.anion else above.facing_others
        return first + second

    table = {(a, b): distance(lower_radii[a], upper_radii[b]) for a in set(lower) for b in set(upper)}
    return np.array([[table[a, b] for b in upper] for a in lower])


def resting_heights(
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    touching: NDArray[np.float64],
    cell: NDArray[np.float64],
    shifts: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Lower one slab on another until the first pair of atoms touches.

    Parameters
    ----------
    lower, upper
        Positions, Å, shapes (n, 3) and (m, 3).
    touching
        Distance at which each pair touches, Å, shape (n, m).
    cell
        Periodic vectors in the plane, Å, shape (2, 2).
    shifts
        Displacements of the upper slab in the plane, Å, shape (k, 2).

    Returns
    -------
    ndarray of shape (k,)
        What is to be added to the heights of the upper slab, Å.
    """
    reach = float(touching.max())
    # deeper atoms cannot be the first to touch: something above them is within reach before
    near = lower[:, 2] > lower[:, 2].max() - 2 * reach, upper[:, 2] < upper[:, 2].min() + 2 * reach
    lower, upper, touching = lower[near[0]], upper[near[1]], touching[np.ix_(*near)]
    height = lower[:, None, 2] - upper[None, :, 2]
    inverse = np.linalg.inv(cell)
    extent = np.ceil(reach * np.linalg.norm(inverse, axis=0) + 0.5).astype(int)
    images = (
        np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in extent), indexing="ij"), axis=-1).reshape(-1, 2) @ cell
    )
    heights = np.empty(len(shifts))
    for number, shift in enumerate(shifts):
        apart = (upper[None, :, :2] + shift - lower[:, None, :2]) @ inverse
        apart = (apart - np.rint(apart)) @ cell
        room = touching[..., None] ** 2 - ((apart[..., None, :] + images) ** 2).sum(axis=-1)
        touch = height[..., None] + np.sqrt(np.maximum(room, 0.0))
        heights[number] = np.where(room > 0, touch, -np.inf).max()
    return heights


def _oxidation_states(phase: Phase) -> dict[str, float]:
    from pymatgen.core import Element

    guesses = phase.structure.composition.reduced_composition.oxi_state_guesses()
    if guesses:
        return {symbol: float(state) for symbol, state in guesses[0].items()}
    return {symbol: 1.0 if Element(symbol).is_metal else -1.0 for symbol in phase.elements}


def _of_metal(symbol: str) -> ContactRadius:
    import warnings

    from ase.data import atomic_numbers, covalent_radii
    from pymatgen.core import Element

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it has no value
        tabulated = _METALLIC.get(symbol) or Element(symbol).metallic_radius
    radius = float(tabulated or covalent_radii[atomic_numbers[symbol]])
    return ContactRadius(anion=False, facing_anions=radius, facing_others=radius)


def _ionic(symbol: str, state: float) -> float:
    """Radius of the tabulated ion of the same sign with the nearest charge."""
    from ase.data import atomic_numbers, covalent_radii
    from pymatgen.core import Element

    known = {charge: float(radius) for charge, radius in Element(symbol).ionic_radii.items() if charge * state > 0}
    if known:
        return known[min(known, key=lambda charge: (abs(charge - state), charge))]
    if state < 0 and symbol in _ANIONS:
        return _ANIONS[symbol]
    return float(covalent_radii[atomic_numbers[symbol]])
