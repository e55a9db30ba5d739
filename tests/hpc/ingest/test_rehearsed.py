"""Outputs of the rehearsal, read below the refusal; and the refusal."""

from __future__ import annotations

import gzip
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.analysis.method import MethodKey, MethodMismatchError, pooled, single_method
from lianode.hpc.ingest.folders import find_runs
from lianode.hpc.ingest.hull import ingested_hull
from lianode.hpc.ingest.ingest import ingest
from lianode.hpc.ingest.method import density_range
from lianode.hpc.ingest.record import UnreadableError
from lianode.hpc.rehearsal.main import run_folder
from lianode.hpc.rehearsal.poscar import Geometry, format_contcar
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.engine import VaspEngine
from lianode.workflows.engines.vasp.kpoints import density_mesh
from lianode.workflows.task import MDTask, RelaxTask, StaticTask

if TYPE_CHECKING:
    from pathlib import Path

QUICK = RelaxTask(rattle=0.0)


def cell(name: str) -> Structure:
    return library.phase(name).primitive()


def lithium_slab() -> Structure:
    coords = [[0.5 * (i % 2), 0.5 * (i % 2), (5 + 1.72 * i) / 30] for i in range(5)]
    return Structure(Lattice.tetragonal(3.44, 30.0), ["Li"] * 5, coords)


def test_a_rehearsal_is_refused_however_little_of_it_is_left(rehearsed, tmp_path: Path) -> None:
    folder = rehearsed(cell("LiIn"), StaticTask())
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "vasprun.xml.gz").write_bytes(gzip.compress((folder / "vasprun.xml").read_bytes()))
    results = open_store(load_settings(write_default(tmp_path)))
    for place in (folder, alone):
        (one,) = ingest([place], results)
        assert one.refused == "a rehearsal wrote it: no DFT was done"
    assert not any(results.counts()["calculations"].values())
    results.close()


def test_a_static_has_the_method_of_the_engine_that_wrote_its_inputs(rehearsed, read) -> None:
    """Mesh, cut-off and PAW sets, read from vasprun.xml, are those of the preset; the density 42 follows."""
    engine = VaspEngine({"rehearsal": True})
    for name in ("Li", "In", "LiIn"):
        ((found, kind),) = read(rehearsed(cell(name), StaticTask(), name=name))
        assert (kind.value, found.state.value, found.task.kind) == ("static", "converged", "static")
        assert found.method.digest != engine.method().digest  # it does not know of other elements
        assert single_method([found.method, engine.method()], "a hull") == engine.method()
    other = VaspEngine({"rehearsal": True, "encut": 520})
    real = VaspEngine({})
    for stranger in (other, real):
        with pytest.raises(MethodMismatchError):
            single_method([found.method, stranger.method()], "a hull")


def test_a_relaxation_ends_where_the_potential_behind_it_does(rehearsed, read) -> None:
    folder = rehearsed(cell("LiIn"), QUICK)
    ((found, kind),) = read(folder)
    assert (kind.value, found.state.value) == ("relaxation", "converged")
    assert found.task.relax_cell
    assert found.task.max_force == pytest.approx(0.005)
    assert found.max_force <= 0.005
    assert (found.space_group_before, found.space_group_after) == (227, 227)
    for name in ("vasprun.xml", "OUTCAR"):  # incomplete sets: either is enough
        alone = folder.parent.parent / name.split(".")[0]
        alone.mkdir()
        shutil.copy(folder / name, alone)
        ((again, _),) = read(alone)
        assert again.state == found.state
        assert again.energy == pytest.approx(found.energy, abs=1e-6)
        assert again.volume == pytest.approx(found.volume, rel=1e-6)
        assert (again.method.potentials, again.method.cutoff_eV) == (found.method.potentials, 500)


def test_settings_come_from_the_output_not_from_incar(rehearsed, read) -> None:
    folder = rehearsed(cell("LiIn"), StaticTask())
    (folder / "INCAR").write_text("ENCUT = 900\nNSW = 99\nIBRION = 2\nGGA = Ps\n")
    (folder / "KPOINTS").write_text("mesh\n0\nGamma\n2 2 2\n0 0 0\n")
    ((found, kind),) = read(folder)
    assert kind.value == "static"
    assert (found.method.functional, found.method.cutoff_eV) == ("PBE", 500)
    assert found.settings["k_mesh"] == list(density_mesh(cell("LiIn"), 42.0))


def test_a_relaxation_that_ran_out_of_steps_is_not_converged(rehearsed, read) -> None:
    ((found, _),) = read(rehearsed(cell("LiIn"), QUICK, NSW=2))
    assert found.state.value == "unconverged"
    assert "did not reach the required accuracy in 2 steps" in found.reason


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_run_that_is_cut_is_kept_as_interrupted(rehearsed, read, part: float) -> None:
    folder = rehearsed(cell("LiIn"), QUICK)
    for name in ("vasprun.xml", "OUTCAR"):
        text = (folder / name).read_bytes()
        (folder / name).write_bytes(text[: int(len(text) * part)])
    ((found, _),) = read(folder)
    assert found.state.value == "interrupted"
    assert found.checks == []


def test_dynamics_with_noses_thermostat_are_a_task(rehearsed, read) -> None:
    atoms = cell("LiIn") * (2, 2, 2)
    tags = {"IBRION": 0, "MDALGO": 2, "SMASS": 0, "NSW": 5, "POTIM": 1.0, "TEBEG": 300, "TEEND": 300, "ISYM": 0}
    ((found, kind),) = read(rehearsed(atoms, StaticTask(), **tags))
    assert (kind.value, found.state.value) == ("molecular dynamics", "converged")
    assert isinstance(found.task, MDTask)
    assert (found.task.ensemble, found.task.steps, found.task.time_step_fs) == ("nvt-nose-hoover", 5, 1.0)
    assert found.files["trajectory"].path == "XDATCAR"
    langevin = tags | {"MDALGO": 3, "LANGEVIN_GAMMA": [10, 10]}
    ((other, kind),) = read(rehearsed(atoms, StaticTask(), name="langevin", **langevin))
    assert (kind.value, other.task.kind) == ("molecular dynamics", "static")
    assert "frame_of_dynamics" in {check.name for check in other.checks}


def test_a_slab_keeps_its_potential_by_reference(rehearsed, read) -> None:
    folder = rehearsed(lithium_slab(), StaticTask(), LVHAR=True)
    ((found, kind),) = read(folder)
    assert (kind.value, found.state.value) == ("static", "converged")
    assert found.files["potential"].bytes == (folder / "LOCPOT").stat().st_size


def test_images_of_a_band_are_statics_that_say_so(tmp_path: Path, read) -> None:
    from ase.build import bulk

    folder = tmp_path / "band"
    folder.mkdir()
    (folder / "INCAR").write_text("IMAGES = 3\nSPRING = -5\nIBRION = 1\nPOTIM = 0.5\nNSW = 60\nEDIFFG = -0.05\n")
    (folder / "KPOINTS").write_text("k\n0\nGamma\n1 1 1\n")
    (folder / "POTCAR.spec").write_text("Al\n")
    atoms = bulk("Al", "fcc", a=4.0, cubic=True).repeat((2, 2, 2))
    sites = atoms.get_scaled_positions()
    for index, part in enumerate(np.linspace(0, 1, 5)):
        moved = sites[1] + part * (sites[0] - sites[1]) + (index == 2) * np.array([0.0, 0.005, -0.003])
        image = Geometry("hop", atoms.cell.array, ("Al",), (31,), np.vstack([moved, sites[2:]]))
        (folder / f"{index:02d}").mkdir()
        (folder / f"{index:02d}" / "POSCAR").write_text(format_contcar(image, None))
    (folder / "POSCAR").write_text((folder / "00" / "POSCAR").read_text())
    assert run_folder(folder) == 0
    found = read(folder)
    assert [kind.value for _, kind in found] == ["image of a band"] * 3
    assert [c.settings["image"] for c, _ in found] == [1, 2, 3]
    assert all(c.task.kind == "static" and c.state.value == "converged" for c, _ in found)
    assert found[1][0].energy > found[0][0].energy
    assert {one.refused for one in ingest([folder])} == {"a rehearsal wrote it: no DFT was done"}


def test_a_hull_of_ingested_runs_has_the_energies_of_the_potential_behind_them(rehearsed, read, tmp_path: Path) -> None:
    """Statics of the library's cells: formation energies are those that the Morse potential gives by itself."""
    results = open_store(load_settings(write_default(tmp_path)))
    names = ["Li", "In", "LiIn", "Li2In"]
    runs = [read(rehearsed(cell(name), StaticTask(), name=name))[0][0] for name in names]
    image = runs[2].model_copy(update={"key": "image", "settings": {**runs[2].settings, "ingested": "image of a band"}})
    for run in (*runs, image):
        results.commit(run)
    documents = ingested_hull([*runs, image], results, system="In-Li", campaign="old")
    hull = documents[0]
    assert {row.name for row in hull.phases} == {library.phase(name).name for name in names}
    per_atom = {name: energy_by_morse(cell(name)) for name in names}
    expected = per_atom["LiIn"] - 0.5 * (per_atom["Li"] + per_atom["In"])
    row = next(row for row in hull.phases if row.formula == "LiIn")
    assert row.formation_energy_per_atom == pytest.approx(expected, abs=1e-5)
    assert hull.method.is_rehearsal
    assert any(document.property == "voltage" for document in documents)
    with pytest.raises(InputError, match="needs a phase of Li"):
        ingested_hull(runs[2:], results, system="Li-In", campaign="old")
    results.close()


def energy_by_morse(structure: Structure) -> float:
    """Return eV/atom."""
    from pymatgen.io.ase import AseAtomsAdaptor

    from lianode.workflows.engines.morse import MorseCalculator

    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    atoms.calc = MorseCalculator()
    return float(atoms.get_potential_energy()) / len(atoms)


def test_a_tree_is_searched_once_and_numbered_files_are_runs(tmp_path: Path) -> None:
    run = tmp_path / "a" / "b"
    run.mkdir(parents=True)
    for name in ("OUTCAR.relax1.gz", "OUTCAR.relax2.gz", "vasprun.xml.relax2.gz", "INCAR.orig", "POSCAR.orig", "notes"):
        (run / name).write_bytes(b"")
    (tmp_path / "empty").mkdir()
    found = list(find_runs([tmp_path, run]))
    assert [(one.suffix, sorted(one.files)) for one in found] == [
        ("relax1", ["OUTCAR"]),
        ("relax2", ["OUTCAR", "vasprun.xml"]),
    ]
    with pytest.raises(InputError, match="no such folder"):
        list(find_runs([tmp_path / "nowhere"]))


def test_numbered_folders_of_statics_are_no_band(rehearsed, read) -> None:
    folders = [rehearsed(cell("LiIn"), StaticTask(), name=f"{n:02d}") for n in range(3)]
    found = read(folders[0].parent)
    assert [kind.value for _, kind in found] == ["static"] * 3
    assert len({calculation.key for calculation, _ in found}) == 1


def test_xml_with_entities_is_refused(rehearsed, read) -> None:
    folder = rehearsed(cell("LiIn"), StaticTask())
    (folder / "OUTCAR").unlink()
    text = (folder / "vasprun.xml").read_text()
    for bad in ('<!DOCTYPE modeling [<!ENTITY a SYSTEM "file:///etc/hostname">]>', "<!-- " + "x" * 30_000 + " -->"):
        (folder / "vasprun.xml").write_text(text.replace("<modeling", f"{bad}\n<modeling", 1))
        with pytest.raises(UnreadableError, match="does not begin as VASP's does"):
            read(folder)


def test_names_that_would_move_a_cursor_are_quoted(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[2J\nb; rm -rf $(x)"
    folder.mkdir()
    (folder / "OUTCAR").write_text("x")
    (one,) = ingest([tmp_path])
    assert one.run.name.isprintable()
    assert one.refused == "OUTCAR holds no whole ionic step"


def test_a_file_that_cannot_be_decompressed_stops_no_other(tmp_path: Path) -> None:
    for name, content in (("a.gz", b"\x1f\x8b\x08\x00garbage"), ("b.xz", b"\xfd7zXZ\x00bad"), ("c.bz2", b"BZh9bad")):
        for file in ("vasprun.xml", "OUTCAR"):
            (tmp_path / name[0]).mkdir(exist_ok=True)
            (tmp_path / name[0] / f"{file}{name[1:]}").write_bytes(content)
    assert len([one.refused for one in ingest([tmp_path]) if one.refused]) == 3


def test_the_densities_that_give_a_mesh() -> None:
    """Cubic, a = 4 Å: N = ⌈k/4⌉, so 3 divisions mean 8 < k ≤ 12; a slab's normal says nothing."""
    cubic = Structure(Lattice.cubic(4.0), ["Li"], [[0, 0, 0]])
    assert density_range(cubic, (3, 3, 3)) == pytest.approx((8.0, 12.0))
    slab = Structure(Lattice.tetragonal(4.0, 40.0), ["Li"], [[0, 0, 0]])
    assert density_range(slab, (3, 3, 1)) == pytest.approx((8.0, 12.0))
    low, high = density_range(cubic, (3, 3, 7))
    assert low >= high  # no density gives it


def partial(elements: tuple[str, ...], low: float, high: float, **sets: str) -> MethodKey:
    return MethodKey(
        program="vasp", functional="PBE", potentials={"set": "PBE_54/lianode-1", **sets}, cutoff_eV=500.0,
        elements=elements, k_density_range=(low, high),
    )  # fmt: skip


def test_methods_of_single_runs_are_one_where_they_agree() -> None:
    engine = VaspEngine({}).method()
    lithium, alloy = partial(("Li",), 38.0, 43.0), partial(("In", "Li"), 40.0, 50.0)
    assert pooled([lithium, alloy, engine]) == engine
    assert pooled([lithium, alloy]).k_density_range == (40.0, 43.0)
    assert pooled([lithium, alloy]).elements == ("In", "Li")
    own_indium = partial(("In",), 38.0, 43.0, In="In")
    assert pooled([lithium, own_indium]).potentials == {"set": "PBE_54/lianode-1", "In": "In"}
    assert pooled([own_indium, alloy]) is None
    assert pooled([own_indium, engine]) is None
    assert pooled([own_indium, VaspEngine({"potentials": {"In": "In"}}).method()]) is not None
    assert pooled([partial(("Li",), 20.0, 30.0), alloy]) is None
    assert pooled([partial(("Li",), 20.0, 30.0), engine]) is None
    assert pooled([lithium, VaspEngine({"k_mesh": [12, 12, 12]}).method()]) is None
    assert "elements" not in engine.model_dump()
