"""What a campaign may write of VASP, and what it becomes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lianode.structures.errors import InputError
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.engines.vasp.engine import VaspEngine
from lianode.workflows.engines.vasp.incar import Dynamics
from lianode.workflows.engines.vasp.inputs import incar_differences, input_set, poscar_order
from lianode.workflows.engines.vasp.presets import PRESETS
from lianode.workflows.engines.vasp.settings import resolve
from lianode.workflows.task import RelaxTask, StaticTask


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"encutt": 500}, "did you mean 'encut'"),
        ({"preset": "aloy"}, "did you mean 'alloy'"),
        ({"functional": "pbe0"}, "unknown functional 'pbe0'"),
        ({"variant": "slabs"}, "did you mean 'slab'"),
        ({"preset": "mp-gga", "variant": "slab"}, "has no variant 'slab'"),
        ({"encut": -3}, "encut"),
        ({"encut": True}, "encut"),
        ({"ispin": 3}, "ispin"),
        ({"k_density": 40, "k_mesh": [3, 3, 3]}, "keep one"),
        ({"k_mesh": [3, 0, 3]}, "k_mesh"),
        ({"dispersion": "d3", "functional": "r2scan"}, "no parameters of d3 for r2scan"),
        ({"potentials": {"In": "Li_sv"}}, "no known PAW set of In; known for In: In, In_d"),
        ({"preset": "mp-gga", "encut": 600}, "cannot be changed"),
        ({"potcar_functional": "PBE_99"}, "potcar_functional"),
        ({"encut": "500; rm -rf /"}, "encut"),
    ],
)
def test_wrong_settings_are_said_in_one_sentence(spec: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        make_engine({"name": "vasp", **spec})


def test_resolved_settings_resolve_to_themselves() -> None:
    for preset, definition in PRESETS.items():
        for variant in ("bulk", *definition.variants):
            engine = make_engine({"name": "vasp", "preset": preset, "variant": variant})
            again = make_engine(json.loads(json.dumps(engine.settings)))
            assert (again.settings, again.name, again.method()) == (engine.settings, engine.name, engine.method())


def test_the_papers_settings_are_in_their_presets() -> None:
    su = {
        variant: resolve({"preset": "su2024", "variant": variant})
        for variant in ("bulk", "slab", "slab-reference", "aimd")
    }
    assert [(made.encut, made.k_mesh) for made in su.values()] == [
        (600, (12, 12, 12)), (400, (3, 1, 1)), (400, (12, 12, 12)), (280, (1, 1, 1)),
    ]  # fmt: skip
    luo = resolve({"preset": "luo2021", "variant": "aimd"})
    assert (luo.encut, luo.k_mesh, luo.functional) == (500, (1, 1, 1), "pbe")


def test_slab_and_its_reference_may_be_subtracted_and_the_bulk_setting_may_not() -> None:
    method = {v: VaspEngine({"preset": "su2024", "variant": v}).method() for v in ("bulk", "slab", "slab-reference")}
    assert method["slab"] == method["slab-reference"] != method["bulk"]


def test_rehearsals_never_share_a_method_or_a_key_with_vasp() -> None:
    real, rehearsed = VaspEngine({}), VaspEngine({"rehearsal": True})
    assert rehearsed.method().program == "vasp-rehearsal"
    assert real.method().program == "vasp"
    assert real.settings != rehearsed.settings
    assert real.name != rehearsed.name


def test_methods_differ_where_energies_do() -> None:
    specs = ({}, {"encut": 600}, {"functional": "pbesol"}, {"dispersion": "d3-bj"}, {"potentials": {"Ga": "Ga"}},
             {"potcar_functional": "PBE_64"}, {"k_density": 30}, {"preset": "mp-gga"})  # fmt: skip
    digests = {VaspEngine(spec).method().digest for spec in specs}
    assert len(digests) == len(specs)
    assert VaspEngine({"ispin": 2}).method() == VaspEngine({}).method()  # spin is a detail of a calculation


def test_names_say_what_was_changed() -> None:
    assert VaspEngine({}).name == "vasp-alloy"
    assert VaspEngine({"encut": 600, "ispin": 2}).name == "vasp-alloy-encut600-ispin2"
    assert VaspEngine({"preset": "su2024", "variant": "slab"}).name == "vasp-su2024-slab"
    assert VaspEngine({"functional": "r2scan", "k_mesh": [3, 3, 3]}).name == "vasp-alloy-r2scan-3x3x3"


def test_plans_show_how_an_incar_differs_from_its_preset(crystal) -> None:
    cell = crystal("LiIn")
    assert incar_differences({}, RelaxTask(), cell) == {}
    assert incar_differences({"encut": 600, "dispersion": "d3-bj"}, RelaxTask(), cell) == {"ENCUT": 600.0, "IVDW": 12}


def test_slabs_keep_their_cell_and_need_vacuum(crystal) -> None:
    slab = {"preset": "alloy", "variant": "slab"}
    with pytest.raises(InputError, match="must not relax"):
        input_set(slab, RelaxTask(), crystal("LiCl100"))
    with pytest.raises(InputError, match="vacuum"):
        input_set(slab, RelaxTask(relax_cell=False), crystal("LiIn"))
    made = input_set(slab, RelaxTask(relax_cell=False), crystal("LiCl100"))
    assert made.mesh[2] == 1
    assert made.incar["LDIPOL"]
    heights = crystal("LiCl100").frac_coords[:, 2]
    assert heights.min() < made.incar["DIPOL"][2] < heights.max()
    without = input_set({**slab, "variant": "interface"}, RelaxTask(relax_cell=False), crystal("Li_LiCl"))
    assert "LDIPOL" not in without.incar


def test_a_slab_across_the_boundary_has_its_centre_inside(crystal) -> None:
    slab = crystal("LiCl100")
    z = input_set({"variant": "slab"}, StaticTask(), slab).incar["DIPOL"][2]
    slab.translate_sites(range(len(slab)), [0, 0, 0.8 - z])
    moved = input_set({"variant": "slab"}, StaticTask(), slab).incar["DIPOL"][2]
    assert moved == pytest.approx(0.8, abs=2e-6)


def test_like_atoms_stand_together_and_nothing_else_is_taken_over(crystal) -> None:
    cell = crystal("LiCl")
    cell.make_supercell([2, 1, 1])
    cell.add_oxidation_state_by_element({"Li": 1, "Cl": -1})
    cell = type(cell).from_sites([cell[i] for i in (0, 2, 1, 3)])
    made = input_set({"ispin": 2}, StaticTask(), cell)
    assert made.poscar.site_symbols == ["Li", "Cl"]
    assert made.order == poscar_order(cell)
    assert made.poscar.structure.frac_coords == pytest.approx(cell.frac_coords[list(made.order)])
    assert made.incar["MAGMOM"] == [0.6] * 4


def test_energy_convergence_is_of_the_cell_and_loosens_only_for_large_ones(crystal) -> None:
    cell = crystal("LiIn")
    assert input_set({}, StaticTask(), cell).incar["EDIFF"] == pytest.approx(1e-6)
    cell.make_supercell(4)
    assert input_set({}, StaticTask(), cell).incar["EDIFF"] == pytest.approx(1e-8 * 256)


def test_unknown_elements_and_old_settings_are_refused(crystal) -> None:
    cell = crystal("LiIn")
    cell.replace_species({"In": "Pu"})
    with pytest.raises(InputError, match="no PAW set is chosen for Pu"):
        input_set({}, StaticTask(), cell)
    with pytest.raises(InputError, match="version"):
        input_set({"preset_version": 999}, StaticTask(), crystal("LiIn"))
    with pytest.raises(InputError, match="bulk crystals only"):
        input_set({"preset": "mp-gga"}, Dynamics(), crystal("LiIn"))


def test_the_registry_loads_nothing_of_vasp() -> None:
    code = (
        "import lianode.workflows.engines.registry, sys\n"
        "print([n for n in sys.modules if 'vasp' in n or 'custodian' in n])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_planning_needs_no_extra() -> None:
    code = (
        "import sys\n"
        "from lianode.structures import library\n"
        "from lianode.workflows.engines.vasp.inputs import input_set\n"
        "from lianode.workflows.task import RelaxTask\n"
        "input_set({}, RelaxTask(), library.phase('Li').primitive())\n"
        "print({'atomate2', 'custodian', 'emmet', 'torch', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
