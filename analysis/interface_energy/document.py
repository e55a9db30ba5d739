"""The energy of an interface, as a document."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.interface_energy.interface_energy import J_PER_M2, LEAST_POINTS, fit_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.interface_energy.interface_energy import Parting, SeriesCell, SeriesFit

MEV = 1e3
AGREE = 0.002
"""eV/Å² (2 meV/Å²) within which the ways to one number have to agree."""
STRAIGHT = 0.001
"""eV/Å² that a cell may lie off the line."""


class SeriesPoint(BaseModel):
    """One closed cell of the series.

    Attributes
    ----------
    layers, film_units, substrate_units, atoms
        What is in it.
    energy
        Of the cell, eV.
    with_bulk_at_rest, with_strained_bulk
        γ by the two references, eV/Å².
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int
    film_units: int
    substrate_units: int
    atoms: int
    energy: float
    with_bulk_at_rest: float
    with_strained_bulk: float | None = None


class InterfaceEnergyDocument(PropertyDocument):
    """Energy of an interface with the strain removed, and the work of adhesion.

    Energies are in eV/Å²; those in J/m² follow from them.

    Attributes
    ----------
    interface
        ``Li_bcc(001)/LiCl(001)``.
    film, substrate
        Names of the two crystals.
    film_strain, substrate_strain
        Largest principal strain of either side in the plane, as fractions.
    area
        Of one interface, Å².
    series
        Closed cells, thinnest first.
    reacted
        Whether the two reacted while a cell relaxed: then no line is drawn, and there is no γ_AB.
    interface_energy
        γ_AB: intercept of the line through the series; with a single cell that of the strained bulk references. None
        where the two reacted.
    interface_energy_error
        Standard error of the intercept.
    strain_energy_per_unit
        Of the film, eV per formula unit: slope of the line.
    strained_bulk_energy_per_unit
        The same from the strained crystal itself.
    by_strained_bulk
        Mean of γ_AB with strained bulk references.
    work_of_adhesion
        W; where the two reacted it contains what the reaction gives.
    film_surface_energy, substrate_surface_energy
        γ_A* and γ_B* of the strained slabs.
    by_adhesion
        γ_A* + γ_B* - W.
    closure
        That less γ_AB.
    wetting
        γ_B* - γ_AB; below zero the film does not wet the substrate.
    """

    property: Literal["interface_energy"] = "interface_energy"
    interface: str
    film: str
    substrate: str
    film_strain: float
    substrate_strain: float
    area: float
    series: list[SeriesPoint]
    reacted: bool = False
    interface_energy: float | None = None
    interface_energy_error: float | None = None
    strain_energy_per_unit: float | None = None
    strained_bulk_energy_per_unit: float | None = None
    by_strained_bulk: float | None = None
    work_of_adhesion: float | None = None
    film_surface_energy: float | None = None
    substrate_surface_energy: float | None = None
    by_adhesion: float | None = None
    closure: float | None = None
    wetting: float | None = None
    notes: list[str] = Field(default_factory=list)

    @computed_field  # type: ignore[prop-decorator]
    @builtins.property
    def interface_energy_J_per_m2(self) -> float | None:  # noqa: N802 - units of the field
        """γ_AB in J/m²."""
        return None if self.interface_energy is None else self.interface_energy * J_PER_M2

    @computed_field  # type: ignore[prop-decorator]
    @builtins.property
    def work_of_adhesion_J_per_m2(self) -> float | None:  # noqa: N802 - units of the field
        """W in J/m²."""
        return None if self.work_of_adhesion is None else self.work_of_adhesion * J_PER_M2


def interface_energy_document(
    cells: Sequence[SeriesCell],
    atoms: Sequence[int],
    *,
    film_unit_energy: float,
    substrate_unit_energy: float,
    strained_film_unit_energy: float | None,
    strained_substrate_unit_energy: float | None,
    parting: Parting | None,
    reacted: bool,
    checks: Sequence[Check],
    **common: Any,
) -> InterfaceEnergyDocument:
    """Return the document of what was computed.

    Parameters
    ----------
    cells, atoms
        Closed cells, thinnest first, and how many atoms they have.
    film_unit_energy, substrate_unit_energy
        Of a formula unit of either crystal at rest, eV.
    strained_film_unit_energy, strained_substrate_unit_energy
        The same, strained as in the cell; None where they could not be computed.
    parting
        The sides together and apart; None where they could not be computed.
    reacted
        Whether the two are no longer the crystals of the cell: then nothing is fitted.
    checks
        Of the calculations.
    common
        The other fields of the document.

    Raises
    ------
    InputError
        When there is neither a series nor a strained reference.
    """
    strained = strained_film_unit_energy, strained_substrate_unit_energy
    rest = film_unit_energy, substrate_unit_energy
    points = [_point(cell, number, rest, strained) for cell, number in zip(cells, atoms, strict=True)]
    if reacted:
        return _reacted(points, cells[0].area, parting, checks, common)
    by_bulk = [point.with_strained_bulk for point in points if point.with_strained_bulk is not None]
    mean = sum(by_bulk) / len(by_bulk) if by_bulk else None
    fit: SeriesFit | None = None
    if len({cell.units for cell in cells}) > 1 or mean is None:
        fit = fit_series(cells, film_unit_energy, substrate_unit_energy)
    energy = fit.interface_energy if fit is not None else float(mean or 0.0)
    fields: dict[str, Any] = {
        "interface_energy": energy,
        "by_strained_bulk": mean,
        "series": points,
        "area": cells[0].area,
    }
    made = list(checks)
    if fit is not None:
        fields |= {"interface_energy_error": fit.error, "strain_energy_per_unit": fit.strain_energy_per_unit}
        made += [_straight(fit, len(cells))]
    if strained_film_unit_energy is not None:
        fields["strained_bulk_energy_per_unit"] = strained_film_unit_energy - film_unit_energy
    if fit is not None and mean is not None:
        made.append(_agree("strain_removed", "strained bulk references", mean, energy))
    if parting is not None:
        fields |= {"work_of_adhesion": parting.work_of_adhesion}
        if strained_film_unit_energy is not None and strained_substrate_unit_energy is not None:
            film, substrate = parting.surface_energies(strained_film_unit_energy, strained_substrate_unit_energy)
            cycle = film + substrate - parting.work_of_adhesion
            fields |= {
                "film_surface_energy": film,
                "substrate_surface_energy": substrate,
                "by_adhesion": cycle,
                "closure": cycle - energy,
                "wetting": substrate - energy,
            }
            made.append(_agree("adhesion_closes", "surface energies less the work of adhesion", cycle, energy))
    return InterfaceEnergyDocument(**fields, **common, checks=made)


def _reacted(
    points: list[SeriesPoint], area: float, parting: Parting | None, checks: Sequence[Check], common: dict[str, Any]
) -> InterfaceEnergyDocument:
    """Return the document of two that react: what was computed, and no energy of an interface."""
    not_made = Check(name="series_is_straight", passed=None, message="not made: what reacted is not fitted")
    return InterfaceEnergyDocument(
        **common,
        series=points,
        area=area,
        reacted=True,
        work_of_adhesion=None if parting is None else parting.work_of_adhesion,
        checks=[*checks, not_made],
    )


def _point(
    cell: SeriesCell, atoms: int, rest: tuple[float, float], strained: tuple[float | None, float | None]
) -> SeriesPoint:
    film, substrate = strained
    return SeriesPoint(
        layers=cell.layers,
        film_units=cell.units,
        substrate_units=cell.other_units,
        atoms=atoms,
        energy=cell.energy,
        with_bulk_at_rest=cell.interface_energy(*rest),
        with_strained_bulk=None if film is None or substrate is None else cell.interface_energy(film, substrate),
    )


def _straight(fit: SeriesFit, number: int) -> Check:
    if number < LEAST_POINTS:
        return Check(name="series_is_straight", passed=None, message=f"not made: {number} cells are always on a line")
    worst = max(map(abs, fit.residuals))
    return Check(
        name="series_is_straight",
        passed=worst <= STRAIGHT,
        message=f"a cell lies {MEV * worst:.2f} meV/Å² off the line (limit {MEV * STRAIGHT:g})",
    )


def _agree(name: str, what: str, value: float, energy: float) -> Check:
    return Check(
        name=name,
        passed=abs(value - energy) <= AGREE,
        message=f"{what} give {MEV * value:.1f} meV/Å², {MEV * (value - energy):+.2f} from {MEV * energy:.1f} (limit "
        f"{MEV * AGREE:g})",
    )
