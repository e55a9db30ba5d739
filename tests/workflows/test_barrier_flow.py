"""Migration barriers of a campaign, from its file's content to its documents, with the test potential."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase.optimize import BFGS
from jobflow import run_locally
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor

from lianode.analysis.checks import Check
from lianode.analysis.migration.band import RIDGE_CHECK
from lianode.cli.plot_migration import KINDS, draw_migration
from lianode.hpc.local.campaign import run_campaign
from lianode.structures.errors import InputError
from lianode.structures.hops.defects import defect_cell
from lianode.structures.hops.supercell import Supercell
from lianode.structures.hops.vacancy_hops import survey_vacancy_hops
from lianode.workflows.barrier.analysis import derive_barriers
from lianode.workflows.calculate import obtain
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.plan import campaign_flow, expected_evaluations, plan_campaign, with_follow_ups
from lianode.workflows.rederive import rederive
from lianode.workflows.session import Session, session
from lianode.workflows.task import NebTask

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore
    from lianode.structures.hops.survey import HopSurvey
    from lianode.workflows.engine import RunContext
    from lianode.workflows.request import Request

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")

MEV = 1e-3
KB = 8.617333262e-5


def campaign_of(*entries: dict[str, Any]) -> Campaign:
    return Campaign.model_validate({"name": "test", "engine": "morse", "calculations": list(entries)})


def barriers(*phases: str, **settings: Any) -> Campaign:
    return campaign_of({"barrier": {"phases": list(phases), **settings}})


def serially(campaign: Campaign, results: ResultsStore, **options: Any) -> dict[str, Any]:
    """Run in this process; returns the outputs of the jobs by name."""
    store = results.jobstore()
    run_locally(campaign_flow(plan_campaign(campaign, **options)), store=store, log=False)
    return {document["name"]: document["output"] for document in store.query({})}


def one(results: ResultsStore, **criteria: Any) -> dict[str, Any]:
    (document,) = results.query(**criteria)
    return document


def relaxed_energy(structure: Structure) -> float:
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    atoms.calc = MorseEngine().calculator()
    BFGS(atoms, logfile=None).run(fmax=0.001, steps=300)
    return float(atoms.get_potential_energy())


A_FCC = 4.1496
"""Å: lattice constant at which the test potential's fcc Li has no stress."""


def by_symmetry(a: float) -> float:
    """Return the vacancy's barrier in 27 sites of fcc, eV: the saddle is half-way, where symmetry keeps the atom."""
    perfect = fcc(a).get_primitive_structure() * 3
    vacancy = perfect.copy()
    vacancy.remove_sites([0])
    near = min(range(len(vacancy)), key=lambda i: vacancy[i].distance(perfect[0]))
    site = vacancy[near]
    image = site.distance_and_image(perfect[0])[1]
    half = vacancy.copy()
    half.replace(near, "Li", 0.5 * (site.frac_coords + perfect[0].frac_coords + image))
    return relaxed_energy(half) - relaxed_energy(vacancy)


def _orbit(survey: HopSurvey, crystal: Structure, place: Any) -> str:
    near = crystal.lattice.get_all_distances(crystal.lattice.get_fractional_coords(place), survey.sites.positions)[0]
    return survey.orbits[int(near.argmin())]


def fcc(a: float) -> Structure:
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), ["Li"], [[0, 0, 0]])


@pytest.fixture
def dense(tmp_path: Path) -> Campaign:
    """Vacancies in fcc lithium as the test potential has it, from a user's file."""
    fcc(A_FCC).to(filename=str(tmp_path / "dense.cif"))
    campaign = barriers("./dense.cif", supercell_length=8, defect_concentration=1e-3)
    return campaign.in_folder(tmp_path)


class TestOneKindOfHop:
    """fcc lithium, a crystal that the test potential holds together."""

    def test_from_campaign_to_documents(
        self, results: ResultsStore, project: Path, dense: Campaign, evaluations: list[int]
    ) -> None:
        plan = plan_campaign(dense)
        assert [request.label for request in plan.requests.values()] == [
            "dense", "dense vacancy Li1", "dense hop Li1-Li1a",
        ]  # fmt: skip
        run = run_campaign(plan, results, project, workers=1)
        assert run.complete
        assert run.errors == ()
        assert set(run.calculations) == set(plan.requests)
        hop, across = one(results, property="barrier"), one(results, property="migration")
        crystal = next(c for c in run.calculations.values() if c.label == "dense")
        self._check_hop(hop, (4 * crystal.volume) ** (1 / 3) if crystal.volume else 0.0)
        self._check_across(across, hop)
        assert [document["key"] for document in run.documents] == [across["key"]]

        spent = len(evaluations)
        again = run_campaign(plan_campaign(dense), results, project, workers=1)
        assert again.complete
        assert again.reused == set(plan.requests)
        assert len(evaluations) == spent
        assert one(results, property="migration")["key"] == across["key"]
        assert rederive(results) == 2
        assert one(results, property="migration")["percolating"] == across["percolating"]

    @staticmethod
    def _check_hop(hop: dict[str, Any], a: float) -> None:
        assert hop["n_atoms"] == 26
        assert not hop["flagged"], [check for check in hop["checks"] if check["passed"] is False]
        assert hop["multiplicity"] == 6  # twelve neighbours, each pair once
        assert hop["barrier_forward"] == pytest.approx(by_symmetry(a), abs=2 * MEV)
        assert hop["barrier_backward"] == pytest.approx(hop["barrier_forward"], abs=1e-9)
        assert hop["coordination"]["initial"] == 11  # twelve but the vacancy
        assert hop["image_distance"] == pytest.approx(3 * a / math.sqrt(2), abs=1e-3)
        assert set(hop["calculations"]) == {"crystal", "band", "end point Li1"}

    @staticmethod
    def _check_across(across: dict[str, Any], hop: dict[str, Any]) -> None:
        """One kind of hop: D = z/6 l² ν exp(-E/kT) with z = 12."""
        assert across["dimensions"] == 3
        assert across["completeness"] == "complete"
        for dimension in (1, 2, 3):
            assert across[f"percolating_barrier_{dimension}d"] == pytest.approx(hop["barrier_forward"], abs=1e-9)
        (rate,) = across["diffusivities"]
        length = hop["image_distance"] / 3
        known = 2 * (1e-8 * length) ** 2 * 1e13 * math.exp(-hop["barrier_forward"] / (KB * 300))
        assert rate["mean_cm2_per_s"] == pytest.approx(known, rel=1e-6)
        assert rate["lithium_cm2_per_s"] == pytest.approx(1e-3 * known, rel=1e-6)

    def test_figures(self, results: ResultsStore, dense: Campaign, tmp_path: Path) -> None:
        serially(dense, results)
        choice: dict[str, Any] = {"engines": (), "campaign": None, "system": None, "published": None, "size": "column"}
        for kind in KINDS:
            files = draw_migration(kind, results, tmp_path / kind, phase="dense", hop=None, **choice)
            assert {file.suffix for file in files} == {".svg", ".pdf", ".png", ".csv"}
        for wrong, sentence in (
            ({"phase": "LiIn", "hop": None}, "it has barriers of: dense"),
            ({"phase": "dense", "hop": "Li1-Li1b"}, "there is no hop 'Li1-Li1b'"),
            ({"phase": None, "hop": None}, "say which phase"),
        ):
            with pytest.raises(InputError, match=sentence):
                draw_migration("hop", results, tmp_path / "hop", **wrong, **choice)

    def test_an_interrupted_band_goes_on(self, results: ResultsStore, dense: Campaign, evaluations: list[int]) -> None:
        *first, band = plan_campaign(dense).requests.values()
        blocked = obtain(band, results)
        assert (blocked.state, blocked.reason) == (
            State.UNCONVERGED,
            "the relaxation of the crystal has not been done",
        )
        for request in first:
            assert obtain(request, results).state is State.CONVERGED
        evaluations.clear()
        with session(Session(stop=lambda: len(evaluations) >= 4, checkpoint_interval_s=0.0)):
            assert obtain(band, results).state is State.INTERRUPTED
        done = obtain(band, results)
        assert (done.state, done.continued, done.evaluations) == (State.CONVERGED, 1, len(evaluations))
        assert expected_evaluations(band) == 30  # half a band of five images


class TestBccAndItsAlloy:
    """Crystals that the test potential does not hold together: there are results, and they say so."""

    def test_with_the_hull_in_one_campaign(self, results: ResultsStore) -> None:
        campaign = campaign_of(
            {"hull": {"system": "Li-In", "phases": ["Li", "In", "LiIn"]}},
            {"barrier": {"phases": ["Li", "LiIn"], "supercell_length": 6, "temperatures": [300, 400]}},
        )
        plan = plan_campaign(campaign)
        labels = [request.label for request in plan.requests.values()]
        assert sorted(labels) == sorted({*labels})  # Li and LiIn are relaxed once
        assert len(labels) == 3 + 2 + 2
        outputs = serially(campaign, results)
        assert {label: outputs[label]["key"] for label in labels} == {
            request.label: key for key, request in plan.requests.items()
        }
        for phase in ("Li_bcc", "LiIn"):
            across = one(results, property="migration", phase=phase)
            assert across["dimensions"] == 3
            assert across["metastability"]["energy_above_hull_per_atom"] == pytest.approx(
                one(results, property="phase_stability", phase=phase)["energy_above_hull_per_atom"]
            )
            assert across["flagged"]
            assert len(across["diffusivities"]) == 2
        assert len(outputs["barriers LiIn with morse"]["keys"]) == 2


class TestHalves:
    """A band that says that it has a minimum on its way: here the saddle plays it."""

    @pytest.fixture
    def minimum_at_the_saddle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        neb = MorseEngine.neb

        def told(self: MorseEngine, key: str, task: Any, *rest: Any) -> Any:
            done = neb(self, key, task, *rest)
            initial, final, context = rest
            if not context.label.endswith("half"):
                done.intermediate, done.end_points = done.structure, (initial.as_dict(), final.as_dict())
            return done

        monkeypatch.setattr(MorseEngine, "neb", told)

    @pytest.mark.usefixtures("minimum_at_the_saddle", "dense")
    @pytest.mark.parametrize("it_stays", [True, False])
    def test_both_halves_make_the_barrier(
        self, results: ResultsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, it_stays: bool
    ) -> None:
        dense = barriers("./dense.cif", supercell_length=8, images=3).in_folder(tmp_path)
        relax = MorseEngine.relax

        def staying(self: MorseEngine, key: str, task: Any, structure: Structure, context: RunContext) -> Any:
            if context.label.endswith("intermediate"):
                if not it_stays:
                    raise ValueError("no neighbours")
                task = task.model_copy(update={"max_force": 9.0, "rattle": 0.0})
            return relax(self, key, task, structure, context)

        monkeypatch.setattr(MorseEngine, "relax", staying)
        serially(dense, results)
        whole = one(results, property="barrier")
        plan = plan_campaign(dense)
        followed = with_follow_ups(plan, results)
        assert {request.label for key, request in followed.requests.items() if key not in plan.requests} == {
            "dense hop Li1-Li1a intermediate", "dense hop Li1-Li1a first half", "dense hop Li1-Li1a second half",
        }  # fmt: skip
        assert with_follow_ups(followed, results) == followed
        run_locally(campaign_flow(followed), store=results.jobstore(), log=False)
        joined = one(results, property="barrier")
        assert {"band", "first half", "second half"} <= set(joined["calculations"])
        assert joined["barrier_forward"] == pytest.approx(whole["barrier_forward"], abs=2 * MEV)
        names = {check["name"]: check["passed"] for check in joined["checks"]}
        if it_stays:
            assert len(joined["bands"]) == 2
            assert names["bands_joined"]
            assert "halves_computed" not in names
        else:  # the whole band is all there is, and the document says so
            assert len(joined["bands"]) == 1
            assert names["halves_computed"] is False
            assert joined["flagged"]
        assert rederive(results) == 2


def test_a_hop_whose_symmetric_path_is_a_ridge_is_computed_without_symmetry(
    results: ResultsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    neb = MorseEngine.neb

    def on_a_ridge(self: MorseEngine, key: str, task: Any, *rest: Any) -> Any:
        done = neb(self, key, task, *rest)
        if task.mirrored:
            kept = [check for check in done.checks if check.name != RIDGE_CHECK]
            done.checks = [*kept, Check(name=RIDGE_CHECK, passed=False, message="it is on a ridge")]
        return done

    monkeypatch.setattr(MorseEngine, "neb", on_a_ridge)
    fcc(A_FCC).to(filename=str(tmp_path / "dense.cif"))
    dense = barriers("./dense.cif", supercell_length=8, images=3).in_folder(tmp_path)
    serially(dense, results)
    assert "it is on a ridge" in {check["message"] for check in one(results, property="barrier")["checks"]}
    plan = plan_campaign(dense)
    followed = with_follow_ups(plan, results)
    (new,), (old,) = followed.requests.keys() - plan.requests.keys(), plan.requests.keys() - followed.requests.keys()
    assert plan.requests[old].task.mirrored
    assert not followed.requests[new].task.mirrored
    run_locally(campaign_flow(followed), store=results.jobstore(), log=False)
    hop = one(results, property="barrier")
    assert hop["calculations"]["band"] == new
    assert not hop["flagged"]
    assert with_follow_ups(followed, results) == followed


class TestSeveralKindsOfHops:
    """LiSn: two kinds of sites, six kinds of hops."""

    def test_a_failed_end_point_leaves_the_other_hops(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = MorseEngine.relax

        def broken(self: MorseEngine, key: str, task: Any, structure: Structure, context: RunContext) -> Any:
            if context.label.endswith("vacancy Li2"):
                raise ValueError("no neighbours")
            return original(self, key, task, structure, context)

        monkeypatch.setattr(MorseEngine, "relax", broken)
        serially(barriers("LiSn", supercell_length=6), results)
        across = one(results, property="migration")
        assert across["completeness"] == "partial"
        assert [row["hop"] for row in across["hops"]] == ["Li1-Li1a"]
        assert len(across["missing"]) == 5
        assert across["missing"][0].startswith(
            "Li2-Li2a is missing (failed: the end point Li2 is failed: ValueError: no neighbours): "
        )

    def test_a_vacancy_that_a_neighbour_falls_into_is_named(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = MorseEngine.relax

        def falling(self: MorseEngine, key: str, task: Any, structure: Structure, context: RunContext) -> Any:
            done = original(self, key, task, structure, context)
            if context.label.endswith("vacancy Li2"):
                fallen = Structure.from_dict(done.structure)
                number = next(i for i, site in enumerate(fallen) if site.specie.symbol == "Li")
                fallen.translate_sites([number], [1.5, 0, 0], frac_coords=False)
                done.structure = fallen.as_dict()
            return done

        monkeypatch.setattr(MorseEngine, "relax", falling)
        serially(barriers("LiSn", supercell_length=6), results)
        missing = one(results, property="migration")["missing"]
        assert len(missing) == 5
        assert "the atom of site Li" in missing[0]
        assert "away, so that Li2 is no minimum, and no end point of hops" in missing[0]

    def test_a_vacancy_that_a_neighbour_fills_is_one_on_its_site(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in Li17Sn4 with SevenNet-0: the hop between the two costs nothing, the others move two atoms."""
        original = MorseEngine.relax
        campaign = barriers("LiSn", supercell_length=6, cutoff=3.16)
        spec = plan_campaign(campaign).barriers[0].spec
        crystal: list[Structure] = []

        def falling(self: MorseEngine, key: str, task: Any, structure: Structure, context: RunContext) -> Any:
            if task.relax_cell:
                done = original(self, key, task, structure, context)
                crystal.append(Structure.from_dict(done.structure))
                return done
            loose = task.model_copy(update={"max_force": 99.0, "rattle": 0.0})
            if not context.label.endswith("vacancy Li2"):
                return original(self, key, loose, structure, context)
            survey = survey_vacancy_hops(Structure.from_dict(spec.host)).on(crystal[0])
            cell = Supercell(crystal[0], spec.repeats)
            defect = defect_cell(survey, survey.orbits.index("Li2"), (0, 0, 0), cell)
            apart = cell.structure.lattice.get_all_distances(defect.anchor, structure.frac_coords)[0]
            own = [n for n, site in enumerate(structure) if site.specie.symbol == "Li"]
            near = min((n for n in own if _orbit(survey, crystal[0], structure[n].coords) == "Li1"), key=apart.item)
            fallen = structure.copy()
            fallen.replace(near, "Li", defect.anchor)
            return original(self, key, loose, fallen, context)

        monkeypatch.setattr(MorseEngine, "relax", falling)
        serially(campaign, results)
        across = one(results, property="migration")
        assert across["missing"] == []
        rows = {row["hop"]: row for row in across["hops"]}
        assert (rows["Li1-Li2a"]["barrier_forward"], rows["Li1-Li2a"]["barrier_backward"]) == (0.0, 0.0)
        assert rows["Li1-Li2a"]["flagged"]
        messages = " ".join(check["message"] for check in across["checks"])
        assert "a vacancy on Li2 does not hold: the atom of site Li1 falls into it" in messages
        assert "both ends of this hop are one configuration" in messages

    def test_keys_depend_on_what_is_computed_only(self) -> None:
        def keys(**settings: Any) -> dict[str, str]:
            plan = plan_campaign(barriers("LiSn", **settings))
            return {request.label: key for key, request in plan.requests.items()}

        usual = keys()
        assert keys() == usual
        short = keys(cutoff=3.1)
        assert set(short) < set(usual)
        assert all(usual[label] == key for label, key in short.items())
        assert keys(temperatures=[500], max_steps=7, defect_concentration=0.1) == usual
        images = keys(images=7)
        assert {label for label in usual if usual[label] != images[label]} == {
            label for label in usual if " hop " in label
        }
        assert not set(keys(supercell_length=14).values()) & (set(usual.values()) - {usual["LiSn_P2m"]})


class TestOtherMechanisms:
    """An extra lithium, and a lithium that changes places with vacancies of its host."""

    @staticmethod
    def _requests(phase: str, **settings: Any) -> list[Request]:
        return list(plan_campaign(barriers(phase, **settings)).requests.values())

    def test_interstitial(self) -> None:
        crystal, *others = self._requests("Li_fcc", mechanism="interstitial", supercell_length=8)
        assert crystal.n_atoms == 1
        assert {request.n_atoms for request in others} == {28}
        assert sum(isinstance(request.task, NebTask) for request in others) >= 1

    def test_exchange_is_in_the_host(self) -> None:
        crystal, *others = self._requests("LiIn35", mechanism="exchange", supercell_length=8)
        assert crystal.atoms().composition.reduced_formula == "In"
        for request in others:
            assert request.atoms().composition["Li"] == 1
            assert np.linalg.norm(request.atoms().lattice.matrix[0]) > 7.9

    def test_exchange_from_campaign_to_documents(self, results: ResultsStore, tmp_path: Path) -> None:
        """In fcc the exchange (w2) and the rotation of the vacancy around lithium (w1) are enough to go anywhere."""
        cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(A_FCC * 3.25 / 3.04), ["In"], [[0, 0, 0]]) * 2
        cell.replace(0, "Li")
        cell.to(filename=str(tmp_path / "dilute.cif"))
        serially(barriers("./dilute.cif", mechanism="exchange", supercell_length=8).in_folder(tmp_path), results)
        across = one(results, property="migration")
        assert (across["mechanism"], across["dimensions"], across["flagged"]) == ("exchange", 3, False)
        forward = {row["hop"]: row["barrier_forward"] for row in across["hops"]}
        assert set(forward) == {"Li:V1-V1a", "In:V1-V1a"}
        assert across["percolating_barrier_3d"] == pytest.approx(max(forward.values()), abs=1e-9)

    def test_a_crystal_that_gains_symmetry_is_flagged(self, results: ResultsStore) -> None:
        """The test potential, like some others, relaxes tetragonal indium into fcc, where the two pairs are equal."""
        serially(barriers("LiIn35", mechanism="exchange", supercell_length=8), results)
        across = one(results, property="migration")
        assert across["flagged"]
        assert any("space group 139 before and 225 after" in check["message"] for check in across["checks"])
        forward = {row["hop"]: row["barrier_forward"] for row in across["hops"]}
        assert forward["Li:V1-V1a"] == pytest.approx(forward["Li:V2-V2a"], abs=2 * MEV)
        assert forward["In:V1-V2a"] == pytest.approx(forward["In:V2-V2a"], abs=2 * MEV)

    def test_a_crystal_that_loses_symmetry_has_other_hops(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = MorseEngine.relax

        def skewed(self: MorseEngine, key: str, task: Any, structure: Structure, context: RunContext) -> Any:
            done = original(self, key, task, structure, context)
            if task.relax_cell:
                relaxed = Structure.from_dict(done.structure).apply_strain([0.12, 0.0, 0.0], inplace=False)
                done.structure = relaxed.as_dict()
            return done

        monkeypatch.setattr(MorseEngine, "relax", skewed)
        plan = plan_campaign(barriers("LiIn35", mechanism="exchange", supercell_length=8))
        crystal, *others = plan.requests.values()
        assert obtain(crystal, results).state is State.CONVERGED
        for request in others:
            refused = obtain(request, results)
            assert refused.state is State.FAILED
            assert "lost symmetry when it relaxed, so that hops that were equal are not any more" in str(refused.reason)
        with pytest.raises(InputError, match="no barrier was computed"):
            derive_barriers(plan.barriers[0].spec, results)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "without lithium": ({"phases": ["In"]}, "'In' has no Li that could move; name a phase with Li, such as LiIn"),
    "unknown phase": ({"phases": ["LiInn"]}, "LiIn"),
    "no phase": ({"phases": []}, "the list is empty; name at least one phase, such as [Li, LiIn]"),
    "twice": ({"phases": ["Li", "Li"]}, "this phase is listed twice"),
    "twice by other names": ({"phases": ["Li", "Li_bcc"]}, "two phases are named Li_bcc; leave one out"),
    "no mechanism": ({"phases": ["Li"], "mechanism": "kick-out"}, "'vacancy', 'interstitial' or 'exchange'"),
    "short supercell": ({"phases": ["Li"], "supercell_length": 2}, "2 Å between a defect and its images is too short"),
    "huge supercell": ({"phases": ["Li"], "supercell_length": 90}, "ask for a shorter distance"),
    "short cutoff": ({"phases": ["Li"], "cutoff": 2.5}, "no Li site is within the cut-off of 2.5 Å of another"),
    "too much": ({"phases": ["Li"], "defect_concentration": 2}, "less than or equal to 1"),
    "not dilute": ({"phases": ["LiIn"], "mechanism": "exchange"}, "so the phase is not dilute"),
    "no barrier of a pressure": ({"phases": ["Li"], "max_force": "1 GPa"}, "a force is needed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_computed_is_refused(name: str) -> None:
    settings, sentence = REFUSED[name]
    with pytest.raises((InputError, ValueError)) as caught:
        plan_campaign(campaign_of({"barrier": settings}))
    assert sentence in str(caught.value)
