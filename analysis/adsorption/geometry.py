"""Where an adsorbate is after a relaxation, and what it did to the slab."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.structures.adsorption.sites import centre

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.adsorption.sites import SiteAtom


class AdsorptionTolerances(BaseModel):
    """When a check of an adsorbed atom fails, and when two of them are one.

    Attributes
    ----------
    slab_displacement
        Of any atom of the slab relative to its middle, Å.
    bond
        Of the shortest distance, in units of that at which the two touch: beyond, the adsorbate has left.
    neighbour
        In the same units: nearer atoms are its neighbours.
    same_energy
        Between adsorbates that ended on one site and are one configuration, eV.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slab_displacement: float = Field(default=1.0, gt=0)
    bond: float = Field(default=1.5, gt=1)
    neighbour: float = Field(default=1.2, gt=1)
    same_energy: float = Field(default=0.01, gt=0)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an adsorbed atom ended.

    Attributes
    ----------
    site
        Label of the nearest site, in the plane.
    away
        From the middle of that site, in the plane, Å.
    position
        In the plane, Cartesian, relative to the bare slab, Å.
    height
        Above the mean height of that site's atoms, Å.
    nearest
        Shortest distance to an atom of the slab, Å.
    neighbours
        Atoms around it, by element.
    slab_displacement
        Largest of an atom of the slab relative to its middle, Å.
    checks
        What was verified.
    """

    site: str
    away: float
    position: tuple[float, float]
    height: float
    nearest: float
    neighbours: dict[str, int]
    slab_displacement: float
    checks: tuple[Check, ...]


def ended(
    bare: Structure,
    after: Structure,
    middle: NDArray[np.int64],
    *,
    site: str,
    sites: Mapping[str, Sequence[tuple[SiteAtom, ...]]],
    touching: NDArray[np.float64],
    tolerances: AdsorptionTolerances,
) -> Ended:
    """Find out where an adsorbate is, and whether all else is where it was.

    Parameters
    ----------
    bare
        The relaxed slab without it.
    after
        With it, relaxed; the atoms of the slab first, in their order, then the adsorbate of the upper side.
    middle
        Numbers of the atoms in the middle of the slab.
    site
        Label of the site that it was put on.
    sites
        All sites in the cell by label, each as its atoms in ``bare``.
    touching
        Distance at which it touches each atom, Å, shape (n,).
    tolerances
        When a check fails.
    """
    from pymatgen.core import Structure

    count, matrix = len(bare), np.asarray(bare.lattice.matrix)
    moved = np.asarray(after.frac_coords)[:count] - np.asarray(bare.frac_coords)
    moved = (moved - np.rint(moved)) @ matrix
    drift = moved[middle].mean(axis=0)
    own = moved - drift
    slab = Structure(bare.lattice, bare.species, np.asarray(bare.cart_coords) + own, coords_are_cartesian=True)
    place = np.asarray(after.cart_coords)[count] - drift
    cell = matrix[:2, :2]

    def away(atoms: tuple[SiteAtom, ...]) -> float:
        apart = (centre(slab, atoms)[:2] - place[:2]) @ np.linalg.inv(cell)
        return float(np.linalg.norm((apart - np.rint(apart)) @ cell))

    nearest_of = {label: min(equal, key=away) for label, equal in sites.items()}
    label = min(nearest_of, key=lambda name: away(nearest_of[name]))
    distances = slab.lattice.get_all_distances(slab.lattice.get_fractional_coords(place), slab.frac_coords)[0]
    shifts = np.linalg.norm(own, axis=1)
    height = float(place[2] - centre(slab, nearest_of[label])[2])
    around = Counter(bare[int(i)].specie.symbol for i in np.flatnonzero(distances < tolerances.neighbour * touching))
    return Ended(
        site=label,
        away=away(nearest_of[label]),
        position=(float(place[0]), float(place[1])),
        height=height,
        nearest=float(distances.min()),
        neighbours=dict(sorted(around.items())),
        slab_displacement=float(shifts.max()),
        checks=tuple(
            check.model_copy(update={"subject": site})
            for check in (
                _site_check(site, label, away(nearest_of[label])),
                _above_check(height),
                _bound_check(float((distances / touching).min()), tolerances),
                _slab_check(slab, shifts, float(place[2]), tolerances),
            )
        ),
    )


def _site_check(site: str, label: str, away: float) -> Check:
    message = f"the adsorbate stayed on {site}" if label == site else f"the adsorbate left {site} and ended on {label}"
    return Check(name="site_kept", passed=label == site, message=f"{message}, {away:.2f} Å from its middle")


def _above_check(height: float) -> Check:
    return Check(
        name="above_surface",
        passed=height > 0,
        message=f"the adsorbate is {height:.2f} Å above the atoms of its site"
        if height > 0
        else f"the adsorbate sank into the slab, {-height:.2f} Å below the atoms of its site",
    )


def _bound_check(ratio: float, tolerances: AdsorptionTolerances) -> Check:
    return Check(
        name="bound",
        passed=ratio <= tolerances.bond,
        message=f"its nearest atom is at {ratio:.2f} times the distance at which they touch "
        f"({tolerances.bond:g} allowed; beyond, it has left the surface)",
    )


def _slab_check(slab: Structure, shifts: NDArray[np.float64], height: float, tolerances: AdsorptionTolerances) -> Check:
    """Say whether the slab is as it was, or an atom of it went elsewhere, perhaps to where the adsorbate was."""
    atom = int(shifts.argmax())
    name = f"{slab[atom].specie.symbol} (atom {atom + 1})"
    message = f"atoms of the slab moved by up to {shifts[atom]:.2f} Å ({tolerances.slab_displacement:g} allowed)"
    passed = float(shifts[atom]) <= tolerances.slab_displacement
    if not passed:
        changed = float(slab[atom].coords[2]) > height
        message += f": {name} {'changed places with the adsorbate' if changed else 'reconstructs the surface'}"
    return Check(name="slab_kept", passed=passed, message=message)
