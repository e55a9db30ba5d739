"""A campaign with a result of every kind, and the same one with hostile names, as the store would hold them."""

from __future__ import annotations

from typing import Any

import pytest
from lianode_test_everything import everything

from lianode.analysis.compare.compare import compare
from lianode.analysis.method import MethodKey
from lianode.analysis.report.source import Source
from lianode.structures.library import phase as library_phase
from lianode.workflows.calculation import Calculation, FileReference, State, cell_fields
from lianode.workflows.task import RelaxTask

HOSTILE = "\"'><script>window.hacked=1</script><img src=x onerror=window.hacked=2>\u2028</style><!--{{7*7}}\u202e"
FORMULA = '=HYPERLINK("http://example.org","x")'
NAMES = frozenset({"message", "subject", "hop", "first", "equation", "interface", "pair", "label", "reason", "element",
                   "crystal", "campaign", "engine", "host", "program_version", "cutoff_source", "normalisation",
                   "directory", "path", "start", "end"})  # fmt: skip


def calculation(name: str, **fields: Any) -> dict[str, Any]:
    """Return the calculation of a phase of the library, as stored."""
    structure = library_phase(name).structure
    made = Calculation(
        key=f"key-{name}", state=State.CONVERGED, engine="made-up", task=RelaxTask(), label=name,
        method=MethodKey(program="sevennet", functional="PBE", model="SevenNet-0", checksum="0" * 64),
        energy=-1.0, structure=structure.as_dict(), program_version="1.2", started="2026-01-02T03:04:05",
        wall_time_s=12.0, files={"log": FileReference(path="relax.log", sha256="ab" * 32, bytes=12)},
        **cell_fields(structure),
    )  # fmt: skip
    return made.model_dump(mode="json") | fields


@pytest.fixture(scope="session")
def source() -> Source:
    """A campaign with a result of every kind."""
    documents = [
        model.model_dump(mode="json") | {"created": f"2026-01-02T03:04:{n % 60:02d}"}
        for n, model in enumerate(everything())
    ]
    done = {f"key-{name}": calculation(name) for name in ("LiIn", "Li2In", "Li3In2", "In_bct", "Li_bcc")}
    failed = calculation("Li5In4", key="key-lost", state="failed", reason="the forces grew without limit")
    return Source(
        campaign="everything",
        documents=documents,
        calculations=done | {"key-lost": failed},
        compared={"hansel2021": compare("hansel2021", documents)},
        campaign_file="name: everything\n",
        generated="2026-01-03 00:00 UTC",
        version="0.0",
    )


@pytest.fixture(scope="session")
def hostile(source: Source) -> Source:
    """The same campaign with names that try to leave their place."""
    documents = [hostile_names(document) for document in source.documents]
    first = next(document for document in documents if document["property"] == "hull")
    for row in first["phases"]:
        row["name"] = FORMULA if row["name"] == "LiIn" else row["name"] + HOSTILE
    return Source(
        campaign=f"everything{HOSTILE}",
        documents=documents,
        calculations={key: hostile_names(one) for key, one in source.calculations.items()},
        campaign_file=f"name: {HOSTILE}\n",
    )


def hostile_names(value: Any, name: str = "") -> Any:
    """Return a document with hostile text behind all that is a name or a sentence."""
    if isinstance(value, dict):
        return {key: hostile_names(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [hostile_names(item, name) for item in value]
    sentences = {"notes", "missing"}
    return value + HOSTILE if isinstance(value, str) and name in NAMES | sentences else value
