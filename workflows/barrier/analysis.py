"""From stored calculations to the documents of migration barriers."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from lianode.analysis.checks import Check, failed
from lianode.structures.hops.hop import Mechanism
from lianode.workflows.calculation import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymatgen.core import Structure

    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.method import MethodKey
    from lianode.analysis.migration.barrier import BarrierDocument, Coordination
    from lianode.analysis.migration.migration import MissingHop, RateOptions
    from lianode.analysis.migration.site_network import SiteNetwork
    from lianode.structures.hops.hop import EndPoints, Hop
    from lianode.structures.hops.supercell import Supercell
    from lianode.workflows.barrier.starts import Survey
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

HZ_PER_THZ = 1e12
JUDGED_AGAIN = frozenset(
    {"forces_converged", "end_points_are_minima", "end_points_differ", "path_continuous", "one_maximum"}
)
"""Checks of a band that the barrier's document makes from the profile, with its own tolerances."""
Row = tuple[int, int, int]


class HopSlot(BaseModel):
    """One hop and the key of its band.

    Attributes
    ----------
    label
        Of the hop.
    key
        Of the band.
    halves
        Keys of the two bands that a hop with a minimum on its way falls into.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    key: str
    halves: tuple[str, str] | None = None


class BarrierSpec(BaseModel):
    """Everything that decides the barriers of a phase, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system, phase, formula
        For the documents.
    mechanism, cutoff
        As in :class:`lianode.workflows.barrier.entry.BarrierEntry`: with the host they give the hops.
    host
        Unrelaxed primitive cell in which the hops are found, as a pymatgen dictionary.
    repeats
        Vectors of the supercell as rows.
    crystal
        Key of the relaxation of the primitive cell.
    end_points
        Keys of the relaxations with the defect on each site, by its name.
    hops
        What was asked for.
    supercell_length, images, max_force, max_climb_force
        How the bands were computed.
    temperatures, attempt_frequency_THz, defect_concentration
        Of the diffusivities.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    phase: str
    formula: str
    mechanism: Mechanism
    cutoff: float | None = None
    host: dict[str, Any]
    repeats: tuple[Row, Row, Row]
    crystal: str
    end_points: dict[str, str]
    hops: tuple[HopSlot, ...]
    supercell_length: float
    images: int
    max_force: float
    max_climb_force: float
    temperatures: tuple[float, ...] = ()
    attempt_frequency_THz: float
    defect_concentration: float | None = None

    @field_validator("host", mode="before")
    @classmethod
    def _as_dictionary(cls, value: Any) -> Any:
        """Take a pymatgen object too: jobflow makes one of every dictionary that looks like one."""
        return value.as_dict() if hasattr(value, "as_dict") else value

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the documents."""
        return {
            "mechanism": self.mechanism,
            "cutoff": self.cutoff,
            "supercell_length": self.supercell_length,
            "images": self.images,
            "max_force": self.max_force,
            "max_climb_force": self.max_climb_force,
        }


def derive_barriers(spec: BarrierSpec, results: Results) -> list[PropertyDocument]:
    """Return one document for each hop with a band, and the one of the phase, which says what is missing and why.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When not one hop has a band.
    """
    from lianode.analysis.migration.migration import MissingHop, migration

    bands = [key for slot in spec.hops for key in (slot.key, *(slot.halves or ()))]
    found = results.calculations([spec.crystal, *spec.end_points.values(), *bands])
    phase = _Phase(spec, found)
    hops: list[BarrierDocument] = []
    missing: list[MissingHop] = []
    for slot in spec.hops:
        done = phase.one_place(found.get(slot.key), slot)
        if done is None or done.state is not State.CONVERGED or done.band is None:
            missing.append(MissingHop(label=slot.label, reason=_reason(done)))
        else:
            hops.append(phase.barrier(slot, done))
    method = hops[0].method if hops else None
    across = migration(
        hops,
        phase.network(),
        missing=missing,
        rates=_rates(spec),
        energy_above_hull_per_atom=None if method is None else _above_hull(spec, method, results),
        settings=spec.settings,
    )
    across = across.model_copy(update={"derivation": spec.model_dump(mode="json")})
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return [document.model_copy(update={"created": created}) for document in (*hops, across)]


class _Phase:
    """The phase with what was computed of it."""

    def __init__(self, spec: BarrierSpec, found: Mapping[str, Calculation]) -> None:
        from pymatgen.core import Structure

        from lianode.structures.hops.supercell import Supercell
        from lianode.workflows.barrier.starts import survey_of

        host = Structure.from_dict(spec.host)
        self.spec, self.found = spec, found
        self.crystal = found.get(spec.crystal)
        self.unrelaxed = survey_of(spec.mechanism, host, spec.cutoff)
        relaxed = self.crystal is not None and self.crystal.state is State.CONVERGED and self.crystal.structure
        cell = Structure.from_dict(relaxed) if relaxed else host
        self.survey: Survey = self.unrelaxed.on(cell)
        self.cell: Supercell = Supercell(cell, spec.repeats)

    def network(self) -> SiteNetwork:
        """Return sites, or pairs, and all hops between them."""
        from lianode.analysis.migration.site_network import pair_network, site_network
        from lianode.structures.hops.exchange import ExchangeSurvey

        return pair_network(self.survey) if isinstance(self.survey, ExchangeSurvey) else site_network(self.survey)

    def one_place(self, done: Calculation | None, slot: HopSlot) -> Calculation | None:
        """Give a band whose ends are one configuration a level path, so that the network knows the energy of its sites.

        Other calculations are returned as they are.
        """
        from lianode.analysis.migration.band import Band
        from lianode.workflows.barrier.starts import leads_nowhere

        if done is None or not leads_nowhere(done):
            return done
        hop = self.unrelaxed.hop(slot.label)
        end = self.found[self.spec.end_points[hop.start_orbit]]
        band = Band(
            coordinates=[0.0, 0.5 * hop.length, hop.length],
            energies=[float(end.energy or 0.0)] * 3,
            tangential_forces=[0.0] * 3,
            perpendicular_forces=[0.0] * 3,
        )
        said = Check(name="end_points_held", passed=False, message=str(done.reason))
        return done.model_copy(update={"state": State.CONVERGED, "band": band, "checks": [said]})

    def barrier(self, slot: HopSlot, done: Calculation) -> BarrierDocument:
        """Return the document of one hop."""
        from lianode.analysis.migration.barrier import barrier
        from lianode.analysis.migration.barrier_checks import BandTolerances

        if done.band is None:
            raise ValueError(f"band {done.key} converged without a profile")
        spec, hop = self.spec, self.unrelaxed.hop(slot.label)
        ends = dict.fromkeys((hop.start_orbit, hop.end_orbit))
        halves = self._halves(slot)
        parts = [half for half in halves if half.band is not None and half.state is State.CONVERGED]
        whole = len(parts) < 2
        top = done if whole else max(parts, key=lambda half: half.energy or -math.inf)
        return barrier(
            [done.band] if whole else [half.band for half in parts if half.band is not None],
            hop,
            system=spec.system,
            phase=spec.phase,
            formula=spec.formula,
            cell_formula=done.formula,
            n_atoms=done.n_atoms,
            engine=spec.engine,
            campaign=spec.campaign,
            method=done.method,
            calculations={
                "crystal": spec.crystal,
                "band": slot.key,
                **{f"{name} half": half.key for name, half in zip(("first", "second"), halves, strict=False)},
                **{f"end point {orbit}": spec.end_points[orbit] for orbit in ends},
            },
            coordination=self._coordination(hop, top),
            image_distance=self.cell.image_distance,
            tolerances=BandTolerances(max_force=spec.max_force, climbing_force=2 * spec.max_climb_force),
            settings=spec.settings,
            checks=[
                *self._of_crystal(),
                *(_own(done) if whole else _joined(parts)),
                *_undone(halves if whole else []),
            ],
        )

    def _halves(self, slot: HopSlot) -> list[Calculation]:
        """Return the halves of a hop that the store holds."""
        return [self.found[key] for key in slot.halves or () if key in self.found]

    def _of_crystal(self) -> list[Check]:
        """Return what is wrong with the relaxation of the crystal."""
        wrong = failed(self.crystal.checks) if self.crystal is not None else []
        return [check.model_copy(update={"subject": self.spec.phase}) for check in wrong]

    def _coordination(self, hop: Hop, done: Calculation) -> Coordination | None:
        """Count the neighbours of the moving atom at both relaxed ends and at the highest image."""
        from pymatgen.core import Structure

        from lianode.analysis.migration.barrier import Coordination
        from lianode.structures.hops.coordination import coordination, shell_radius

        points = self._ends(hop)
        if points is None or done.structure is None:
            return None
        radius = shell_radius(self.survey.sites)
        places = (points.initial, Structure.from_dict(done.structure), points.final)
        initial, saddle, final = (coordination(place, points.moving, radius=radius) for place in places)
        return Coordination(
            radius=radius,
            initial=initial.number,
            saddle=saddle.number,
            final=final.number,
            effective_initial=initial.effective,
            effective_saddle=saddle.effective,
            effective_final=final.effective,
        )

    def _ends(self, hop: Hop) -> EndPoints | None:
        """Return the relaxed ends of a hop, or None where one is not in the store any more."""
        from lianode.workflows.barrier.starts import hop_ends

        relaxed: dict[str, Structure] = {}
        for orbit in (hop.start_orbit, hop.end_orbit):
            done = self.found.get(self.spec.end_points[orbit])
            if done is None or done.structure is None:
                return None
            relaxed[orbit] = _structure(done.structure)
        return hop_ends(self.survey, self.survey.hop(hop.label), self.cell, relaxed, mirrored=hop.symmetric)


def _own(band: Calculation) -> list[Check]:
    """Return the checks of a band that its document does not make itself."""
    return [check for check in band.checks if check.name not in JUDGED_AGAIN]


def _joined(halves: Sequence[Calculation]) -> list[Check]:
    """Return the checks of both halves, which say whose they are."""
    return [
        check.model_copy(update={"message": f"{half.label.split()[-2]} half: {check.message}"})
        for half in halves
        for check in _own(half)
    ]


def _undone(halves: Sequence[Calculation]) -> list[Check]:
    """Say why the halves of a hop do not count."""
    return [
        Check(name="halves_computed", passed=False, message=f"{half.label} is {_reason(half)}")
        for half in halves
        if half.band is None or half.state is not State.CONVERGED
    ]


def _structure(dictionary: dict[str, Any]) -> Structure:
    from pymatgen.core import Structure

    return Structure.from_dict(dictionary)


def _rates(spec: BarrierSpec) -> RateOptions:
    from lianode.analysis.migration.diffusivity import LithiumTransport
    from lianode.analysis.migration.migration import RateOptions

    concentration = spec.defect_concentration
    return RateOptions(
        temperatures=spec.temperatures,
        attempt_frequency_Hz=HZ_PER_THZ * spec.attempt_frequency_THz,
        lithium=None if concentration is None else LithiumTransport(defect_concentration=concentration),
    )


def _above_hull(spec: BarrierSpec, method: MethodKey, results: Results) -> float | None:
    """Return the energy above the hull at 0 K by the same method, eV/atom: of this campaign, or else the newest."""
    stored = results.properties(
        {"property": "phase_stability", "phase": spec.phase, "engine": spec.engine, "superseded_by": None}
    )
    same = [
        document
        for document in stored
        if document["settings"].get("temperature") is None and document["method"] == method.model_dump(mode="json")
    ]
    if not same:
        return None
    best = max(same, key=lambda document: (document["campaign"] == spec.campaign, document["created"]))
    return float(best["energy_above_hull_per_atom"])


def _reason(done: Calculation | None) -> str:
    if done is None:
        return "not computed"
    return f"{done.state.value}: {done.reason}" if done.reason else done.state.value
