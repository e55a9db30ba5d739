"""What a report is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.compare.comparison import ComparisonRow


@dataclass(frozen=True, kw_only=True)
class Source:
    """A campaign as the store holds it.

    Attributes
    ----------
    campaign
        Its name.
    documents
        Property documents that nothing supersedes, as stored.
    calculations
        By key, as stored: those that the documents name, and others of the campaign where they are known.
    compared
        By paper: published values beside computed ones.
    campaign_file
        Text of the campaign file; empty where it is not known.
    project
        Where the store is.
    generated
        ISO time of the report.
    version
        Of lianode.
    """

    campaign: str
    documents: Sequence[Mapping[str, Any]]
    calculations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    compared: Mapping[str, Sequence[ComparisonRow]] = field(default_factory=dict)
    campaign_file: str = ""
    project: str = ""
    generated: str = ""
    version: str = ""

    def of(self, *properties: str) -> list[Mapping[str, Any]]:
        """Return the documents of some properties, by system, phase, engine and age."""
        chosen = (document for document in self.documents if document["property"] in properties)
        return sorted(chosen, key=lambda d: (d["system"], d["phase"] or "", d["engine"], d["created"], d["key"]))

    def structure(self, key: str | None) -> Mapping[str, Any] | None:
        """Return the final structure of a calculation as a pymatgen dictionary."""
        found: Mapping[str, Any] | None = self.calculations.get(key or "", {}).get("structure")
        return found
