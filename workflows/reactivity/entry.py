"""The settings of reactions between anodes and an electrolyte in a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import field_validator

from lianode.structures.errors import InputError
from lianode.structures.formulas import composition_key, parse_formula
from lianode.workflows.campaign.entry import distinct, refuse
from lianode.workflows.campaign.relaxation_entry import RelaxationEntry
from lianode.workflows.campaign.units import NON_NEGATIVE, Voltage, shown
from lianode.workflows.hull.entry import is_path, leaves_out, name_fault, path_fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationInfo

    from lianode.structures.library import LibraryEntry

EXCHANGED = "Li"


class ReactivityEntry(RelaxationEntry):
    """What anodes and an electrolyte would react to, from the energies of all phases of their elements.

    Attributes
    ----------
    structures
        The user's own files and folders, as in a hull; phases in them are named by their files: ``my_LiIn``.
    electrolyte
        Name or formula (the default entry) of the second material of every pair.
    anodes
        Names or formulas of the first ones.
    voltages
        Potentials against lithium metal at which lithium is exchanged, V; each gives a document beside the closed
        mixture, which is always there.
    include
        Hypothetical phases that may form: ``hypothetical`` for all, or names and formulas (the default entry).
    exclude
        Phases that may not form: names, or formulas, which leave out every phase of that formula.
    """

    PROPERTY: ClassVar[str] = "reactivity"
    EXAMPLE: ClassVar[str] = "{electrolyte: Li6PS5Cl, anodes: [Li, LiIn]}"

    structures: tuple[str, ...] = ()
    electrolyte: str
    anodes: tuple[str, ...]
    voltages: tuple[Annotated[Voltage, NON_NEGATIVE], ...] = ()
    include: Literal["hypothetical"] | tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know before this runs, one sentence each."""
        metal = [text for text in self.anodes if _formula(text) == EXCHANGED]
        if not metal or not self.voltages:
            return ()
        sentence = (
            f"{metal[0]} with {self.electrolyte}: lithium metal is itself what `voltages` exchange, so this pair gets "
            "the closed mixture only."
        )
        return (sentence,)

    @field_validator("structures")
    @classmethod
    def _files(cls, structures: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        distinct(structures, "this path")
        refuse((index, path_fault(text, info)) for index, text in enumerate(structures))
        return structures

    @field_validator("electrolyte")
    @classmethod
    def _one_material(cls, text: str, info: ValidationInfo) -> str:
        if fault := _material_fault(text, info):
            raise InputError(fault)
        if _formula(text) == EXCHANGED:
            raise InputError(f"{shown(text)} is lithium metal, an anode; name the material that it reacts with")
        return text

    @field_validator("anodes")
    @classmethod
    def _materials(cls, anodes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not anodes:
            raise InputError("the list is empty; name at least one anode, such as [Li, LiIn]")
        distinct(map(resolved, anodes), "this anode")
        refuse((index, _material_fault(text, info)) for index, text in enumerate(anodes))
        electrolyte = info.data.get("electrolyte")
        if electrolyte is not None:
            refuse((index, _pair_fault(text, electrolyte)) for index, text in enumerate(anodes))
        return anodes

    @field_validator("voltages")
    @classmethod
    def _each_once(cls, voltages: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        distinct(voltages, "this voltage")
        anodes, electrolyte = info.data.get("anodes", ()), info.data.get("electrolyte")
        if voltages and electrolyte is not None:
            refuse((0, _exchange_fault(text, electrolyte)) for text in anodes)
        return voltages

    @field_validator("include", mode="before")
    @classmethod
    def _word_or_list(cls, include: Any) -> Any:
        if isinstance(include, (list, tuple)) and "hypothetical" not in include:
            return include
        if include == "hypothetical":
            return include
        raise InputError("write `include: hypothetical` for all of them, or a list of phases, such as [Li3PS4]")

    @field_validator("include", "exclude")
    @classmethod
    def _names(cls, names: str | tuple[str, ...], info: ValidationInfo) -> str | tuple[str, ...]:
        if isinstance(names, str):
            return names
        distinct(names, "this phase")
        refuse((index, name_fault(text, _own(info))) for index, text in enumerate(names))
        return names

    @field_validator("exclude")
    @classmethod
    def _no_contradiction(cls, exclude: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        included = info.data.get("include") or ()
        wanted = [*(included if isinstance(included, tuple) else ())]
        wanted += [info.data["electrolyte"]] if "electrolyte" in info.data else []
        wanted += info.data.get("anodes") or ()
        for text in wanted:
            if any(leaves_out(word, resolved(text), _formula(text) or text) for word in exclude):
                raise InputError(f"{shown(text)} is wanted and in `exclude`; take it out of one of them")
        return exclude


def resolved(text: str) -> str:
    """Return the name of the library's entry that ``text`` means, or ``text`` where it is a user's own phase."""
    entry = _entry(text)
    return entry.name if entry else text


def mixing_fault(first: str, second: str, formulas: tuple[str, str], *, exchanged: bool) -> str | None:
    """Say why two materials cannot react.

    Parameters
    ----------
    first, second
        Their names.
    formulas
        Their formulas.
    exchanged
        Whether lithium comes and goes, so that it does not make them differ.
    """
    one, two = formulas
    if composition_key(one) == composition_key(two):
        return f"{first} has the composition of the electrolyte {second}; two different materials are needed"
    if exchanged and _rest(one) == _rest(two):
        return (
            f"{first} and {second} differ in lithium only, which is exchanged at a voltage; leave `voltages` out, or "
            "leave one of them out"
        )
    return None


def _material_fault(text: str, info: ValidationInfo) -> str | None:
    """Say why a text names no phase that can be one of the two materials."""
    if is_path(text):
        return f"{shown(text)} is a path; list it under `structures`, and name the phase by the file without its ending"
    if fault := name_fault(text, _own(info)):
        return fault
    entry = _entry(text)
    return None if entry is None else _disorder_fault(entry)


def _disorder_fault(entry: LibraryEntry) -> str | None:
    """Say that an entry is disordered, and which ordered ones there are."""
    from lianode.structures import library

    if library.phase(entry.name).ordered:
        return None
    same = (one for one in library.entries() if composition_key(one.formula) == composition_key(entry.formula))
    models = sorted((one for one in same if library.phase(one.name).ordered), key=lambda one: not one.default)
    choice = ", ".join(f"{one.name}{' (the default)' if one.default else ''}" for one in models)
    remedy = f"name one of its ordered models: {choice}" if models else "give an ordered model of your own"
    return f"{entry.name} is disordered and has no single energy; {remedy}"


def _pair_fault(anode: str, electrolyte: str) -> str | None:
    one, two = _formula(anode), _formula(electrolyte)
    return mixing_fault(anode, electrolyte, (one, two), exchanged=False) if one and two else None


def _exchange_fault(anode: str, electrolyte: str) -> str | None:
    one, two = _formula(anode), _formula(electrolyte)
    if not one or not two or one == EXCHANGED:
        return None
    return mixing_fault(anode, electrolyte, (one, two), exchanged=True)


def _rest(formula: str) -> object:
    """Return what is equal for compositions that differ in lithium only."""
    amounts = {symbol: amount for symbol, amount in parse_formula(formula).items() if symbol != EXCHANGED}
    return composition_key("".join(f"{s}{a:g}" for s, a in amounts.items())) if amounts else None


def _own(info: ValidationInfo) -> dict[str, Iterable[str]]:
    """Return what lets a name be that of the user's own phase."""
    return {"structures": info.data.get("structures") or ()}


def _formula(text: str) -> str | None:
    entry = _entry(text)
    return entry.formula if entry else None


def _entry(text: str) -> LibraryEntry | None:
    from lianode.structures import library

    try:
        return library.entry(text)
    except InputError:
        return None
