"""Interstitial sites for an extra lithium, and the hops between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.hops.neighbours import points_near
from lianode.structures.hops.paths import narrowest_passage
from lianode.structures.hops.search import LONGEST_HOP, survey_hops
from lianode.structures.hops.sites import points_as_sites, primitive_cell
from lianode.structures.validity import SHORTEST_BOND

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.hops.action import Step
    from lianode.structures.hops.sites import Sites
    from lianode.structures.hops.survey import HopSurvey
    from lianode.structures.phase import Phase

MERGE = 0.7
"""Å. Voronoi nodes closer than this share one hole: a distorted octahedron has several nodes around its middle."""

_AROUND = 10.0  # Å: atoms further from the cell do not shape its Voronoi nodes
_ON_SITE = 0.5  # Å: a path that passes a site this close stops there


def interstitial_sites(
    crystal: Phase | Structure, *, element: str = "Li", clearance: float = SHORTEST_BOND, merge: float = MERGE
) -> Sites:
    """Find the holes of a crystal that an extra atom fits in.

    They are the nodes of the Voronoi diagram of all atoms, each of which is equally far from four atoms or more.
    Nodes near each other are replaced by their middle, nodes too close to an atom are left out; what is left is sorted
    into classes of symmetry, ``i1``, ``i2``, ... They are candidates: a relaxation may leave one for another.

    Parameters
    ----------
    crystal
        A phase, whose primitive cell is taken, or a structure, which is taken as it is. It need not hold the element.
    element
        Of the extra atom.
    clearance
        Shortest distance from any atom, as a share of the sum of covalent radii.
    merge
        Distance below which nodes are one, Å.

    Raises
    ------
    InputError
        Where no hole is large enough.
    """
    structure, name = primitive_cell(crystal)
    nodes = _merged(structure, _voronoi_nodes(structure), merge)
    kept = nodes[_clearances(structure, nodes, element) >= clearance]
    if not len(kept):
        raise InputError(
            f"no hole is large enough for {element}: none is further from all atoms than {clearance:.0%} of the sum of "
            "covalent radii",
            name,
        )
    return points_as_sites(structure, kept, name=name, mobile=element, prefix="i")


def survey_interstitial_hops(
    crystal: Phase | Structure,
    *,
    element: str = "Li",
    cutoff: float | None = None,
    clearance: float = SHORTEST_BOND,
    longest: float = LONGEST_HOP,
) -> HopSurvey:
    """Find the symmetry-distinct hops of an extra atom between interstitial sites.

    The atoms of the crystal stay on their sites: kick-out, where the extra atom takes the place of another one that
    goes on, is not among the hops.

    Parameters
    ----------
    crystal, element, clearance
        As in :func:`interstitial_sites`.
    cutoff, longest
        As in :func:`~lianode.structures.hops.vacancy_hops.survey_vacancy_hops`.

    Raises
    ------
    InputError
        Where no hole is large enough, the cut-off is no length, or it leaves no hop.
    """
    sites = interstitial_sites(crystal, element=element, clearance=clearance)
    return survey_hops(sites, "interstitial", _obstacle, cutoff=cutoff, longest=longest)


def _voronoi_nodes(structure: Structure) -> NDArray[np.float64]:
    """Nodes inside the cell, in fractional coordinates within [0, 1)."""
    from scipy.spatial import Voronoi

    compact = structure.lattice.get_lll_reduced_lattice()
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    middle = np.asarray(compact.get_cartesian_coords([0.5, 0.5, 0.5]))
    radius = float(np.linalg.norm(compact.get_cartesian_coords(corners) - middle, axis=1).max())
    inside = np.asarray(compact.get_fractional_coords(structure.cart_coords))
    around, _, _ = points_near(compact, inside, middle, radius + _AROUND)
    vertices = Voronoi(around).vertices
    own = vertices[np.linalg.norm(vertices - middle, axis=1) <= radius + 1e-6]
    return np.mod(np.asarray(structure.lattice.get_fractional_coords(own)), 1.0)


def _merged(structure: Structure, nodes: NDArray[np.float64], merge: float) -> NDArray[np.float64]:
    """Replace nodes that are near each other by their middle, equal ones counted once."""
    from scipy.sparse.csgraph import connected_components

    for distance in (1e-3, merge):
        apart, images = _periodic(structure, nodes)
        count, labels = connected_components(apart < distance, directed=False)
        middles = []
        for label in range(count):
            group = np.flatnonzero(labels == label)
            # around the first node: periodic images of the others that are next to it
            middles.append(np.mean(nodes[group] + images[group[0], group], axis=0))
        nodes = np.mod(np.array(middles).reshape(-1, 3), 1.0)
    return nodes


def _periodic(structure: Structure, nodes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances between nodes, and the translation that brings the second one next to the first."""
    from pymatgen.util.coord import pbc_shortest_vectors

    vectors, squares = pbc_shortest_vectors(structure.lattice, nodes, nodes, return_d2=True)
    steps = np.asarray(structure.lattice.get_fractional_coords(np.asarray(vectors).reshape(-1, 3)))
    images = np.rint(steps.reshape(len(nodes), len(nodes), 3) - (nodes[None, :, :] - nodes[:, None, :]))
    return np.sqrt(np.asarray(squares)), images


def _clearances(structure: Structure, nodes: NDArray[np.float64], element: str) -> NDArray[np.float64]:
    from ase.data import atomic_numbers, covalent_radii

    distances = structure.lattice.get_all_distances(nodes, structure.frac_coords)
    radii = covalent_radii[atomic_numbers[element]] + np.array([covalent_radii[site.specie.Z] for site in structure])
    smallest: NDArray[np.float64] = (np.asarray(distances) / radii).min(axis=1)
    return smallest


def _obstacle(sites: Sites, step: Step) -> str | None:
    start, end, image = step
    first, last = sites.positions[start], sites.positions[end] + np.array(image)
    length = float(np.linalg.norm(sites.vector(*step)))
    what = f"the step from {sites.orbits[start]} to {sites.orbits[end]} over {length:.2f} Å"
    passage = narrowest_passage(sites.crystal, sites.mobile, first, last)
    if passage is not None and passage.blocked:
        return f"{what} crosses {passage.element} at {passage.distance:.2f} Å: not a path"
    over = _site_between(sites, first, last)
    return None if over is None else f"{what} leads over {over}: two hops, not one"


def _site_between(sites: Sites, first: NDArray[np.float64], last: NDArray[np.float64]) -> str | None:
    lattice = sites.crystal.lattice
    start, end = (np.asarray(lattice.get_cartesian_coords(point)) for point in (first, last))
    way = end - start
    places, _, numbers = points_near(lattice, sites.positions, (start + end) / 2, float(np.linalg.norm(way)) / 2)
    for place, number in zip(places, numbers, strict=True):
        along = float((place - start) @ way / (way @ way))
        off = float(np.linalg.norm(place - start - along * way))
        ends = min(np.linalg.norm(place - start), np.linalg.norm(place - end))
        if off < _ON_SITE and ends > _ON_SITE:
            return sites.orbits[int(number)]
    return None
