"""What the address of a page asks for: which results, in which order, which page of them."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from lianode.analysis.method import REHEARSAL
from lianode.hpc.conditions import condition
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lianode.hpc.store import ResultsStore

PER_PAGE: Final = 50
LAST_PAGE: Final = 2000
NEWEST: Final = "-created"
SEARCHED: Final = ("property", "system", "phase", "engine", "campaign")
_SINGLE: Final = ("property", "system", "phase", "engine", "campaign", "completeness", "flagged", "since", "until")
_WORDS: Final = (*_SINGLE, "search", "where", "superseded", "rehearsals", "sort", "page")
_BEYOND: Final = "\U0010ffff"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A page of results that somebody asked for.

    Attributes
    ----------
    property, system, phase, engine, campaign, completeness, flagged, since, until, superseded
        As in :meth:`lianode.hpc.store.ResultsStore.query`; empty for any, ``yes`` and ``no`` for true and false.
    search
        Words that are looked for in what a result is called, and in the beginning of its key.
    where
        Conditions on fields, separated by commas: ``energy_above_hull_per_atom<0.005``.
    rehearsals
        ``yes`` for the results of rehearsals alone; else there are none of them.
    sort
        Field, with ``-`` before it from the largest.
    page
        Counted from 1.
    """

    property: str = ""
    system: str = ""
    phase: str = ""
    engine: str = ""
    campaign: str = ""
    completeness: str = ""
    flagged: str = ""
    since: str = ""
    until: str = ""
    search: str = ""
    where: str = ""
    superseded: str = ""
    rehearsals: str = ""
    sort: str = NEWEST
    page: int = 1

    @builtins.property  # the word property shadows the decorator
    def conditions(self) -> list[dict[str, Any]]:
        """Conditions on fields, as criteria."""
        return [condition(text) for text in self.where.split(",") if text.strip()]

    @builtins.property  # the word property shadows the decorator
    def order(self) -> tuple[tuple[str, int], ...]:
        """Sort order, as :meth:`lianode.hpc.store.ResultsStore.query` takes it; equal ones by key."""
        field, down = self.sort.removeprefix("-"), -1 if self.sort.startswith("-") else 1
        return ((field, down),) if field == "key" else ((field, down), ("key", down))

    def address(self, **changes: str | int) -> str:
        """Return the address of this page, or of one that differs in some words."""
        changed = replace(self, **({"page": 1} | changes))  # type: ignore[arg-type]
        usual = Asked()
        words = {name: getattr(changed, name) for name in _WORDS if getattr(changed, name) != getattr(usual, name)}
        return f"/?{urlencode(words)}" if words else "/"

    def words(self, store: ResultsStore) -> dict[str, Any]:
        """Return words of :meth:`lianode.hpc.store.ResultsStore.query`.

        Raises
        ------
        InputError
            For a condition or a day that is none.
        """
        words: dict[str, Any] = {name: getattr(self, name).strip() or None for name in _SINGLE}
        words["flagged"] = {"yes": True, "no": False}.get(self.flagged)
        if words["completeness"] not in {None, "complete", "partial"}:
            raise InputError("a result is complete or partial", "completeness")
        criteria = [*self.conditions, self._programs(store), *self._searched(store)]
        return words | {"superseded": self.superseded == "yes", "criteria": {"$and": criteria}}

    def _programs(self, store: ResultsStore) -> dict[str, Any]:
        programs = [str(name) for name in store.property_documents.distinct("method.program")]
        rehearsed = [name for name in programs if name.endswith(REHEARSAL)]
        return {"method.program": {"$in" if self.rehearsals == "yes" else "$nin": rehearsed}}

    def _searched(self, store: ResultsStore) -> Iterator[dict[str, Any]]:
        """Yield what each word asks for: a name that it is part of, or the beginning of a key."""
        known = {field: store.property_documents.distinct(field) for field in SEARCHED} if self.search.strip() else {}
        for word in self.search.split():
            named = [
                {field: {"$in": alike}}
                for field, names in known.items()
                if (alike := [name for name in names if word.lower() in str(name).lower()])
            ]
            yield {"$or": [*named, {"key": {"$gte": word, "$lt": word + _BEYOND}}]}


def asked(pairs: Sequence[tuple[str, str]]) -> Asked:
    """Read the words of an address.

    Raises
    ------
    InputError
        For a word that there is not, one that is given twice, and a page that is no number.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in _WORDS:
            raise InputError(f"there is no word '{name}'{nearest(name, list(_WORDS))}")
        if name == "where" and value.strip():
            found[name] = ", ".join(filter(None, (found.get(name), value)))
        elif name in found:
            raise InputError("this is given twice", name)
        elif value.strip():
            found[name] = value.strip()
    page = found.pop("page", "1")
    if not page.isdecimal() or not 1 <= int(page) <= LAST_PAGE:
        raise InputError(f"pages are numbered from 1 to {LAST_PAGE}", "page")
    return Asked(**found, page=int(page))
