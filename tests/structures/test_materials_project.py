"""Materials Project entries, against a recorded answer with made-up values."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest
from pymatgen.core import Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.matching import same_structure
from lianode.structures.materials_project import KEY_VARIABLE, materials_project_phases

RECORDING = Path(__file__).parent / "data" / "materials_project_recording.json"


class RestError(Exception):
    """Stands for mp-api's MPRestError."""


class Summary:
    """Answers a search as recorded, after checking what is asked."""

    def __init__(self, error=None):
        self.error = error
        self.asked = {}

    def search(self, **asked):
        self.asked = asked
        if self.error is not None:
            raise self.error
        documents = json.loads(RECORDING.read_text(encoding="utf-8"))["documents"]
        return [
            types.SimpleNamespace(**{**document, "structure": Structure.from_dict(document["structure"])})
            for document in documents
            if document["chemsys"] in asked["chemsys"]
        ]


@pytest.fixture
def summary(monkeypatch):
    """Put a stand-in for mp-api in place."""
    endpoint = Summary()

    class Rester:
        def __init__(self, key):
            assert key == "a-key"
            self.materials = types.SimpleNamespace(summary=endpoint)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    client, core = types.ModuleType("mp_api.client"), types.ModuleType("mp_api.client.core")
    client.MPRester, core.MPRestError = Rester, RestError
    monkeypatch.setitem(sys.modules, "mp_api", types.ModuleType("mp_api"))
    monkeypatch.setitem(sys.modules, "mp_api.client", client)
    monkeypatch.setitem(sys.modules, "mp_api.client.core", core)
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return endpoint


def test_entries_become_phases(summary):
    phases = materials_project_phases("In-Li", "a-key")
    assert [phase.formula for phase in phases] == ["In", "LiIn", "Li3In", "Li"]
    assert [phase.kind for phase in phases] == ["experimental", "experimental", "hypothetical", "experimental"]
    assert all(phase.name.startswith("mp-") and phase.name.endswith(f"_{phase.formula}") for phase in phases)
    assert not any(phase.default for phase in phases)
    assert phases[1].note == "3 meV/atom above the Materials Project's hull"
    assert "Materials Project mp-" in phases[1].source


def test_what_is_asked_for(summary):
    materials_project_phases("Li-In", "a-key")
    assert summary.asked["chemsys"] == ["Li", "In", "In-Li"]
    assert summary.asked["deprecated"] is False
    assert summary.asked["include_gnome"] is False


def test_cells_are_conventional_and_match_the_library(summary):
    phases = {phase.formula: phase for phase in materials_project_phases("Li-In", "a-key")}
    assert {formula: len(phase.structure) for formula, phase in phases.items()} == {
        "Li": 2,
        "In": 2,
        "LiIn": 16,
        "Li3In": 16,
    }
    for formula, phase in phases.items():
        assert same_structure(phase, library.phase(formula))
    assert not same_structure(phases["Li3In"], library.phase("Li3In_L12"))
    assert not same_structure(phases["LiIn"], library.phase("LiAl"))


def test_the_key_comes_from_the_environment(summary, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "a-key")
    assert materials_project_phases("Li-In")


def test_without_a_key(summary):
    with pytest.raises(InputError, match="set MP_API_KEY"):
        materials_project_phases("Li-In")


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "mp_api", None)
    monkeypatch.setitem(sys.modules, "mp_api.client", None)
    with pytest.raises(InputError, match=r"pip install 'lianode\[mp\]'"):
        materials_project_phases("Li-In", "a-key")


@pytest.mark.parametrize(
    "error", [RestError("REST query returned\nwith error status code 403"), ConnectionError("no route")]
)
def test_no_answer(summary, error):
    summary.error = error
    with pytest.raises(InputError, match="did not answer") as caught:
        materials_project_phases("Li-In", "a-key")
    assert "\n" not in str(caught.value)


def test_a_misspelt_system(summary):
    with pytest.raises(InputError, match="'Ln' is not an element symbol"):
        materials_project_phases("Li-Ln", "a-key")


def test_the_recording_has_the_schema_of_mp_api():
    emmet = pytest.importorskip("emmet.core.summary")
    for document in json.loads(RECORDING.read_text(encoding="utf-8"))["documents"]:
        parsed = emmet.SummaryDoc.model_validate(document)
        assert str(parsed.material_id) == document["material_id"]
        assert parsed.theoretical == document["theoretical"]


def test_mp_api_still_takes_what_is_asked():
    client = pytest.importorskip("mp_api.client.routes.materials.summary")
    pytest.importorskip("mp_api.client.core").MPRestError  # noqa: B018
    import inspect

    arguments = inspect.signature(client.SummaryRester.search).parameters
    assert {"chemsys", "deprecated", "include_gnome", "fields"} <= set(arguments)
