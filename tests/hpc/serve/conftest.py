"""A store with results of all kinds of trust, and a server on loopback that shows it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.method import MethodKey
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures import library
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.hull.analysis import HullSpec, PhaseSlot, derive_hull
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.store import ResultsStore

pytest.importorskip("starlette", reason="the extra 'serve' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'serve' is not installed")
pytest.importorskip("optimade", reason="the extra 'serve' is not installed")

METHODS = {
    "vasp": MethodKey(program="vasp", functional="PBE", cutoff_eV=500.0),
    "vasp-rehearsal": MethodKey(program="vasp-rehearsal", functional="PBE", cutoff_eV=500.0),
}
ENERGIES = {"Li": -1.9, "In": -2.6, "LiIn": -5.0, "Li3In2": -12.0}

# tests run with --import-mode=importlib, where a neighbouring module has to be loaded by its path
_spec = importlib.util.spec_from_file_location("lianode_test_serving", Path(__file__).with_name("serving.py"))
assert _spec is not None
assert _spec.loader is not None
serving = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = serving
_spec.loader.exec_module(serving)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResultsStore]:
    """A hull, the same one as a rehearsal and in a campaign with a hostile name, and many made-up copies."""
    opened = open_store(load_settings(write_default(tmp_path_factory.mktemp("served"))))
    for engine, campaign in (("vasp", "alloys"), ("vasp-rehearsal", "alloys-rehearsal"), ("vasp", serving.HOSTILE)):
        for name, energy in ENERGIES.items():
            cell = library.phase(name).primitive()
            opened.commit(
                Calculation(
                    key=f"{engine}-{name}", state=State.CONVERGED, engine=engine, task=RelaxTask(),
                    method=METHODS[engine], label=f"{name}{serving.HOSTILE if name == 'In' else ''}",
                    energy=energy * len(cell), structure=cell.as_dict(), volume=cell.volume, program_version="6.4.2",
                    started="2026-11-18T12:00:00+00:00", wall_time_s=60.0, directory=serving.HOSTILE, max_force=0.004,
                    **cell_fields(cell),
                )
            )  # fmt: skip
        slots = tuple(
            PhaseSlot(name=name, formula=name, kind="experimental", key=f"{engine}-{name}") for name in ENERGIES
        )
        spec = HullSpec(campaign=campaign, engine=engine, system="Li-In", phases=slots)
        for document in derive_hull(spec, opened):
            opened.put_property(document.model_copy(update={"created": "2026-11-18T23:59:59+00:00"}))
    (like,) = opened.query(property="phase_stability", phase="LiIn", campaign="alloys")
    opened.property_documents.put([copy_of(like, number) for number in range(serving.COPIES)])
    yield opened
    opened.close()


def copy_of(document: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a result that differs in its energy and its phase."""
    return document | {
        "key": f"phase_stability-copy{number:04d}",
        "phase": serving.FORMULA if number == 0 else f"made-up-{number:03d}",
        "campaign": "copies",
        "calculations": {},
        "energy_above_hull_per_atom": number / 1000,
        "created": f"2026-11-{10 + number // 24:02d}T{number % 24:02d}:00:00+00:00",
    }


@pytest.fixture(scope="module")
def site(store: ResultsStore) -> Iterator[Any]:
    """The store on loopback, without a token."""
    with serving.served(store) as running:
        yield running
