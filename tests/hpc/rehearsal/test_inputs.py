"""What the stand-in reads, against pymatgen and spglib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.io.vasp.inputs import Incar, Poscar
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from lianode.hpc.rehearsal.incar import read_tags
from lianode.hpc.rehearsal.kpoints import irreducible
from lianode.hpc.rehearsal.poscar import Geometry, format_contcar, parse_poscar
from lianode.hpc.rehearsal.potcar import valence_electrons
from lianode.hpc.rehearsal.settings import read_settings
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

FCC = Geometry("Al", np.array([[0, 2, 2], [2, 0, 2], [2, 2, 0.0]]), ("Al",), (1,), np.zeros((1, 3)))


def test_incar_reads_as_pymatgen_does(tmp_path: Path) -> None:
    path = tmp_path / "INCAR"
    path.write_text(
        "SYSTEM = a name; ENCUT = 500 # cut-off\nEDIFF = 1E-6 ! tight\nISIF=3\nMAGMOM = 2*0.6 -1.0\nLWAVE = .FALSE.\n"
        "LREAL = Auto\nGGA = PE\nEDIFFG = -1D-2\nLDAUU = 0 3.5 \\\n 0\nALGO = Normal\nLCHARG = T\nSIGMA = 1\n"
    )
    mine = read_tags(path)
    assert mine == {
        "SYSTEM": "a name", "ENCUT": 500.0, "EDIFF": 1e-6, "ISIF": 3, "MAGMOM": [0.6, 0.6, -1.0], "LWAVE": False,
        "LREAL": "Auto", "GGA": "PE", "EDIFFG": -0.01, "LDAUU": [0.0, 3.5, 0.0], "ALGO": "Normal", "LCHARG": True,
        "SIGMA": 1.0,
    }  # fmt: skip
    path.write_text("ENCUT = 500\nEDIFF = 1E-6\nISIF = 3\nMAGMOM = 2*0.6 1*-1.0\nLWAVE = .FALSE.\nGGA = PE\nNSW = 99\n")
    theirs = dict(Incar.from_file(path))
    assert {tag: value if tag != "GGA" else value.upper() for tag, value in theirs.items()} == read_tags(path)


# not Cartesian with a volume: there pymatgen multiplies the positions by the volume
@pytest.mark.parametrize("selective", [False, True])
@pytest.mark.parametrize(("mode", "scale"), [("Direct", "1.1"), ("Direct", "-120.0"), ("Cartesian", "1.1")])
def test_poscar_reads_as_pymatgen_does(selective: bool, mode: str, scale: str) -> None:
    flags = ["T F T", "F F F", "T T T"] if selective else [""] * 3
    rows = "\n".join(f"{0.1 * i} 0.2 {0.3 + 0.1 * i} {flag}" for i, flag in enumerate(flags))
    text = f"x\n{scale}\n5 0 0\n0.5 4 0\n0 1 6\nLi_sv Sn/abc\n2 1\n"
    text += ("Selective dynamics\n" if selective else "") + f"{mode}\n{rows}\n"
    mine, theirs = parse_poscar(text, "here"), Poscar.from_str(text)
    assert mine.symbols == [site.specie.symbol for site in theirs.structure]
    np.testing.assert_allclose(mine.lattice, theirs.structure.lattice.matrix, atol=1e-12)
    np.testing.assert_allclose(mine.cartesian, theirs.structure.cart_coords, atol=1e-12)
    if selective:
        assert mine.free is not None
        assert mine.free.tolist() == [list(row) for row in theirs.selective_dynamics]


def test_contcar_keeps_all_digits() -> None:
    rng = np.random.default_rng(1)
    geometry = Geometry(
        "a", rng.normal(size=(3, 3)) * 3, ("Li", "Sn", "Li"), (1, 2, 1), rng.random((4, 3)),
        rng.random((4, 3)) > 0.5, rng.normal(size=(4, 3)) * 1e-2, (1e-3, -2e-4, 0.0, 0.0),
    )  # fmt: skip
    back = parse_poscar(format_contcar(geometry, 2.0), "here")
    np.testing.assert_allclose(back.lattice, geometry.lattice, atol=1e-15)
    np.testing.assert_allclose(back.fractional, geometry.fractional, atol=1e-15)
    assert back.velocities is not None
    assert geometry.velocities is not None
    np.testing.assert_allclose(back.velocities, geometry.velocities, rtol=1e-8)
    assert back.thermostat == pytest.approx(geometry.thermostat)
    assert (back.species, back.counts) == (("Li", "Sn", "Li"), (1, 2, 1))
    theirs = Poscar.from_str(format_contcar(geometry, 2.0))
    np.testing.assert_allclose(theirs.velocities, geometry.velocities, rtol=1e-7)
    assert theirs.predictor_corrector_preamble.split()[1:4] == [
        "2.00000000000000E+00",
        "1.00000000000000E-03",
        "-2.00000000000000E-04",
    ]


@pytest.mark.parametrize(("mesh", "count"), [((4, 4, 4), 8), ((3, 3, 3), 4), ((1, 1, 1), 1)])
def test_irreducible_points_of_fcc(mesh: tuple[int, int, int], count: int) -> None:
    """The 4 x 4 x 4 mesh of an fcc crystal around gamma has eight points, 3 x 3 x 3 has four."""
    points, weights = irreducible(FCC, mesh, (0.0, 0.0, 0.0), 2)
    analyzer = SpacegroupAnalyzer(Structure(FCC.lattice, ["Al"], [[0, 0, 0]]))
    assert len(points) == count == len(analyzer.get_ir_reciprocal_mesh(mesh))
    assert weights.sum() == pytest.approx(1.0)


def test_symmetry_can_be_switched_off() -> None:
    assert len(irreducible(FCC, (4, 4, 4), (0.0, 0.0, 0.0), -1)[0]) == 64
    assert len(irreducible(FCC, (4, 4, 4), (0.0, 0.0, 0.0), 0)[0]) == 36  # (64 + 8 that are their own inverse) / 2
    assert len(irreducible(FCC, (2, 2, 2), (0.5, 0.5, 0.5), -1)[0]) == 8


@pytest.mark.parametrize(
    ("kpoints", "tags", "count", "style"),
    [
        ("m\n0\nMonkhorst\n2 2 2\n", "ISYM = -1", 8, "Monkhorst-Pack"),
        ("list\n2\nReciprocal\n0 0 0 1\n0.5 0 0 3\n", "", 2, "Reciprocal"),
        ("lines\n5\nLine-mode\nReciprocal\n0 0 0 G\n0.5 0 0 X\n\n0.5 0 0 X\n0.5 0.5 0 M\n", "", 10, "listgenerated"),
        ("auto\n0\nAuto\n10\n", "ISYM = -1", 27, "Gamma"),
        (None, "KSPACING = 0.6; ISYM = -1", 27, "Gamma"),  # 2 pi / 3.5 / 0.6 = 2.99
    ],
)
def test_kinds_of_kpoints(inputs: Any, kpoints: str | None, tags: str, count: int, style: str) -> None:
    found = read_settings(inputs(tags, kpoints=kpoints)).kpoints
    assert (len(found.points), found.style) == (count, style)
    assert found.weights.sum() == pytest.approx(1.0)


def test_valence_follows_the_names() -> None:
    expected = {"Li": 1, "Li_sv": 3, "Na_pv": 7, "Mg_pv": 8, "Al": 3, "Ti_pv": 10, "Zn": 12, "Ga_d": 13, "Cl": 7,
                "O": 6, "Ag": 11, "In_d": 13, "Sn_d": 14, "Hf_pv": 10, "Au": 11, "Pb_d": 14, "La": 11}  # fmt: skip
    assert {symbol: valence_electrons(symbol) for symbol in expected} == expected


def test_valence_agrees_with_the_engine() -> None:
    table = pytest.importorskip("lianode.workflows.engines.vasp.valence").VALENCE
    assert {symbol: valence_electrons(symbol) for symbol in table} == pytest.approx(table)


def test_electrons_and_bands_follow_from_potcar(inputs: Any) -> None:
    settings = read_settings(inputs("ENCUT = 300"))
    assert settings.n_electrons == 3 + 13
    assert settings.n_bands >= 8
    assert settings.masses.tolist() == pytest.approx([6.94, 114.818], abs=0.01)


@pytest.mark.parametrize(
    ("incar", "files", "says"),
    [
        ("NSW = many", {}, "NSW has to be a number"),
        ("IBRION = 6; NSW = 1", {}, "IBRION = 6 is not rehearsed"),
        ("IBRION = 0; NSW = 5; ISIF = 3", {}, "moving cell"),
        ("IBRION = 0; NSW = 5; MDALGO = 5", {}, "MDALGO = 5 is not rehearsed"),
        ("", {"potcar": "In_d\nLi_sv\n"}, "POTCAR is for In Li, POSCAR has Li In"),
        ("", {"potcar": "Li_sv\n"}, "POTCAR is for Li, POSCAR has Li In"),
        ("", {"poscar": "nothing\n"}, "not a POSCAR"),
        ("", {"kpoints": "x\n0\nwhat\n"}, "not a KPOINTS"),
        ("KSPACING = -1", {"kpoints": None}, "KSPACING has to be a positive number"),
    ],
)
def test_input_that_cannot_run(
    inputs: Any, capsys: pytest.CaptureFixture[str], incar: str, files: dict[str, str | None], says: str
) -> None:
    from lianode.hpc.rehearsal.main import run_folder

    assert run_folder(inputs(incar, **files)) == 1
    assert says in capsys.readouterr().out


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no INCAR"):
        read_settings(tmp_path)
    (tmp_path / "INCAR").write_text("")
    with pytest.raises(InputError, match="no POSCAR"):
        read_settings(tmp_path)
