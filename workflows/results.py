"""The Protocol of a results store, which ``lianode.hpc`` implements and hands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lianode.analysis.documents import PropertyDocument
    from lianode.workflows.calculation import Calculation


class HeldElsewhereError(RuntimeError):
    """Another process works on the same key, and this one had to stop before that ended."""


class Results(Protocol):
    """Calculations by key and property documents by stable key."""

    def calculation(self, key: str) -> Calculation | None:
        """Return the committed calculation with this key."""
        ...

    def calculations(self, keys: Sequence[str]) -> dict[str, Calculation]:
        """Return those of ``keys`` that are present."""
        ...

    def commit(self, calculation: Calculation) -> Calculation:
        """Commit by compare-and-set on ``(key, revision)`` and return what the store now holds.

        ``calculation.revision`` is the revision that was read (0 for none). When another process has committed
        meanwhile, its result is returned, unless it is less far along (see
        :func:`lianode.workflows.calculation.supersedes`).
        """
        ...

    def put_property(self, document: PropertyDocument) -> None:
        """Insert or replace a property document."""
        ...

    def properties(
        self, criteria: Mapping[str, Any], *, sort: Sequence[tuple[str, int]] = (), limit: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Yield property documents (as dictionaries) that meet Mongo criteria."""
        ...

    def run_directory(self, key: str) -> Path:
        """Return the folder of a calculation, made where it is missing."""
        ...

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Hold the key: a second process that wants the same key waits here.

        Raises
        ------
        HeldElsewhereError
            When the session asks to stop before the other one has ended.
        """
        ...
