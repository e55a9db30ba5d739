"""Which bonds an interface is watched for, and the crystals that tell how long they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lianode.structures.errors import InputError
from lianode.structures.formulas import parse_formula

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lianode.structures.phase import Phase

ANIONS: Final = ("O", "S", "Se", "F", "Cl", "Br", "I")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A crystal with bonds that are looked for.

    Attributes
    ----------
    phase
        The crystal.
    pairs
        Such as ``In-S``: those of the pairs asked for that it has.
    """

    phase: Phase
    pairs: tuple[str, ...]


def usual_pairs(anode: Collection[str], electrolyte: Collection[str]) -> tuple[str, ...]:
    """Return the bonds that are watched where none are named: of the anode's metals with anions, and P-S.

    Parameters
    ----------
    anode, electrolyte
        Elements of the two sides.

    Raises
    ------
    InputError
        When there is nothing to watch.
    """
    metals = sorted(set(anode) - {"Li"}) or ["Li"]
    anions = [anion for anion in ANIONS if anion in electrolyte]
    pairs = [f"{metal}-{anion}" for metal in metals for anion in anions]
    pairs += ["P-S"] if {"P", "S"} <= set(electrolyte) else []
    if not pairs:
        raise InputError("the electrolyte has no anion whose bonds could be watched; name `pairs`", "interface_md")
    return tuple(pairs)


def usual_polyhedra(electrolyte: Collection[str]) -> tuple[str, ...]:
    """Return the units whose survival is followed where none are named."""
    return ("PS4",) if {"P", "S"} <= set(electrolyte) else ()


def choose_references(
    pairs: Sequence[str], named: Sequence[Phase] | None, given: Collection[str], anode: Phase, electrolyte: Phase
) -> tuple[Reference, ...]:
    """Return the crystals that tell how long bonds are.

    Parameters
    ----------
    pairs
        That are watched.
    named
        Crystals that the user names; None takes, for each pair without one, the library's crystal of its two elements
        that is richest in the first.
    given
        Pairs whose cut-off the user gives.
    anode, electrolyte
        Crystals whose own bonds need no other reference.

    Raises
    ------
    InputError
        For a named crystal without any of the bonds, and a bond that nothing tells the length of.
    """
    chosen: dict[str, Phase] = {phase.name: phase for phase in named or ()}
    for phase in chosen.values():
        if not _pairs_of(phase, pairs):
            raise InputError(
                f"{phase.name} has none of the pairs {', '.join(pairs)}; leave it out, or name its pair in `pairs`",
                "references",
            )
    for pair in pairs:
        there = [*chosen.values(), anode, electrolyte]
        if any(set(pair.split("-")) <= set(phase.elements) for phase in there) or (named is not None and pair in given):
            continue
        found = None if named is not None else _richest(*pair.split("-"))
        if found is not None:
            chosen[found.name] = found
        elif pair not in given:
            raise InputError(
                f"no crystal tells how long a bond {pair} is; name one under `references`, or its length under "
                f"`cutoffs: {{{pair}: 3.0 Å}}`",
                "interface_md",
            )
    return tuple(Reference(phase=phase, pairs=_pairs_of(phase, pairs)) for phase in chosen.values())


def _pairs_of(phase: Phase, pairs: Sequence[str]) -> tuple[str, ...]:
    return tuple(pair for pair in pairs if set(pair.split("-")) <= set(phase.elements))


def _richest(first: str, second: str) -> Phase | None:
    """Return the measured binary crystal of the library with most of the first element: it forms beside the metal."""
    from lianode.structures import library

    def share(formula: str) -> float:
        amounts = parse_formula(formula)
        return float(amounts[first] / sum(amounts.values()))

    binaries = [
        entry
        for entry in library.entries()
        if set(entry.elements) == {first, second} and entry.default and library.phase(entry.name).ordered
    ]
    return library.phase(max(binaries, key=lambda entry: share(entry.formula)).name) if binaries else None
