"""What an alloy and an electrolyte would react to, as a document.

This is thermodynamics of bulk phases: it says what could form and how much energy would be released, not how fast, and
knows neither strain nor interfaces.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

from lianode.analysis.checks import Check, failed
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.hull.counting import Counting, HullImpossibleError, elements_of
from lianode.analysis.method import single_method
from lianode.analysis.reactivity.phases import expected_missing
from lianode.analysis.reactivity.reaction_path import (
    RESERVOIR,
    NothingToMixError,
    closed_points,
    open_points,
    reaction_path,
)
from lianode.analysis.reactivity.reaction_text import LithiumCount, balanced
from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import parse_formula, parse_system, system_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.energies import MissingPhase, PhaseEnergy
    from lianode.analysis.method import MethodKey
    from lianode.analysis.reactivity.reaction_path import PathPoint

CORRECTED_ANIONS = {"S": 0.503, "Cl": 0.614}
"""eV per atom by which PBE is corrected where the element is an anion (MP2020: Wang et al., Sci. Rep. 11, 15496
(2021)); elemental sulfur and chlorine are not corrected, and phosphorus never is."""
_METALS = frozenset({"Li", "In", "Sn", "Al", "Ga"})


class Reaction(BaseModel):
    """What the two materials react to at one mixing ratio.

    Attributes
    ----------
    mixing_ratio
        Fraction of the counted atoms that come from the first material: all atoms, or all but lithium where lithium
        is exchanged.
    equation
        Balanced, per formula unit of the second material (of the first, where that is all there is).
    products
        Phases, each with its fraction of the counted atoms.
    reaction_energy_per_atom
        eV per counted atom of the mixture; below zero where energy is released.
    mutual_energy_per_atom
        The same less what the two would release by falling apart alone; zero at both ends.
    lithium_uptake_per_atom
        Lithium atoms taken up per counted atom; zero where lithium is not exchanged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mixing_ratio: float
    equation: str
    products: dict[str, float]
    reaction_energy_per_atom: float
    mutual_energy_per_atom: float
    lithium_uptake_per_atom: float = 0.0


class ReactivityDocument(PropertyDocument):
    """Reactions of two materials along their mixing ratio.

    Attributes
    ----------
    first, second
        Names of the materials; the document belongs to the first.
    first_formula, second_formula
        Their formulas.
    elements
        Symbols, lithium first.
    voltage_V
        Potential against lithium metal at which lithium is exchanged; None where it is not.
    reactions
        One for each corner of the energy along the mixing ratio, from the second material alone to the first alone.
        Between neighbours energies are straight lines.
    most_exothermic
        The reaction that releases most, what the materials would release alone included.
    strongest_mutual
        The reaction of lowest mutual energy: the most that the two do to each other.
    first_energy_above_hull_per_atom, second_energy_above_hull_per_atom
        What each would release by falling apart alone (and by exchanging lithium), eV per counted atom.
    notes
        Sentences a reader of the figure should see, that are not defects.
    """

    property: Literal["reactivity"] = "reactivity"
    first: str
    second: str
    first_formula: str
    second_formula: str
    elements: list[str]
    voltage_V: float | None = None
    reactions: list[Reaction]
    most_exothermic: Reaction
    strongest_mutual: Reaction
    first_energy_above_hull_per_atom: float
    second_energy_above_hull_per_atom: float
    notes: list[str] = Field(default_factory=list)

    @computed_field  # type: ignore[prop-decorator]
    @builtins.property  # the field named property shadows the decorator
    def reaction_energy_per_atom(self) -> float:
        """Of the most exothermic reaction, eV per counted atom."""
        return self.most_exothermic.reaction_energy_per_atom

    @computed_field  # type: ignore[prop-decorator]
    @builtins.property  # the field named property shadows the decorator
    def reaction(self) -> str:
        """Equation of the most exothermic reaction."""
        return self.most_exothermic.equation

    def energy_at(self, mixing_ratio: float) -> float:
        """Return the reaction energy at any mixing ratio, eV per counted atom.

        Raises
        ------
        InputError
            For a ratio outside 0 to 1.
        """
        import numpy as np

        if not 0 <= mixing_ratio <= 1:
            raise InputError(f"{mixing_ratio} is no mixing ratio; it lies between 0 and 1", "mixing ratio")
        ratios = [reaction.mixing_ratio for reaction in self.reactions]
        return float(np.interp(mixing_ratio, ratios, [r.reaction_energy_per_atom for r in self.reactions]))


def reactivity(
    energies: Sequence[PhaseEnergy],
    *,
    first: str,
    second: str,
    engine: str,
    campaign: str,
    voltage: float | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    missing: Sequence[MissingPhase] = (),
) -> ReactivityDocument:
    """Compute what two materials react to, at every mixing ratio.

    Parameters
    ----------
    energies
        Phases of cells of any size; those with elements that neither material has (and that are not exchanged) are
        left aside, so that one list serves many pairs.
    first, second
        Names of the two materials among them. They count whatever their kind.
    engine, campaign
        For the document.
    voltage
        Potential against lithium metal at which lithium is exchanged, V, 0 or more; None for a closed mixture.
    include
        Names or formulas of hypothetical phases that may form; the word ``hypothetical`` allows all of them.
    exclude
        Names or formulas of phases that may not form.
    missing
        Phases that were asked for and have no energy. Expected phases without energy are found here and added.

    Raises
    ------
    MethodMismatchError
        When the energies are of several methods.
    HullImpossibleError
        When an element has no counted phase.
    InputError
        When a material is unknown or excluded, both are one composition, one is the lithium of the reservoir, or the
        voltage is below zero, where lithium metal would plate.
    """
    _check_question(energies, first, second, exclude, voltage)
    one, two = (next(energy for energy in energies if energy.name == name) for name in (first, second))
    elements = set(elements_of(one)) | set(elements_of(two))
    if voltage is not None:
        elements.add(RESERVOIR)
    symbols = list(parse_system(system_of(elements)))
    inside = sorted((e for e in energies if elements_of(e) <= elements), key=lambda e: e.name)
    lost = [phase for phase in missing if elements.issuperset(parse_formula(phase.formula))]
    title = f"the reaction of {first} with {second}"
    method = single_method((energy.method for energy in inside), title)
    # a single word is a sequence of letters too
    include, exclude = ([w] if isinstance(w, str) else list(w) for w in (include, exclude))
    every: list[PhaseEnergy | MissingPhase] = [*inside, *lost]
    known = {word for phase in every for word in (phase.name, phase.formula)}
    counting = Counting(references={}, include=[*include, first, second], exclude=[w for w in exclude if w in known])
    lost += expected_missing(inside, lost, elements)
    zero = _zero(symbols, inside, lost, counting, title)
    counted = [energy for energy in inside if counting.reason(energy) is None]
    if voltage is None:
        points, shared = closed_points(counted, zero), symbols
    else:
        points = open_points(counted, zero, voltage)
        shared = [symbol for symbol in symbols if symbol != RESERVOIR]
    try:
        path = reaction_path(points, first, second, shared)
    except NothingToMixError as error:
        at = "" if voltage is None else " but for lithium, which is exchanged"
        raise InputError(f"{error}{at}; two different materials are needed", "reactivity") from None
    by_name = {energy.name: energy for energy in counted}
    reactions = [_reaction(point, one, two, by_name, exchanged=voltage is not None) for point in path]
    return ReactivityDocument(
        system="-".join(symbols),
        phase=first,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={
            "first": first,
            "second": second,
            "voltage_V": voltage,
            "include": sorted(include),
            "exclude": sorted(exclude),
        },
        calculations={energy.name: energy.calculation_key for energy in inside},
        completeness="partial" if lost else "complete",
        missing=[_missing(phase, counting) for phase in lost],
        checks=[
            Check(name="one_method", passed=True, message=f"all {len(inside)} energies are from {method.label}"),
            *_corrections(method, symbols, reactions, by_name, (one, two)),
            *_of_phases(reactions, (one, two), by_name),
        ],
        first=first,
        second=second,
        first_formula=one.formula,
        second_formula=two.formula,
        elements=symbols,
        voltage_V=voltage,
        reactions=reactions,
        most_exothermic=min(reactions, key=lambda reaction: reaction.reaction_energy_per_atom),
        strongest_mutual=min(reactions, key=lambda reaction: reaction.mutual_energy_per_atom),
        first_energy_above_hull_per_atom=-reactions[-1].reaction_energy_per_atom,
        second_energy_above_hull_per_atom=-reactions[0].reaction_energy_per_atom,
        notes=_notes(reactions, one, two, voltage),
    )


def _check_question(
    energies: Sequence[PhaseEnergy], first: str, second: str, exclude: Sequence[str], voltage: float | None
) -> None:
    names = [energy.name for energy in energies]
    for name in (first, second):
        if name not in names:
            raise InputError(f"no energy of a phase '{name}'{nearest(name, names)}", "reactivity")
        material = energies[names.index(name)]
        if name in exclude or material.formula in exclude:
            raise InputError(f"{name} cannot be both a material and excluded", "exclude")
        if voltage is not None and elements_of(material) == {RESERVOIR}:
            raise InputError(
                f"{name} is the lithium that is exchanged; leave the voltage out, or name another material",
                "reactivity",
            )
    for name in {name for name in names if names.count(name) > 1}:
        raise InputError(f"two energies are named '{name}'; every phase needs its own name", "reactivity")
    if voltage is not None and not voltage >= 0:
        raise InputError(
            f"{voltage} V against lithium; the voltage has to be 0 or more, below that lithium metal plates", "voltage"
        )


def _zero(
    symbols: Sequence[str],
    energies: Sequence[PhaseEnergy],
    missing: Sequence[MissingPhase],
    counting: Counting,
    title: str,
) -> dict[str, float]:
    """Return the energy per atom of each element's most stable counted phase."""
    try:
        return {symbol: counting.reference(symbol, energies, missing).energy_per_atom for symbol in symbols}
    except HullImpossibleError as error:
        raise HullImpossibleError(str(error).replace("the hull needs", f"{title} needs", 1)) from None


def _reaction(
    point: PathPoint, one: PhaseEnergy, two: PhaseEnergy, by_name: Mapping[str, PhaseEnergy], *, exchanged: bool
) -> Reaction:
    count = LithiumCount(exchanged=exchanged)
    products = {name: (by_name[name], amount) for name, amount in point.products.items()}
    ratio = point.mixing_ratio
    materials = [(two, 1 - ratio), (one, ratio)]
    equation, uptake = balanced([m for m in materials if m[1] > 0], list(products.values()), count)
    return Reaction(
        mixing_ratio=ratio,
        equation=equation,
        products=dict(point.products),
        reaction_energy_per_atom=point.energy,
        mutual_energy_per_atom=point.mutual_energy,
        lithium_uptake_per_atom=uptake,
    )


def _missing(phase: MissingPhase, counting: Counting) -> str:
    if counting.reason(phase) is not None:
        return f"{phase.name} is missing ({phase.reason}): it would not count"
    return (
        f"{phase.name} is missing ({phase.reason}): if it is stable, reactions whose products can form it release "
        "more energy than given, and end in other products"
    )


def _corrections(
    method: MethodKey,
    symbols: Sequence[str],
    reactions: Sequence[Reaction],
    by_name: Mapping[str, PhaseEnergy],
    materials: tuple[PhaseEnergy, PhaseEnergy],
) -> list[Check]:
    """Say whether energies of metals and anions together can be trusted as they are."""
    anions = [symbol for symbol in symbols if symbol in CORRECTED_ANIONS]
    if not anions or not _METALS.intersection(symbols):
        return []
    if method.corrections != "none":
        text = f"{method.label} contains corrections for {' and '.join(anions)} as anions"
        return [Check(name="anion_corrections", passed=True, message=text)]
    sizes = ", ".join(f"{CORRECTED_ANIONS[symbol]:.2f} eV per {symbol}" for symbol in anions)
    phases = [*materials, *(by_name[name] for reaction in reactions for name in reaction.products)]
    bare = sorted({p.name for p in phases if len(elements_of(p)) == 1 and elements_of(p) <= set(anions)})
    reach = (
        f"here it shifts the reactions with {', '.join(bare)}"
        if bare
        else "here they cancel as far as these elements stay anions, but elements that should form may be missed"
    )
    return [
        Check(
            name="anion_corrections",
            passed=False,
            message=f"{method.label} lacks the corrections that compounds of metals with {' and '.join(anions)} need "
            f"against the elements ({sizes} in MP2020); {reach}",
        )
    ]


def _of_phases(
    reactions: Sequence[Reaction], materials: tuple[PhaseEnergy, PhaseEnergy], by_name: Mapping[str, PhaseEnergy]
) -> list[Check]:
    """Return the checks of the phases that take part."""
    part = {material.name: material for material in materials}
    part |= {name: by_name[name] for reaction in reactions for name in reaction.products}
    return [
        check.model_copy(update={"subject": name}) for name, phase in sorted(part.items()) for check in phase.checks
    ]


def _notes(reactions: Sequence[Reaction], one: PhaseEnergy, two: PhaseEnergy, voltage: float | None) -> list[str]:
    notes = []
    at = "" if voltage is None else f" at {voltage:g} V"
    for material, reaction in ((two, reactions[0]), (one, reactions[-1])):
        release = -1000 * reaction.reaction_energy_per_atom
        if release > 0.05:
            into = ", ".join(reaction.products)
            notes.append(f"{material.name} alone would release {release:.0f} meV/atom{at}, to {into}")
    if not any(reaction.mutual_energy_per_atom < 0 for reaction in reactions):
        notes.append(f"{one.name} and {two.name} do not react with each other{at}")
    return notes


def flagged_phases(document: ReactivityDocument | dict[str, Any]) -> list[str]:
    """Return the phases of which a check failed."""
    found = ReactivityDocument.model_validate(document)
    return sorted({check.subject for check in failed(found.checks) if check.subject})
