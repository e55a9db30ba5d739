"""Bands: against known saddles, against ASE, against themselves after stops and kills, and through the store."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar

import ase.io
import numpy as np
import pytest
from ase.calculators.calculator import Calculator, all_changes
from ase.mep import NEB
from ase.optimize import BFGS, FIRE
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor

from lianode.analysis.checks import failed
from lianode.analysis.migration.band import RIDGE_CHECK, Band
from lianode.structures.errors import InputError
from lianode.structures.hops.hop import EndPoints
from lianode.workflows.barrier.bands import band_request, end_point_request, end_point_task, half_start, split_band
from lianode.workflows.calculate import obtain
from lianode.workflows.calculation import State
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.band.archive import FILE
from lianode.workflows.engines.band.document import relax_band
from lianode.workflows.engines.band.evaluator import SerialEvaluator
from lianode.workflows.engines.band.nudged import idpp
from lianode.workflows.engines.band.path import lengths, tangents, unwrapped
from lianode.workflows.engines.band.report import dips
from lianode.workflows.engines.evaluation import CountedCalculator
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.engines.surrogate.pairs import neighbours
from lianode.workflows.keys import Source, calculation_key
from lianode.workflows.promotion import NoStartError
from lianode.workflows.session import Session, session
from lianode.workflows.task import NebTask

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

A_FCC = 4.1496
"""Å: lattice constant at which the test potential's fcc Li has no stress."""


class Wells(Calculator):  # type: ignore[misc]
    """One atom in ``height ((x/a)² - 1)² + tilt (x/a)`` or Müller-Brown, coupled to two more in springs.

    The bath follows the first atom: ``k/2 (b - c x)²``, which moves the path but not the saddle's energy.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, surface: Any, *, k: float = 3.0, follow: float = 0.4) -> None:
        super().__init__()
        self.surface, self.k, self.follow = surface, k, follow

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        x = self.atoms.positions - np.array([[5.0, 5, 5], [5, 10, 5], [5, 5, 10]])
        energy, gradient = self.surface(x[0, :2])
        off = x[1:] - self.follow * x[0]
        forces = np.zeros((3, 3))
        forces[0, :2] = -gradient
        forces[0, 2] = -5.0 * x[0, 2]
        forces[1:] = -self.k * off
        forces[0] += self.follow * self.k * off.sum(axis=0)
        total = energy + 2.5 * x[0, 2] ** 2 + 0.5 * self.k * float((off**2).sum())
        self.results = {"energy": total, "free_energy": total, "forces": forces, "stress": np.zeros(6)}


class Ridge(Wells):
    """Two atoms on parallel lines, u = x₁/a and w = x₂: 0.5 (u² - 1)² + k/2 w² (u² - c) + q w⁴; springs for the rest.

    The mirror plane between the wells keeps w = 0 half-way, where the energy is 0.5 eV; beside it, at w² = k c / 4 q,
    it is lower by (k c)²/16 q.
    """

    k2, c, q = 2.0, 0.3, 1.0

    def __init__(self) -> None:
        super().__init__(None)

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        Calculator.calculate(self, atoms, properties, system_changes)
        x = self.atoms.positions - np.array([[5.0, 5, 5], [5, 10, 5], [5, 5, 10]])
        u, w = x[0, 0] / 1.2, x[1, 0]
        rest = x.copy()
        rest[[0, 1], 0] = 0.0
        energy = 0.5 * (u * u - 1) ** 2 + self.k2 * w * w * (u * u - self.c) + self.q * w**4
        forces = -self.k * rest
        forces[0, 0] = -(2.0 * u * (u * u - 1) + 2.0 * self.k2 * w * w * u) / 1.2
        forces[1, 0] = -(2.0 * self.k2 * w * (u * u - self.c) + 4.0 * self.q * w**3)
        total = energy + 0.5 * self.k * float((rest**2).sum())
        self.results = {"energy": total, "free_energy": total, "forces": forces, "stress": np.zeros(6)}


def double_well(x: Any, height: float = 0.35, tilt: float = 0.0) -> Any:
    u = x[0] / 1.2
    bend = x[1] - 0.5 * (1 - u * u)  # the path is curved
    energy = height * (u * u - 1) ** 2 + tilt * u + 2.0 * bend**2
    slope = (4 * height * u * (u * u - 1) + tilt + 4.0 * bend * u) / 1.2
    return energy, np.array([slope, 4.0 * bend])


def triple_well(x: Any) -> Any:
    """Minima at u = -1, 0, 1, maxima of 0.2 eV at u² = 1/3 by symmetry: 27/4 · 0.2 u² (u² - 1)²."""
    u, h = x[0] / 1.5, 0.2 * 27 / 4
    return h * u * u * (u * u - 1) ** 2 + 2.0 * x[1] ** 2, np.array(
        [h * (2 * u * (u * u - 1) ** 2 + 4 * u**3 * (u * u - 1)) / 1.5, 4.0 * x[1]]
    )


def mueller_brown(x: Any) -> Any:
    """Müller and Brown, Theor. Chim. Acta 53, 75 (1979), in units of 200 per eV."""
    A, a = np.array([-200.0, -100, -170, 15]), np.array([-1.0, -1, -6.5, 0.7])
    b, c = np.array([0.0, 0, 11, 0.6]), np.array([-10.0, -10, -6.5, 0.7])
    dx, dy = x[0] - np.array([1, 0, -0.5, -1]), x[1] - np.array([0, 0.5, 1.5, 1])
    terms = A * np.exp(a * dx**2 + b * dx * dy + c * dy**2) / 200
    return terms.sum(), np.array([(terms * (2 * a * dx + b * dy)).sum(), (terms * (b * dx + 2 * c * dy)).sum()])


def at(x: float, y: float, follow: float = 0.4) -> Structure:
    places = np.array([[5.0, 5, 5], [5, 10, 5], [5, 5, 10]])
    places[0, :2] += (x, y)
    places[1:, :2] += np.array([x, y]) * follow
    return Structure(Lattice.cubic(30), ["Li", "Na", "K"], places, coords_are_cartesian=True)


def known(structure: Structure) -> Structure:
    """Return the same atoms as elements that the test potential knows."""
    return Structure(structure.lattice, ["Li", "In", "In"], structure.frac_coords)


def model_band(surface: Any, ends: tuple[Any, Any], folder: Path, **task: Any) -> dict[str, Any]:
    initial, final = (at(*end) for end in ends)
    folder.mkdir(exist_ok=True)
    evaluate = SerialEvaluator(initial, CountedCalculator(Wells(surface)))
    return relax_band(evaluate, NebTask(**task), initial, final, RunContext(folder))


def minimum(surface: Any, start: tuple[float, float]) -> tuple[float, float]:
    from scipy.optimize import minimize

    found = minimize(lambda x: surface(x)[0], start, jac=lambda x: surface(x)[1], tol=1e-12)
    return float(found.x[0]), float(found.x[1])


def vacancy(repeats: int = 2, hop: str = "near") -> EndPoints:
    """Vacancy in fcc Li, into which a nearest or (tested as asymmetric by its surroundings) other atom hops."""
    bulk = Structure.from_spacegroup("Fm-3m", Lattice.cubic(A_FCC), ["Li"], [[0, 0, 0]]) * repeats
    order = np.argsort([bulk.get_distance(0, i) for i in range(len(bulk))])
    mover = int(order[1])
    place = bulk[0].frac_coords + 0.0
    initial = bulk.copy()
    initial.remove_sites([0])
    final = initial.copy()
    image = bulk[mover].distance_and_image(bulk[0])[1]
    final.replace(mover - 1, "Li", place + image)
    eye = ((repeats, 0, 0), (0, repeats, 0), (0, 0, repeats))
    return EndPoints(initial=initial, final=final, moving=mover - 1, repeats=eye)


def relaxed(structure: Structure) -> Structure:
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    atoms.calc = MorseEngine().calculator()
    BFGS(atoms, logfile=None).run(fmax=0.002, steps=200)
    return Structure(structure.lattice, structure.species, atoms.positions, coords_are_cartesian=True)


@pytest.fixture(scope="module")
def hop() -> tuple[Structure, Structure]:
    points = vacancy()
    return relaxed(points.initial), relaxed(points.final)


def run(folder: Path, hop: tuple[Structure, Structure], *, stop: Any = lambda: False, **task: Any) -> Calculation:
    folder.mkdir(exist_ok=True)
    context = RunContext(folder, checkpoint_interval_s=0.0, stop=stop)
    return MorseEngine().neb("key", NebTask(**task), *hop, context)


def check(done: Any, name: str) -> bool | None:
    checks = done["checks"] if isinstance(done, dict) else done.checks
    return next(item.passed for item in checks if item.name == name)


class TestKnownSaddles:
    """Barriers exact to 1 meV."""

    @pytest.mark.parametrize("images", [3, 4, 5, 7])
    def test_a_double_well_in_a_bath(self, tmp_path: Path, images: int) -> None:
        done = model_band(double_well, ((-1.2, 0), (1.2, 0)), tmp_path / "band", images=images)
        assert done["state"] is State.CONVERGED
        assert done["energy"] - done["band"].energies[0] == pytest.approx(0.35, abs=1e-3)
        assert not failed(done["checks"])

    def test_a_tilted_double_well(self, tmp_path: Path) -> None:
        def surface(x: Any) -> Any:
            return double_well(x, 0.3, 0.05)

        ends = minimum(surface, (-1.2, 0.0)), minimum(surface, (1.2, 0.0))
        # stationary points of 0.3 (u² - 1)² + 0.05 u: roots of 1.2 u³ - 1.2 u + 0.05
        low, top, high = sorted(np.roots([1.2, 0, -1.2, 0.05]).real)
        level = [0.3 * (u * u - 1) ** 2 + 0.05 * u for u in (low, top, high)]
        done = model_band(surface, ends, tmp_path / "band")
        energies = done["band"].energies
        assert done["energy"] - energies[0] == pytest.approx(level[1] - level[0], abs=1e-3)
        assert done["energy"] - energies[-1] == pytest.approx(level[1] - level[2], abs=1e-3)

    def test_mueller_brown_and_its_minimum_on_the_way(self, tmp_path: Path) -> None:
        """Minima -146.700, -80.768, -108.167; saddles -40.665, -72.249 (in units of 200 per eV)."""
        ends = minimum(mueller_brown, (-0.56, 1.44)), minimum(mueller_brown, (0.62, 0.03))
        done = model_band(mueller_brown, ends, tmp_path / "band", images=9, max_force=0.01, max_climb_force=0.003)
        assert done["state"] is State.CONVERGED
        assert done["energy"] - done["band"].energies[0] == pytest.approx((146.6995 - 40.6648) / 200, abs=1e-3)
        assert check(done, "one_maximum") is False
        middle = Structure.from_dict(done["intermediate"])
        assert middle.cart_coords[0, :2] - 5 == pytest.approx([-0.05, 0.467], abs=0.25)

    def test_a_symmetric_path_on_a_ridge_is_found_out(self, tmp_path: Path) -> None:
        ends = [at(x, 0, follow=0.0) for x in (-1.2, 1.2)]

        def band(folder: Path, **task: Any) -> dict[str, Any]:
            folder.mkdir()
            evaluate = SerialEvaluator(ends[0], CountedCalculator(Ridge()))
            return relax_band(evaluate, NebTask(images=5, **task), *ends, RunContext(folder))

        half, whole = band(tmp_path / "half", mirrored=True), band(tmp_path / "whole")
        assert max(half["band"].energies) == pytest.approx(0.5, abs=1e-3)
        lower = [one for one in half["checks"] if one.name == RIDGE_CHECK]
        assert [one.passed for one in lower] == [False]
        assert max(whole["band"].energies) == pytest.approx(0.5 - 1.2**2 / 16, abs=1e-3)
        assert RIDGE_CHECK not in {one.name for one in whole["checks"]}

    def test_a_symmetric_path_that_is_none_stays(self, tmp_path: Path) -> None:
        half = model_band(double_well, ((-1.2, 0.0), (1.2, 0.0)), tmp_path / "half", images=5, mirrored=True)
        assert [one.passed for one in half["checks"] if one.name == RIDGE_CHECK] == [True]
        assert max(half["band"].energies) == pytest.approx(0.35, abs=1e-3)

    def test_two_humps(self, tmp_path: Path) -> None:
        done = model_band(triple_well, ((-1.5, 0), (1.5, 0)), tmp_path / "band", images=7)
        assert done["energy"] - done["band"].energies[0] == pytest.approx(0.2, abs=1e-3)
        assert check(done, "one_maximum") is False
        assert abs(Structure.from_dict(done["intermediate"]).cart_coords[0, 0] - 5) < 0.1

    def test_a_slope_without_a_saddle_says_so(self, tmp_path: Path) -> None:
        def slope(x: Any) -> Any:
            return 0.1 * x[0] + x[1] ** 2, np.array([0.1, 2 * x[1]])

        done = model_band(slope, ((-1.0, 0), (1.0, 0)), tmp_path / "band")
        assert done["band"].climbing is None
        assert check(done, "one_maximum") is False
        assert check(done, "end_points_are_minima") is False


class TestCrystal:
    """A vacancy in fcc lithium."""

    def test_the_barrier_is_that_of_ase(self, tmp_path: Path, hop: tuple[Structure, Structure]) -> None:
        done = run(tmp_path / "mine", hop)
        assert done.state is State.CONVERGED
        assert done.band is not None
        assert done.band.perpendicular_forces[1:-1] == pytest.approx([0.0] * 5, abs=0.03)
        first, last = unwrapped(*hop)
        start = [AseAtomsAdaptor.get_atoms(hop[0], msonable=False) for _ in range(7)]
        pairs = neighbours(np.array([first, last]), np.array(hop[0].lattice.matrix))
        for atoms, positions in zip(start, [first, *idpp(first, last, 5, pairs), last], strict=True):
            atoms.positions = positions
            atoms.calc = MorseEngine().calculator().__class__()
        neb = NEB(start, climb=True, method="improvedtangent", k=1.0)
        FIRE(neb, logfile=None).run(fmax=0.01, steps=400)
        theirs = max(atoms.get_potential_energy() for atoms in start) - start[0].get_potential_energy()
        assert done.energy is not None
        assert done.energy - done.band.energies[0] == pytest.approx(theirs, abs=1e-3)
        assert not failed(done.checks)

    def test_half_a_band_is_the_whole_one(self, tmp_path: Path, hop: tuple[Structure, Structure]) -> None:
        whole, half = run(tmp_path / "whole", hop), run(tmp_path / "half", hop, mirrored=True)
        assert half.energy == pytest.approx(whole.energy, abs=1e-3)
        assert half.evaluations < 0.8 * whole.evaluations
        assert half.band is not None
        assert half.band.mirrored
        assert half.band.energies == pytest.approx(half.band.energies[::-1], abs=1e-9)
        even = run(tmp_path / "even", hop, mirrored=True, images=4)
        assert even.energy == pytest.approx(whole.energy, abs=1e-3)

    def test_files_that_other_programs_open(self, tmp_path: Path, hop: tuple[Structure, Structure]) -> None:
        done = run(tmp_path / "run", hop)
        frames = ase.io.read(tmp_path / "run" / done.files["band"].path, ":")
        assert done.band is not None
        assert [frame.get_potential_energy() for frame in frames] == pytest.approx(done.band.energies, abs=1e-6)
        drawn = Structure.from_file(tmp_path / "run" / done.files["path"].path)
        assert len(drawn) == len(hop[0]) + 6

    def test_what_cannot_be_a_band(self, tmp_path: Path, hop: tuple[Structure, Structure]) -> None:
        other = hop[1].copy()
        other.replace(3, "In")
        for final, words in (
            (hop[0], "the end points are the same"),
            (other, "the same atoms in the same order"),
            (Structure(Lattice.cubic(9), hop[1].species, hop[1].frac_coords), "the same cell"),
        ):
            with pytest.raises(InputError, match=words):
                run(tmp_path / "run", (hop[0], final))
        swapped = hop[0].copy()
        swapped.replace(0, "Li", hop[0][1].frac_coords)
        swapped.replace(1, "Li", hop[0][0].frac_coords)
        with pytest.raises(InputError, match=r"Li \d+ and Li \d+ come within 0\.\d\d Å"):
            run(tmp_path / "run", (hop[0], swapped))
        shifted = hop[1].copy()
        shifted.translate_sites([5], [0.3, 0.2, 0.1], frac_coords=False)
        with pytest.raises(InputError, match="said to be symmetric"):
            run(tmp_path / "run", (hop[0], shifted), mirrored=True)


class TestContinuation:
    """A band that was stopped or killed."""

    def test_stops_change_nothing(self, tmp_path: Path, hop: tuple[Structure, Structure]) -> None:
        whole = run(tmp_path / "whole", hop)
        state, stops, done = State.INTERRUPTED, 0, whole
        while state is State.INTERRUPTED:
            left = iter(range(4 + stops))
            done = run(tmp_path / "parts", hop, stop=lambda left=left: next(left, None) is None)
            state, stops = done.state, stops + 1
        assert stops > 2
        same = {"steps", "evaluations", "files"}
        assert done.model_dump(include=same) == whole.model_dump(include=same)
        assert done.energy == pytest.approx(whole.energy, abs=1e-12)
        assert done.continued == stops - 1

    def test_one_that_did_not_converge_goes_on(self, tmp_path: Path, hop: tuple[Structure, Structure]) -> None:
        few = run(tmp_path / "run", hop, max_steps=2)
        assert few.state is State.UNCONVERGED
        assert "largest perpendicular force" in (few.reason or "")
        done = run(tmp_path / "run", hop)
        assert done.state is State.CONVERGED
        assert done.evaluations == run(tmp_path / "whole", hop).evaluations

    @pytest.mark.parametrize("damage", [b"", b"PK garbage"])
    def test_a_damaged_checkpoint_is_left_aside(
        self, tmp_path: Path, hop: tuple[Structure, Structure], damage: bytes
    ) -> None:
        left = iter(range(10))
        run(tmp_path / "run", hop, stop=lambda: next(left, None) is None)
        (tmp_path / "run" / FILE).write_bytes(damage)
        assert run(tmp_path / "run", hop).continued == 0

    def test_a_killed_process_repeats_at_most_one_image(
        self, tmp_path: Path, hop: tuple[Structure, Structure], evaluations: list[int]
    ) -> None:
        whole = run(tmp_path / "whole", hop)
        undisturbed = len(evaluations)
        evaluations.clear()
        folder = tmp_path / "killed"
        folder.mkdir()
        script = (
            "import json, sys, time\nfrom pathlib import Path\nfrom pymatgen.core import Structure\n"
            "from lianode.workflows.engine import RunContext\nfrom lianode.workflows.engines import morse\n"
            "from lianode.workflows.task import NebTask\n"
            "compute = morse.MorseCalculator.calculate\n"
            "def slow(self, *arguments, **options):\n"
            "    time.sleep(0.05)\n"
            "    with open(Path(sys.argv[1]) / 'count', 'a') as file:\n"
            "        file.write('x')\n"
            "    compute(self, *arguments, **options)\n"
            "morse.MorseCalculator.calculate = slow\n"
            "ends = [Structure.from_dict(d) for d in json.loads(sys.argv[2])]\n"
            "context = RunContext(Path(sys.argv[1]), checkpoint_interval_s=0.0)\n"
            "morse.MorseEngine().neb('key', NebTask(), *ends, context)\n"
        )
        arguments = [sys.executable, "-c", script, str(folder), json.dumps([end.as_dict() for end in hop])]
        kills = 0
        for wanted in (5, 12, 18):
            with subprocess.Popen(arguments) as child:
                until = time.monotonic() + 120
                while time.monotonic() < until and child.poll() is None:
                    if (folder / "count").exists() and (folder / "count").stat().st_size >= wanted:
                        break
                    time.sleep(0.01)
                kills += child.poll() is None
                child.kill()
        assert kills == 3
        made = (folder / "count").stat().st_size
        done = run(folder, hop)
        assert done.continued >= 1
        assert done.energy == pytest.approx(whole.energy, abs=1e-9)
        assert made + len(evaluations) <= undisturbed + kills
        assert done.evaluations == whole.evaluations


class TestRequests:
    """From a hop to the store."""

    def requests(self, **task: Any) -> Any:
        points, engine = vacancy(), MorseEngine()
        ends = [
            end_point_request(engine, cell, parent="0" * 32, parameters={"vacancy": n}, label=f"end {n}")
            for n, cell in enumerate((points.initial, points.final))
        ]
        return points, engine, ends, band_request(engine, points, *ends, NebTask(**task), label="hop")

    def test_end_points_then_the_band(self, results: ResultsStore) -> None:
        _, _, ends, band = self.requests()
        assert band.source.parents == tuple(end.key for end in ends)
        blocked = obtain(band, results)
        assert (blocked.state, blocked.reason) == (State.UNCONVERGED, "an end point of the band has not been relaxed")
        for end in ends:
            assert obtain(end, results).state is State.CONVERGED
        done = obtain(band, results)
        assert done.state is State.CONVERGED
        assert isinstance(done.band, Band)
        assert done.checks[0].name == "end_points_accepted"
        assert not (results.run_directory(band.key) / FILE).exists()
        stored = results.calculation(band.key)
        assert stored is not None
        assert stored.band == done.band

    def test_a_mirrored_band_needs_one_end_point(self, results: ResultsStore) -> None:
        _, _, ends, band = self.requests(mirrored=True)
        assert band.source.parents == (ends[0].key,)
        obtain(ends[0], results)
        assert obtain(band, results).state is State.CONVERGED

    def test_an_end_point_that_failed_is_said(self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> None:
        from lianode.workflows.engines.morse import MorseCalculator

        _, _, ends, band = self.requests()
        with monkeypatch.context() as patched:
            patched.setattr(MorseCalculator, "calculate", lambda *_, **__: 1 / 0)
            obtain(ends[0], results)
        done = obtain(band, results)
        assert done.state is State.FAILED
        assert done.reason == "the end point end 0 of the band failed: ZeroDivisionError: division by zero"

    def test_the_order_of_an_end_points_atoms_does_not_matter(self, results: ResultsStore) -> None:
        points, engine, ends, band = self.requests()
        turned = Structure.from_sites(list(reversed(points.final.sites)))
        other = end_point_request(engine, turned, parent="0" * 32, parameters={"vacancy": 7}, label="turned")
        crossed = band_request(engine, points, ends[0], other, NebTask(), label="hop")
        for request in (*ends, other):
            obtain(request, results)
        assert obtain(crossed, results).energy == pytest.approx(obtain(band, results).energy, abs=1e-3)

    def test_a_band_is_stopped_and_goes_on(self, results: ResultsStore, evaluations: list[int]) -> None:
        _, _, ends, band = self.requests()
        for end in ends:
            obtain(end, results)
        evaluations.clear()
        with session(Session(stop=lambda: len(evaluations) >= 9, checkpoint_interval_s=0.0)):
            assert obtain(band, results).state is State.INTERRUPTED
        done = obtain(band, results)
        assert (done.state, done.continued, done.evaluations) == (State.CONVERGED, 1, len(evaluations))

    def test_keys(self) -> None:
        base: dict[str, Any] = {}
        changes = [
            base, {"images": 7}, {"max_force": 0.02}, {"max_climb_force": 0.02}, {"barrier_change_meV": 1.0},
            {"mirrored": True},
        ]  # fmt: skip
        keys = [self.requests(**change)[3].key for change in changes]
        assert len(set(keys)) == len(keys)
        assert self.requests(max_steps=7)[3].key == keys[0]

    def test_a_hop_with_a_minimum_on_its_way_falls_in_halves(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(MorseEngine, "calculator", lambda _self: Wells(triple_well))
        engine, points = MorseEngine(), EndPoints(
            initial=known(at(-1.5, 0)), final=known(at(1.5, 0)), moving=0, repeats=((1, 0, 0), (0, 1, 0), (0, 0, 1))
        )  # fmt: skip
        ends = [
            end_point_request(engine, cell, parent="0" * 32, parameters={"site": n}, label=f"end {n}")
            for n, cell in enumerate((points.initial, points.final))
        ]
        band = band_request(engine, points, *ends, NebTask(images=7), label="A hop X")
        whole = [obtain(request, results) for request in (*ends, band)][-1]
        assert whole.state is State.CONVERGED
        assert [check.name for check in failed(whole.checks)] == ["one_maximum"]
        middle, first, second = split_band(engine, band, whole)
        assert middle.source.parents == (band.key,)
        assert first.source.parents == second.source.parents == (band.key, middle.key)
        assert first.key != second.key
        blocked = obtain(first, results)
        assert (blocked.state, blocked.reason) == (State.UNCONVERGED, "an end point of the band has not been relaxed")
        done = [obtain(request, results) for request in (middle, first, second)]
        assert abs(done[0].energy or 1.0) < 1e-3
        for half in done[1:]:
            assert half.state is State.CONVERGED
            assert not failed(half.checks)
            assert half.energy == pytest.approx(0.2, abs=1e-3)  # the height of both maxima
        assert done[1].label == "A hop X first half"
        with pytest.raises(InputError, match="nothing to split"):
            split_band(engine, band, whole.model_copy(update={"intermediate": None}))

    def test_a_minimum_that_relaxes_into_an_end_leaves_no_halves(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        points, engine, ends, band = self.requests()
        whole = [obtain(request, results) for request in (*ends, band)][-1]
        near = points.initial.copy().translate_sites([points.moving], [0.01, 0.01, 0]).as_dict()
        whole.intermediate, whole.end_points = near, (points.initial.as_dict(), points.final.as_dict())
        middle, first, _ = split_band(engine, band, whole)
        relaxed_middle = whole.model_copy(update={"key": middle.key, "structure": points.initial.as_dict()})
        known = {whole.key: whole, middle.key: relaxed_middle}
        monkeypatch.setattr(results, "calculation", known.get)
        with pytest.raises(NoStartError, match="relaxed into one of its ends, so that there are no halves"):
            half_start(first, results)

    def test_end_points_are_judged_by_the_whole_cell(self) -> None:
        task = end_point_task(50)
        assert not task.relax_cell
        assert task.rattle_gain_meV_per_atom * 50 == pytest.approx(5.0)
        with pytest.raises(InputError, match="fixed cell"):
            end_point_request(
                MorseEngine(), vacancy().initial, parent="", parameters={}, label="x",
                task=task.model_copy(update={"relax_cell": True}),
            )  # fmt: skip


class TestParts:
    """What a band is made of."""

    def test_tangents_follow_the_higher_neighbour(self) -> None:
        band = np.array([[0.0, 0], [1, 0], [1, 1], [2, 1]])
        assert tangents(band, np.array([0.0, 1, 2, 3])).tolist() == [[0, 1], [1, 0]]
        assert tangents(band, np.array([3.0, 2, 1, 0])).tolist() == [[1, 0], [0, 1]]

    def test_the_start_keeps_atoms_apart(self) -> None:
        points = vacancy()
        first, last = unwrapped(points.initial, points.final)
        cell = np.array(points.initial.lattice.matrix)
        pairs = neighbours(np.array([first, 0.5 * (first + last), last]), cell)
        images = idpp(first, last, 5, pairs)
        straight_way = first + 0.5 * (last - first)

        def closest(x: Any) -> float:
            return float(np.linalg.norm(pairs.vectors(x), axis=1).min())

        assert closest(images[2]) > closest(straight_way) + 0.1
        apart = lengths(np.concatenate([[first], images, [last]]))
        assert apart.max() / apart.min() < 1.5

    def test_dips_count_from_their_lower_rim(self) -> None:
        def profile(*energies: float) -> Band:
            n = len(energies)
            return Band(
                coordinates=list(np.arange(n, dtype=float)), energies=list(energies), tangential_forces=[0.0] * n,
                perpendicular_forces=[0.0] * n,
            )  # fmt: skip

        assert dips(profile(0, 0.2, 0.1, 0.2, 0)) == [2]
        assert dips(profile(0, 0.2, 0.197, 0.2, 0)) == []
        assert dips(profile(0, 0.1, 0.3, 0.1, 0)) == []

    def test_the_key_of_a_band_without_a_store(self) -> None:
        engine = MorseEngine()
        source = Source(recipe="band", parents=("a", "b"))
        assert calculation_key(engine, NebTask(), source) != calculation_key(engine, NebTask(images=7), source)
