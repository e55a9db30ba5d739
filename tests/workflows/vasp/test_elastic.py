"""Elastic tensors with VASP: what is planned, and the whole way on the stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import run_locally

from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.elastic.flow import ElasticPlan
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.plan import campaign_flow, plan_campaign

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.vasp,
    pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated"),
]


def planned(engine: dict[str, Any], phase: str = "Al", **settings: Any) -> tuple[Campaign, ElasticPlan]:
    content = {"name": "test", "engine": engine, "calculations": [{"elastic": {"phases": [phase], **settings}}]}
    campaign = Campaign.model_validate(content)
    (plan,) = plan_campaign(campaign).properties
    assert isinstance(plan, ElasticPlan)
    return campaign, plan


def test_all_strains_have_one_mesh() -> None:
    """A density would give some of them another one."""
    _, plan = planned({"name": "vasp"}, "Li9Al4")
    relaxation, *strict = plan.requests
    assert relaxation.engine["k_mesh"] is None
    (mesh,) = {tuple(request.engine["k_mesh"]) for request in strict}
    meshes = {input_set(relaxation.engine, request.task, request.atoms()).mesh for request in plan.requests}
    assert mesh in meshes
    assert len(meshes) > 1
    assert {request.engine["k_density"] for request in strict} == {None}


def test_a_mesh_that_is_given_stays() -> None:
    _, plan = planned({"name": "vasp", "k_mesh": [3, 3, 3]})
    assert {tuple(request.engine["k_mesh"]) for request in plan.requests} == {(3, 3, 3)}
    _, plan = planned({"name": "vasp", "preset": "mp-gga"})
    assert {request.engine["k_mesh"] for request in plan.requests} == {None}  # its input sets take none


def test_strained_cells_are_fixed_and_converge_forces() -> None:
    _, plan = planned({"name": "vasp"}, "Li5In4")
    for request in plan.requests[2:]:
        incar = input_set(request.engine, request.task, request.atoms()).incar
        assert incar["ISIF"] == 2
        assert incar["EDIFFG"] == pytest.approx(-0.001)


@pytest.mark.usefixtures("rehearsal")
def test_the_stand_in_gives_the_tensor_of_its_potential(tmp_path: Path) -> None:
    from lianode.analysis.elastic.document import ElasticDocument
    from lianode.hpc.settings import load_settings, write_default
    from lianode.hpc.store import open_store

    found = {}
    for name, engine in (("vasp", {"name": "vasp", "rehearsal": True}), ("morse", {"name": "morse"})):
        (tmp_path / name).mkdir()
        store = open_store(load_settings(write_default(tmp_path / name)))
        campaign, _ = planned(engine, strains=[0.01])
        run_locally(campaign_flow(plan_campaign(campaign)), store=store.jobstore(), log=False)
        (stored,) = store.query(property="elastic")
        found[name] = ElasticDocument.model_validate(stored)
        store.close()
    assert found["vasp"].method.is_rehearsal
    assert found["vasp"].engine == "vasp-alloy-rehearsal"
    first, second = (np.array(found[name].tensor_GPa) for name in ("vasp", "morse"))
    # the stand-in writes stresses to 0.001 GPa, which is 0.1 GPa of an element at 1 % strain
    assert first == pytest.approx(second, abs=1.0)
