"""Elastic tensors from a campaign file's content to documents, with the test potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import run_locally
from lianode_test_pair_elasticity import pair_tensor, voigt
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from lianode.analysis.elastic.document import ElasticDocument
from lianode.hpc.local.campaign import run_campaign
from lianode.structures.crystal_axes import crystal_axes
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import Campaign, campaign_digest
from lianode.workflows.elastic.analysis import ElasticSpec, derive_elastic
from lianode.workflows.elastic.flow import SYMPREC, ElasticPlan
from lianode.workflows.elastic.starts import strained_start
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.plan import campaign_flow, plan_campaign
from lianode.workflows.rederive import rederive

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")


def hexagonal() -> Structure:
    """Close-packed aluminium: its two atoms move against each other when it is strained in the plane."""
    lattice = Lattice.hexagonal(2.77, 4.53)
    return Structure.from_spacegroup("P6_3/mmc", lattice, ["Al"], [[1 / 3, 2 / 3, 0.25]])


def campaign_of(*entries: dict[str, Any], folder: Path | None = None, **top: Any) -> Campaign:
    content = {"name": "test", "engine": "morse", "calculations": list(entries), **top}
    campaign = Campaign.model_validate(content, context={"folder": folder} if folder else None)
    return campaign.in_folder(folder) if folder else campaign


def elastic(*phases: str, folder: Path | None = None, **settings: Any) -> Campaign:
    return campaign_of({"elastic": {"phases": list(phases) or ["Al"], **settings}}, folder=folder)


def planned(campaign: Campaign) -> list[ElasticPlan]:
    return [plan for plan in plan_campaign(campaign).properties if isinstance(plan, ElasticPlan)]


def serially(campaign: Campaign, results: ResultsStore, **options: Any) -> None:
    """Run in this process."""
    run_locally(campaign_flow(plan_campaign(campaign, **options)), store=results.jobstore(), log=False)


def one(results: ResultsStore, **criteria: Any) -> ElasticDocument:
    (document,) = results.query(property="elastic", **criteria)
    return ElasticDocument.model_validate(document)


def failures(document: ElasticDocument) -> set[str]:
    return {check.name for check in document.checks if check.passed is False}


class TestNumbers:
    """The tensor against theory."""

    def test_a_crystal_whose_atoms_move(self, results: ResultsStore, tmp_path: Path) -> None:
        """Closed form of a pair potential with relaxed ions, and without them another number."""
        hexagonal().to(filename=str(tmp_path / "hcp.cif"))
        serially(elastic("hcp.cif", folder=tmp_path), results)
        document = one(results)
        assert failures(document) == set()
        crystal = Structure.from_dict(document.reference.structure)
        frame = crystal_axes(crystal).frame(np.asarray(crystal.lattice.matrix))
        expected = voigt(pair_tensor(crystal), frame)
        # steps of 0.5 and 1 % leave the next order, which is 1e-4 times some hundred GPa
        assert np.array(document.tensor_GPa) == pytest.approx(expected, abs=0.01 * expected.max())
        assert abs(expected[0, 1] - expected[5, 5]) > 30  # Cauchy's relation, which only clamped ions obey
        c11, c12, c13, c33, c44, c66 = (expected[i] for i in ((0, 0), (0, 1), (0, 2), (2, 2), (3, 3), (5, 5)))
        assert document.bulk_modulus_GPa is not None
        voigts = (2 * (c11 + c12) + 4 * c13 + c33) / 9
        assert document.moduli is not None
        assert document.moduli.bulk_voigt_GPa == pytest.approx(voigts, rel=0.01)
        assert c66 == pytest.approx((c11 - c12) / 2)
        assert c44 == pytest.approx(c13, rel=0.01)

    def test_cubic_relations(self, results: ResultsStore) -> None:
        """Three constants; C12 = C44 for central forces where every atom is a centre of inversion."""
        serially(elastic("Al"), results)
        document = one(results)
        c = np.array(document.tensor_GPa)
        assert c[0, 0] == pytest.approx(c[1, 1], abs=1e-9)
        assert c[0, 0] == pytest.approx(c[2, 2], abs=1e-9)
        assert c[3, 3] == pytest.approx(c[5, 5], abs=1e-9)
        assert c[0, 1] == pytest.approx(c[3, 3], rel=0.01)
        assert np.abs(c[:3, 3:]).max() < 1e-9
        assert document.bulk_modulus_GPa == pytest.approx((c[0, 0] + 2 * c[0, 1]) / 3)
        assert document.stable
        assert failures(document) == set()
        assert len(document.strained_cells) == 6

    def test_another_cell_of_the_same_crystal(self, results: ResultsStore, tmp_path: Path) -> None:
        turn = Rotation.random(random_state=np.random.RandomState(4)).as_matrix()
        cell = hexagonal()
        cell.to(filename=str(tmp_path / "hcp.cif"))
        turned = Structure(Lattice(cell.lattice.matrix @ turn.T), cell.species, cell.frac_coords)
        (turned * [[2, 1, 0], [0, 1, 0], [0, 0, 1]]).to(filename=str(tmp_path / "turned.vasp"), fmt="poscar")
        serially(elastic("hcp.cif", "turned.vasp", folder=tmp_path), results)
        first, second = (one(results, phase=name) for name in ("hcp", "turned"))
        assert np.array(second.tensor_GPa) == pytest.approx(np.array(first.tensor_GPa), abs=0.2)
        assert second.youngs_modulus_GPa == pytest.approx(first.youngs_modulus_GPa, rel=1e-3)

    def test_a_strained_cell_keeps_its_strain(self, results: ResultsStore, tmp_path: Path) -> None:
        """With the usual tolerance the smallest strains would be taken for noise and undone."""
        hexagonal().to(filename=str(tmp_path / "hcp.cif"))
        serially(elastic("hcp.cif", folder=tmp_path, strains=[0.001]), results)
        document = one(results)
        (plan,) = planned(elastic("hcp.cif", folder=tmp_path, strains=[0.001]))
        start = Structure.from_dict(document.reference.structure)
        for request in plan.requests[2:]:
            done = results.calculation(request.key)
            assert done is not None
            assert request.task.model_dump()["symprec"] == SYMPREC
            cell = Structure.from_dict(done.structure or {}).lattice.matrix
            gradient = np.linalg.solve(start.lattice.matrix, cell)
            strain = 0.5 * (gradient @ gradient.T - np.eye(3))
            assert np.abs(strain).max() == pytest.approx(0.001, rel=1e-6)
        assert {check.passed for check in document.checks if check.name == "linear"} == {None}


class TestDocuments:
    """What is stored, and what it is derived from."""

    def test_from_campaign_to_document(self, results: ResultsStore, project: Path) -> None:
        plan = plan_campaign(elastic("Al"))
        run = run_campaign(plan, results, project, workers=1)
        assert run.complete
        assert run.errors == ()
        document = one(results)
        assert (document.phase, document.system, document.engine) == ("Al_fcc", "Al", "morse")
        assert document.key in {stored["key"] for stored in run.documents}
        assert set(document.calculations) == {
            "relaxation", "reference", "xx+0.5%", "xx-0.5%", "xx+1%", "xx-1%", "yz+0.5%", "yz+1%",
        }  # fmt: skip
        assert list(results.query(criteria={"youngs_modulus_GPa": {"$gt": 1}}))
        again = run_campaign(plan, results, project, workers=1)
        assert again.reused == set(plan.requests)
        before = document.model_dump(exclude={"created"})
        assert rederive(results) == 1
        assert one(results).model_dump(exclude={"created"}) == before

    def test_a_failed_strain_fails_the_result(
        self, results: ResultsStore, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(request: Any, store: Any) -> Any:
            if request.source.parameters == {"pattern": "yz", "magnitude": 0.01}:
                raise ValueError("no neighbours")
            return strained_start(request, store)

        with monkeypatch.context() as patched:
            patched.setattr("lianode.workflows.calculate.strained_start", broken)
            serially(elastic("Al"), results)
        assert list(results.query(property="elastic")) == []
        run = run_campaign(plan_campaign(elastic("Al")), results, project, workers=1)
        assert not run.complete
        ((name, error),) = run.errors
        assert name == "elastic tensor of Al_fcc with morse"
        assert "the strain yz+1% has no stress (failed: ValueError: no neighbours)" in error
        assert "without it there is no elastic tensor" in error
        serially(elastic("Al"), results, retry_failed=True)
        assert one(results).stable

    def test_a_crystal_that_does_not_relax_has_no_tensor(self, results: ResultsStore) -> None:
        serially(elastic("In", max_steps=1, max_force="0.00001 eV/Å"), results)
        (plan,) = planned(elastic("In", max_steps=1, max_force="0.00001 eV/Å"))
        assert {done.state for done in results.calculations([r.key for r in plan.requests]).values()} == {
            State.CONVERGED, State.UNCONVERGED,
        }  # fmt: skip
        with pytest.raises(InputError, match=r"elastic In_bct: the crystal is not relaxed \(unconverged: not conv"):
            derive_elastic(plan.spec, results)

    def test_a_strain_that_was_not_computed_fails_the_result(self, results: ResultsStore) -> None:
        serially(elastic("Al", strains=[0.01]), results)
        (plan,) = planned(elastic("Al"))
        with pytest.raises(
            InputError, match=r"the strain xx\+0.5% has no stress \(not computed\), and without it there"
        ):
            derive_elastic(plan.spec, results)

    def test_another_crystal_flags_the_result(self, results: ResultsStore) -> None:
        """Tetragonal indium becomes cubic, and the moduli are not those of indium."""
        serially(elastic("In"), results)
        document = one(results)
        assert "space_group_kept" in failures(document)
        assert document.flagged
        assert document.space_group == 139
        (reference,) = (results.calculation(document.calculations["reference"]),)
        assert reference is not None
        assert reference.started_from is None  # not from a crystal that failed its checks

    def test_an_unstable_crystal_has_no_moduli(self, results: ResultsStore) -> None:
        serially(elastic("Li5In4"), results)
        document = one(results)
        assert not document.stable
        assert document.youngs_modulus_GPa is None
        assert "mechanically_stable" in failures(document)

    def test_a_spec_survives_jobflow(self) -> None:
        (plan,) = planned(elastic("LiCl"))
        dumped = plan.spec.model_dump(mode="json")
        crystal = Structure.from_dict(dumped["crystal"])
        assert ElasticSpec.model_validate({**dumped, "crystal": crystal}).phase == plan.spec.phase


class TestPlans:
    """What is known before anything runs."""

    def test_the_relaxation_is_that_of_a_hull(self) -> None:
        (plan,) = planned(elastic("LiIn"))
        both = plan_campaign(
            campaign_of(
                {"hull": {"system": "Li-In", "phases": ["Li", "In", "LiIn"]}}, {"elastic": {"phases": ["LiIn"]}}
            )
        )
        assert plan.requests[0].key in {request.key for request in both.hulls[0].requests}
        assert len(both.requests) == 3 + len(plan.requests) - 1
        assert plan.requests[1].source.parents == (plan.requests[0].key,)
        assert {request.source.parents for request in plan.requests[2:]} == {(plan.requests[1].key,)}

    @pytest.mark.parametrize(("phase", "cells"), [("LiCl", 6), ("Li3In2", 10), ("In", 12), ("Li9Al4", 20)], ids=str)
    def test_symmetry_saves_cells(self, phase: str, cells: int) -> None:
        (plan,) = planned(elastic(phase))
        assert len(plan.spec.strains) == cells

    def test_relaxations_begin_from_another_engine(self) -> None:
        campaign = campaign_of(
            {"elastic": {"phases": ["LiIn"], "start_from": {"engine": {"name": "morse", "well_depth": 0.3}}}}
        )
        (plan,) = planned(campaign)
        other, first, second = plan.requests[:3]
        assert first.source.parents == (other.key,)
        assert second.source.parents == (first.key,)

    def test_other_settings_share_the_relaxation_only(self) -> None:
        (usual,), (strict,) = planned(elastic("LiIn")), planned(elastic("LiIn", max_force="0.1 meV/Å"))
        same = {r.key for r in usual.requests} & {r.key for r in strict.requests}
        assert same == {usual.requests[0].key}

    def test_equal_questions_have_one_digest(self) -> None:
        digest = campaign_digest(elastic("In", "LiCl", strains=[0.005, 0.01]))
        assert campaign_digest(elastic("LiCl", "In")) == digest
        assert campaign_digest(elastic("In", "LiCl", strains=[0.01])) != digest

    def test_an_engine_without_stress_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(MorseEngine, "capabilities", frozenset())
        with pytest.raises(InputError, match="morse gives no stress, which elastic constants come from"):
            plan_campaign(elastic("Al"))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no phases": ({"phases": []}, "the list is empty; name at least one phase, such as [In, LiCl]"),
    "an unknown phase": ({"phases": ["LiInn"]}, "LiIn"),
    "a phase twice": ({"phases": ["In", "In"]}, "this phase is listed twice"),
    "the same by two names": ({"phases": ["In", "In_bct"]}, "two phases are named In_bct"),
    "a disordered crystal": ({"phases": ["Li6PS5Cl_average"]}, "is disordered; name one of its ordered models"),
    "an element the engine lacks": ({"phases": ["Li3N"]}, "Li3N"),
    "a path that is not there": ({"phases": ["./no.cif"]}, "no.cif"),
    "no strains": ({"strains": []}, "write a list of magnitudes, such as [0.005, 0.01]"),
    "a number for a list": ({"strains": 0.01}, "write a list of magnitudes, such as [0.005, 0.01]"),
    "a sign": ({"strains": [-0.01, 0.01]}, "-0.01 has a sign; write 0.01, and both signs are computed"),
    "too large": ({"strains": [0.005, 0.5]}, "0.5 is not from 0.001 to 0.05; 0.005 and 0.01 are usual"),
    "too small": ({"strains": [1e-5]}, "1e-05 is not from 0.001 to 0.05"),
    "no number": ({"strains": ["0.5 %"]}, "'0.5 %' is no number; a strain of 0.5 % is 0.005"),
    "true": ({"strains": [True]}, "is no number"),
    "infinite": ({"strains": [float("nan")]}, "nan is not from 0.001 to 0.05"),
    "a strain twice": ({"strains": [0.01, 0.01]}, "this strain is listed twice"),
    "no force": ({"max_force": 0}, "max_force"),
    "a wrong unit": ({"max_stress": "5 eV"}, "a pressure or stress"),
    "an unknown key": ({"strain": [0.01]}, "strain"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_computed_is_refused(name: str, tmp_path: Path) -> None:
    settings, sentence = REFUSED[name]
    with pytest.raises((InputError, ValueError)) as caught:
        plan_campaign(campaign_of({"elastic": {"phases": ["Al"], **settings}}, folder=tmp_path))
    assert sentence in str(caught.value)
