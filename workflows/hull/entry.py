"""The settings of a convex hull in a campaign file."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator

from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import ELECTROPOSITIVE_ORDER, composition_key, parse_formula, system_of
from lianode.workflows.campaign.entry import distinct, refuse
from lianode.workflows.campaign.relaxation_entry import RelaxationEntry
from lianode.workflows.campaign.single_points import SinglePointEntry
from lianode.workflows.campaign.units import (
    NON_NEGATIVE,
    POSITIVE,
    EnergyPerAtom,
    Length,
    Temperature,
    WallTime,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pydantic import ValidationInfo

    from lianode.structures.library import LibraryEntry

_LONGEST_NAME: Final = 100
_LONGEST_PATH: Final = 4096


class HullEntry(RelaxationEntry, SinglePointEntry):
    """Convex hull and, where lithium is in it, voltage curve of one chemical system.

    Attributes
    ----------
    system
        Element symbols joined by ``-``, lithium first: ``Li-In``.
    structures
        The user's own files and folders that join the library's phases, as written; relative ones start at the folder
        of the campaign file (:meth:`lianode.workflows.campaign.campaign.Campaign.path`).
    materials_project
        Whether the entries of the Materials Project join.
    phases
        Instead of the library's selection: names, formulas (the default entry), or paths as in ``structures``.
    include
        Hypothetical phases that the hull counts: ``hypothetical`` for all, or names and formulas (the default entry).
        Phases from ``structures`` are named by their files: ``my_LiIn``.
    exclude
        Phases left out: names, or formulas, which leave out every phase of that formula.
    references
        Phase that is the zero of an element's formation energies, by element; without one, the most stable of the
        same method.
    hull_tolerance
        Phases within this of the hull count as vertices of the second voltage curve, eV/atom.
    temperature
        Draw hull and voltage at this temperature too, K, with harmonic free energies.
    phonon_length
        Shortest length of the supercell of the displacements, Å.
    phonon_max_atoms
        Phases whose supercell is larger are left out at the temperature, with the reason.
    phonon_time_limit
        Wall time for the phonons of one phase, s.
    host
        Formula of the host of the voltage curve where the system has several elements beside lithium.
    """

    PROPERTY: ClassVar[str] = "hull"
    EXAMPLE: ClassVar[str] = "{system: Li-In}"

    system: str
    structures: tuple[str, ...] = ()
    materials_project: StrictBool = False
    phases: tuple[str, ...] | None = None
    include: Literal["hypothetical"] | tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    references: dict[str, str] = Field(default_factory=dict)
    hull_tolerance: Annotated[EnergyPerAtom, NON_NEGATIVE] = 0.005
    temperature: Temperature | None = None
    phonon_length: Annotated[Length, POSITIVE] = 10.0
    phonon_max_atoms: StrictInt = Field(default=300, ge=1)
    phonon_time_limit: Annotated[WallTime, POSITIVE] = 600.0
    host: str | None = None

    @property
    def elements(self) -> tuple[str, ...]:
        """Element symbols of the system, lithium first."""
        return tuple(self.system.split("-"))

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know before this runs, one sentence each."""
        hosts = [element for element in self.elements if element != "Li"]
        notes = []
        if "Li" not in self.elements:
            notes.append(f"{self.system} has no Li: it gets a hull, but no voltage curve.")
        elif len(hosts) > 1 and self.host is None:
            notes.append(
                f"{self.system} has several elements beside Li: it gets a hull, but a voltage curve only with a host, "
                f"such as `host: {''.join(hosts)}`."
            )
        fields = type(self).model_fields
        given = [key for key in fields if key.startswith("phonon_") and getattr(self, key) != fields[key].default]
        if given and self.temperature is None:
            notes.append(
                f"{self.system}: {', '.join(given)} do nothing without `temperature`, such as `temperature: 300`."
            )
        return tuple(notes)

    @field_validator("system")
    @classmethod
    def _elements(cls, system: str) -> str:
        known = ELECTROPOSITIVE_ORDER
        parts = [part.strip() for part in re.split("[-\N{EN DASH}\N{EM DASH}]", system)]
        for part in parts:
            if part not in known:
                raise InputError(
                    f"{shown(part)} in {shown(system)} is no element symbol{nearest(part, known)}; "
                    "join the symbols by '-', such as Li-In"
                )
        if len(set(parts)) < len(parts):
            raise InputError(f"{shown(system)} names an element twice; name each once, such as Li-In")
        if len(parts) < 2:
            raise InputError(f"{shown(system)} is one element; a hull needs two or more, such as Li-In")
        return system_of(parts)

    @field_validator("structures")
    @classmethod
    def _files(cls, structures: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        distinct(structures, "this path")
        refuse((index, path_fault(text, info)) for index, text in enumerate(structures))
        return structures

    @field_validator("phases")
    @classmethod
    def _selection(cls, phases: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if phases is None:
            return None
        if not phases:
            raise InputError("the list is empty; leave the key out for all phases of the library")
        distinct(phases, "this phase")
        refuse(
            (index, path_fault(text, info) if is_path(text) else name_fault(text, {**info.data, "phases": phases}))
            for index, text in enumerate(phases)
        )
        return phases

    @field_validator("include", mode="before")
    @classmethod
    def _word_or_list(cls, include: Any) -> Any:
        if isinstance(include, str) and include != "hypothetical":
            raise InputError("write `include: hypothetical` for all of them, or a list with brackets, such as [LiIn3]")
        if isinstance(include, (str, tuple)):
            return include
        if not isinstance(include, list):
            raise InputError("write `include: hypothetical` for all of them, or a list of phases, such as [LiIn3]")
        refuse(
            (index, f"{shown(item)} is not text; a phase is named like LiIn3, in quotes where YAML reads it otherwise")
            for index, item in enumerate(include)
            if not isinstance(item, str)
        )
        if "hypothetical" in include:
            raise InputError("`hypothetical` stands for all of them and alone: `include: hypothetical`")
        return tuple(include)

    @field_validator("include", "exclude")
    @classmethod
    def _names(cls, names: str | tuple[str, ...], info: ValidationInfo) -> str | tuple[str, ...]:
        if isinstance(names, str):
            return names
        distinct(names, "this phase")
        refuse((index, name_fault(text, info.data)) for index, text in enumerate(names))
        return names

    @field_validator("exclude")
    @classmethod
    def _no_contradiction(cls, exclude: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for key in ("include", "phases"):
            wanted = info.data.get(key) or ()
            for text in wanted if isinstance(wanted, tuple) else ():
                if _left_out(text, exclude):
                    raise InputError(f"{shown(text)} is both in `{key}` and in `exclude`; take it out of one of them")
        return exclude

    @field_validator("references")
    @classmethod
    def _of_their_element(cls, references: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        refuse((element, _reference_fault(element, text, info.data)) for element, text in references.items())
        return references

    @field_validator("temperature")
    @classmethod
    def _above_zero(cls, temperature: float | None) -> float | None:
        if temperature is not None and temperature <= 0:
            raise InputError(f"{temperature:g} K is not above 0 K; leave the key out for 0 K, which is always computed")
        return temperature

    @field_validator("host")
    @classmethod
    def _of_the_system(cls, host: str | None, info: ValidationInfo) -> str | None:
        if host is None or "system" not in info.data:
            return host
        hosts = {element for element in info.data["system"].split("-") if element != "Li"}
        if "Li" not in info.data["system"].split("-"):
            raise InputError(f"{info.data['system']} has no Li and so no voltage curve; leave `host` out")
        try:
            elements = set(parse_formula(host))
        except InputError:
            elements = set()
        if not elements or not elements <= hosts:
            raise InputError(
                f"{shown(host)} is no formula of {', '.join(sorted(hosts))}, the elements of {info.data['system']} "
                f"beside Li; write one such as {''.join(sorted(hosts))}"
            )
        return host


def is_path(text: str) -> bool:
    """Whether an item of ``phases`` is a file or folder (``./cells``) and not the name of a phase.

    A path has a separator or the name of a structure file.
    """
    from lianode.structures.files import is_structure_file

    return "/" in text or "\\" in text or is_structure_file(text)


def leaves_out(excluded: str, name: str, formula: str) -> bool:
    """Whether an item of ``exclude`` leaves out a phase: by its name, or as a formula (in any order of elements).

    Unlike anywhere else, a formula means every phase of that formula here, not the default entry.
    """
    if excluded == name:
        return True
    try:
        return composition_key(excluded) == composition_key(formula)
    except InputError:
        return False


def path_fault(text: str, info: ValidationInfo) -> str | None:
    """Say what is wrong with a path; only where the folder of the campaign file is known."""
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_PATH:
        return f"{shown(text)} cannot be a path; write the name of a structure file, such as cells/LiIn.cif"
    folder: Path | None = (info.context or {}).get("folder")
    if folder is None:
        return None
    try:
        mode = (folder / text).stat().st_mode
    except FileNotFoundError:
        expanded = "'~' and variables are not expanded; " if text.startswith("~") or "$" in text else ""
        return f"there is no file or folder {shown(text)}; {expanded}relative paths start at {folder}"
    except OSError as error:
        return f"{shown(text)} cannot be read ({error.strerror}); name a readable file or folder"
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return f"{shown(text)} is neither a file nor a folder; name a structure file, such as cells/LiIn.cif"


def name_fault(text: str, data: Mapping[str, Any]) -> str | None:
    """Say why no phase of this system has this name; None where the user's own phases may have it."""
    if not text.isprintable() or not 0 < len(text) <= _LONGEST_NAME:
        return f"{shown(text)} cannot be the name of a phase; write one such as LiIn3"
    from lianode.structures import library

    try:
        entry = library.entry(text)
    except InputError as error:
        own = data.get("structures") or data.get("materials_project") or any(map(is_path, data.get("phases") or ()))
        return None if own else error.message
    outside = sorted(set(entry.elements) - set(data["system"].split("-"))) if "system" in data else []
    if outside:
        return f"{shown(text)} contains {', '.join(outside)}, which is not in {data['system']}"
    return None


def _reference_fault(element: str, text: str, data: Mapping[str, Any]) -> str | None:
    """Say why ``text`` cannot be the reference of an element."""
    elements = tuple(data["system"].split("-")) if "system" in data else (element,)
    if element not in elements:
        return f"{shown(element)} is no element of {data['system']}{nearest(element, elements)}; leave it out"
    entry = _entry(text)
    if entry is not None and entry.elements != (element,):
        return f"{shown(text)} is not {element} alone; the reference of {element} is one of its own phases"
    if _left_out(text, data.get("exclude", ())):
        return f"{shown(text)} is the reference of {element} and in `exclude`; take it out of one of them"
    return name_fault(text, data)


def _entry(text: str) -> LibraryEntry | None:
    from lianode.structures import library

    try:
        return library.entry(text)
    except InputError:
        return None


def _left_out(text: str, exclude: Iterable[str]) -> bool:
    """Whether ``exclude`` leaves out the phase that ``text`` names."""
    entry = _entry(text)
    name, formula = (entry.name, entry.formula) if entry else (text, text)
    return text in exclude or any(leaves_out(excluded, name, formula) for excluded in exclude)
