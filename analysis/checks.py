"""The checks that travel with every number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable


class Check(BaseModel):
    """One thing that was verified about a result.

    Attributes
    ----------
    name
        Stable identifier, such as ``forces_converged``.
    passed
        Whether the result passed. A failed check flags the result wherever it is shown. None where the check was not
        made, which flags nothing and is said.
    message
        One sentence with the numbers.
    subject
        What it is about where a document covers several things, such as a phase.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool | None
    message: str
    subject: str | None = None


def failed(checks: Iterable[Check]) -> list[Check]:
    """Return the checks that did not pass."""
    return [check for check in checks if check.passed is False]
