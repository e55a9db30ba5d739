"""Results for other programs, read back with those programs' own readers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.analysis.method import MethodKey
from lianode.hpc.export.ase_database import write_ase_database
from lianode.hpc.export.entries import write_entries
from lianode.hpc.export.extxyz import write_extxyz
from lianode.hpc.export.selected import select
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.hull.analysis import HullSpec, PhaseSlot, derive_hull
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.store import ResultsStore

PBE = MethodKey(program="vasp", functional="PBE", cutoff_eV=500.0)
ENERGIES = {"Li": -1.9, "In": -2.6, "LiIn": -5.0, "Li3In2": -12.0}
STRESS_GPA = [1.0, 2.0, 3.0, 0.1, 0.2, 0.3]
HOSTILE = 'a"\n<script>=1+1 ../../x Lattice="0'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ResultsStore]:
    opened = open_store(load_settings(write_default(tmp_path)))
    fill(opened, PBE)
    yield opened
    opened.close()


def fill(store: ResultsStore, method: MethodKey, **changed: Any) -> None:
    """Put the phases of Li-In and their hull; In is a static with forces and stress."""
    for name, energy in ENERGIES.items():
        cell = library.phase(name).primitive()
        static = {
            "task": StaticTask(), "forces": [[0.1, -0.2, 0.3]] * len(cell), "stress_GPa": STRESS_GPA,
        } if name == "In" else {"task": RelaxTask()}  # fmt: skip
        store.commit(
            Calculation(
                **{
                    "key": f"{method.program}-{name}", "state": State.CONVERGED, "engine": method.program,
                    "method": method, "label": name, "energy": energy * len(cell), "structure": cell.as_dict(),
                    "volume": cell.volume, **cell_fields(cell), **static, **changed,
                }
            )
        )  # fmt: skip
    slots = tuple(
        PhaseSlot(name=name, formula=name, kind="experimental", key=f"{method.program}-{name}") for name in ENERGIES
    )
    spec = HullSpec(campaign="hulls", engine=method.program, system="Li-In", phases=slots)
    for document in derive_hull(spec, store):
        store.put_property(document.model_copy(update={"created": "2026-11-20T00:00:00+00:00"}))


def test_ase_db_reads_the_database(store: ResultsStore, tmp_path: Path) -> None:
    """With ASE's own command: structures, energies and key-value pairs."""
    file = tmp_path / "hulls.db"
    assert write_ase_database(store, select(store, {}), file) == 4

    def listed(*words: str) -> set[str]:
        columns = ("-c", "formula,energy,label,energy_above_hull_per_atom", "--csv")
        command = [sys.executable, "-m", "ase", "db", str(file), *words, *columns]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return {row.split(",")[2].strip() for row in done.stdout.splitlines() if row.count(",") == 3} - {"label"}

    assert listed() == set(ENERGIES)
    documents = list(store.query(property="phase_stability"))
    low = {document["phase"] for document in documents if document["energy_above_hull_per_atom"] < 1e-6}
    assert 0 < len(low) < 4
    assert listed("energy_above_hull_per_atom<1e-6") == low


def test_the_database_holds_what_was_computed(store: ResultsStore, tmp_path: Path) -> None:
    from ase import units
    from ase.db import connect

    write_ase_database(store, select(store, {}), tmp_path / "hulls.db")
    documents = {d["phase"]: d for d in store.query(property="phase_stability")}
    with connect(tmp_path / "hulls.db") as database:
        for row in database.select():
            calculation = store.calculation(row.calculation_key)
            assert row.energy == calculation.energy
            assert row.volume == pytest.approx(calculation.volume)
            assert row.energy_above_hull_per_atom == documents[row.label]["energy_above_hull_per_atom"]
            assert row.data["lianode"]["documents"][documents[row.label]["key"]] == row.label
        static = database.get(label="In").toatoms()
    assert static.get_forces() == pytest.approx(np.array([[0.1, -0.2, 0.3]]))
    assert static.get_stress(voigt=True) == pytest.approx(np.array(STRESS_GPA) * units.GPa)


def test_values_at_a_temperature_are_named_so(store: ResultsStore, tmp_path: Path) -> None:
    from ase.db import connect

    (document,) = store.query(property="phase_stability", phase="LiIn")
    hot = document | {
        "key": "phase_stability-hot", "settings": {"temperature": 300.0}, "energy_above_hull_per_atom": 0.5,
        "created": "2026-11-21T00:00:00+00:00",
    }  # fmt: skip
    store.property_documents.put([hot])
    write_ase_database(store, select(store, {}), tmp_path / "hulls.db")
    row = connect(tmp_path / "hulls.db").get(label="LiIn")
    assert row.energy_above_hull_per_atom_300K == 0.5
    assert row.energy_above_hull_per_atom == document["energy_above_hull_per_atom"]


def test_pymatgen_draws_the_same_hull(store: ResultsStore, tmp_path: Path) -> None:
    """The phase diagram that pymatgen makes of the entries has the energies of the documents."""
    from monty.serialization import loadfn
    from pymatgen.analysis.phase_diagram import PhaseDiagram

    assert write_entries(store, select(store, {"property": "hull"}), tmp_path / "entries.json") == 4
    entries = loadfn(tmp_path / "entries.json")
    diagram = PhaseDiagram(entries)
    documents = {d["phase"]: d for d in store.query(property="phase_stability")}
    for entry in entries:
        document = documents[entry.data["label"]]
        assert diagram.get_form_energy_per_atom(entry) == pytest.approx(document["formation_energy_per_atom"])
        assert diagram.get_e_above_hull(entry) == pytest.approx(document["energy_above_hull_per_atom"], abs=1e-9)
        assert entry.structure.composition.reduced_formula == library.phase(document["phase"]).formula
        assert entry.parameters["method"] == PBE.model_dump(mode="json")


def test_extxyz_has_energies_forces_and_stress(store: ResultsStore, tmp_path: Path) -> None:
    from ase import units
    from ase.io import read

    assert write_extxyz(store, select(store, {}), tmp_path / "all.xyz") == 4
    frames = {atoms.info["label"]: atoms for atoms in read(tmp_path / "all.xyz", index=":")}
    for name, energy in ENERGIES.items():
        assert frames[name].get_potential_energy() == pytest.approx(energy * len(frames[name]))
    assert frames["In"].get_forces() == pytest.approx(np.array([[0.1, -0.2, 0.3]]))
    assert frames["In"].get_stress(voigt=True) == pytest.approx(np.array(STRESS_GPA) * units.GPa)
    assert "forces" not in frames["Li"].calc.results


def test_two_methods_do_not_go_into_one_file(store: ResultsStore, tmp_path: Path) -> None:
    fill(store, MethodKey(program="sevennet", functional="PBE", model="SevenNet-0"))
    chosen = select(store, {})
    for write, name in ((write_entries, "a.json"), (write_extxyz, "a.xyz")):
        with pytest.raises(InputError, match="would mix energies of different methods"):
            write(store, chosen, tmp_path / name)
        assert not (tmp_path / name).exists()
    assert write_ase_database(store, chosen, tmp_path / "a.db") == 8  # each row names its method
    assert write_entries(store, select(store, {"engine": ["vasp"]}), tmp_path / "a.json") == 4


def test_rehearsals_and_unfinished_ones_stay_out(store: ResultsStore, tmp_path: Path) -> None:
    fill(store, PBE.model_copy(update={"program": "vasp-rehearsal"}))
    held = store.calculation_documents.find_one({"key": "vasp-Li3In2"})
    store.calculation_documents.put([held | {"state": "unconverged"}])
    chosen = select(store, {})
    assert chosen.rehearsals > 0
    assert write_extxyz(store, chosen, tmp_path / "all.xyz") == 3
    with pytest.raises(InputError, match="of a rehearsal, which are not exported"):
        select(store, {"engine": ["vasp-rehearsal"]})
    with pytest.raises(InputError, match="no such results"):
        select(store, {"campaign": ["nobody"]})


def test_a_file_that_is_there_stays(store: ResultsStore, tmp_path: Path) -> None:
    chosen = select(store, {})
    for write, name in ((write_entries, "a.json"), (write_extxyz, "a.xyz"), (write_ase_database, "a.db")):
        (tmp_path / name).write_text("mine")
        with pytest.raises(InputError, match="there is a file already"):
            write(store, chosen, tmp_path / name)
        assert (tmp_path / name).read_text() == "mine"
        with pytest.raises(InputError, match="cannot be written"):
            write(store, chosen, tmp_path / "nowhere" / name)
    assert not list(tmp_path.glob(".new-*"))
    with pytest.raises(InputError, match=r"ends in \.db"):
        write_ase_database(store, chosen, tmp_path / "a.json")


def test_hostile_labels_are_text(store: ResultsStore, tmp_path: Path) -> None:
    from ase.db import connect
    from ase.io import read

    held = store.calculation_documents.find_one({"key": "vasp-Li"})
    store.calculation_documents.put([held | {"label": HOSTILE}])
    chosen = select(store, {"property": "hull"})
    write_extxyz(store, chosen, tmp_path / "all.xyz")
    write_ase_database(store, chosen, tmp_path / "all.db")
    write_entries(store, chosen, tmp_path / "all.json")
    frames = read(tmp_path / "all.xyz", index=":")
    assert len(frames) == 4
    assert all(atoms.cell.volume > 1 for atoms in frames)
    assert connect(tmp_path / "all.db").get(calculation_key="vasp-Li").label == HOSTILE
    assert HOSTILE in {entry["data"]["label"] for entry in json.loads((tmp_path / "all.json").read_text())}


def test_text_that_looks_like_a_number_is_no_key_value_pair(store: ResultsStore, tmp_path: Path) -> None:
    """ASE refuses it; the whole key is in ``data``."""
    from ase.db import connect

    held = store.calculation_documents.find_one({"key": "vasp-Li"})
    store.calculation_documents.put([held | {"label": "1e5"}])
    write_ase_database(store, select(store, {}), tmp_path / "all.db")
    (row,) = (row for row in connect(tmp_path / "all.db").select() if row.data["lianode"]["key"] == "vasp-Li")
    assert "label" not in row.key_value_pairs
