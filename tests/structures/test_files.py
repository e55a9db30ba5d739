"""Users' structure files: what is read, and that everything else is refused in one sentence."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from pymatgen.core import Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.files import MAX_FILE_SIZE, read_phases
from lianode.structures.matching import same_structure

CIF = """\
data_LiIn
_cell_length_a   6.786
_cell_length_b   6.786
_cell_length_c   6.786
_cell_angle_alpha   90
_cell_angle_beta   90
_cell_angle_gamma   90
_symmetry_space_group_name_H-M   'F d -3 m'
_symmetry_Int_Tables_number   227
_chemical_formula_sum   'Li8 In8'
loop_
 _symmetry_equiv_pos_as_xyz
  'x, y, z'
  'x, y+1/2, z+1/2'
  'x+1/2, y, z+1/2'
  'x+1/2, y+1/2, z'
  'x+1/4, y+1/4, z+1/4'
  'x+1/4, y+3/4, z+3/4'
  'x+3/4, y+1/4, z+3/4'
  'x+3/4, y+3/4, z+1/4'
loop_
 _atom_site_type_symbol
 _atom_site_label
 _atom_site_fract_x
 _atom_site_fract_y
 _atom_site_fract_z
 _atom_site_occupancy
  Li  Li1  0.0  0.0  0.0  1.0
  In  In1  0.5  0.5  0.5  1.0
"""

POSCAR = """\
Li3P
1.0
4.2729 0.0 0.0
-2.13645 3.7004399 0.0
0.0 0.0 7.594
Li P
6 2
Direct
0.0 0.0 0.25
0.0 0.0 0.75
0.3333333 0.6666667 0.583
0.6666667 0.3333333 0.417
0.6666667 0.3333333 0.083
0.3333333 0.6666667 0.917
0.3333333 0.6666667 0.25
0.6666667 0.3333333 0.75
"""

EXTXYZ = """\
2
Lattice="3.3 0.0 0.0 0.0 3.3 0.0 0.0 0.0 3.3" Properties=species:S:1:pos:R:3 pbc="T T T"
Li 0.0 0.0 0.0
In 1.65 1.65 1.65
"""


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content, encoding="utf-8")
    return path


def pymatgen_json():
    return json.dumps(library.phase("LiIn").structure.as_dict())


# --- what is read ---


@pytest.mark.parametrize(
    ("name", "content", "formula", "n_sites", "same_as"),
    [
        ("mine.cif", CIF, "LiIn", 16, "LiIn"),
        ("mine.CIF", "\ufeff" + CIF, "LiIn", 16, "LiIn"),
        ("mine.cif", CIF.replace("\n", "\r\n"), "LiIn", 16, "LiIn"),
        ("mine.vasp", POSCAR, "Li3P", 8, "Li3P"),
        ("mine.poscar", POSCAR, "Li3P", 8, "Li3P"),
        ("POSCAR_mine", POSCAR.replace("Li P", "Li_sv/0a1b2c3d P"), "Li3P", 8, "Li3P"),
        ("CONTCAR", POSCAR + "\n" + 8 * "0.0 0.0 0.0\n", "Li3P", 8, "Li3P"),
        ("mine.json", pymatgen_json(), "LiIn", 16, "LiIn"),
        ("mine.extxyz", EXTXYZ, "LiIn", 2, None),
        ("mine.xyz", EXTXYZ, "LiIn", 2, None),
    ],
)
def test_a_file_becomes_a_phase(tmp_path, name, content, formula, n_sites, same_as):  # noqa: PLR0917
    (phase,) = read_phases(write(tmp_path, name, content))
    assert phase.formula == formula
    assert len(phase.structure) == n_sites
    assert (phase.kind, phase.default, phase.confidence, phase.ordered) == ("hypothetical", False, "user", True)
    assert phase.source == f"file {name}"
    assert same_as is None or same_structure(phase, library.phase(same_as))


def test_the_kind_is_what_the_user_says(tmp_path):
    (phase,) = read_phases(write(tmp_path, "mine.cif", CIF), kind="experimental")
    assert phase.kind == "experimental"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my LiIn (2).vasp", "my_LiIn_2_"),
        ("POSCAR", "batch"),
        ("CONTCAR", "batch"),
        ("POSCAR.vasp", "batch"),
        ("POSCAR-relaxed", "POSCAR-relaxed"),
        ("Li3P.v2.vasp", "Li3P.v2"),
    ],
)
def test_names(tmp_path, file, name):
    folder = tmp_path / "batch"
    folder.mkdir()
    (phase,) = read_phases(write(folder, file, POSCAR))
    assert phase.name == name


def test_a_folder_is_read_in_order_and_other_files_are_passed_over(tmp_path):
    write(tmp_path, "b.cif", CIF)
    write(tmp_path, "a.vasp", POSCAR)
    write(tmp_path, "readme.txt", "notes")
    write(tmp_path, ".hidden.cif", "broken")
    (tmp_path / "deeper").mkdir()
    assert [phase.name for phase in read_phases(str(tmp_path))] == ["a", "b"]


def test_a_crystal_without_lithium_is_fine(tmp_path):
    (phase,) = read_phases(
        write(tmp_path, "in.vasp", "In\n1\n3.25 0 0\n0 3.25 0\n0 0 4.95\nIn\n2\nDirect\n0 0 0\n.5 .5 .5\n")
    )
    assert phase.formula == "In"


def test_oxidation_states_and_properties_are_dropped(tmp_path):
    structure = library.phase("LiCl").structure
    structure.add_oxidation_state_by_element({"Li": 1, "Cl": -1})
    structure.add_site_property("magmom", [0.0] * len(structure))
    (phase,) = read_phases(write(tmp_path, "mine.json", json.dumps(structure.as_dict())))
    assert {site.species_string for site in phase.structure} == {"Li", "Cl"}
    assert not phase.structure.site_properties


def test_a_left_handed_cell_is_turned_and_no_atom_moves(tmp_path):
    left = POSCAR.replace("0.0 0.0 7.594", "0.0 0.0 -7.594")
    (phase,) = read_phases(write(tmp_path, "left.vasp", left))
    before = Structure.from_str(left, fmt="poscar")
    assert np.linalg.det(phase.structure.lattice.matrix) > 0
    offset = before.lattice.get_fractional_coords(phase.structure.cart_coords - before.cart_coords)
    assert np.allclose(offset, np.rint(offset))


def test_a_json_file_cannot_name_code_to_run(tmp_path):
    data = json.loads(pymatgen_json())
    data["sites"][0]["properties"] = {"x": {"@module": "lianode_no_such_module", "@class": "Boom"}}
    assert read_phases(write(tmp_path, "mine.json", json.dumps(data)))


def test_latin_1_text_in_a_cif(tmp_path):
    assert read_phases(write(tmp_path, "old.cif", ("# Müller & Schäfer\n" + CIF).encode("latin-1")))


# --- what is refused ---


def replaced(text, old, new):
    assert old in text
    return text.replace(old, new)


BAD = {
    "empty file": ("a.cif", "", "the file is empty"),
    "blank file": ("a.vasp", " \n\n", "the file is empty"),
    "no CIF": ("a.cif", "hello\nworld\n", "it is not a CIF"),
    "CIF without atoms": ("a.cif", "data_x\n_cell_length_a 3\n", "holds no structure"),
    "CIF cut off": (
        "a.cif",
        CIF[: CIF.index("_cell_angle_gamma")] + CIF[CIF.index("loop_") :],
        "cannot be read as a CIF",
    ),
    "CIF coordinate": ("a.cif", replaced(CIF, "Li1  0.0", "Li1  zero"), "cannot be read as a CIF"),
    "CIF unknown coordinate": ("a.cif", replaced(CIF, "Li1  0.0", "Li1  ?"), "cannot be read as a CIF"),
    "CIF of two blocks": (
        "a.cif",
        CIF + CIF.replace("data_LiIn", "data_other"),
        "2 structures (data_LiIn, data_other)",
    ),
    "CIF of equal blocks": ("a.cif", CIF + CIF, "2 structures (data_LiIn, data_LiIn)"),
    "disordered CIF": ("a.cif", replaced(CIF, "0.5  1.0", "0.5  0.5"), "8 of 16 sites are partly or mixedly occupied"),
    "mixed CIF": (
        "a.cif",
        CIF.replace("'Li8 In8'", "?").replace("0.5  1.0", "0.5  0.5") + "  Sn  Sn1  0.5  0.5  0.5  0.5\n",
        "OrderDisorderedStructureTransformation",
    ),
    "CIF overfull": ("a.cif", replaced(CIF, "0.5  1.0", "0.5  1.5"), "cannot be read as a CIF"),
    "CIF without symmetry": (
        "a.cif",
        CIF[: CIF.index("_symmetry")] + CIF[CIF.index("loop_\n _atom") :],
        "neither symmetry operations nor a space group",
    ),
    "CIF formula": (
        "a.cif",
        replaced(CIF, "'Li8 In8'", "'Li8 In8 H4'"),
        "make LiIn, its _chemical_formula_sum says Li2In2H",
    ),
    "CIF dummy atom": (
        "a.cif",
        replaced(CIF, "  Li  Li1", "  Xx  Xx1").replace("'Li8 In8'", "?"),
        "'Xx' in _atom_site_type_symbol is not an element",
    ),
    "CIF vacancy": ("a.cif", replaced(CIF, "  Li  Li1", "  Va  Va1").replace("'Li8 In8'", "?"), "element"),
    "deuterium": ("a.cif", replaced(CIF, "  Li  Li1", "  D  D1").replace("'Li8 In8'", "?"), "isotope of hydrogen"),
    "CIF in nanometres": ("a.cif", CIF.replace("6.786", "0.6786"), "on top of each other"),
    "CIF in picometres": ("a.cif", CIF.replace("6.786", "678.6"), "check the cell and its unit"),
    "CIF cell of nan": ("a.cif", CIF.replace("6.786", "nan"), "a.cif"),
    "CIF flat cell": ("a.cif", CIF.replace("gamma   90", "gamma   0"), "a.cif"),
    "POSCAR of VASP 4": ("POSCAR", replaced(POSCAR, "Li P\n", ""), "insert a line such as 'Li In'"),
    "POSCAR misspelt element": ("POSCAR", replaced(POSCAR, "Li P\n", "Lj P\n"), "'Lj', which is not an element"),
    "POSCAR one number short": ("POSCAR", replaced(POSCAR, "6 2\n", "6\n"), "2 elements, line 7 gives 1"),
    "POSCAR one position short": ("POSCAR", POSCAR[: POSCAR.rindex("0.6666667")], "cannot be read as a POSCAR"),
    "POSCAR one position more": ("POSCAR", POSCAR + "0.1 0.2 0.3\n", "line 17 has a position more than the 8"),
    "POSCAR too short": ("a.vasp", POSCAR[:60], "at least 8 lines"),
    "POSCAR bad number": ("a.vasp", replaced(POSCAR, "3.7004399", "3,7004399"), "cannot be read as a POSCAR"),
    "POSCAR zero cell": ("a.vasp", replaced(POSCAR, "0.0 0.0 7.594", "0.0 0.0 0.0"), "no volume"),
    "POSCAR zero cell, Cartesian": (
        "a.vasp",
        replaced(POSCAR, "0.0 0.0 7.594", "0.0 0.0 0.0").replace("Direct", "Cartesian"),
        "no volume",
    ),
    "POSCAR nan cell": ("a.vasp", replaced(POSCAR, "0.0 0.0 7.594", "0.0 0.0 nan"), "a.vasp"),
    "POSCAR nan position": ("a.vasp", replaced(POSCAR, "0.0 0.0 0.25", "0.0 0.0 nan"), "a.vasp"),
    "POSCAR double atom": ("a.vasp", replaced(POSCAR, "0.0 0.0 0.75", "0.0 0.0 0.26"), "0.08 Å apart, which is on top"),
    "split site written as full": (
        "a.vasp",
        replaced(POSCAR, "0.0 0.0 0.75", "0.0 0.0 0.42"),
        "average of a disordered",
    ),
    "JSON syntax": ("a.json", "{'lattice': 1}", "it is not JSON"),
    "JSON of something else": ("a.json", '{"a": 1}', "no pymatgen structure"),
    "JSON list": ("a.json", "[1, 2]", "no pymatgen structure"),
    "JSON wrong types": ("a.json", '{"lattice": 1, "sites": 2}', "cannot be read as a pymatgen structure"),
    "JSON no atoms": ("a.json", '{"lattice": {"matrix": [[3,0,0],[0,3,0],[0,0,3]]}, "sites": []}', "no atoms"),
    "JSON unknown element": (
        "a.json",
        pymatgen_json().replace('"In"', '"Qq"'),
        "cannot be read as a pymatgen structure",
    ),
    "JSON disordered": (
        "a.json",
        pymatgen_json().replace('"occu": 1', '"occu": 0.5, "x": 1'),
        "partly or mixedly occupied",
    ),
    "molecule": ("a.xyz", "2\nwater, nearly\nO 0 0 0\nH 0 0 0.96\n", "no cell"),
    "xyz of one line": ("a.xyz", "2\n", "no cell"),
    "xyz of two frames": ("a.extxyz", EXTXYZ + EXTXYZ, "2 frames"),
    "xyz slab": ("a.extxyz", replaced(EXTXYZ, '"T T T"', '"T T F"'), "not periodic in all three directions"),
    "xyz cut off": ("a.extxyz", replaced(EXTXYZ, "In 1.65 1.65 1.65\n", ""), "cannot be read as an extended XYZ file"),
    "xyz zero cell": ("a.extxyz", replaced(EXTXYZ, "3.3 0.0 0.0 0.0 3.3", "0.0 0.0 0.0 0.0 3.3"), "no volume"),
    "xyz dummy": ("a.extxyz", replaced(EXTXYZ, "In 1", "X 1"), "a.extxyz"),
    "unknown ending": ("a.pdb", CIF, "does not say what kind of structure file"),
    "no ending": ("structure", CIF, "does not say what kind of structure file"),
    "binary file": ("a.cif", bytes(range(256)) * 10, "not a text file"),
    "packed file": ("a.cif", gzip.compress(CIF.encode()), "not a text file"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gets_one_sentence(tmp_path, case):
    name, content, message = BAD[case]
    path = write(tmp_path, name, content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError) as caught:
            read_phases(path)
    assert caught.value.where == str(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_path_names_the_nearest(tmp_path):
    write(tmp_path, "LiIn.cif", CIF)
    with pytest.raises(InputError, match=r"no such file or folder \(did you mean 'LiIn.cif'\?\)"):
        read_phases(tmp_path / "Li1n.cif")
    with pytest.raises(InputError, match="no such file or folder"):
        read_phases(tmp_path / "no" / "such" / "folder")


def test_a_folder_without_structures(tmp_path):
    write(tmp_path, "notes.txt", "nothing")
    with pytest.raises(InputError, match="holds no structure file"):
        read_phases(tmp_path)


def test_two_files_of_one_name(tmp_path):
    write(tmp_path, "a.cif", CIF)
    write(tmp_path, "a.vasp", POSCAR)
    with pytest.raises(InputError, match=r"a.cif and a.vasp both name a phase 'a'"):
        read_phases(tmp_path)


def test_a_file_in_a_folder_is_named(tmp_path):
    write(tmp_path, "a.cif", CIF)
    bad = write(tmp_path, "b.cif", "data_")
    with pytest.raises(InputError) as caught:
        read_phases(tmp_path)
    assert caught.value.where == str(bad)


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "a.cif"
    with path.open("wb") as file:
        file.truncate(2 * MAX_FILE_SIZE)  # sparse
    with pytest.raises(InputError, match="100 MB, more than the 50 MB"):
        read_phases(path)


def test_a_device_is_refused():
    with pytest.raises(InputError, match=r"not a regular file|does not say"):
        read_phases("/dev/null")


def test_a_path_that_is_too_long():
    with pytest.raises(InputError):
        read_phases("x" * 5000 + ".cif")


def test_nothing_reaches_the_terminal(tmp_path):
    noisy = CIF.replace("  Li  Li1", "  Li1+  Li1").replace("0.5  0.5  0.5  1.0", "0.49999  0.50001  0.5  1.0")
    path = write(tmp_path, "noisy.cif", noisy)
    code = f"from lianode.structures.files import read_phases; read_phases({str(path)!r})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "")


def survives(path) -> None:
    """Read, or refuse in one sentence; whatever else is raised fails the test."""
    sentence = ""
    try:
        read_phases(path)
    except InputError as error:
        sentence = str(error)
    assert "\n" not in sentence


@pytest.mark.parametrize(("name", "text"), [("a.cif", CIF), ("a.vasp", POSCAR), ("a.extxyz", EXTXYZ)])
def test_files_cut_off_anywhere_never_give_a_traceback(tmp_path, name, text):
    lines = text.splitlines(keepends=True)
    for i in range(len(lines)):
        survives(write(tmp_path, name, "".join(lines[:i])))
        survives(write(tmp_path, name, "".join(lines[:i] + lines[i + 1 :])))


@pytest.mark.parametrize(
    ("name", "text"), [("a.cif", CIF), ("a.vasp", POSCAR), ("a.extxyz", EXTXYZ), ("a.json", pymatgen_json()[:3000])]
)
def test_files_with_a_wrong_word_never_give_a_traceback(tmp_path, name, text):
    rng = np.random.default_rng(7)
    words = text.split(" ")
    junk = ["", "?", "nan", "-1", "1e400", "'", '"', "loop_", "Xx", "0", "é", "(", "\n", "99999"]
    for _ in range(150):
        broken = list(words)
        broken[rng.integers(len(words))] = junk[rng.integers(len(junk))]
        survives(write(tmp_path, name, " ".join(broken)))
