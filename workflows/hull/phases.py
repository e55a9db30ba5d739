"""Which phases a hull entry of a campaign means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError, nearest
from lianode.workflows.hull.entry import is_path, leaves_out

if TYPE_CHECKING:
    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.hull.entry import HullEntry


def select_phases(campaign: Campaign, entry: HullEntry) -> list[Phase]:
    """Return the phases to compute, in the order of the library, users' own last.

    All ordered phases of the library in the system, or those that ``phases`` lists; with the files of ``structures``,
    the Materials Project's entries where asked for, and whatever ``include`` or ``references`` name beyond that (such
    as a generated dilute cell).

    Raises
    ------
    InputError
        For files that cannot be used, phases outside the system, and two phases of one name.
    """
    from lianode.structures import library

    chosen: dict[str, Phase] = {}
    if entry.phases is None:
        for phase in library.phases(entry.system):
            if phase.ordered:
                _add(chosen, phase, entry)
    else:
        for text in entry.phases:
            for phase in _from_files(campaign, text) if is_path(text) else [library.phase(text)]:
                _add(chosen, phase, entry)
    for text in entry.structures:
        for phase in _from_files(campaign, text):
            _add(chosen, phase, entry)
    if entry.materials_project:
        from lianode.structures.materials_project import materials_project_phases

        for phase in materials_project_phases(entry.system):
            _add(chosen, phase, entry)
    for name in _named_beyond(entry, chosen):
        _add(chosen, library.phase(name), entry)
    _check_elements(chosen, entry)
    return list(chosen.values())


@dataclass(frozen=True)
class HullOptions:
    """The options of an entry with every word resolved to names of its phases."""

    include: tuple[str, ...]
    exclude: tuple[str, ...]
    references: dict[str, str]


def resolve_options(entry: HullEntry, phases: list[Phase]) -> HullOptions:
    """Return which of ``phases`` are included, excluded and references.

    Raises
    ------
    InputError
        When a word means none of them, or a reference is not a phase of its element.
    """
    where = f"hull {entry.system}"
    include = entry.include if isinstance(entry.include, tuple) else ()
    references = {element: resolve_name(text, phases) for element, text in entry.references.items()}
    for element, name in references.items():
        phase = next(phase for phase in phases if phase.name == name)
        if phase.elements != (element,):
            raise InputError(f"{name} is {phase.formula}; the reference of {element} is a phase of {element}", where)
    exclude: list[str] = []
    for text in entry.exclude:
        out = [phase.name for phase in phases if leaves_out(text, phase.name, phase.formula)]
        if not out:
            names = [phase.name for phase in phases]
            raise InputError(f"`exclude` names '{text}', which is none of the phases{nearest(text, names)}", where)
        exclude += out
    return HullOptions(
        include=("hypothetical",)
        if entry.include == "hypothetical"
        else tuple(resolve_name(t, phases) for t in include),
        exclude=tuple(dict.fromkeys(exclude)),
        references=references,
    )


def resolve_name(text: str, phases: list[Phase]) -> str:
    """Return the name of the phase that ``text`` means: a name among ``phases``, or the library's default entry."""
    from lianode.structures import library

    if any(phase.name == text for phase in phases):
        return text
    return library.entry(text).name


def _named_beyond(entry: HullEntry, chosen: dict[str, Phase]) -> list[str]:
    """Return the library phases that ``include`` and ``references`` name and that are not chosen yet."""
    wanted = [*(entry.include if isinstance(entry.include, tuple) else ()), *entry.references.values()]
    names = [resolve_name(text, list(chosen.values())) for text in wanted]
    return [name for name in dict.fromkeys(names) if name not in chosen]


def _from_files(campaign: Campaign, text: str) -> list[Phase]:
    from lianode.structures.files import read_phases

    return read_phases(campaign.path(text))


def _add(chosen: dict[str, Phase], phase: Phase, entry: HullEntry) -> None:
    foreign = sorted(set(phase.elements) - set(entry.elements))
    if foreign:
        raise InputError(
            f"{phase.name} contains {', '.join(foreign)}, which is not in {entry.system}; leave it out",
            phase.source,
        )
    if not phase.ordered:
        raise InputError(f"{phase.name} is disordered; name one of its ordered models", "phases")
    if phase.name in chosen:
        raise InputError(
            f"two phases are named {phase.name} ({chosen[phase.name].source}; {phase.source}); rename the file", "hull"
        )
    chosen[phase.name] = phase


def _check_elements(chosen: dict[str, Phase], entry: HullEntry) -> None:
    """Every element needs a phase to refer to."""
    for element in entry.elements:
        if not any(phase.elements == (element,) for phase in chosen.values()):
            raise InputError(
                f"no phase of pure {element} is among the phases, and formation energies refer to it; add one",
                f"hull {entry.system}",
            )
