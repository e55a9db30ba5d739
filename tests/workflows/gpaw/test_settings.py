"""What a campaign may write of GPAW, and what GPAW is told; needs no GPAW."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from pydantic import ValidationError
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.symmetry import symmetry_dataset
from lianode.workflows.campaign.entry import EngineSpec
from lianode.workflows.engine import Capability
from lianode.workflows.engines.gpaw import installation
from lianode.workflows.engines.gpaw.engine import GpawEngine
from lianode.workflows.engines.gpaw.inputs import mesh_of, parameters, to_middle, to_origin
from lianode.workflows.engines.gpaw.presets import PRESETS, VARIANTS
from lianode.workflows.engines.gpaw.settings import resolve
from lianode.workflows.engines.registry import known_engines, make_engine
from lianode.workflows.engines.vasp.kpoints import is_symmetric, rotations
from lianode.workflows.engines.vasp.settings import resolve as resolve_vasp
from lianode.workflows.request import usual_rattle


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"encutt": 500}, "did you mean 'encut'"),
        ({"preset": "aloy"}, "did you mean 'alloy'"),
        ({"preset": "mp-gga"}, "unknown preset 'mp-gga'"),
        ({"functional": "scan"}, "unknown functional 'scan'"),
        ({"smearing": "gausian"}, "did you mean 'gaussian'"),
        ({"variant": "slabs"}, "did you mean 'slab'"),
        ({"encut": -3}, "encut"),
        ({"encut": True}, "encut"),
        ({"ispin": 3}, "ispin"),
        ({"sigma": 0}, "sigma"),
        ({"k_density": 40, "k_mesh": [3, 3, 3]}, "keep one"),
        ({"k_density": None}, "one of `k_density` and `k_mesh` is needed"),
        ({"k_mesh": [3, 0, 3]}, "k_mesh"),
        ({"encut": "500; rm -rf /"}, "encut"),
    ],
)
def test_wrong_settings_are_said_in_one_sentence(spec: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make_engine({"name": "gpaw", **spec})


def test_a_campaign_may_name_it_where_it_is_not_installed() -> None:
    assert "gpaw" in known_engines()
    assert EngineSpec.model_validate({"name": "gpaw", "encut": 400}).settings == {"encut": 400}
    with pytest.raises(ValidationError, match="did you mean 'encut'"):
        EngineSpec.model_validate({"name": "gpaw", "encat": 400})


def test_resolved_settings_resolve_to_themselves() -> None:
    for preset in PRESETS:
        for variant in ("bulk", *VARIANTS[preset]):
            engine = make_engine({"name": "gpaw", "preset": preset, "variant": variant})
            again = make_engine(json.loads(json.dumps(engine.settings)))
            assert (again.settings, again.name) == (engine.settings, engine.name)


def test_a_preset_means_what_it_means_with_vasp() -> None:
    for preset in PRESETS:
        for variant in ("bulk", *VARIANTS[preset]):
            ours, theirs = (made({"preset": preset, "variant": variant}) for made in (resolve, resolve_vasp))
            for key in ("functional", "encut", "ispin", "k_density", "k_mesh", "sigma"):
                assert getattr(ours, key) == getattr(theirs, key), (preset, variant, key)
            assert ours.smearing == {1: "methfessel-paxton", 0: "gaussian"}[theirs.ismear]


def test_changed_settings_show_in_the_name() -> None:
    assert make_engine("gpaw").name == "gpaw-alloy"
    assert make_engine({"name": "gpaw", "encut": 600, "ispin": 2}).name == "gpaw-alloy-encut600-ispin2"
    named = make_engine({"name": "gpaw", "preset": "su2024", "variant": "slab", "smearing": "fermi-dirac"}).name
    assert named == "gpaw-su2024-slab-fermi-dirac"


def test_what_it_is_told_is_plain_data() -> None:
    told = parameters(resolve({"k_mesh": [4, 4, 4], "ispin": 2}), library.phase("Li").primitive())
    assert json.loads(json.dumps(told)) == told
    assert told["mode"] == {"name": "pw", "ecut": 500.0}
    assert told["kpts"] == {"size": [4, 4, 4], "gamma": True}
    assert told["occupations"] == {"name": "methfessel-paxton", "order": 1, "width": 0.1}
    assert told["spinpol"] is True
    assert "poissonsolver" not in told


@pytest.mark.parametrize("name", ["Li", "In", "LiIn", "Li3In2", "LiCl"])
def test_meshes_have_the_symmetry_of_the_crystal(name: str) -> None:
    """GPAW would find the operations of In's body-centred cell broken by unequal divisions: 1004 points for 200."""
    cell = library.phase(name).primitive()
    assert is_symmetric(mesh_of(resolve({}), cell), rotations(cell))


def slab(height: float) -> Structure:
    """Three layers of Li(001) that lie across the end of the cell."""
    a = 3.44
    lattice = Lattice.tetragonal(a, height)
    heights = [-a / 2, 0.0, a / 2]
    return Structure(
        lattice, ["Li"] * 3, [[0, 0, heights[0]], [a / 2, a / 2, heights[1]], [0, 0, heights[2]]],
        coords_are_cartesian=True, to_unit_cell=True,
    )  # fmt: skip


def test_a_slab_ends_along_its_normal_and_lies_in_the_middle() -> None:
    cell = slab(16.0)
    settings = resolve({"variant": "slab"})
    told = parameters(settings, cell)
    assert told["kpts"]["size"][2] == 1
    assert told["poissonsolver"] == {"dipolelayer": "xy"}
    places = cell.lattice.get_cartesian_coords(cell.frac_coords + to_middle(cell.to_ase_atoms()))
    assert np.sort(places[:, 2]) == pytest.approx([8 - 1.72, 8, 8 + 1.72])
    assert places[:, :2] == pytest.approx(cell.cart_coords[:, :2])


@pytest.mark.parametrize("name", ["Li", "In", "LiIn", "Li3In2", "Li13In3", "LiCl", "Li6PS5Cl"])
def test_a_crystal_comes_to_its_origin_from_anywhere(name: str) -> None:
    """Wherever the atoms lie, the operations then shift by multiples of a twelfth."""
    cell = library.phase(name).primitive()
    cell.translate_sites(range(len(cell)), (0.0145, 0.2391, 0.4237))
    cell.translate_sites(range(len(cell)), to_origin(cell.to_ase_atoms()))
    found = symmetry_dataset(cell, 0.01)
    assert found is not None
    assert found.translations * 12 == pytest.approx(np.rint(found.translations * 12), abs=1e-3)


def test_a_slab_without_vacuum_is_refused() -> None:
    with pytest.raises(InputError, match="needs at least"):
        parameters(resolve({"variant": "slab"}), slab(6.0))
    assert "poissonsolver" not in parameters(resolve({"variant": "interface"}), slab(6.0))


def test_what_only_makes_sure_is_done_when_asked() -> None:
    engine = GpawEngine({})
    assert engine.costly
    assert usual_rattle(engine) == 0.0
    assert Capability.STRESS in engine.capabilities


def test_larger_cells_are_expected_to_take_longer() -> None:
    seconds = [GpawEngine({}).seconds_per_evaluation(n) for n in (1, 2, 8, 32, 128)]
    assert seconds == sorted(seconds)
    assert GpawEngine({"encut": 300}).seconds_per_evaluation(8) < seconds[2]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/nowhere/bin/python", "does not start"),
        (f"{sys.executable} -I -S", "No module named"),
        ("python 'unclosed", "cannot be split into words"),
        (f"{sys.executable} --version", "does not start with"),
    ],
)
def test_a_missing_gpaw_is_said_in_one_sentence(command: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(installation.VARIABLE, command)
    with pytest.raises(InputError, match=words):
        GpawEngine({}).check(library.phase("Li").primitive())


def test_one_thread_whatever_the_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert installation.environment()["OMP_NUM_THREADS"] == "1"
