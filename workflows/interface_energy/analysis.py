"""From stored calculations to the document of an interface energy."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from lianode.analysis.checks import Check, failed
from lianode.analysis.interface_energy.document import interface_energy_document
from lianode.analysis.interface_energy.interface_energy import Parting, SeriesCell
from lianode.analysis.method import single_method
from lianode.structures.errors import InputError
from lianode.structures.formulas import reduced_amounts
from lianode.structures.interfaces.strain import largest_principal
from lianode.workflows.calculation import State
from lianode.workflows.interface_md.starts import built_cell
from lianode.workflows.promotion import NoStartError

if TYPE_CHECKING:
    from lianode.analysis.documents import PropertyDocument
    from lianode.structures.interfaces.interface_cell import InterfaceCell
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.interface_md.starts import BuiltCell
    from lianode.workflows.results import Results

WENT_FAR = 1.2
"""Å that an atom may move, beside what its side does as a whole, before it counts as gone from its place."""
REACTION = "no_reaction"
NORMAL_STRESS = 0.2
"""GPa along the normal of a closed cell, or a strained crystal, whose height could not relax."""


class InterfaceEnergySpec(BaseModel):
    """Everything that decides the document of an interface energy, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system, interface, film, substrate
        For the document.
    crystals
        Keys of the relaxations of the film's crystal, and of the substrate's models.
    parameters
        Of the cells, by the film's lattice planes; see :func:`lianode.workflows.interface_md.starts.cell_parameters`.
    series
        Keys of the closed cells, by the film's lattice planes.
    bulks
        Keys of the strained crystals: ``film bulk``, ``substrate bulk``.
    parting
        Keys of the cells with vacuum: ``whole``, ``film``, ``substrate``; empty where they are not wanted.
    settings
        Of the document.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    interface: str
    film: str
    substrate: str
    crystals: tuple[str, ...]
    parameters: dict[int, dict[str, Any]]
    series: dict[int, str]
    bulks: dict[str, str]
    parting: dict[str, str]
    settings: dict[str, Any]


def derive_interface_energy(spec: InterfaceEnergySpec, results: Results) -> list[PropertyDocument]:
    """Return the document of an interface energy.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When a crystal, or all closed cells but one without strained references, have no energy.
    """
    keys = [*spec.crystals, *spec.series.values(), *spec.bulks.values(), *spec.parting.values()]
    return [_Interface(spec, results.calculations(keys)).document()]


class _Interface:
    """An interface with what was computed of it."""

    def __init__(self, spec: InterfaceEnergySpec, found: dict[str, Calculation]) -> None:
        self.spec, self.found = spec, found
        self.missing: list[str] = []
        try:
            self.built: dict[int, BuiltCell] = {
                layers: built_cell(spec.crystals, parameters, found) for layers, parameters in spec.parameters.items()
            }
        except NoStartError as error:
            raise InputError(str(error), spec.interface) from error
        self.first = self.built[min(self.built)]

    def document(self) -> PropertyDocument:
        """Return the document."""
        spec, cell = self.spec, self.first.cell
        wanted = {
            layers: self._done(key, f"the cell of {layers} planes") for layers, key in sorted(spec.series.items())
        }
        series = {layers: done for layers, done in wanted.items() if done is not None}
        cells = [self._series_cell(layers, done) for layers, done in series.items()]
        if not cells:
            raise InputError(f"no closed cell has an energy: {'; '.join(self.missing)}", spec.interface)
        film, substrate = self._unit_energy(self.first.anode), self._unit_energy(self.first.model)
        bulks = {name: self._done(key, f"the strained {name}") for name, key in spec.bulks.items()}
        parts = {name: self._done(key, f"apart: {name}") for name, key in spec.parting.items()}
        strained = {name: None if done is None else self._unit_energy(done, name) for name, done in bulks.items()}
        used = {"film": self.first.anode, "substrate": self.first.model}
        used |= {f"{layers} planes": done for layers, done in series.items()}
        used |= {name: done for name, done in {**bulks, **{f"{k} apart": v for k, v in parts.items()}}.items() if done}
        method = single_method((one.method for one in used.values()), f"the energy of {spec.interface}")
        kept = self._kept(series, parts.get("whole"))
        return interface_energy_document(
            cells,
            [done.n_atoms for done in series.values()],
            film_unit_energy=film,
            substrate_unit_energy=substrate,
            strained_film_unit_energy=strained.get("film bulk"),
            strained_substrate_unit_energy=strained.get("substrate bulk"),
            parting=self._parting(parts),
            reacted=any(check.name == REACTION for check in failed(kept)),
            checks=[*self._of_cells(series), *kept, *_heights(series, bulks), *self._of_calculations(used)],
            system=spec.system,
            engine=spec.engine,
            campaign=spec.campaign,
            method=method,
            settings=spec.settings | {"interface": spec.interface},
            calculations={name: done.key for name, done in used.items()},
            completeness="partial" if self.missing else "complete",
            missing=self.missing,
            interface=spec.interface,
            film=spec.film,
            substrate=spec.substrate,
            film_strain=largest_principal(cell.film_strain),
            substrate_strain=largest_principal(cell.substrate_strain),
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            derivation=spec.model_dump(mode="json"),
        )

    def _done(self, key: str, what: str) -> Calculation | None:
        done = self.found.get(key)
        if done is not None and done.state is State.CONVERGED and done.energy is not None:
            return done
        why = "not computed" if done is None else f"{done.state.value}: {done.reason or 'no reason'}"
        self.missing.append(f"{what} has no energy ({why})")
        return None

    def _unit_energy(self, done: Calculation, name: str | None = None) -> float:
        """Return the energy of a formula unit of a crystal, eV."""
        side = "film" if done is self.first.anode or name == "film bulk" else "substrate"
        slab = self.first.cell.film if side == "film" else self.first.cell.substrate
        unit = sum(reduced_amounts(Counter(slab.surface.elements)).values())
        return (done.energy or 0.0) / done.n_atoms * unit

    def _series_cell(self, layers: int, done: Calculation) -> SeriesCell:
        cell = self.built[layers].cell
        return SeriesCell(
            layers=layers,
            units=cell.film_formula_units,
            other_units=cell.substrate_formula_units,
            energy=float(done.energy or 0.0),
            area=cell.area,
        )

    def _parting(self, parts: dict[str, Calculation | None]) -> Parting | None:
        energies = {name: done.energy for name, done in parts.items() if done is not None}
        if len(energies) < 3:
            return None
        cell = self.built[max(self.built)].cell
        return Parting(
            together=float(energies["whole"] or 0.0),
            film=float(energies["film"] or 0.0),
            substrate=float(energies["substrate"] or 0.0),
            film_units=cell.film_formula_units,
            substrate_units=cell.substrate_formula_units,
            area=cell.area,
        )

    def _of_cells(self, series: dict[int, Calculation]) -> list[Check]:
        """Return what there is to say about the closed cells."""
        checks = [self.first.strain_check()]
        unequal = [layers for layers in series if not self.built[layers].cell.equal_interfaces]
        checks.append(
            Check(
                name="equal_interfaces",
                passed=not unequal,
                message="both interfaces of every cell are equal" if not unequal else
                f"the two interfaces of the cells of {', '.join(map(str, unequal))} planes differ: energies are means",
            )
        )  # fmt: skip
        excess = {side: left for side, left in self.first.cell.excess.items() if left}
        checks.append(
            Check(
                name="stoichiometric",
                passed=not excess,
                message="both sides are whole formula units" if not excess else
                f"the {' and the '.join(excess)} has atoms beyond whole formula units, whose potentials count",
            )
        )  # fmt: skip
        return checks

    def _kept(self, series: dict[int, Calculation], apart: Calculation | None) -> list[Check]:
        """Say whether every cell still holds the two crystals that it was built of."""
        made = {f"the cell of {layers} planes": (self.built[layers].cell, done) for layers, done in series.items()}
        if apart is not None:
            made["the cell with vacuum"] = (self._parted(), apart)
        return [check for name, (cell, done) in made.items() for check in arrangement_checks(cell, done, name)]

    def _parted(self) -> InterfaceCell:
        """Return the cell with vacuum, in whose box the two are parted."""
        parameters = self.spec.parameters[max(self.built)]
        open_cell = {**parameters["cell"], "vacuum": self.spec.settings["vacuum"]}
        return built_cell(self.spec.crystals, {**parameters, "cell": open_cell}, self.found).cell

    def _of_calculations(self, used: dict[str, Calculation]) -> list[Check]:
        """Return the failed checks of calculations; those of symmetry mean nothing for cells that have none."""
        return [
            check.model_copy(update={"subject": name})
            for name, done in used.items()
            for check in failed(done.checks)
            if check.name not in {"space_group_kept", "volume_kept"} or name in {"film", "substrate"}
            if not (check.name == "space_group_kept" and done.space_group_before == 1)
        ]


def _heights(series: dict[int, Calculation], bulks: dict[str, Calculation | None]) -> list[Check]:
    """Return a failed check for every closed cell and strained crystal that is under stress along its normal."""
    names = {f"the cell of {layers} planes": done for layers, done in series.items()}
    names |= {f"the strained {name}": done for name, done in bulks.items() if done is not None}
    found = []
    for name, done in names.items():
        stress = 0.0 if done.stress_GPa is None else abs(done.stress_GPa[2])
        if stress > NORMAL_STRESS:
            found.append(
                Check(
                    name="normal_stress",
                    passed=False,
                    message=f"{name} is under {stress:.2f} GPa along its normal (limit {NORMAL_STRESS:g} GPa): its "
                    "height did not relax",
                )
            )
    return found


def arrangement_checks(cell: InterfaceCell, done: Calculation, name: str) -> list[Check]:
    """Say whether the two sides of a relaxed cell are still there, and arranged as they were.

    What a substrate is made of besides the film's elements (the sulphur and phosphorus of a sulfide under lithium) is
    its frame: atoms of it leave their places when the two react. Other atoms may also hop, or slide into another
    registry, which changes the interface but leaves one.

    Parameters
    ----------
    cell
        As it was built.
    done
        Its relaxation; the box may be another one.
    name
        Of the cell, for the messages.
    """
    from pymatgen.core import Structure

    after = Structure.from_dict(done.structure or {})
    # the height of a box may differ, so displacements are those of fractional coordinates
    apart = np.asarray(after.frac_coords) - np.asarray(cell.structure.frac_coords)
    moved = (apart - np.rint(apart)) @ after.lattice.matrix
    for atoms in (cell.film_atoms, cell.substrate_atoms):
        moved[atoms] -= moved[atoms].mean(axis=0)
    far = np.linalg.norm(moved, axis=1)
    elements = np.array([site.specie.symbol for site in after])
    of_film = set(elements[cell.film_atoms])
    frame = [index for index in cell.substrate_atoms if elements[index] not in of_film] or list(cell.substrate_atoms)
    others = [index for index in range(len(after)) if index not in set(frame)]
    found = []
    for what, which, places, meaning in (
        (REACTION, "of the substrate's frame", frame, "the two have reacted, and no interface of theirs is left"),
        ("arrangement_kept", "beside the substrate's frame", others, "it hopped or slid, and the interface is another"),
    ):
        largest = float(far[places].max()) if places else 0.0
        found.append(
            Check(
                name=what,
                passed=largest <= WENT_FAR,
                message=f"an atom {which} moved by {largest:.2f} Å in {name} (limit {WENT_FAR:g} Å; beyond, {meaning})",
            )
        )
    return found
