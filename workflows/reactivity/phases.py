"""Which phases may form where an anode and an electrolyte of a campaign react."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import system_of
from lianode.workflows.hull.entry import leaves_out
from lianode.workflows.reactivity.entry import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.reactivity.entry import ReactivityEntry


class PhaseChoice:
    """The phases of one entry: the library's and the user's own.

    Parameters
    ----------
    campaign, entry
        Of the campaign file.
    """

    def __init__(self, campaign: Campaign, entry: ReactivityEntry) -> None:
        self._campaign = campaign
        self._entry = entry
        self._used: set[str] = set()

    @cached_property
    def own(self) -> dict[str, Phase]:
        """The phases of the user's files, by name.

        Raises
        ------
        InputError
            For files that cannot be used, and names that are taken.
        """
        from lianode.structures import library
        from lianode.structures.files import read_phases

        found: dict[str, Phase] = {}
        for text in self._entry.structures:
            for phase in read_phases(self._campaign.path(text)):
                if phase.name in found or phase.name in library.names():
                    raise InputError(f"two phases are named {phase.name}; rename the file", phase.source)
                if not phase.ordered:
                    raise InputError(f"{phase.name} is disordered; give an ordered model of it", phase.source)
                found[phase.name] = phase
        return found

    def material(self, text: str) -> Phase:
        """Return the anode or electrolyte that a text of the campaign file names.

        Raises
        ------
        InputError
            When neither the library nor the user's files have it.
        """
        from lianode.structures import library

        name = resolved(text)
        if name in self.own:
            return self.own[name]
        if name not in library.names():
            raise InputError(f"none of the phases is named '{text}'{nearest(text, list(self.own))}", "reactivity")
        return library.phase(name)

    @cached_property
    def electrolyte(self) -> Phase:
        """The second material of every pair."""
        return self.material(self._entry.electrolyte)

    def phases(self, anode: Phase, elements: Iterable[str]) -> list[Phase]:
        """Return the anode, the electrolyte and all ordered phases of their elements, those of a hull of them.

        Raises
        ------
        InputError
            When an element has no phase of its own, which energies refer to.
        """
        from lianode.structures import library

        inside = set(elements)
        known = inside.intersection(*[{e for one in library.entries() for e in one.elements}])
        chosen = {phase.name: phase for phase in library.phases(system_of(known)) if phase.ordered} if known else {}
        chosen |= {name: phase for name, phase in self.own.items() if inside.issuperset(phase.elements)}
        wanted = [self.material(text) for text in self._included()]
        chosen |= {phase.name: phase for phase in wanted if inside.issuperset(phase.elements)}
        chosen |= {phase.name: phase for phase in (anode, self.electrolyte)}
        self._used |= set(chosen)
        for element in sorted(inside):
            if not any(phase.elements == (element,) for phase in chosen.values()):
                raise InputError(
                    f"no phase of pure {element} is among the phases, and energies refer to it; add a file of one to "
                    "`structures`",
                    f"reactivity of {anode.name} and {self.electrolyte.name}",
                )
        return list(chosen.values())

    def options(self, phases: list[Phase]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which of ``phases`` are included and excluded, by name."""
        names = {phase.name for phase in phases}
        if self._entry.include == "hypothetical":
            include: tuple[str, ...] = ("hypothetical",)
        else:
            include = tuple(name for name in map(resolved, self._included()) if name in names)
        out = (p.name for p in phases if any(leaves_out(text, p.name, p.formula) for text in self._entry.exclude))
        return include, tuple(out)

    def check_all_used(self) -> None:
        """Refuse phases that no pair has use for.

        Raises
        ------
        InputError
            With the elements that do not belong.
        """
        wanted = [*self.own.values(), *(self.material(text) for text in self._included())]
        for phase in wanted:
            if phase.name not in self._used:
                raise InputError(
                    f"{phase.name} ({phase.formula}) has elements that no pair of this entry has; leave it out",
                    phase.source if phase.name in self.own else "include",
                )

    def _included(self) -> tuple[str, ...]:
        return self._entry.include if isinstance(self._entry.include, tuple) else ()
