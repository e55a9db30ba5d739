"""Real outputs of VASP (shared/reference/vasp): parsed with the values of their README, or refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from lianode.analysis.method import MethodMismatchError, single_method
from lianode.hpc.ingest.hull import ingested_hull
from lianode.hpc.ingest.ingest import ingest
from lianode.hpc.ingest.outcar import scan_outcar
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.hpc.ingest.ingest import Ingested
    from lianode.hpc.settings import Settings


class Parsed(NamedTuple):
    kind: str
    state: str
    energy: float | None
    functional: str
    cutoff: float
    steps: int
    reason: str = ""


RELAX, STATIC, MD, IMAGE = "relaxation", "static", "molecular dynamics", "image of a band"
PARSED = {
    "relax-lu-r2scan": Parsed(RELAX, "converged", -114.2395136, "r2SCAN", 680, 6),
    "relax-al32mg-pbe": Parsed(RELAX, "converged", -100.80368733, "PBE", 300, 21),
    "static-al32mg-pbe": Parsed(STATIC, "converged", -116.19458407, "PBE", 300, 1),
    "relax-feo-ggau": Parsed(RELAX, "converged", -28.21851457, "PBE+U(Fe d 4)", 520, 28),
    "relax-ir-adsorption/bulk": Parsed(RELAX, "converged", -34.17463099, "RPBE", 400, 1),
    "relax-ir-adsorption/slab": Parsed(RELAX, "converged", -31.64703257, "RPBE", 400, 11),
    "relax-ir-adsorption/slab-h": Parsed(RELAX, "converged", -130.36848031, "RPBE", 400, 15),
    "static-gaas-r2scan": Parsed(STATIC, "converged", -27.04397986, "r2SCAN", 680, 1),
    "static-si-locpot": Parsed(STATIC, "converged", -10.84678256, "PBE", 520, 1),
    "gap-lif/pbesol": Parsed(STATIC, "converged", -9.84833027, "PBEsol", 680, 1),
    "gap-lif/scan": Parsed(STATIC, "converged", -9.64589684, "r2SCAN", 680, 1),
    "gap-cs2sni6-hse06/dos": Parsed(STATIC, "converged", -27.72460543, "HSE06(HFSCREEN 0.207)", 350, 1),
    "gap-cs2sni6-hse06/bands-split-01": Parsed(STATIC, "converged", -27.72460543, "HSE06(HFSCREEN 0.207)", 350, 1),
    "gap-cs2sni6-hse06/bands-split-02": Parsed(STATIC, "converged", -27.72460543, "HSE06(HFSCREEN 0.207)", 350, 1),
    "competing-phases-mgo/MgO_Fm-3m_EaH_0": Parsed(RELAX, "converged", -12.51682784, "PBEsol", 450, 3),
    "competing-phases-mgo/Mg_Fm-3m_EaH_0": Parsed(RELAX, "converged", -5.18136438, "PBEsol", 450, 1),
    "competing-phases-mgo/Mg_P6_3mmc_EaH_0.009": Parsed(RELAX, "converged", -6.94424975, "PBEsol", 585, 9),
    "competing-phases-mgo/Mg_R-3m_EaH_0.003": Parsed(RELAX, "converged", -3.44200085, "PBEsol", 450, 1),
    "competing-phases-mgo/O2_mmm_EaH_0": Parsed(RELAX, "converged", -10.27009176, "PBEsol", 450, 3),
    "unconverged-electronic-v2o5": Parsed(
        RELAX, "unconverged", -134.33107279, "PBE+U(V d 3.1)", 520, 5, "stopped at NELM = 100"
    ),
    "unconverged-ionic-ag": Parsed(RELAX, "unconverged", -11.15700617, "PBE", 520, 2, "NSW = 2"),
    "crash-diverged-potim": Parsed(RELAX, "failed", None, "PBE", 520, 3, "rose from -284.410 eV to 83.584 eV"),
    "truncated-outcar-al": Parsed(RELAX, "interrupted", -8.33126661, "PW91", 360.656, 5, "without 'General timing'"),
    "md-si64": Parsed(MD, "converged", -327.73014059, "PBE", 184.009, 10),
    "md-npt-84atoms": Parsed(MD, "converged", -369.08286247, "PBE", 400, 10),
    "neb-y2ci2/bulk-relax": Parsed(RELAX, "converged", -30.05408034, "PBE", 520, 5),
    "neb-y2ci2/endpoint-start": Parsed(RELAX, "converged", -117.05361099, "PBE", 520, 12),
    "neb-y2ci2/endpoint-end": Parsed(RELAX, "converged", -117.05361273, "PBE", 520, 12),
    "elastic-si8/relax": Parsed(RELAX, "converged", -43.3817198, "PBE", 700, 1),
    **{
        f"elastic-si8/deformed-{n}": Parsed(
            RELAX, "converged", -43.26112694 if n <= 3 else -43.39053821, "PBE", 700, 4 if n <= 3 else 1
        )
        for n in range(1, 7)
    },
    "vaspout-si-r2scan": Parsed(RELAX, "converged", -17.54958326, "r2SCAN", 680, 3),
    "slab-mos2-planar-average": Parsed(RELAX, "converged", -19.6155389, "optB88-vdW", 500, 6),
    "slab-bi2o3-planar-average": Parsed(
        RELAX, "interrupted", -121.99513264, "PBEsol", 500, 7, "without 'General timing'"
    ),
}
REFUSED = {
    "crash-start-cao-al2o3": "real-space projectors do not fit the cell (REAL_OPT)",
    "nscf-al-line": "its energy is not self-consistent",
    "md-lisi-xdatcar": "energies and settings are missing (XDATCAR only)",
}
BAND = {1: 0.1002, 2: 0.4756, 3: 0.9263, 4: 1.2102, 5: 0.9046, 6: 0.4327, 7: 0.0597}


@pytest.fixture
def take(reference: Path) -> Callable[[str], list[Ingested]]:
    return lambda name: list(ingest([reference / name]))


@pytest.fixture
def calculations(take: Callable[[str], list[Ingested]]) -> Callable[[str], list[Calculation]]:
    return lambda name: [one.calculation for one in take(name) if one.calculation is not None]


@pytest.mark.parametrize("name", PARSED)
def test_a_folder_is_parsed_with_the_values_of_its_readme(name: str, take) -> None:
    expected = PARSED[name]
    (one,) = take(name)
    assert one.refused is None
    found = one.calculation
    assert (one.kind.value, found.state.value) == (expected.kind, expected.state)
    assert found.energy == pytest.approx(expected.energy, abs=1e-7)
    assert (found.method.functional, found.method.cutoff_eV) == (expected.functional, expected.cutoff)
    assert found.steps == expected.steps
    assert expected.reason in (found.reason or "")
    assert (found.reason is None) == (found.state.value == "converged")
    stored = found.model_dump(mode="json")
    assert Calculation.model_validate(stored).model_dump(mode="json") == stored


@pytest.mark.parametrize("name", REFUSED)
def test_a_folder_is_refused_with_the_reason(name: str, take) -> None:
    (one,) = take(name)
    assert one.calculation is None
    assert REFUSED[name] in one.refused


def test_every_folder_is_among_these(reference: Path) -> None:
    names = {str(one.run.folder.relative_to(reference)) for one in ingest([reference])}
    assert names == {*PARSED, *REFUSED, *(f"neb-y2ci2/neb/{n:02d}" for n in BAND)}


@pytest.mark.parametrize("number", BAND)
def test_images_of_a_band(number: int, take, calculations) -> None:
    (one,) = take(f"neb-y2ci2/neb/{number:02d}")
    (start,) = calculations("neb-y2ci2/endpoint-start")
    found = one.calculation
    assert (one.kind.value, found.state.value, found.task.kind) == (IMAGE, "converged", "static")
    assert found.energy - start.energy == pytest.approx(BAND[number], abs=5e-5)
    assert (found.settings["image"], found.settings["images"]) == (number, 7)
    assert "image_of_band" in {check.name for check in found.checks}
    assert found.steps == 24
    assert single_method([found.method, start.method], "the barrier").k_density == pytest.approx(12.566)


def test_the_same_run_twice_is_one_calculation(reference: Path, tmp_path: Path, settings: Settings) -> None:
    results = open_store(settings)
    folders = [reference / "elastic-si8", reference / "static-si-locpot"]
    assert all(one.is_new for one in ingest(folders, results))
    copied = tmp_path / "copied"
    copied.mkdir()
    for name in ("vasprun.xml.gz", "OUTCAR.gz"):
        (copied / name).write_bytes((reference / "static-si-locpot" / name).read_bytes())
    assert [one.is_new for one in ingest([*folders, copied], results)] == [False] * 9
    assert results.counts()["calculations"]["converged"] == 8
    results.close()


def test_meshes_that_no_density_gives_together_are_two_methods(calculations) -> None:
    """Γ against 2x2x2 in one cell: 15 eV apart."""
    (relaxed,), (static,) = calculations("relax-al32mg-pbe"), calculations("static-al32mg-pbe")
    with pytest.raises(MethodMismatchError):
        single_method([relaxed.method, static.method], "a difference")


def test_formation_energy_of_mgo_at_one_cutoff(reference: Path, tmp_path: Path, calculations) -> None:
    """-5.65466 eV per formula unit against Mg Fm-3m; Mg P6_3/mmc has another cut-off and is kept out."""
    results = open_store(load_settings(write_default(tmp_path)))
    runs = [one.calculation for one in ingest([reference / "competing-phases-mgo"], results)]
    with pytest.raises(InputError, match=r"3 methods, whose energies must not be mixed.*585 eV.*--method") as stated:
        ingested_hull(runs, results, system="Mg-O", campaign="old")
    method = str(stated.value).rsplit(" ", 1)[1]
    hull = ingested_hull(runs, results, system="O-Mg", campaign="old", method=method)[0]
    assert hull.phase_named("MgO").formation_energy_per_atom == pytest.approx(-5.65466 / 2, abs=5e-6)
    assert hull.engine == "vasp-ingested-pbesol-450"
    for words, message in (({"method": "zz"}, "no one method"), ({"system": "Li-In"}, "no converged crystal")):
        with pytest.raises(InputError, match=message):
            ingested_hull(runs, results, **({"system": "Mg-O", "campaign": "old"} | words))
    with pytest.raises(InputError, match="cannot be a name"):
        ingested_hull(runs, results, system="Mg-O", campaign="../old")
    results.close()


def test_files_are_referred_to_with_their_checksum(calculations, reference: Path) -> None:
    import hashlib

    (found,) = calculations("static-si-locpot")
    potential = found.files["potential"]
    assert potential.path == "LOCPOT.gz"
    path = Path(found.directory) / potential.path
    assert potential.bytes == path.stat().st_size
    assert potential.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.settings["k_mesh"] == [8, 8, 8]


def test_fixed_atoms_do_not_count_as_forces(calculations) -> None:
    """The lowest layers are held: VASP's largest force is theirs, the relaxed ones are below EDIFFG (0.05 eV/Å)."""
    (found,) = calculations("relax-ir-adsorption/slab-h")
    assert found.max_force <= 0.05
    assert found.max_stress_GPa is None


def test_vaspout_alone_says_the_same_but_nothing_of_the_scf(reference: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="vaspout.h5 needs h5py")
    name = "vaspout.h5.gz"
    (tmp_path / name).write_bytes((reference / "vaspout-si-r2scan" / name).read_bytes())
    (alone,), (whole,) = (list(ingest([folder])) for folder in (tmp_path, reference / "vaspout-si-r2scan"))
    assert alone.calculation.energy == pytest.approx(whole.calculation.energy, abs=1e-7)
    assert (alone.calculation.state.value, whole.calculation.state.value) == ("unconverged", "converged")
    assert "does not say whether the last self-consistency cycle converged" in alone.calculation.reason
    assert alone.calculation.method.functional == "r2SCAN"
    assert alone.calculation.volume == pytest.approx(whole.calculation.volume, rel=1e-6)


def test_a_vasprun_that_is_cut_gives_its_whole_steps_or_the_outcar(reference: Path, tmp_path: Path) -> None:
    import gzip

    folder = reference / "neb-y2ci2" / "endpoint-start"
    text = gzip.decompress((folder / "vasprun.xml.gz").read_bytes())
    (tmp_path / "vasprun.xml").write_bytes(text[: len(text) * 2 // 3])
    (cut,) = ingest([tmp_path])
    assert (cut.calculation.state.value, cut.calculation.reason) == ("interrupted", cut.calculation.reason)
    assert "vasprun.xml is cut, after" in cut.calculation.reason
    assert 1 <= cut.calculation.steps < 12
    (tmp_path / "OUTCAR.gz").write_bytes((folder / "OUTCAR.gz").read_bytes())
    (saved,) = ingest([tmp_path])
    assert saved.calculation.state.value == "converged"
    assert saved.calculation.energy == pytest.approx(-117.05361099, abs=1e-7)


@pytest.mark.parametrize(
    "name",
    ["crash-diverged-potim", "md-npt-84atoms", "neb-y2ci2/neb/04", "relax-ir-adsorption/slab-h", "relax-lu-r2scan",
     "slab-bi2o3-planar-average"],
)  # fmt: skip
def test_an_outcar_alone_reads_as_ase_reads_it(name: str, reference: Path) -> None:
    """Another parser's energies, forces, stress and cell, of every ionic step that VASP finished."""
    from ase.io import iread
    from ase.units import GPa

    path = next((reference / name).glob("OUTCAR*"))
    steps = scan_outcar(path).steps
    frames = list(iread(path, index=":", format="vasp-out"))
    results = frames[-1].calc.results
    assert steps.energies == pytest.approx([frame.calc.results["energy"] for frame in frames], abs=1e-9)
    for step, frame in ((steps.first, frames[0]), (steps.last, frames[-1])):
        assert step.lattice == pytest.approx(frame.cell.array, abs=1e-9)
        assert step.positions == pytest.approx(frame.positions, abs=1e-9)
    if not frames[-1].constraints:  # ASE sets the forces on fixed atoms to zero
        assert steps.last.forces == pytest.approx(results["forces"], abs=1e-9)
    if "stress" in results:
        assert steps.last.stress_GPa == pytest.approx(results["stress"] / GPa, abs=1e-4)


def test_files_of_two_runs_in_one_folder_are_refused(reference: Path, tmp_path: Path) -> None:
    (tmp_path / "vasprun.xml.gz").write_bytes((reference / "static-si-locpot" / "vasprun.xml.gz").read_bytes())
    (tmp_path / "OUTCAR.gz").write_bytes((reference / "static-gaas-r2scan" / "OUTCAR.gz").read_bytes())
    (one,) = ingest([tmp_path])
    assert "are of different runs" in one.refused


def test_an_image_alone_is_known_by_its_springs(reference: Path, tmp_path: Path) -> None:
    (tmp_path / "OUTCAR.gz").write_bytes((reference / "neb-y2ci2" / "neb" / "04" / "OUTCAR.gz").read_bytes())
    (one,) = ingest([tmp_path])
    assert one.kind.value == IMAGE
    assert "image" not in one.calculation.settings
