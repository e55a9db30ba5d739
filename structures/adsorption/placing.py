"""An adsorbate put on a site of a slab: at which height, on one side or on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.adsorption.sites import centre, resting_heights
from lianode.structures.errors import InputError
from lianode.structures.interfaces.contact import contact_distances, contact_radii
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.adsorption.sites import SiteAtom
    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.phase import Phase

OFF_SITE = 0.15
"""Å in the plane, from the middle of a site to where its adsorbate begins: exactly in the middle symmetry would hold it
there, on a saddle as well as in a minimum, and hold the slab around it."""
_OFF = OFF_SITE * np.array([np.cos(0.4), np.sin(0.4), 0.0])  # no mirror of a square, rectangular or hexagonal surface
INSIDE = 0.6
"""Share of the contact distance: an adsorbate that is nearer to an atom is inside the slab."""
MOST_REPEATS = 12


def touching_distances(slab: Structure, phase: Phase, adsorbate: Phase) -> NDArray[np.float64]:
    """Return the distance at which an adsorbate touches each atom of a slab, Å, shape (n,).

    Parameters
    ----------
    slab
        Cut from the phase.
    phase
        Whose atoms have their radii as in that crystal.
    adsorbate
        The element's own crystal.
    """
    (symbol,) = adsorbate.elements
    elements = [site.specie.symbol for site in slab]
    return contact_distances(elements, [symbol], contact_radii(phase), contact_radii(adsorbate))[:, 0]


def repeats_for(surface: SurfaceCell, distance: float) -> tuple[int, int]:
    """Return the repeats of a surface cell of the smallest area in which no image of an adsorbate is nearer.

    Parameters
    ----------
    surface
        Crystal and plane.
    distance
        Å, more than 0.

    Raises
    ------
    InputError
        Where more than :data:`MOST_REPEATS` along one vector are needed.
    """
    steps = np.arange(-3, 4)
    images = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    images = images[(images != 0).any(axis=1)]
    repeats = [(m, n) for m in range(1, MOST_REPEATS + 1) for n in range(1, MOST_REPEATS + 1)]
    for m, n in sorted(repeats, key=lambda pair: (pair[0] * pair[1], abs(pair[0] - pair[1]), pair)):
        vectors = np.diag([m, n]) @ surface.in_plane
        if np.linalg.norm(images @ vectors, axis=1).min() > distance - 1e-3:
            return m, n
    raise InputError(
        f"adsorbates {distance:g} Å apart need more than {MOST_REPEATS} surface cells a side", surface.name
    )


def adsorbed(
    slab: Structure,
    upper: tuple[SiteAtom, ...],
    lower: tuple[SiteAtom, ...] | None,
    touching: NDArray[np.float64],
    symbol: str,
    *,
    height: float | None = None,
) -> Structure:
    """Return a slab with one adsorbate beside the middle of a site, or with one on either side; adsorbates come last.

    Parameters
    ----------
    slab
        Third vector along the normal, vacuum at its ends.
    upper, lower
        Atoms of the sites on the two sides; None leaves the lower one bare.
    touching
        Distance at which the adsorbate touches each atom, Å, shape (n,).
    symbol
        Of the adsorbate.
    height
        Above the mean height of the site's atoms, Å; None lowers the adsorbate until it touches.

    Raises
    ------
    InputError
        When the adsorbate is inside the slab, or beyond the vacuum.
    """
    filled = slab.copy()
    for atoms, sign in ((upper, 1.0), (lower, -1.0)):
        if atoms is not None:
            filled.append(symbol, _above(slab, atoms, touching, sign, height), coords_are_cartesian=True)
    return filled


def opposite_site(slab: Structure, atoms: tuple[SiteAtom, ...]) -> tuple[SiteAtom, ...] | None:
    """Return the site that an operation which turns the slab upside down makes of one; None where there is none.

    Parameters
    ----------
    slab
        As it was cut.
    atoms
        Of the site.
    """
    rotations, translations = space_group_operations(slab)
    turning = (rotations[:, 2] == [0, 0, -1]).all(axis=1)
    if not turning.any():
        return None
    place = centre(slab, atoms) @ np.linalg.inv(slab.lattice.matrix)
    choices = list(zip(rotations[turning], translations[turning], strict=True))
    # done twice it has to give the same site, or else no operation exchanges the two sites
    twice = [rotation @ (rotation @ place + shift) + shift - place for rotation, shift in choices]
    rotation, shift = choices[int(np.argmin([np.abs(step - np.rint(step)).max().round(3) for step in twice]))]
    fractions = np.asarray(slab.frac_coords)
    turned = []
    for atom, a, b in atoms:
        image = rotation @ (fractions[atom] + [a, b, 0]) + shift
        apart = image - fractions
        away = np.linalg.norm((apart - np.rint(apart)) @ slab.lattice.matrix, axis=1)
        number = int(away.argmin())
        steps = np.rint(apart[number]).astype(int)
        turned.append((number, int(steps[0]), int(steps[1])))
    return tuple(sorted(turned))


def carried(
    atoms: tuple[SiteAtom, ...], before: Structure, after: Structure, numbers: NDArray[np.int64]
) -> tuple[SiteAtom, ...]:
    """Return the atoms of a site in another structure of the same slab.

    Parameters
    ----------
    atoms
        In the structure before.
    before, after
        Slabs with the same vectors in the plane, but for a strain.
    numbers
        Of each atom of the first one in the second, shape (n,).
    """
    found = []
    for atom, a, b in atoms:
        other = int(numbers[atom])
        step = np.rint(before.frac_coords[atom] - after.frac_coords[other]).astype(int)
        found.append((other, a + int(step[0]), b + int(step[1])))
    return tuple(found)


def same_atoms(before: Structure, after: Structure, *, farthest: float = 1.0) -> NDArray[np.int64]:
    """Return which atom of one slab each atom of another one is.

    Both are cut in the same way, from a crystal before and after its relaxation, which may order atoms of nearly equal
    heights differently.

    Parameters
    ----------
    before, after
        Third vectors along the normal, slabs in the middle of their cells.
    farthest
        Å, of an atom from its place.

    Raises
    ------
    InputError
        When they are not the same slab.
    """
    from scipy.optimize import linear_sum_assignment

    where = after.composition.reduced_formula
    if before.composition != after.composition:
        raise InputError(f"a slab of {after.formula} is none of {before.formula}", where)
    first, second = (_spread(slab) for slab in (before, after))
    cell = np.asarray(after.lattice.matrix)[:2, :2]
    apart = first[:, None, :2] - second[None, :, :2]
    apart -= np.rint(apart)
    away = np.hypot(np.linalg.norm(apart @ cell, axis=2), first[:, None, 2] - second[None, :, 2])
    unlike = np.array([[a.specie != b.specie for b in after] for a in before])
    rows, columns = linear_sum_assignment(np.where(unlike, 1e6, away))
    if float(away[rows, columns].max()) > farthest or unlike[rows, columns].any():
        raise InputError(
            "the slab of the relaxed crystal has other vectors in the plane, or atoms elsewhere, so that sites cannot "
            "be found again; give the structure that the engine relaxes the crystal to",
            where,
        )
    return np.asarray(columns, dtype=np.int64)


def _spread(slab: Structure) -> NDArray[np.float64]:
    """Return fractions in the plane and heights above the middle of the slab, Å."""
    heights = np.asarray(slab.cart_coords)[:, 2]
    middle = 0.5 * (heights.min() + heights.max())
    return np.column_stack([np.asarray(slab.frac_coords)[:, :2], heights - middle])


def _above(
    slab: Structure, atoms: tuple[SiteAtom, ...], touching: NDArray[np.float64], sign: float, height: float | None
) -> NDArray[np.float64]:
    """Return where an adsorbate begins, Cartesian, Å; ``sign`` is -1 below the slab."""
    seen = slab if sign > 0 else _mirrored(slab)
    place = centre(seen, atoms) + _OFF
    if height is None:
        place[2] = resting_heights(seen, touching, place[:2]).max()
    else:
        place[2] += height
    distances = seen.lattice.get_all_distances(seen.lattice.get_fractional_coords(place), seen.frac_coords)[0]
    nearest = int((distances / touching).argmin())
    if distances[nearest] < INSIDE * touching[nearest]:
        raise InputError(
            f"an adsorbate at this height is {distances[nearest]:.2f} Å from {slab[nearest].specie.symbol}, inside the "
            f"slab; they touch at {touching[nearest]:.2f} Å, so give a larger `height`, or none",
            slab.composition.reduced_formula,
        )
    if place[2] > slab.lattice.c - INSIDE * float(touching.max()):
        raise InputError(
            "an adsorbate at this height meets the next image of the slab; give a smaller `height` or more vacuum",
            slab.composition.reduced_formula,
        )
    place[2] *= sign
    if sign < 0:
        place[2] += slab.lattice.c
    return place


def _mirrored(slab: Structure) -> Structure:
    """Return a slab upside down, atoms in their order, at the same places in the plane."""
    from pymatgen.core import Structure

    fractions = np.asarray(slab.frac_coords).copy()
    fractions[:, 2] = 1.0 - fractions[:, 2]
    return Structure(slab.lattice, slab.species, fractions)
