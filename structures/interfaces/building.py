"""Building interface cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.interfaces.contact import contact_distances, contact_radii, resting_heights
from lianode.structures.interfaces.integers import cosets
from lianode.structures.interfaces.interface_cell import InterfaceCell, placing
from lianode.structures.interfaces.lattice_matches import match_of
from lianode.structures.interfaces.registry import registries
from lianode.structures.interfaces.strain import deformation, film_share
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.interfaces.terminations import cut_slab, termination, terminations
from lianode.structures.validity import SHORTEST_BOND, tightest_contact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.interfaces.lattice_matches import Match
    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.interfaces.terminations import Slab, Termination
    from lianode.structures.phase import Phase

VOLUME_KEPT = 0.5
"""Poisson ratio at which a strained side keeps its density."""

_SAME_CUT = 0.03  # of the lattice spacing, between the height of a cut before and after a relaxation


@dataclass(frozen=True, kw_only=True)
class Registry:
    """One lateral position of the film.

    Attributes
    ----------
    shift
        In the plane, Å.
    gap
        At which the film then rests on the substrate, Å, between the outermost atoms; negative where they interlock.
    upper_gap
        At which the substrate's next image rests on the film, Å.
    """

    shift: tuple[float, float]
    gap: float
    upper_gap: float


@dataclass(frozen=True, kw_only=True)
class _Strained:
    """A slab's atoms over the common cell."""

    phase: Phase
    elements: tuple[str, ...]
    positions: NDArray[np.float64]
    stretch: NDArray[np.float64]


def resting_registries(
    film: Slab, substrate: Slab, match: Match, *, spacing: float = 0.8, closeness: float = 1.0
) -> list[Registry]:
    """Sample the film's lateral positions and lower it at each until the first atoms touch.

    Parameters
    ----------
    film, substrate
        Slabs of the two crystals.
    match
        Their common cell.
    spacing
        Of the sampled positions, at most, Å.
    closeness
        Share of the contact distances to which it is lowered.

    Returns
    -------
    list[Registry]
        Those first where the film sits deepest on the substrate.
    """
    below, above = _sides(film, substrate, match, (VOLUME_KEPT, VOLUME_KEPT))
    shifts = registries(match, spacing)
    gaps = _rest(below, above, match, shifts, closeness)
    gaps += above.positions[:, 2].min() - below.positions[:, 2].max()
    uppers = _rest(above, below, match, -shifts, closeness)
    uppers += below.positions[:, 2].min() - above.positions[:, 2].max()
    return [
        Registry(shift=(float(shifts[n, 0]), float(shifts[n, 1])), gap=float(gaps[n]), upper_gap=float(uppers[n]))
        for n in np.argsort(np.round(gaps, 4), kind="stable")
    ]


def deepest(registries: Sequence[Registry], *, vacuum: float | None) -> Registry:
    """Return the position at which the cell is lowest: with vacuum by one gap, sandwiched by the sum of both."""
    return min(registries, key=lambda one: round(one.gap if vacuum is not None else one.gap + one.upper_gap, 4))


def build_interface(
    film: Slab,
    substrate: Slab,
    match: Match,
    *,
    shift: tuple[float, float] | None = None,
    gap: float | None = None,
    vacuum: float | None = None,
    closeness: float = 1.0,
    poisson_ratios: tuple[float, float] = (VOLUME_KEPT, VOLUME_KEPT),
) -> InterfaceCell:
    """Put a film on a substrate.

    Parameters
    ----------
    film, substrate
        Slabs of the two crystals.
    match
        Common cell of the two surface cells.
    shift
        Lateral displacement of the film, Å; None takes the position in which it sits deepest.
    gap
        Between the substrate's highest and the film's lowest atom, Å, at both interfaces; None lowers the film until
        the first pair of atoms is at the sum of its contact radii
        (:class:`~lianode.structures.interfaces.contact.ContactRadius`).
    vacuum
        Å, above the film; None closes the cell with a second interface.
    closeness
        Share of the contact distances to which the film is lowered.
    poisson_ratios
        With which film and substrate give way along the normal; 1/2 keeps their densities, 0 their spacings.

    Raises
    ------
    InputError
        Where a number is not possible, or atoms of the two sides would be on top of each other.
    """
    where = f"{film.surface.name} on {substrate.surface.name}"
    _check_numbers(where, gap=gap, vacuum=vacuum, closeness=closeness, poisson_ratios=poisson_ratios, shift=shift)
    below, above = _sides(film, substrate, match, poisson_ratios)
    if shift is None:
        shift = deepest(resting_registries(film, substrate, match, closeness=closeness), vacuum=vacuum).shift
    here = np.array([shift])
    top, bottom = below.positions[:, 2].max(), above.positions[:, 2].min()
    lift = float(_rest(below, above, match, here, closeness)[0]) if gap is None else gap + top - bottom
    raised = above.positions + np.array([shift[0], shift[1], lift])
    lowest, highest = below.positions[:, 2].min(), raised[:, 2].max()
    if vacuum is not None:
        height = highest - lowest + vacuum
    elif gap is not None:
        height = highest - lowest + gap
    else:
        closed = replace(above, positions=raised)
        height = float(_rest(closed, below, match, np.zeros((1, 2)), closeness)[0])
    cell = InterfaceCell(
        structure=_structure(match, height, below, above, raised),
        film=film,
        substrate=substrate,
        match=match,
        film_stretch=above.stretch,
        substrate_stretch=below.stretch,
        shift=(float(shift[0]), float(shift[1])),
        gap=float(bottom + lift - top),
        upper_gap=None if vacuum is not None else float(height + lowest - highest),
        vacuum=vacuum,
        poisson_ratios=poisson_ratios,
        closeness=closeness if gap is None else None,
    )
    contact = tightest_contact(cell.structure)
    if contact.relative_distance < SHORTEST_BOND:
        first, second = cell.structure[contact.first], cell.structure[contact.second]
        raise InputError(
            f"{first.species_string} and {second.species_string} would be {contact.distance:.2f} Å apart, less than "
            f"{SHORTEST_BOND:.0%} of the sum of their covalent radii; a larger gap or another shift is needed",
            where,
        )
    return cell


def rebuild(recipe: Mapping[str, Any], film: Phase, substrate: Phase) -> InterfaceCell:
    """Build the cell of a recipe from the same crystals, for example after they were relaxed.

    The integers of the recipe stay, the strains follow from the crystals' own cells, so that a relaxed pair is strained
    by what its mismatch is, not by that of the crystals the recipe was written for.

    Parameters
    ----------
    recipe
        :attr:`InterfaceCell.recipe`.
    film, substrate
        The two crystals, with the atoms and cell setting of those that the recipe was written for.

    Raises
    ------
    InputError
        Where a crystal has changed so much that its primitive cell or a cut of the recipe is lost.
    """
    above, below = surface_cell(film, recipe["film"]["plane"]), surface_cell(substrate, recipe["substrate"]["plane"])
    match = match_of(
        above,
        below,
        np.array(recipe["film"]["matrix"], dtype=np.int64),
        np.array(recipe["substrate"]["matrix"], dtype=np.int64),
        recipe["strained"],
    )
    # the shift counts in vectors of the recipe, should another pair be the shortest now
    own = np.linalg.solve(match.substrate_matrix, match.vectors)
    shift = np.array(recipe["shift"]) @ np.array(recipe["substrate"]["matrix"]) @ own
    ratios = recipe["poisson_ratios"]
    return build_interface(
        _slab_of(above, recipe["film"]),
        _slab_of(below, recipe["substrate"]),
        match,
        shift=(float(shift[0]), float(shift[1])),
        gap=recipe["gap"],
        vacuum=recipe["vacuum"],
        closeness=1.0 if recipe["closeness"] is None else float(recipe["closeness"]),
        poisson_ratios=(float(ratios[0]), float(ratios[1])),
    )


def _slab_of(surface: SurfaceCell, recipe: Mapping[str, Any]) -> Slab:
    if len(surface.elements) != recipe["atoms"]:
        raise InputError(
            f"its primitive cell has {len(surface.elements)} atoms where that of the recipe had {recipe['atoms']}, so "
            "its symmetry has changed; look for matches again",
            surface.name,
        )
    lower, upper = (
        _cut_of(surface, recipe[cut], height) for cut, height in zip(("lower", "upper"), recipe["heights"], strict=True)
    )
    return cut_slab(surface, int(recipe["repeats"]), lower, upper)


def _cut_of(surface: SurfaceCell, name: str, height: float) -> Termination:
    """Return the cut at a height (as a share of the spacing), or the one of a name where that height has none."""

    def away(cut: Termination) -> float:
        apart = cut.height / surface.spacing - height
        return abs(apart - round(apart))

    nearest = min(terminations(surface), key=away)
    return nearest if away(nearest) < _SAME_CUT else termination(surface, name)


def _sides(film: Slab, substrate: Slab, match: Match, ratios: tuple[float, float]) -> tuple[_Strained, _Strained]:
    """Substrate and film as they are in the common cell."""
    share = film_share(match.strained)
    strain = match.logarithmic_strain
    return (
        _strained(substrate, match.substrate_matrix, match, deformation((share - 1) * strain, ratios[1])),
        _strained(film, match.film_matrix, match, deformation(share * strain, ratios[0])),
    )


def _strained(slab: Slab, matrix: NDArray[np.int64], match: Match, stretch: NDArray[np.float64]) -> _Strained:
    place = placing(slab.surface.in_plane, matrix, match.vectors, float(stretch[2, 2]))
    cells = cosets(matrix) @ slab.surface.in_plane
    repeated = slab.positions[:, None, :] + np.column_stack([cells, np.zeros(len(cells))])[None]
    return _Strained(
        phase=slab.surface.phase,
        elements=tuple(element for element in slab.elements for _ in cells),
        positions=repeated.reshape(-1, 3) @ place,
        stretch=stretch,
    )


def _rest(
    lower: _Strained, upper: _Strained, match: Match, shifts: NDArray[np.float64], closeness: float
) -> NDArray[np.float64]:
    radii = contact_radii(lower.phase), contact_radii(upper.phase)
    touching = closeness * contact_distances(lower.elements, upper.elements, *radii)
    return resting_heights(lower.positions, upper.positions, touching, match.vectors, shifts)


def _structure(
    match: Match, height: float, below: _Strained, above: _Strained, raised: NDArray[np.float64]
) -> Structure:
    from pymatgen.core import Lattice, Structure

    matrix = np.zeros((3, 3))
    matrix[:2, :2], matrix[2, 2] = match.vectors, height
    crystal = Structure(
        Lattice(matrix),
        [*below.elements, *above.elements],
        np.concatenate([below.positions, raised]),
        coords_are_cartesian=True,
    )
    coordinates = np.array(crystal.frac_coords)
    coordinates[:, :2] = np.mod(coordinates[:, :2], 1.0)
    return Structure(crystal.lattice, crystal.species, coordinates)


def _check_numbers(
    where: str,
    *,
    gap: float | None,
    vacuum: float | None,
    closeness: float,
    poisson_ratios: tuple[float, float],
    shift: tuple[float, float] | None,
) -> None:
    if gap is not None and not np.isfinite(gap):
        raise InputError(f"the gap is a distance in Å, not {gap}", where)
    if vacuum is not None and not 0 < vacuum < np.inf:
        raise InputError(f"the vacuum is a distance in Å above 0, not {vacuum}; without one the cell is closed", where)
    if not 0 < closeness < np.inf:
        raise InputError(f"the closeness is a share of the contact distances above 0, not {closeness}", where)
    if not all(-1 < ratio <= 0.5 for ratio in poisson_ratios):
        raise InputError(f"a Poisson ratio is above -1 and at most 1/2, not {max(poisson_ratios, key=abs):g}", where)
    if shift is not None and not np.isfinite(shift).all():
        raise InputError(f"the shift is two distances in Å, not {shift}", where)
