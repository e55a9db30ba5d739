"""From energies of slabs with and without adsorbates to the energies of sites, and to the best of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.analysis.adsorption.document import SITE_KEPT, SiteRow
from lianode.analysis.checks import Check
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.adsorption.free_atom import FreeAtom
    from lianode.analysis.adsorption.geometry import AdsorptionTolerances, Ended
    from lianode.structures.adsorption.sites import SiteKind


@dataclass(frozen=True, kw_only=True)
class AdsorbedSlab:
    """What was computed of one site.

    Attributes
    ----------
    site, kind, around, equal_sites, position
        As in :class:`lianode.analysis.adsorption.document.SiteRow`.
    energy
        Of the slab with its adsorbates, eV; None where there is none.
    ended
        Where the adsorbate is; None without an energy.
    checks
        Of the calculation.
    reason
        Why there is no energy.
    """

    site: str
    kind: SiteKind
    around: tuple[str, ...]
    equal_sites: int
    position: tuple[float, float]
    energy: float | None = None
    ended: Ended | None = None
    checks: tuple[Check, ...] = ()
    reason: str | None = None


def adsorption_energy(filled: float, bare: float, potential: float, adsorbates: int) -> float:
    """Return [E(slab + n) - E(slab) - n μ] / n, eV per adsorbate.

    Parameters
    ----------
    filled, bare
        Energies of the slab with and without adsorbates, eV.
    potential
        Of the reference, eV per atom: that of the element's crystal, or of the free atom.
    adsorbates
        On both sides together.
    """
    return (filled - bare - adsorbates * potential) / adsorbates


def site_rows(
    slabs: Sequence[AdsorbedSlab],
    *,
    bare: float,
    potential: float,
    adsorbates: int,
    free_atom: FreeAtom | None,
    tolerances: AdsorptionTolerances,
) -> list[SiteRow]:
    """Return the sites, the best first; those without an energy last.

    Sites that relaxed to one configuration name the one of them that stayed where it was put. The best site is the
    lowest whose slab is what it was: one that sank in or rebuilt the surface has another energy than that of a site.

    Parameters
    ----------
    slabs
        One per distinct site.
    bare, potential, adsorbates
        As of :func:`adsorption_energy`.
    free_atom, tolerances
        Of the document.
    """
    rows = [_row(slab, bare, potential, adsorbates, free_atom) for slab in slabs]
    rows = [row.model_copy(update={"same_as": _same(row, rows, tolerances)}) for row in rows]

    def order(row: SiteRow) -> tuple[bool, bool, bool, float]:
        energy = float("inf") if row.adsorption_energy is None else row.adsorption_energy
        return row.adsorption_energy is None, not row.sound, row.same_as is not None, energy

    return sorted(rows, key=order)


def best_site(rows: Sequence[SiteRow], where: str) -> SiteRow:
    """Return the first of :func:`site_rows`.

    Raises
    ------
    InputError
        Where no site has an energy.
    """
    if not rows or rows[0].adsorption_energy is None:
        reasons = "; ".join(dict.fromkeys(f"{row.site}: {row.reason}" for row in rows))
        raise InputError(f"no site has an energy ({reasons or 'nothing was computed'})", where)
    return rows[0]


def site_checks(rows: Sequence[SiteRow], tolerances: AdsorptionTolerances) -> list[Check]:
    """Return the checks that decide whether the best site is to be trusted: its own, and what lies below it.

    Parameters
    ----------
    rows
        Of :func:`site_rows`.
    tolerances
        Of the document.
    """
    best = rows[0]
    lowest = best.adsorption_energy or 0.0
    below = [
        row
        for row in rows
        if row.adsorption_energy is not None and row.adsorption_energy < lowest - tolerances.same_energy
    ]
    names = ", ".join(f"{row.site} by {1e3 * (lowest - (row.adsorption_energy or 0.0)):.0f} meV" for row in below)
    nothing = Check(
        name="nothing_below",
        passed=not below,
        message=f"lower than the best site, but no site of this surface any more: {names}"
        if below
        else "no other configuration that was found is lower than the best site",
    )
    return [*(check for check in best.checks if check.name != SITE_KEPT), nothing]


def _row(slab: AdsorbedSlab, bare: float, potential: float, adsorbates: int, free_atom: FreeAtom | None) -> SiteRow:
    row = SiteRow(
        site=slab.site,
        kind=slab.kind,
        around=slab.around,
        equal_sites=slab.equal_sites,
        position=slab.position,
        reason=slab.reason,
    )
    end = slab.ended
    if slab.energy is None or end is None:
        return row
    energy = adsorption_energy(slab.energy, bare, potential, adsorbates)
    return row.model_copy(
        update={
            "adsorption_energy": energy,
            "adsorption_energy_from_atom": None if free_atom is None else energy - free_atom.cohesive_energy,
            "ended_on": end.site,
            "ended_position": end.position,
            "height": end.height,
            "nearest_distance": end.nearest,
            "neighbours": end.neighbours,
            "slab_displacement": end.slab_displacement,
            "checks": [*(check.model_copy(update={"subject": slab.site}) for check in slab.checks), *end.checks],
        }
    )


def _same(row: SiteRow, rows: Sequence[SiteRow], tolerances: AdsorptionTolerances) -> str | None:
    """Return the site whose configuration a site relaxed to, or None where it is its own."""
    if row.adsorption_energy is None or row.ended_on is None or not row.sound:
        return None
    group = [
        other
        for other in rows
        if other.ended_on == row.ended_on
        and other.sound
        and other.adsorption_energy is not None
        and abs(other.adsorption_energy - row.adsorption_energy) < tolerances.same_energy
    ]
    stands = min(group, key=lambda other: (other.site != other.ended_on, other.adsorption_energy or 0.0, other.site))
    return None if stands.site == row.site else stands.site
