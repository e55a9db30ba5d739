"""From stored calculations to documents: single points beside the energies of the engine whose structures they take."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from lianode.analysis.checks import failed
from lianode.workflows.barrier.analysis import BarrierSpec
from lianode.workflows.calculation import State
from lianode.workflows.hull.analysis import HullSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.checks import Check
    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.hull.hull import HullDocument
    from lianode.analysis.migration.barrier import BarrierDocument
    from lianode.analysis.parity.parity import ParityDocument, ParityRow
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results


class ParitySpec(BaseModel):
    """Everything that decides the single points of a hull or of a phase's barriers, once its calculations are done.

    Attributes
    ----------
    engine
        As documents name it: ``gpaw//sevennet-0``.
    hull
        What was asked for with the engine whose structures these are, or
    barriers
        the same of barriers.
    keys
        Of the single points, by the key of the calculation whose structure they take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    hull: HullSpec | None = None
    barriers: BarrierSpec | None = None
    keys: dict[str, str]


def derive_parity(spec: ParitySpec, results: Results) -> Sequence[PropertyDocument]:
    """Return the parity document, and for a hull before it all documents of the hull of single points.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When there is no hull, or not one hop, to compare.
    """
    documents: list[PropertyDocument] = []
    if spec.hull is not None:
        documents = _hull_of_single_points(spec, spec.hull, results)
        parity = _of_hull(spec, spec.hull, documents, results)
    else:
        parity = _of_barriers(spec, results)
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    done = parity.model_copy(update={"derivation": spec.model_dump(mode="json"), "created": created})
    return [*documents, done]


def _hull_of_single_points(spec: ParitySpec, wanted: HullSpec, results: Results) -> list[PropertyDocument]:
    from lianode.workflows.hull.analysis import derive_hull

    slots = tuple(slot.model_copy(update={"key": spec.keys[slot.key]}) for slot in wanted.phases)
    return derive_hull(wanted.model_copy(update={"engine": spec.engine, "phases": slots, "temperature": None}), results)


def _of_hull(
    spec: ParitySpec, wanted: HullSpec, documents: Sequence[PropertyDocument], results: Results
) -> ParityDocument:
    from lianode.analysis.hull.hull import HullDocument
    from lianode.analysis.parity.parity import ParityRow, left_by_pressure
    from lianode.workflows.hull.analysis import derive_hull

    first = next(one for one in documents if isinstance(one, HullDocument))
    of_relaxed = derive_hull(wanted.model_copy(update={"temperature": None}), results)
    relaxed = next(one for one in of_relaxed if isinstance(one, HullDocument))
    known = {row.name: row for row in relaxed.phases}
    found = results.calculations(list(spec.keys.values()))
    rows = []
    for row in first.phases:
        done = found[first.calculations[row.name]]
        pressure = None if done.stress_GPa is None else -sum(done.stress_GPa[:3]) / 3.0
        rows.append(
            ParityRow(
                name=row.name,
                formula=row.formula,
                energy=known[row.name].formation_energy_per_atom,
                single_point_energy=row.formation_energy_per_atom,
                is_reference=row.name in first.references.values() and row.name in relaxed.references.values(),
                max_force=done.max_force,
                pressure_GPa=pressure,
                left_by_pressure=None if pressure is None else left_by_pressure(pressure, row.volume_per_atom),
            )
        )
    missing = [f"{slot.name}: {_reason(found.get(spec.keys[slot.key]))}" for slot in wanted.phases
               if slot.name not in {row.name for row in first.phases}]  # fmt: skip
    return _document(spec, rows=rows, structures=relaxed, points=first, missing=missing, checks=failed(first.checks))


def _of_barriers(spec: ParitySpec, results: Results) -> ParityDocument:
    from lianode.analysis.migration.barrier import BarrierDocument
    from lianode.analysis.parity.parity import ParityRow
    from lianode.structures.errors import InputError
    from lianode.workflows.barrier.analysis import derive_barriers

    wanted = spec.barriers
    if wanted is None:
        raise ValueError("neither a hull nor barriers")
    hops = [one for one in derive_barriers(wanted, results) if isinstance(one, BarrierDocument)]
    found = results.calculations(list(spec.keys.values()))
    slots = {slot.label: slot for slot in wanted.hops}
    rows, missing, checks = [], [], []
    keys: dict[str, str] = {}
    for hop in hops:
        slot = slots[hop.hop]
        tops = [done for key in slot.halves or (slot.key,) if (done := found.get(spec.keys.get(key, ""))) is not None]
        top = max(tops, key=_energy, default=None)
        start = found.get(spec.keys[wanted.end_points[hop.start_orbit]])
        if top is None or start is None or top.energy is None or start.energy is None:
            missing.append(f"{hop.hop}: {_reason(start if top is not None and top.energy is not None else top)}")
            continue
        keys |= {f"{hop.hop} saddle": top.key, f"{hop.hop} end point": start.key}
        forces = [done.max_force for done in (top, start) if done.max_force is not None]
        rows.append(
            ParityRow(
                name=hop.hop,
                formula=hop.formula,
                energy=hop.barrier_highest_image,
                single_point_energy=top.energy - start.energy,
                max_force=max(forces, default=None),
            )
        )
        checks += [
            check.model_copy(update={"subject": hop.hop}) for done in (start, top) for check in failed(done.checks)
        ]
    if not hops or not found:
        raise InputError("not one hop has a band and single points", f"parity {wanted.phase}")
    first = hops[0].model_copy(update={"method": next(iter(found.values())).method, "calculations": keys})
    return _document(spec, rows=rows, structures=hops[0], points=first, missing=missing, checks=checks)


def _document(
    spec: ParitySpec,
    *,
    rows: list[ParityRow],
    structures: HullDocument | BarrierDocument,
    points: HullDocument | BarrierDocument,
    missing: list[str],
    checks: list[Check],
) -> ParityDocument:
    """Return the document; ``structures`` is of the engine whose structures these are, ``points`` of the other."""
    from lianode.analysis.parity.parity import ParityDocument, differences, ranking_check, rest_checks

    ranking = ranking_check(rows)
    summary = differences(rows)
    return ParityDocument(
        system=points.system,
        phase=points.phase,
        engine=spec.engine,
        campaign=points.campaign,
        method=points.method,
        settings={**points.settings, "structures": structures.method.digest},
        calculations=dict(points.calculations),
        completeness="partial" if missing else "complete",
        missing=missing,
        checks=[*rest_checks(rows), *([ranking] if ranking else []), *checks],
        quantity="barrier" if spec.hull is None else "formation_energy_per_atom",
        structures_engine=structures.engine,
        structures_method=structures.method,
        rows=rows,
        mean_difference=summary.get("mean_difference"),
        mean_absolute_difference=summary.get("mean_absolute_difference"),
        largest_difference=summary.get("largest_difference"),
    )


def _energy(done: Calculation) -> float:
    return -math.inf if done.energy is None else done.energy


def _reason(done: Calculation | None) -> str:
    if done is None:
        return "not computed"
    return f"{done.state.value}: {done.reason}" if done.state is not State.CONVERGED and done.reason else "no energy"
