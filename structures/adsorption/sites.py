"""The distinct places on a slab where an atom can sit: on top of an atom, between two, in the hollow between several.

A site is the list of surface atoms that it lies between, not a position: the same atoms give it again on the slab after
that has relaxed. Surface atoms are those that the adsorbate touches first when it comes down straight above them.
Their periodic Delaunay mesh, seen along the normal, has a vertex on top of every one, an edge for every bridge, and a
face for every hollow. Faces are taken from empty circles and not from triangles, as four atoms of a square lie on one
circle, and which diagonal cuts it is an accident.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

SiteKind = Literal["top", "bridge", "hollow"]
KINDS: tuple[SiteKind, ...] = ("top", "bridge", "hollow")
SiteAtom = tuple[int, int, int]
"""Number of an atom of the slab, and the cell along the two vectors in the plane in which it is."""

OPEN = 0.1
"""Å by which an atom has to be touched before all others when the adsorbate comes down straight above it."""
ON_CIRCLE = 0.05
"""Å between the distances of atoms from the centre of a face, within which they are equal."""
ONE_PLACE = 0.5
"""Å in the plane: of two sites that are nearer, the one with more atoms is taken."""
_Place = tuple[SiteKind, tuple[SiteAtom, ...]]
_SAME = 0.05  # Å, between positions that symmetry makes equal
_PREFERRED: tuple[SiteKind, ...] = ("top", "hollow", "bridge")


@dataclass(frozen=True, kw_only=True)
class Site:
    """One site of a slab.

    Attributes
    ----------
    label
        ``top``, ``bridge``, ``hollow``; with a number where there are several kinds of it. Equal sites share it.
    kind
        The same without a number.
    atoms
        Surface atoms that it lies between.
    """

    label: str
    kind: SiteKind
    atoms: tuple[SiteAtom, ...]


@dataclass(frozen=True, kw_only=True)
class DistinctSite:
    """A site, and those that symmetry makes equal to it.

    Attributes
    ----------
    site
        The first of them.
    equal
        All in the cell of the slab.
    """

    site: Site
    equal: tuple[Site, ...]

    @property
    def label(self) -> str:
        """Of all of them."""
        return self.site.label


def distinct_sites(slab: Structure, touching: NDArray[np.float64]) -> list[DistinctSite]:
    """List the sites of the upper surface of a slab.

    Parameters
    ----------
    slab
        Third vector along the normal, vacuum above. Its own operations decide which sites are equal, so that a
        supercell that breaks the crystal's symmetry tells more sites apart.
    touching
        Distance at which the adsorbate touches each atom, Å, shape (n,).

    Returns
    -------
    list[DistinctSite]
        On-top sites first, then bridges, then hollows.

    Raises
    ------
    InputError
        Where the slab has no atom to touch.
    """
    surface = open_atoms(slab, touching)
    if not len(surface):
        raise InputError("it has no atom that an adsorbate could touch", slab.composition.reduced_formula)
    sites: list[_Place] = [("top", ((int(atom), 0, 0),)) for atom in surface]
    faces, edges = _mesh(slab, surface)
    every = set(surface.tolist())
    sites += [("hollow", _home(slab, face)) for face in faces if _rests_on(slab, touching, face, every)]
    sites += [("bridge", _home(slab, edge)) for edge in edges if _rests_on(slab, touching, edge, None)]
    orbits = _orbits(slab, sites)
    kept: list[list[int]] = []
    for kind in _PREFERRED:
        for orbit in orbits:
            if sites[orbit[0]][0] == kind and not _taken(slab, sites, orbit, kept):
                kept.append(orbit)
    return _named(slab, sites, kept)


def open_atoms(slab: Structure, touching: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the numbers of the atoms that an adsorbate touches first when it comes down straight above them.

    Parameters
    ----------
    slab, touching
        As of :func:`distinct_sites`.
    """
    positions = np.asarray(slab.cart_coords)
    found = []
    for atom, place in enumerate(positions[:, :2]):
        heights = resting_heights(slab, touching, place)
        own, heights[atom] = heights[atom], -np.inf
        if own > heights.max() + OPEN:
            found.append(atom)
    return np.array(found, dtype=np.int64)


def resting_heights(slab: Structure, touching: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at which height an adsorbate touches each atom of a slab when it comes down above a place.

    Parameters
    ----------
    slab, touching
        As of :func:`distinct_sites`.
    place
        In the plane, Cartesian, Å, shape (2,).

    Returns
    -------
    ndarray of shape (n,)
        Å; -inf for atoms that it passes by.
    """
    cell = np.asarray(slab.lattice.matrix)[:2, :2]
    inverse = np.linalg.inv(cell).astype(np.float64)
    positions = np.asarray(slab.cart_coords)
    apart = (positions[:, :2] - place) @ inverse
    apart -= np.rint(apart)
    squared = (((apart[:, None, :] + _images(inverse, float(touching.max()))) @ cell) ** 2).sum(axis=-1)
    room = touching[:, None] ** 2 - squared
    above = np.where(room > 0, np.sqrt(np.maximum(room, 0.0)), -np.inf)
    heights: NDArray[np.float64] = positions[:, 2] + above.max(axis=1)
    return heights


def centre(slab: Structure, atoms: tuple[SiteAtom, ...]) -> NDArray[np.float64]:
    """Return the mean position of a site's atoms, Cartesian, Å, shape (3,)."""
    matrix = np.asarray(slab.lattice.matrix)
    images = np.array([[a, b, 0] for _, a, b in atoms])
    places = np.asarray(slab.cart_coords)[[atom for atom, _, _ in atoms]] + images @ matrix
    mean: NDArray[np.float64] = places.mean(axis=0)
    return mean


def _rests_on(slab: Structure, touching: NDArray[np.float64], atoms: list[SiteAtom], surface: set[int] | None) -> bool:
    """Whether an adsorbate above a site touches one of its atoms first; below a hollow, one that is no surface atom."""
    heights = resting_heights(slab, touching, centre(slab, tuple(atoms))[:2])
    first = set(np.flatnonzero(heights > heights.max() - OPEN).tolist())
    own = {atom for atom, _, _ in atoms}
    return bool(first & own) or (surface is not None and not first & surface)


def _mesh(slab: Structure, surface: NDArray[np.int64]) -> tuple[list[list[SiteAtom]], list[list[SiteAtom]]]:
    """Return the faces and the edges of the periodic Delaunay mesh of some atoms, seen along the normal."""
    from scipy.spatial import Delaunay

    cell = np.asarray(slab.lattice.matrix)[:2, :2]
    inverse = np.linalg.inv(cell).astype(np.float64)
    flat = np.asarray(slab.frac_coords)[surface][:, :2]
    largest = float(np.linalg.norm(cell, axis=1).sum()) / 2  # no empty circle is larger, as its cell has an atom
    images = _images(inverse, largest)
    points = ((flat[:, None, :] + images).reshape(-1, 2)) @ cell
    owners = [(int(atom), int(a), int(b)) for atom in surface for a, b in images]
    triangles = Delaunay(points).simplices
    corners = points[triangles]
    middles, areas = _circles(corners)
    sound = areas > 1e-3
    fractions = middles @ inverse
    home = sound & ((fractions > -1e-6) & (fractions < 1 + 1e-6)).all(axis=1)
    faces: dict[tuple[SiteAtom, ...], list[SiteAtom]] = {}
    edges: dict[tuple[SiteAtom, ...], list[SiteAtom]] = {}
    for number in np.flatnonzero(home):
        away = np.linalg.norm(points - middles[number], axis=1)
        on_circle = np.flatnonzero(away < away.min() + ON_CIRCLE)
        turned = points[on_circle] - middles[number]
        ring = on_circle[np.argsort(np.arctan2(turned[:, 1], turned[:, 0]))]
        face = [owners[point] for point in ring]
        faces.setdefault(_key(face), face)
        for first, second in zip(face, [*face[1:], face[0]], strict=True):
            edges.setdefault(_key([first, second]), [first, second])
    return list(faces.values()), list(edges.values())


def _images(inverse: NDArray[np.float64], reach: float) -> NDArray[np.int64]:
    """Return the cells, (n, 2), in which a point may be within reach of one in the first cell."""
    extent = np.ceil(reach * np.linalg.norm(inverse, axis=0) + 0.5).astype(int) + 1
    steps = np.meshgrid(*(np.arange(-n, n + 1) for n in extent), indexing="ij")
    return np.stack(steps, axis=-1).reshape(-1, 2)


def _circles(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centres (n, 2) of the circles through the corners (n, 3, 2) of triangles, and the triangles' areas."""
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    doubled = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    safe = np.where(np.abs(doubled) < 1e-9, 1.0, doubled)
    one, two = (first**2).sum(axis=1), (second**2).sum(axis=1)
    x = (second[:, 1] * one - first[:, 1] * two) / (2 * safe)
    y = (first[:, 0] * two - second[:, 0] * one) / (2 * safe)
    return corners[:, 0] + np.stack([x, y], axis=1), 0.5 * np.abs(doubled)


def _key(atoms: list[SiteAtom]) -> tuple[SiteAtom, ...]:
    """Return the same for a set of atoms and its periodic images."""
    return min(tuple(sorted((atom, m - a, n - b) for atom, m, n in atoms)) for _, a, b in atoms)


def _home(slab: Structure, atoms: list[SiteAtom]) -> tuple[SiteAtom, ...]:
    """Return the image of a site whose centre is in the cell, its atoms in order."""
    fractions = centre(slab, tuple(atoms)) @ np.linalg.inv(slab.lattice.matrix)
    shift = np.floor(np.round(fractions[:2], 6)).astype(int)
    return tuple(sorted((atom, a - int(shift[0]), b - int(shift[1])) for atom, a, b in atoms))


def _orbits(slab: Structure, sites: list[_Place]) -> list[list[int]]:
    """Return the numbers of the sites that operations of the slab which keep its normal make equal."""
    rotations, translations = space_group_operations(slab)
    upright = (rotations[:, 2] == [0, 0, 1]).all(axis=1)
    cell = np.asarray(slab.lattice.matrix)[:2, :2]
    inverse = np.linalg.inv(slab.lattice.matrix)
    places = np.array([(centre(slab, atoms) @ inverse)[:2] for _, atoms in sites])
    kinds = np.array([f"{kind}{len(atoms)}" for kind, atoms in sites])
    orbits: list[list[int]] = []
    seen: set[int] = set()
    for number, place in enumerate(places):
        if number in seen:
            continue
        images = rotations[upright][:, :2, :2] @ place + translations[upright][:, :2]
        apart = images[:, None, :] - places[None]
        apart -= np.rint(apart)
        near = (np.linalg.norm(apart @ cell, axis=-1) < _SAME).any(axis=0) & (kinds == kinds[number])
        orbit = [number, *(int(one) for one in np.flatnonzero(near) if one != number and one not in seen)]
        seen.update(orbit)
        orbits.append(orbit)
    return orbits


def _taken(slab: Structure, sites: list[_Place], orbit: list[int], kept: list[list[int]]) -> bool:
    """Whether a site is where one that was kept is."""
    cell = np.asarray(slab.lattice.matrix)[:2, :2]
    others = [number for one in kept for number in one]
    if not others:
        return False
    place = centre(slab, sites[orbit[0]][1])[:2]
    apart = np.array([centre(slab, sites[number][1])[:2] - place for number in others]) @ np.linalg.inv(cell)
    apart -= np.rint(apart)
    return bool(np.linalg.norm(apart @ cell, axis=1).min() < ONE_PLACE)


def _named(slab: Structure, sites: list[_Place], orbits: list[list[int]]) -> list[DistinctSite]:
    """Return the distinct sites with their labels."""
    symbols = [site.specie.symbol for site in slab]

    def order(orbit: list[int]) -> tuple[int, int, list[str], float, int]:
        kind, atoms = sites[orbit[0]]
        around = sorted(symbols[atom] for atom, _, _ in atoms)
        return KINDS.index(kind), -len(atoms), around, -round(float(centre(slab, atoms)[2]), 2), orbit[0]

    counts = Counter(sites[orbit[0]][0] for orbit in orbits)
    numbers: Counter[str] = Counter()
    found = []
    for orbit in sorted(orbits, key=order):
        kind = sites[orbit[0]][0]
        numbers[kind] += 1
        label = kind if counts[kind] == 1 else f"{kind}-{numbers[kind]}"
        equal = tuple(Site(label=label, kind=kind, atoms=sites[number][1]) for number in orbit)
        found.append(DistinctSite(site=equal[0], equal=equal))
    return found
