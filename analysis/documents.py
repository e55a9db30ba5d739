"""The base of every property document."""

from __future__ import annotations

import builtins
import hashlib
import json
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from lianode.analysis.checks import Check, failed
from lianode.analysis.method import MethodKey

Completeness = Literal["complete", "partial"]

FLAT_FIELDS = ("key", "property", "system", "phase", "engine", "campaign", "completeness", "flagged", "created")
"""Fields that every property document has at its top level and that stores index for queries."""


class PropertyDocument(BaseModel):
    """A computed property with its inputs and its checks.

    Subclasses set ``property`` to their name as a ``Literal`` with a default, put a value's unit at the end of its
    field name where it is not eV or Å, and keep the fields one would filter by at the top level.

    Attributes
    ----------
    schema_version
        Version of the document's layout; upgrade functions bring old ones up.
    property
        Name of the property, equal to the campaign key where the campaign asks for it.
    system
        Chemical system, lithium first: ``Li-In``.
    phase
        Phase the value belongs to; None for a property of the whole system.
    engine
        Engine as the campaign names it: ``sevennet-0``.
    campaign
        Campaign that asked for it.
    method
        Method of all energies inside.
    settings
        Options of the analysis (tolerances, temperature, references), as resolved.
    calculations
        Keys of the calculations that went in, by phase.
    completeness
        ``partial`` where something that was asked for is missing.
    missing
        What is missing, why, and what that could change; one sentence each.
    checks
        What was verified.
    created
        ISO time (UTC) of the analysis; not part of the key.
    superseded_by
        Key of the document that a later run of the same campaign put in this one's place, for instance because a
        phase that was missing is there now. Queries leave such documents out unless asked.
    derivation
        All that is needed to derive the documents of one analysis again from stored calculations; empty where another
        document of that analysis holds it. Not part of the key.
    """

    model_config = ConfigDict(extra="forbid")

    SCHEMA_VERSION: ClassVar[int] = 1

    schema_version: int = 1
    property: str
    system: str
    phase: str | None = None
    engine: str
    campaign: str
    method: MethodKey
    settings: dict[str, Any] = Field(default_factory=dict)
    calculations: dict[str, str] = Field(default_factory=dict)
    completeness: Completeness = "complete"
    missing: list[str] = Field(default_factory=list)
    checks: list[Check] = Field(default_factory=list)
    created: str = ""
    superseded_by: str | None = None
    derivation: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _without_computed(cls, data: Any) -> Any:
        """Take a stored document, whose computed fields are computed again."""
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if name not in cls.model_computed_fields}
        return data

    @computed_field  # type: ignore[prop-decorator]
    @builtins.property  # the field named property shadows the decorator
    def flagged(self) -> bool:
        """Whether a check failed."""
        return bool(failed(self.checks))

    @computed_field  # type: ignore[prop-decorator]
    @builtins.property  # the field named property shadows the decorator
    def key(self) -> str:
        """Stable key: a hash of what the value is and what it was computed from.

        The same inputs and settings give the same key on every machine, so that a figure's caption can cite it.
        """
        identity = {
            "property": self.property,
            "system": self.system,
            "phase": self.phase,
            "engine": self.engine,
            "campaign": self.campaign,
            "method": self.method.digest,
            "settings": self.settings,
            "calculations": sorted(self.calculations.items()),
        }
        text = json.dumps(identity, sort_keys=True, default=str)
        return f"{self.property}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
