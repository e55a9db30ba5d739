"""What every section says of a document: its title, its method, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.method import MethodKey
from lianode.analysis.report.blocks import Heading, Sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.report.blocks import Block

MEV = 1000.0
FAILED = "check failed"


def method(document: Mapping[str, Any]) -> str:
    """Return the method of a document as on figures: ``SevenNet-0 (PBE)``."""
    return MethodKey.model_validate(document["method"]).label


def heading(title: str, document: Mapping[str, Any]) -> Heading:
    """Return the heading of a document with what a reader has to know before its numbers."""
    badges = [word for word, true in (
        ("partial", document["completeness"] == "partial"),
        (FAILED, document["flagged"]),
        ("rehearsal: no DFT was done", MethodKey.model_validate(document["method"]).is_rehearsal),
    ) if true]  # fmt: skip
    return Heading(title=title, key=document["key"], badges=badges)


def remarks(document: Mapping[str, Any]) -> list[Block]:
    """Return what failed, what is missing and what a reader should see."""
    wrong = [
        f"{check['subject']}: {check['message']}" if check.get("subject") else check["message"]
        for check in document["checks"]
        if check["passed"] is False
    ]
    lists = (
        Sentences(heading="Checks that failed", sentences=list(dict.fromkeys(wrong)), warning=True),
        Sentences(heading="Missing", sentences=document["missing"], warning=True),
        Sentences(heading="Notes", sentences=document.get("notes", [])),
    )
    return [one for one in lists if one.sentences]


def at(document: Mapping[str, Any]) -> str:
    """Return the temperature of an analysis as words, empty at 0 K."""
    temperature = document["settings"].get("temperature")
    return f" at {temperature:g} K" if temperature else ""
