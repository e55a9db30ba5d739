"""All ways in which two planes have a common cell, up to a size and a strain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.interfaces.integers import (
    determinant,
    joined_lattice,
    reduced_basis,
    row_echelon,
    superlattices,
)
from lianode.structures.interfaces.strain import film_share, largest_strain, mismatch, stretched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lianode.structures.interfaces.strain import StrainedSide
    from lianode.structures.interfaces.surface_cell import SurfaceCell

Criterion = Literal["strain", "area", "atoms", "shape"]
"""``shape`` puts the cells first whose shortest vector is long for their area."""

_WIDEST_STRAIN = 0.6  # how far the search for the best match goes when none is within the limit


@dataclass(frozen=True, kw_only=True)
class Match:
    """A common cell of two planes.

    Attributes
    ----------
    film_matrix, substrate_matrix
        Vectors of the common cell in units of either surface cell's u and v, integers, shape (2, 2).
    vectors
        Of the common cell as both sides have it, Å, shape (2, 2): a along x, right-handed, reduced.
    logarithmic_strain
        That takes the film to the substrate, in the frame of ``vectors``, shape (2, 2).
    angle
        By which the film's u axis is turned from the substrate's by the match, degrees.
    strained
        Who bears the strain.
    strain
        Largest relative change of a length in the plane, on the side that is strained more.
    area
        Of the common cell, Å².
    atoms
        In one lattice plane of each side together.
    repeats
        Number of smallest common cells in this one: above 1 it is a supercell of a smaller match.
    """

    film_matrix: NDArray[np.int64]
    substrate_matrix: NDArray[np.int64]
    vectors: NDArray[np.float64]
    logarithmic_strain: NDArray[np.float64]
    angle: float
    strained: StrainedSide
    strain: float
    area: float
    atoms: int
    repeats: int

    @property
    def film_cells(self) -> int:
        """Surface cells of the film in the common cell."""
        return determinant(self.film_matrix)

    @property
    def substrate_cells(self) -> int:
        """Surface cells of the substrate in the common cell."""
        return determinant(self.substrate_matrix)


def lattice_matches(
    film: SurfaceCell,
    substrate: SurfaceCell,
    *,
    max_area: float = 200.0,
    max_strain: float = 0.05,
    strained: StrainedSide = "film",
) -> list[Match]:
    """Find every common cell of two planes up to an area and a strain.

    Every superlattice of the film is laid on every pair of substrate vectors of about its lengths and angle, without
    regard to how either is reduced: the matcher of Zur and McGill (J. Appl. Phys. 55, 378 (1984)) compares reduced
    vectors by length and angle only, and so misses cells near the boundary between two reductions and takes mirror
    images for rotations. The film is turned about the normal, never turned over. Matches that the symmetries of the
    two crystals make equal are one; supercells of smaller matches are among them (``repeats``).

    Parameters
    ----------
    film, substrate
        The two planes.
    max_area
        Of the common cell, Å².
    max_strain
        Largest relative change of a length in the plane that a side may bear.
    strained
        Who bears it: ``film``, ``substrate``, or ``shared`` (both half of the logarithmic strain).

    Returns
    -------
    list[Match]
        By strain, then area, then atoms.

    Raises
    ------
    InputError
        Where there is none; the message says the best one there is.
    """
    film_share(strained)  # refuses any other word
    where = f"{film.name} on {substrate.name}"
    if not (math.isfinite(max_strain) and 0 <= max_strain < _WIDEST_STRAIN):
        raise InputError(f"the largest strain is a share from 0 to below {_WIDEST_STRAIN}, not {max_strain:g}", where)
    if not (math.isfinite(max_area) and max_area > 0):
        raise InputError(f"the largest area is a number of Å² above 0, not {max_area:g}", where)
    found = _search(film, substrate, max_area, max_strain, strained)
    if found:
        return ranked(found)
    limit = max(max_strain, 0.01)
    while limit < _WIDEST_STRAIN and not found:
        limit = min(2 * limit, _WIDEST_STRAIN)
        found = _search(film, substrate, max_area, limit, strained)
    if found:
        best = ranked(found)[0]
        advice = (
            f"the best one there is strains by {best.strain:.2%} ({best.area:.1f} Å²); allow that strain or a larger "
            "area"
        )
    else:
        advice = f"the surface cells alone are {film.area:.1f} and {substrate.area:.1f} Å² large; allow a larger area"
    raise InputError(f"no common cell up to {max_area:g} Å² within a strain of {max_strain:.2%}; {advice}", where)


def match_of(
    film: SurfaceCell,
    substrate: SurfaceCell,
    film_matrix: NDArray[np.int64],
    substrate_matrix: NDArray[np.int64],
    strained: StrainedSide,
) -> Match:
    """Return the match of two given superlattices, whatever its strain; both matrices are of one handedness."""
    share = film_share(strained)
    strain, angle = mismatch(film_matrix @ film.in_plane, substrate_matrix @ substrate.in_plane)
    common = substrate_matrix @ substrate.in_plane @ stretched((share - 1) * strain)
    inner = reduced_basis(common)
    common = inner @ common
    direction = math.atan2(common[0, 1], common[0, 0])
    cosine, sine = math.cos(direction), math.sin(direction)
    back = np.array([[cosine, -sine], [sine, cosine]])  # rows of vectors times this turn a onto x
    common = common @ back
    common[0, 1] = 0.0
    film_matrix, substrate_matrix = inner @ film_matrix, inner @ substrate_matrix
    joined = joined_lattice(film_matrix, substrate_matrix)
    size = determinant(film_matrix) * determinant(substrate_matrix) * float(np.linalg.det(joined))
    return Match(
        film_matrix=film_matrix,
        substrate_matrix=substrate_matrix,
        vectors=common,
        logarithmic_strain=back.T @ strain @ back,
        angle=angle,
        strained=strained,
        strain=largest_strain(strain, share),
        area=float(np.linalg.det(common)),
        atoms=determinant(film_matrix) * len(film.elements) + determinant(substrate_matrix) * len(substrate.elements),
        repeats=round(size),
    )


def ranked(matches: Sequence[Match], by: Sequence[Criterion] = ("strain", "area", "atoms")) -> list[Match]:
    """Sort matches by one criterion after the other; strains are compared to 0.001 %, areas to 0.01 Å²."""

    def value(match: Match) -> tuple[float, ...]:
        values = {
            "strain": round(match.strain, 5),
            "area": round(match.area, 2),
            "atoms": float(match.atoms),
            "shape": -round(float(np.linalg.norm(match.vectors, axis=1).min()) / math.sqrt(match.area), 3),
        }
        return (*(values[criterion] for criterion in by), round(abs(match.angle), 3), match.angle)

    return sorted(matches, key=value)


def frontier(matches: Sequence[Match]) -> list[Match]:
    """Return the matches that no smaller one beats in strain, the smallest first."""
    best: list[Match] = []
    for match in ranked(matches, ("area", "strain", "atoms")):
        if not best or match.strain < best[-1].strain - 1e-6:
            best.append(match)
    return best


def _search(
    film: SurfaceCell, substrate: SurfaceCell, max_area: float, limit: float, strained: StrainedSide
) -> list[Match]:
    share = film_share(strained)
    # ln of the stretch from film to substrate: share * x and (share - 1) * x both have to be within the limit
    reach = -math.log1p(-limit) / max(share, 1 - share)
    substrate_area = max_area * math.exp(2 * (1 - share) * reach) * (1 + 1e-9)
    film_area = max_area * math.exp(2 * share * reach) * (1 + 1e-9)
    found: dict[tuple[int, ...], Match] = {}
    for size in range(1, int(film_area / film.area) + 1):
        for matrix in _distinct_superlattices(size, film.level_rotations):
            basis = reduced_basis(matrix @ film.in_plane) @ matrix
            for other in _vectors_like(basis @ film.in_plane, substrate.in_plane, reach, substrate_area):
                match = match_of(film, substrate, basis, other, strained)
                if match.strain <= limit * (1 + 1e-9) + 1e-9 and match.area <= max_area * (1 + 1e-9):
                    key = _key(basis, other, film.level_rotations, substrate.level_rotations)
                    if key not in found:
                        found[key] = _turned_least(film, substrate, match)
    return list(found.values())


def _turned_least(film: SurfaceCell, substrate: SurfaceCell, match: Match) -> Match:
    """Of all descriptions of a match that symmetry makes equal, the one that turns the film least."""
    turn = np.array([np.cos(np.radians(match.angle)), np.sin(np.radians(match.angle))])
    rotation = np.array([[turn[0], turn[1]], [-turn[1], turn[0]]])  # acts on rows
    turns = [np.linalg.inv(one.in_plane) @ one.level_rotations @ one.in_plane for one in (film, substrate)]
    turned = np.einsum("mba,bc,ncd->mnad", turns[0], rotation, turns[1])
    angles = np.round(np.degrees(np.arctan2(turned[..., 0, 1], turned[..., 0, 0])), 6)
    proper = np.linalg.det(turned) > 0
    pairs = [(abs(float(angles[m, n])), -float(angles[m, n]), m, n) for m, n in np.argwhere(proper).tolist()]
    _, _, m, n = min(pairs)
    return match_of(
        film,
        substrate,
        match.film_matrix @ film.level_rotations[m],
        match.substrate_matrix @ substrate.level_rotations[n],
        match.strained,
    )


def _distinct_superlattices(size: int, rotations: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    forms: dict[tuple[int, ...], NDArray[np.int64]] = {}
    for form in superlattices(size):
        images = [tuple(row_echelon(form @ rotation)[0].ravel().tolist()) for rotation in rotations]
        forms.setdefault(min(images), form)
    return list(forms.values())


def _vectors_like(
    wanted: NDArray[np.float64], lattice: NDArray[np.float64], reach: float, max_area: float
) -> list[NDArray[np.int64]]:
    """All right-handed pairs of lattice vectors that a strain up to exp(±reach) may take the wanted ones to."""
    lengths = np.linalg.norm(wanted, axis=1)
    longest = float(lengths.max()) * math.exp(reach)
    extent = np.floor(longest * np.linalg.norm(np.linalg.inv(lattice), axis=0)).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in extent), indexing="ij"), axis=-1).reshape(-1, 2)
    vectors = grid @ lattice
    stretch = np.log(np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)[:, None] / lengths)
    first, second = (np.flatnonzero(np.abs(stretch[:, n]) <= reach + 1e-9) for n in (0, 1))
    pairs = np.stack([grid[first][:, None].repeat(len(second), 1), grid[second][None].repeat(len(first), 0)], axis=2)
    pairs = pairs.reshape(-1, 2, 2)
    areas = np.linalg.det(pairs @ lattice)
    wide = float(np.linalg.det(wanted))
    fits = (areas > 0) & (areas <= max_area) & (np.abs(np.log(np.maximum(areas, 1e-9) / wide)) <= 2 * reach + 1e-9)
    pairs = pairs[fits]
    maps = np.linalg.solve(np.broadcast_to(wanted, pairs.shape), pairs @ lattice)
    principal = np.log(np.linalg.svd(maps, compute_uv=False))
    return list(pairs[(np.abs(principal) <= reach + 1e-9).all(axis=1)])


def _key(
    film_matrix: NDArray[np.int64],
    substrate_matrix: NDArray[np.int64],
    film_rotations: NDArray[np.int64],
    substrate_rotations: NDArray[np.int64],
) -> tuple[int, ...]:
    """Equal for matches that symmetry makes equal: a rotation of either crystal, or mirrors of both at once."""
    keys = []
    for one in film_rotations:
        form, operations = row_echelon(film_matrix @ one)
        turned = operations @ substrate_matrix
        handed = np.rint(np.linalg.det(one))
        keys += [
            (*form.ravel().tolist(), *(turned @ other).ravel().tolist())
            for other in substrate_rotations
            if np.rint(np.linalg.det(other)) == handed
        ]
    return min(keys)
