"""What ``lianode plot`` was asked for: the words of the command that every kind of figure takes what it needs from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lianode.analysis.plots.style import SizeName


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Options of the command, as given.

    Attributes
    ----------
    kind
        Of the figure.
    system, phase, surface, interface, electrolyte, hop, layer, voltage, temperature, entry
        Which result.
    engines, campaign
        Whose.
    published, measured
        What is drawn over it.
    size
        Journal column or slide.
    output
        Where it goes; None leaves that to the kind.
    """

    kind: str
    system: str | None = None
    phase: str | None = None
    surface: str | None = None
    interface: str | None = None
    electrolyte: str | None = None
    hop: str | None = None
    layer: int | None = None
    voltage: float | None = None
    temperature: float | None = None
    entry: int | None = None
    engines: tuple[str, ...] = field(default_factory=tuple)
    campaign: str | None = None
    published: str | None = None
    measured: Path | None = None
    size: SizeName = "column"
    output: Path | None = None

    def target(self, *parts: str | None) -> Path:
        """Return the file: the one that was named, or one in this folder named after the figure's parts."""
        target = self.output or Path("-".join(filter(None, (self.kind, *parts))))
        target.parent.mkdir(parents=True, exist_ok=True)
        return target
