"""Convex hull of formation energies.

The formation energy per atom of a cell with n_i atoms of element i is

    E_f = [E - sum_i n_i E_i] / sum_i n_i,

where E_i is the energy per atom of the elemental reference of the same method. In the limit of a pure reference it
is 0. The energy above hull is E_f less the energy, per atom, of the phases the composition would decompose into.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check, failed
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.hull.counting import HYPOTHETICAL, Counting, HullImpossibleError, NotCounted, elements_of
from lianode.analysis.hull.diagram import Diagram, Point, same_composition
from lianode.analysis.hull.gaps import consequence
from lianode.analysis.method import single_method
from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import parse_formula, parse_system
from lianode.structures.phase import PhaseKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.energies import MissingPhase, PhaseEnergy


class HullPhase(BaseModel):
    """One phase of a hull.

    Attributes
    ----------
    name, formula, kind
        As in the phase library.
    fractions
        Atomic fraction of each element of the system.
    counted
        Whether the hull is made of it.
    not_counted_because
        Why not.
    formation_energy_per_atom
        eV/atom, against the references of the document.
    energy_above_hull_per_atom
        eV/atom, above the hull of the counted phases. Below zero for a phase that is not counted and would break it.
    stable
        Whether it is a vertex of the hull.
    decomposition
        Counted phases in equilibrium at its composition, with their fractions of the atoms.
    volume_per_atom
        Å³/atom.
    flagged
        Whether a check of its calculation failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    formula: str
    kind: PhaseKind
    fractions: dict[str, float]
    counted: bool
    not_counted_because: NotCounted | None = None
    formation_energy_per_atom: float
    energy_above_hull_per_atom: float
    stable: bool
    decomposition: dict[str, float]
    volume_per_atom: float
    flagged: bool = False


class HullDocument(PropertyDocument):
    """Convex hull of a chemical system.

    Attributes
    ----------
    elements
        Symbols, lithium first.
    references
        Elemental phase that is zero of energy, by element.
    reference_energies
        Their energies, eV/atom.
    phases
        All that were computed, from the last element of the system to lithium.
    stable_phases
        Vertices of the hull, references included, in the same order.
    notes
        Sentences a reader of the figure should see, that are not defects.
    """

    property: Literal["hull"] = "hull"
    elements: list[str]
    references: dict[str, str]
    reference_energies: dict[str, float]
    phases: list[HullPhase]
    stable_phases: list[str]
    notes: list[str] = Field(default_factory=list)

    def phase_named(self, name: str) -> HullPhase:
        """Return the row of one phase."""
        rows = {row.name: row for row in self.phases}
        if name not in rows:
            raise InputError(f"no phase '{name}' in the {self.system} hull{nearest(name, list(rows))}", "phase")
        return rows[name]

    def diagram(self, exclude: Sequence[str] = ()) -> Diagram:
        """Return the geometry of the counted phases, less some names or formulas."""
        points = [
            Point(name=row.name, fractions=row.fractions, energy=row.formation_energy_per_atom)
            for row in self.phases
            if row.counted and row.name not in exclude and row.formula not in exclude
        ]
        return Diagram(points, self.elements)


def hull(
    energies: Sequence[PhaseEnergy],
    *,
    system: str,
    engine: str,
    campaign: str,
    references: Mapping[str, str] | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    missing: Sequence[MissingPhase] = (),
    temperature: float | None = None,
) -> HullDocument:
    """Compute the convex hull of a system of any number of elements.

    Parameters
    ----------
    energies
        Energies of the phases, all of one method; of cells of any size. For a hull at a temperature they are free
        energies (see :func:`lianode.analysis.free_energy.thermal.with_free_energy`).
    system
        Elements joined by ``-``, lithium first: ``Li-In``.
    engine, campaign
        For the document.
    references
        Fixed elemental references, ``{"Sn": "Sn_beta"}``. Other elements take their most stable counted phase. Phases
        of that element below a fixed reference are listed, with a negative formation energy, and not counted.
    include
        Names or formulas of hypothetical phases that count; the word ``hypothetical`` counts all of them.
    exclude
        Names or formulas of phases that do not count.
    missing
        Phases that were asked for and have no energy.
    temperature
        Temperature of the free energies, K; None for energies at 0 K without zero-point motion.

    Raises
    ------
    MethodMismatchError
        When the energies are of several methods.
    HullImpossibleError
        When an element has no counted phase, or nothing was computed.
    InputError
        When a name is unknown, two phases share one, or a phase lies outside the system.
    """
    if not energies:
        lost = "; ".join(f"{m.name}: {m.reason}" for m in missing)
        raise HullImpossibleError(f"the {system} hull has no energies{f' ({lost})' if lost else ''}")
    method = single_method((energy.method for energy in energies), f"the {system} hull")
    elements = list(parse_system(system))
    system = "-".join(elements)
    ordered = sorted(energies, key=lambda e: (_fractions(e, elements)[elements[0]], e.formula, e.energy_per_atom))
    # a single word is a sequence of letters too
    include, exclude = ([w] if isinstance(w, str) else list(w) for w in (include, exclude))
    counting = Counting(references=references or {}, include=include, exclude=exclude)
    counting.check(ordered, missing, elements)
    found = {element: counting.reference(element, ordered, missing) for element in elements}
    zero = {element: reference.energy_per_atom for element, reference in found.items()}
    at_zero = {reference.name for reference in found.values()}
    points = {
        e.name: Point(
            name=e.name,
            fractions=_fractions(e, elements),
            energy=0.0 if e.name in at_zero else _formation(e, zero),
        )
        for e in ordered
    }
    excluded = {e.name: _not_counted(e, counting, points[e.name].energy) for e in ordered}

    counted = [points[e.name] for e in ordered if excluded[e.name] is None]
    diagram = Diagram(counted, elements)
    stable = diagram.stable
    rows = [
        HullPhase(
            name=e.name,
            formula=e.formula,
            kind=e.kind,
            fractions=dict(points[e.name].fractions),
            counted=excluded[e.name] is None,
            not_counted_because=excluded[e.name],
            formation_energy_per_atom=points[e.name].energy,
            energy_above_hull_per_atom=0.0
            if e.name in stable
            else points[e.name].energy - diagram.energy(points[e.name].fractions),
            stable=e.name in stable,
            decomposition=diagram.decomposition(points[e.name].fractions),
            volume_per_atom=e.volume / e.n_atoms,
            flagged=bool(failed(e.checks)),
        )
        for e in ordered
    ]
    fixed = {element: name for element, name in sorted(counting.references.items()) if element in elements}
    return HullDocument(
        system=system,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={
            "references": fixed,
            "include": sorted(include),
            "exclude": sorted(exclude),
            "temperature": temperature,
        },
        calculations={e.name: e.calculation_key for e in ordered},
        completeness="partial" if missing else "complete",
        missing=[
            f"{phase.name} is missing ({phase.reason}): "
            + consequence(
                _missing_fractions(phase, elements),
                counts=counting.reason(phase) is None,
                diagram=diagram,
                points=counted,
            )
            for phase in missing
        ],
        checks=[
            Check(name="one_method", passed=True, message=f"all {len(ordered)} energies are from {method.label}"),
            *_below_hull(rows, counted, stable, elements),
            *(check.model_copy(update={"subject": e.name}) for e in ordered for check in e.checks),
        ],
        elements=elements,
        references={element: reference.name for element, reference in found.items()},
        reference_energies=zero,
        phases=rows,
        stable_phases=[row.name for row in rows if row.stable],
        notes=_notes(rows, fixed),
    )


def _fractions(energy: PhaseEnergy, elements: Sequence[str]) -> dict[str, float]:
    return {element: energy.composition.get(element, 0) / energy.n_atoms for element in elements}


def _missing_fractions(phase: MissingPhase, elements: Sequence[str]) -> dict[str, float]:
    amounts = parse_formula(phase.formula)
    return {element: amounts.get(element, 0.0) / sum(amounts.values()) for element in elements}


def _formation(energy: PhaseEnergy, zero: Mapping[str, float]) -> float:
    return (energy.energy - sum(n * zero[element] for element, n in energy.composition.items())) / energy.n_atoms


def _not_counted(energy: PhaseEnergy, counting: Counting, formation_energy: float) -> NotCounted | None:
    reason = counting.reason(energy)
    fixed = any(elements_of(energy) == {element} for element in counting.references)
    if fixed and formation_energy < 0 and reason != "excluded":
        return "below fixed reference"
    return reason


def _below_hull(
    rows: Sequence[HullPhase], counted: Sequence[Point], stable: set[str], elements: Sequence[str]
) -> list[Check]:
    """Say for every hypothetical phase below the hull what counting it would do."""
    checks = []
    for row in rows:
        if row.not_counted_because != HYPOTHETICAL or row.energy_above_hull_per_atom >= 0:
            continue
        point = Point(name=row.name, fractions=row.fractions, energy=row.formation_energy_per_atom)
        if sum(fraction > 0 for fraction in row.fractions.values()) == 1:
            effect = "counting it would make it the reference and shift every formation energy"
        else:
            lost = sorted(stable - Diagram([*counted, point], elements).stable)
            effect = f"counting it would take {', '.join(lost)} off the hull" if lost else "counting it adds a vertex"
        checks.append(
            Check(
                name="no_uncounted_phase_below_hull",
                passed=False,
                message=f"{row.name} is hypothetical, not counted, and lies "
                f"{-1000 * row.energy_above_hull_per_atom:.1f} meV/atom below the hull; {effect}",
                subject=row.name,
            )
        )
    return checks or [
        Check(
            name="no_uncounted_phase_below_hull",
            passed=True,
            message="no hypothetical phase that is not counted lies below the hull",
        )
    ]


def _notes(rows: Sequence[HullPhase], fixed: Mapping[str, str]) -> list[str]:
    notes = []
    for row in rows:
        depth = f"{-1000 * row.energy_above_hull_per_atom:.1f} meV/atom below"
        if row.not_counted_because == "below fixed reference":
            element = next(e for e, fraction in row.fractions.items() if fraction > 0)
            notes.append(f"{row.name} lies {depth} {fixed[element]}, the reference that was asked for; not counted")
        elif row.not_counted_because == "excluded" and row.energy_above_hull_per_atom < 0:
            notes.append(f"{row.name} was excluded; it lies {depth} the hull")
        twins = [r for r in rows if r.counted and row.stable and same_composition(r.fractions, row.fractions)]
        close = [t.name for t in twins if t.name != row.name and t.energy_above_hull_per_atom < 1e-3]
        if close:
            notes.append(f"{', '.join(close)} within 1 meV/atom of {row.name}")
    return notes
