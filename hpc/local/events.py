"""What a run tells whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Begun:
    """A job began."""

    name: str


@dataclass(frozen=True)
class Stepped:
    """A calculation inside a job made a step; energy in eV, force in eV/Å."""

    name: str
    label: str
    step: int
    energy: float
    max_force: float


@dataclass(frozen=True)
class Ended:
    """A job ended; ``error`` is None where it did well."""

    name: str
    error: str | None = None
    quick: bool = False


@dataclass(frozen=True)
class Stopping:
    """The user asked to stop; running jobs save their state."""


Event = Begun | Stepped | Ended | Stopping
