"""A campaign with a result of every kind, and the same one with hostile names, as the store would hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from lianode_test_elastic_crystals import asked, crystal, measured, of_crystal
from lianode_test_hops import cosine, document, hop
from lianode_test_interface_run import bonds_of, built, interface_md_of, motion_of, rdf_of, run
from lianode_test_tables import LI_IN, phase, table

from lianode.analysis.compare.compare import compare
from lianode.analysis.elastic.elastic import elastic
from lianode.analysis.hull.hull import hull
from lianode.analysis.hull.stability import phase_stabilities
from lianode.analysis.method import MethodKey
from lianode.analysis.migration.migration import migration
from lianode.analysis.migration.site_network import SiteNetwork
from lianode.analysis.reactivity.reactivity import reactivity
from lianode.analysis.report.source import Source
from lianode.analysis.voltage.voltage import voltage
from lianode.structures.library import phase as library_phase
from lianode.workflows.calculation import Calculation, FileReference, State, cell_fields
from lianode.workflows.task import RelaxTask

HOSTILE = "\"'><script>window.hacked=1</script><img src=x onerror=window.hacked=2>\u2028</style><!--{{7*7}}\u202e"
FORMULA = '=HYPERLINK("http://example.org","x")'
NAMES = frozenset({"message", "subject", "hop", "first", "equation", "interface", "pair", "label", "reason", "element",
                   "crystal", "campaign", "engine", "host", "program_version", "cutoff_source", "normalisation",
                   "directory", "path", "start", "end"})  # fmt: skip
COMMON = {"engine": "made-up", "campaign": "everything"}
ALLOYS = {"Li": 0.0, "In": 0.0, "Sn": 0.0, "LiIn": -0.28, "LiSn": -0.35, "Li2InSn": -0.4, "InSn": 0.02}
SALTS = {"Li": 0.0, "In": 0.0, "Cl": 0.0, "InCl": -0.9, "InCl3": -1.2, "LiCl": -2.0, "LiIn": -0.3, "Li3InCl6": -1.4}


def of_hulls() -> list[Any]:
    binary = hull(table(LI_IN), system="Li-In", **COMMON)
    ternary = hull([phase(name, e) for name, e in ALLOYS.items()], system="Li-In-Sn", **COMMON)
    return [binary, *phase_stabilities(binary), voltage(binary), ternary]


def of_hops() -> list[Any]:
    edges = {"Li1-Li2a": [(0, 1, (0, 0, 0)), (1, 0, (1, 0, 0))], "Li1-Li1a": [(0, 0, (0, 1, 0))]}
    hops = [
        document(cosine(0.28, 0.1, images=9), hop("Li1-Li2a", "Li1", "Li2", multiplicity=2)),
        document(cosine(0.5, climbing=3), hop("Li1-Li1a", "Li1")),
    ]
    sites = SiteNetwork(lattice=np.eye(3) * 4, positions=np.array([[0.0, 0, 0], [2, 0, 0]]), orbits=("Li1", "Li2"),
                        edges=edges, cutoff=4.2)  # fmt: skip
    return [*hops, migration(hops, sites)]


def of_interface() -> list[Any]:
    frames = run(*built(), frames=60)
    return [rdf_of(frames), bonds_of(frames), motion_of(frames), interface_md_of(frames, 64)]


def of_tensor() -> Any:
    structure = crystal("cubic m-3m")
    return elastic(**asked(*measured(structure, of_crystal(structure, 5))))


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
    anodes = [reactivity([phase(n, e) for n, e in SALTS.items()], first=first, second="Li3InCl6", **COMMON)
              for first in ("Li", "LiIn")]  # fmt: skip
    models: list[Any] = [*of_hulls(), *of_hops(), *anodes, *of_interface(), of_tensor()]
    documents = [
        model.model_dump(mode="json") | {"created": f"2026-01-02T03:04:{n % 60:02d}"} for n, model in enumerate(models)
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
