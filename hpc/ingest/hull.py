"""Hulls and voltage curves of runs that were made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.method import pooled
from lianode.hpc.ingest.convert import ENGINE
from lianode.hpc.ingest.judge import Kind
from lianode.hpc.ingest.method import gap
from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import composition_key, reduced_formula
from lianode.structures.phase import Phase
from lianode.workflows.calculation import State
from lianode.workflows.engines.vasp.incar import VACUUM
from lianode.workflows.hull.analysis import HullSpec, PhaseSlot, derive_hull

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymatgen.core import Structure

    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.method import MethodKey
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

CRYSTALS = frozenset({Kind.STATIC.value, Kind.RELAXATION.value})


def ingested_hull(
    calculations: Iterable[Calculation], results: Results, *, system: str, campaign: str, method: str | None = None
) -> list[PropertyDocument]:
    """Return the documents of a hull of ingested calculations; nothing is written.

    Counted are converged statics and relaxations of crystals, and of molecules in a box; slabs, images of bands and
    dynamics are not. A phase is named by the library where it is one of its crystals, and by its formula otherwise; of
    several calculations of one phase the lowest energy per atom counts.

    Parameters
    ----------
    calculations
        To choose from; the store holds them.
    results
        The store.
    system, campaign
        For the documents, as a campaign file writes them.
    method
        Beginning of the name of a method (:func:`method_name`), where there are several.

    Raises
    ------
    InputError
        For a system or name that no campaign can have, calculations of several methods, none at all, or an element
        without a phase.
    """
    from lianode.analysis.hull.counting import HullImpossibleError

    system = checked_system(system, campaign)
    elements = set(system.split("-"))
    usable = {c.key: c for c in calculations if _is_usable(c, elements)}
    if not usable:
        raise InputError(f"no converged crystal of {system} is among the runs", f"hull {system}")
    groups = by_method(list(usable.values()))
    chosen = _choose(groups, method, system)
    slots = name_phases(chosen, system)
    spec = HullSpec(
        campaign=campaign,
        engine=engine_name(pooled([c.method for c in chosen]) or chosen[0].method),
        system=system,
        phases=tuple(slots),
        include=tuple(slot.name for slot in slots if slot.kind == "hypothetical" and not _is_library(slot.name)),
    )
    try:
        return derive_hull(spec, results)
    except HullImpossibleError as error:
        raise InputError(str(error), f"hull {system}") from error


def by_method(calculations: Sequence[Calculation]) -> list[list[Calculation]]:
    """Sort calculations into groups of one method each, the largest first.

    Methods of single runs are not always equal where they agree (:func:`lianode.analysis.method.pooled`), so a run
    joins the first group that it agrees with, those whose k-points leave least open first.
    """
    groups: list[list[Calculation]] = []
    for calculation in sorted(calculations, key=lambda c: (_openness(c.method), c.key)):
        for group in groups:
            if pooled([*(c.method for c in group), calculation.method]) is not None:
                group.append(calculation)
                break
        else:
            groups.append([calculation])
    return sorted(groups, key=lambda group: (-len(group), group[0].key))


def _openness(method: MethodKey) -> float:
    return 0.0 if method.k_density_range is None else method.k_density_range[1] - method.k_density_range[0]


def method_name(group: Sequence[Calculation]) -> str:
    """Return six hexadecimal digits for the common method of a group."""
    found = pooled([c.method for c in group])
    return (found or group[0].method).digest[:6]


def describe(group: Sequence[Calculation]) -> str:
    """Return the common method of a group in words."""
    method = pooled([c.method for c in group]) or group[0].method
    if method.k_density_range is not None:
        low, high = method.k_density_range
        points = f"k-density {low:.1f} to {high:.1f}"
    else:
        points = f"k-density {method.k_density:g}" if method.k_density else "k-points in no mesh"
    sets = ", ".join(value for name, value in (method.potentials or {}).items() if name != "set")
    parts = [f"{method.functional} {method.cutoff_eV:g} eV", points, method.dispersion, sets]
    return f"{method_name(group)}: {', '.join(part for part in parts if part)} ({len(group)} runs)"


def engine_name(method: MethodKey) -> str:
    """Return the name of the engine in documents: two methods of one campaign must not replace each other's."""
    words = "".join(c if c.isalnum() else "-" for c in method.functional.lower()).strip("-")
    return f"{ENGINE}-{words}-{method.cutoff_eV:g}"


def _choose(groups: list[list[Calculation]], method: str | None, system: str) -> list[Calculation]:
    names = [method_name(group) for group in groups]
    if method is None:
        if len(groups) == 1:
            return groups[0]
        listed = "; ".join(describe(group) for group in groups)
        raise InputError(
            f"the runs are of {len(groups)} methods, whose energies must not be mixed ({listed}); choose one, such as "
            f"--method {names[0]}",
            f"hull {system}",
        )
    found = [group for name, group in zip(names, groups, strict=True) if name.startswith(method.lower())]
    if len(found) != 1:
        known = ", ".join(names)
        raise InputError(
            f"no one method begins with '{method}'{nearest(method, names)}; there are: {known}", "--method"
        )
    return found[0]


def checked_system(system: str, campaign: str) -> str:
    """Return the system with lithium first.

    Raises
    ------
    InputError
        When a campaign file could not have this system, or not this name.
    """
    from pydantic import ValidationError

    from lianode.workflows.campaign.campaign import Campaign

    content = {"name": campaign, "engine": "morse", "calculations": [{"hull": {"system": system}}]}
    try:
        (entry,) = Campaign.model_validate(content).calculations
    except ValidationError as error:
        raise InputError(error.errors()[0]["msg"].removeprefix("Value error, "), "--hull, --campaign") from error
    return str(entry.model_dump()["system"])


def _is_usable(calculation: Calculation, elements: set[str]) -> bool:
    from pymatgen.core import Structure

    if calculation.state is not State.CONVERGED or not set(calculation.composition) <= elements:
        return False
    if calculation.settings.get("ingested") not in CRYSTALS or calculation.structure is None:
        return False
    structure = Structure.from_dict(calculation.structure)
    return sum(gap(structure, axis) >= VACUUM for axis in range(3)) in {0, 3}


def name_phases(calculations: Sequence[Calculation], system: str) -> list[PhaseSlot]:
    """Return one slot for each phase among calculations, with the one of lowest energy per atom."""
    from lianode.structures import library
    from lianode.structures.matching import same_structure

    try:
        known = [phase for phase in library.phases(system) if phase.ordered]
    except InputError:
        known = []  # elements that the library does not have
    slots: list[PhaseSlot] = []
    kept: list[Phase] = []
    for calculation in sorted(calculations, key=lambda c: ((c.energy or 0.0) / c.n_atoms, c.key)):
        own = _as_phase(calculation)
        found = _library_phase(own, known)
        if found is not None:
            if all(slot.name != found.name for slot in slots):
                slots.append(PhaseSlot(name=found.name, formula=found.formula, kind=found.kind, key=calculation.key))
            continue
        if any(same_structure(own, other) for other in kept):
            continue
        same_formula = sum(other.formula == own.formula for other in kept)
        kept.append(own)
        name = own.formula if not same_formula else f"{own.formula}_{same_formula + 1}"
        slots.append(PhaseSlot(name=name, formula=own.formula, kind="hypothetical", key=calculation.key))
    return slots


def _as_phase(calculation: Calculation) -> Phase:
    from pymatgen.core import Structure

    return Phase(
        name=calculation.key,
        formula=reduced_formula(calculation.composition),
        structure=Structure.from_dict(calculation.structure or {}),
        kind="hypothetical",
        default=False,
        source=calculation.directory,
        confidence="user",
        confidence_reason="a run that was made elsewhere",
    )


def _library_phase(own: Phase, known: Sequence[Phase]) -> Phase | None:
    """Return the library's phase that this crystal is; of several, one with the same space group."""
    from lianode.structures.matching import same_structure

    wanted = composition_key(own.formula)
    found = [phase for phase in known if composition_key(phase.formula) == wanted and same_structure(phase, own)]
    number = _space_group(own.structure)
    return min(found, key=lambda phase: _space_group(phase.structure) != number, default=None)


def _space_group(structure: Structure) -> int | None:
    from pymatgen.io.ase import AseAtomsAdaptor

    from lianode.workflows.engines.crystal_checks import space_group

    return space_group(AseAtomsAdaptor.get_atoms(structure, msonable=False))


def _is_library(name: str) -> bool:
    from lianode.structures import library

    return name in library.names()
