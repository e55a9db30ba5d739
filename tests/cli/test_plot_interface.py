"""Figures of an interface's dynamics from the store, as users ask for them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.cli.figures import draw_interfaces
from lianode.cli.file_names import file_name
from lianode.cli.plot_interface import KINDS, draw_interface
from lianode.hpc.store import open_project
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.store import ResultsStore

spec = importlib.util.spec_from_file_location(
    "lianode_test_interface_run_for_cli", Path(__file__).parents[1] / "analysis" / "interface_run.py"
)
assert spec is not None
assert spec.loader is not None
made: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)

IN, LI = "In(001)/Li6PS5Cl(001)", "Li(100)/Li6PS5Cl(001)"


@pytest.fixture(scope="module")
def documents() -> list[Any]:
    frames = made.run(*made.built(), frames=60)
    return [made.rdf_of(frames), made.bonds_of(frames), made.motion_of(frames), made.interface_md_of(frames, 64)]


@pytest.fixture
def results(lianode: Any, documents: list) -> Iterator[ResultsStore]:
    """A store with one run."""
    store = open_project(lianode.folder)
    for document in documents:
        store.put_property(document)
    yield store
    store.close()


def put(results: ResultsStore, document: Any, **fields: Any) -> None:
    """Put a document that differs, and so has another key."""
    settings = {"of": sorted(map(str, fields.values()))}
    results.put_property(document.model_copy(update={"settings": settings, **fields}))


def test_every_kind_is_drawn_with_its_data(lianode: Any, results: ResultsStore, tmp_path: Path) -> None:
    for kind in KINDS:
        written = [file.name for file in draw_interface(kind, results, tmp_path / f"{kind}.svg", interface=IN)]
        assert written == [f"{kind}.svg", f"{kind}.csv"]
    done = lianode("plot", "bonds", "--interface", IN, "--size", "slide")
    assert done.returncode == 0, done.stderr
    assert (lianode.folder / "bonds-In-001-Li6PS5Cl-001.svg").exists()
    done = lianode("plot", "rdf", "-o", "figures/rdf.png")
    assert done.returncode == 0, done.stderr
    assert (lianode.folder / "figures" / "rdf.csv").exists()


def test_one_run_has_to_be_meant(results: ResultsStore, documents: list[Any], tmp_path: Path) -> None:
    bonds = documents[1]
    put(results, bonds, interface=LI)
    with pytest.raises(InputError, match=r'several interfaces fit; add --interface "In\(001\).*" or --interface "Li'):
        draw_interface("bonds", results, tmp_path / "x", interface=None)
    with pytest.raises(InputError, match=r"the store has none \(did you mean 'In\(001\).*'\?\); it has bonds of: In\("):
        draw_interface("bonds", results, tmp_path / "x", interface="In(001)/Li6PS5Cl(010)")
    with pytest.raises(InputError, match="the store has none at 500 K; it has bonds of"):
        draw_interface("bonds", results, tmp_path / "x", interface=IN, temperature=500.0)
    put(results, bonds, temperature=600.0)
    with pytest.raises(InputError, match=r"several temperatures fit; add --temperature 300\.0 or --temperature 600\.0"):
        draw_interface("bonds", results, tmp_path / "x", interface=IN)
    put(results, bonds, campaign="later")
    with pytest.raises(InputError, match="several campaigns fit; add --campaign anodes or --campaign later"):
        draw_interface("bonds", results, tmp_path / "x", interface=IN)
    assert draw_interface("bonds", results, tmp_path / "x.svg", interface=IN, campaign="anodes", temperature=600.0)
    with pytest.raises(InputError, match="layers are of"):
        draw_interface("bonds", results, tmp_path / "x", interface=IN, layer=1)


def test_the_newest_document_of_a_run_is_drawn(results: ResultsStore, documents: list[Any], tmp_path: Path) -> None:
    newer = documents[1].model_copy(update={"created": "2099-01-01T00:00:00", "notes": ["this is the newer one"]})
    put(results, newer, campaign="anodes")
    svg, _ = draw_interface("bonds", results, tmp_path / "x.svg", interface=IN)
    assert "This is the newer one." in svg.read_text(encoding="utf-8")


def test_the_figures_of_a_campaign(results: ResultsStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = list(results.query())
    files = draw_interfaces(found, results, tmp_path)
    assert {file.name for file in files if file.suffix == ".png"} == {
        f"{kind}-In-001-Li6PS5Cl-001.png" for kind in ("rdf", "bonds", "snapshots")
    }
    lost = [document | {"interface": LI} for document in found]  # not in the store
    assert draw_interfaces(lost, results, tmp_path) == []
    assert "no figure rdf-Li-100-Li6PS5Cl-001: the store has none" in capsys.readouterr().err
    assert draw_interfaces([], results, tmp_path) == []


def test_bad_input_is_one_sentence(lianode: Any) -> None:
    done = lianode("plot", "rdf", "--interface", IN)
    assert done.returncode == 2
    assert "the store has none; it has rdf of: nothing yet" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_of_files() -> None:
    assert file_name("In(001)/Li6PS5Cl(1-10) 2") == "In-001-Li6PS5Cl-1-10-2"
    assert file_name("In(-110)/LiCl(001)") == "In-m110-LiCl-001"
