"""Adsorption energies of a campaign, from its file's content to its documents, with the test potential."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import run_locally

from lianode.analysis.method import MethodKey, MethodMismatchError
from lianode.structures.adsorption.placing import OFF_SITE
from lianode.structures.adsorption.sites import centre
from lianode.structures.errors import InputError
from lianode.workflows.adsorption.analysis import derive_adsorption
from lianode.workflows.adsorption.starts import relaxed_slab
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.engines.morse import CUTOFF, DEFAULT_DEPTH, DIAMETERS, MorseCalculator
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.plan import campaign_flow, plan_campaign
from lianode.workflows.rederive import rederive

if TYPE_CHECKING:
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.adsorption.flow import AdsorptionPlan

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")
UNRELAXED = {"slab_force": 100.0, "rattle": 0}
"""Slabs end where they begin."""


def campaign(*entries: dict[str, Any], engine: Any = "morse") -> Campaign:
    return Campaign.model_validate(
        {"name": "test", "engine": engine, "calculations": [{"adsorption": entry} for entry in entries]}
    )


def plans(*entries: dict[str, Any], engine: Any = "morse") -> list[AdsorptionPlan]:
    return list(plan_campaign(campaign(*entries, engine=engine)).properties)  # type: ignore[arg-type]


def documents(results: ResultsStore, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    """One per entry of a single surface, in their order."""
    run_locally(campaign_flow(plan_campaign(campaign(*entries))), store=results.jobstore(), log=False)
    found = {plan.spec.slab: plan for plan in plans(*entries)}
    stored = list(results.query(property="adsorption"))
    return [next(one for one in stored if one["calculations"]["bare slab"] == slab) for slab in found]


def pairs(distances: np.ndarray) -> float:
    """Sum of the test potential over pairs of lithium at some distances, eV."""
    near = distances[(distances > 1e-6) & (distances < CUTOFF)]
    fill = np.ones_like(near)
    return float(MorseCalculator().pair(near, DIAMETERS["Li"] * fill, DEFAULT_DEPTH * fill)[0].sum())


def fcc(a: float, reach: int = 6) -> np.ndarray:
    """Points of an fcc lattice around the origin, Å."""
    steps = np.array(list(product(range(-reach, reach + 1), repeat=3)))
    return 0.5 * a * steps[steps.sum(axis=1) % 2 == 0]


def test_an_unrelaxed_adatom_is_a_lattice_sum(results: ResultsStore) -> None:
    """Bonds of one atom at its height with the half crystal below, less half of the bonds of an atom in the crystal.

    Heights follow from the distance at which two lithium atoms touch, 3.04 Å; adsorbates begin beside the middle.
    """
    (document,) = documents(results, {"surfaces": ["Li_fcc(100)"], "layers": 6, "supercell": [3, 3], **UNRELAXED})
    (plan,) = plans({"surfaces": ["Li_fcc(100)"], "layers": 6, "supercell": [3, 3], **UNRELAXED})
    bulk = results.calculation(plan.spec.phase.key)
    bcc = results.calculation(plan.spec.reference.key)
    assert bulk is not None
    assert bcc is not None
    a = (4.0 * float(bulk.volume or 0.0)) ** (1.0 / 3.0)
    potential = float(bcc.energy or 0.0)  # of one atom of the relaxed bcc crystal
    quarter = np.sqrt(0.5)  # the slab has <110> along x and y
    lattice = fcc(a) @ np.array([[quarter, quarter, 0], [-quarter, quarter, 0], [0, 0, 1]])
    half = lattice[lattice[:, 2] < 1e-6]
    surface_atom = np.array(next(row["position"] for row in document["sites"] if row["site"] == "top"))
    touching = 2 * 1.52
    for site in ("top", "bridge", "hollow"):
        row = next(row for row in document["sites"] if row["site"] == site)
        place = np.array(row["ended_position"])
        assert place - row["position"] == pytest.approx(OFF_SITE * np.array([np.cos(0.4), np.sin(0.4)]))
        place -= surface_atom
        room = touching**2 - ((half[:, :2] - place) ** 2).sum(axis=1)
        height = (half[:, 2] + np.sqrt(np.where(room > 0, room, np.nan)))[room > 0].max()
        bonds = pairs(np.linalg.norm(half - [*place, height], axis=1))
        assert row["height"] == pytest.approx(height, abs=1e-6)
        assert row["adsorption_energy"] == pytest.approx(bonds - potential, abs=1e-6)
        assert row["adsorption_energy_from_atom"] == pytest.approx(bonds, abs=1e-6)  # a free atom has no bonds
        assert (row["ended_on"], row["slab_displacement"]) == (site, pytest.approx(0.0, abs=1e-9))
    assert document["best_site"] == "hollow"
    assert document["free_atom"]["origin"] == "computed"
    assert document["free_atom"]["cohesive_energy"] == pytest.approx(-potential)
    assert document["adsorption_energy"] == document["sites"][0]["adsorption_energy"]


@pytest.mark.slow
def test_coverage_sides_and_orientation_do_not_change_an_isolated_adatom(results: ResultsStore) -> None:
    """Beyond the cut-off of the potential images feel nothing of each other, nor do the two sides of a thick slab."""
    same = {"surfaces": ["Li_fcc(100)"], "layers": 6, **UNRELAXED}
    found = documents(
        results,
        {**same, "supercell": [3, 3]},
        {**same, "supercell": [4, 4]},
        {**same, "supercell": [3, 3], "layers": 8},
        {**same, "supercell": [3, 3], "surfaces": ["Li_fcc(010)"]},
    )
    both = documents(results, {**same, "supercell": [3, 3], "layers": 7, "sides": "both"})
    first = {row["site"]: row["adsorption_energy"] for row in found[0]["sites"] if row["site"] != "bridge"}
    for other in [*found[1:], *both]:
        # fourfold sites: beside a bridge it matters whether that lies along x or y
        energies = {row["site"]: row["adsorption_energy"] for row in other["sites"] if row["site"] != "bridge"}
        assert energies == pytest.approx(first, abs=1e-6)
    assert [one["adsorbates"] for one in (*found, *both)] == [1, 1, 1, 1, 2]


def test_a_full_layer_in_the_crystals_own_sites_costs_nothing(results: ResultsStore) -> None:
    """A slab with a layer on its hollows is one of a lattice plane more: both surfaces stay, and E = E_fcc - mu."""
    entry = {"surfaces": ["Li_fcc(100)"], "layers": 9, "supercell": [1, 1], "rattle": 0, "slab_force": 0.002}
    (document,) = documents(results, entry)
    (plan,) = plans(entry)
    bulk, reference = (results.calculation(slot.key) for slot in (plan.spec.phase, plan.spec.reference))
    assert bulk is not None
    assert reference is not None
    hollow = next(row for row in document["sites"] if row["site"] == "hollow")
    added = float(bulk.energy or 0.0) - float(reference.energy or 0.0)
    assert hollow["adsorption_energy"] == pytest.approx(added, abs=1e-3)
    assert document["area_per_adsorbate"] == pytest.approx(float(bulk.volume or 0.0) ** (2 / 3) * 4 ** (2 / 3) / 2)


@pytest.mark.slow
def test_adatoms_leave_saddles_and_say_where_they_went(results: ResultsStore) -> None:
    """On fcc (111) top and bridge are no minima: an adatom rolls into a hollow, and both sites point to it."""
    (document,) = documents(results, {"surfaces": ["Li_fcc(111)"], "supercell": [2, 2]})
    rows = {row["site"]: row for row in document["sites"]}
    for site in ("top", "bridge"):
        end = rows[site]["ended_on"]
        assert end.startswith("hollow")
        assert rows[site]["same_as"] == end
        assert rows[site]["adsorption_energy"] == pytest.approx(rows[end]["adsorption_energy"], abs=2e-3)
        (hop,) = (check for check in rows[site]["checks"] if check["name"] == "site_kept")
        assert hop["message"].startswith(f"the adsorbate left {site} and ended on {end}")
    assert rows["hollow-1"]["same_as"] is rows["hollow-2"]["same_as"] is None
    assert document["best_site"].startswith("hollow")
    failed = {check["name"] for check in document["checks"] if check["passed"] is False}
    assert failed <= {"volume_kept"}  # of the crystals: the test potential is not lithium
    assert rows[document["best_site"]]["neighbours"] == {"Li": 3}


def test_alloys_keep_their_label_and_take_the_first_termination(results: ResultsStore) -> None:
    """(200) is the plane (100); crystal, slab and all sites are there before anything runs."""
    entry = {"surfaces": ["LiCl(200)"], "supercell": [1, 1], "sites": ["hollow"], **UNRELAXED}
    (plan,) = plans(entry)
    assert (plan.spec.surface, plan.spec.plane, plan.spec.plane_label) == ("LiCl(200)", (1, 0, 0), "(200)")
    assert plan.spec.kind == "stoichiometric"
    (document,) = documents(results, entry)
    assert {row["kind"] for row in document["sites"]} == {"hollow"}
    assert document["system"] == "Li-Cl"
    assert any("not asked for: bridge, top" in note for note in document["notes"])
    for request, _ in plan.calculations():
        done = results.calculation(request.key)
        assert done is not None
        assert done.state is State.CONVERGED
    assert rederive(results) == 1


@pytest.mark.parametrize("name", ["Li(001)", "Li13In3(100)", "Li3Ga2(110)", "Li9Al4(400)"])
def test_a_site_is_where_it_was_planned_when_it_begins(name: str) -> None:
    """The slab is cut again from the primitive cell then: its atoms are the same ones, in the same cells."""
    (plan,) = plans({"surfaces": [name]})
    found = relaxed_slab("", plan.spec.host, plan.spec.slab_parameters, plan.spec.host)
    for slot, request in zip(plan.spec.sites, plan.requests[2:], strict=True):
        begun = centre(found.structure, found.atoms(slot.equal[0]))
        planned = request.atoms()[-1].coords - [*(OFF_SITE * np.array([np.cos(0.4), np.sin(0.4)])), 0.0]
        assert begun[:2] == pytest.approx(planned[:2], abs=1e-4)


def test_slabs_are_those_of_surface_energies() -> None:
    """The same slab in an entry of surface energies is the same calculation."""
    (plan,) = plans({"surfaces": ["LiCl(100)"], "layers": 4, "supercell": [1, 1]})
    entry = {"surface": {"phases": ["LiCl"], "planes": [[1, 0, 0]], "layers": [4]}}
    other = plan_campaign(Campaign.model_validate({"name": "test", "engine": "morse", "calculations": [entry]}))
    assert plan.spec.slab in other.requests


def test_keys_say_what_is_computed() -> None:
    entry = {"surfaces": ["Li(001)"], "layers": 5}
    (first,), (same,) = plans(entry), plans(entry)
    assert [one.key for one, _ in first.calculations()] == [one.key for one, _ in same.calculations()]
    for change in ({"layers": 6}, {"sides": "both"}, {"supercell": [3, 3]}, {"height": 2.8}, {"vacuum": 16.0}):
        (other,) = plans({**entry, **change})
        assert {slot.key for slot in other.spec.sites}.isdisjoint({slot.key for slot in first.spec.sites})


def test_energies_of_two_methods_are_not_subtracted(results: ResultsStore) -> None:
    entry = {"surfaces": ["Li_fcc(100)"], "layers": 4, "supercell": [1, 1], **UNRELAXED}
    documents(results, entry)
    (plan,) = plans(entry)
    bulk = results.calculation(plan.spec.phase.key)
    assert bulk is not None
    other = MethodKey(program="morse", functional="test potential", model="another")
    changed = bulk.model_copy(update={"method": other})

    class Mixed:
        """The same store, but for the method of the crystal."""

        def calculations(self, keys: list[str]) -> dict[str, Any]:
            return results.calculations(keys) | ({bulk.key: changed} if bulk and bulk.key in keys else {})

    with pytest.raises(MethodMismatchError, match=r"Li on Li_fcc\(100\) would mix energies of different methods"):
        derive_adsorption(plan.spec, Mixed())  # type: ignore[arg-type]


def test_a_site_that_failed_makes_the_document_partial(results: ResultsStore) -> None:
    entry = {"surfaces": ["Li_fcc(100)"], "layers": 4, "supercell": [1, 1], **UNRELAXED}
    documents(results, entry)
    (plan,) = plans(entry)
    lost = next(slot.key for slot in plan.spec.sites if slot.label == "bridge")

    class Without:
        """The same store without one site."""

        def calculations(self, keys: list[str]) -> dict[str, Any]:
            return {key: one for key, one in results.calculations(keys).items() if key != lost}

    (document,) = derive_adsorption(plan.spec, Without())  # type: ignore[arg-type]
    assert document.completeness == "partial"
    assert document.missing == ["Li_fcc(100) bridge: not computed"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"surfaces": ["Li"]}, "'Li' is no plane of a phase; write a phase and a plane, such as Li"),
        ({"surfaces": ["Li(000)"]}, "is no plane of a crystal"),
        ({"surfaces": []}, "name at least one surface"),
        ({"surfaces": ["LiXx(100)"]}, "LiXx"),
        ({"surfaces": ["Li6PS5Cl_average(100)"]}, "Li6PS5Cl_average is disordered"),
        ({"adsorbate": "Xx"}, "'Xx' is no element that the library has a crystal of"),
        ({"supercell": [0, 1]}, "two whole numbers from 1"),
        ({"supercell": [2, 2], "adsorbate_distance": 8.0}, "both `supercell` and `adsorbate_distance`"),
        ({"layers": 4, "thickness": 12.0}, "both `layers` and `thickness`"),
        ({"layers": 0}, "greater than or equal to 1"),
        ({"sites": []}, "name kinds of sites"),
        ({"sites": ["side"]}, "'top', 'bridge' or 'hollow'"),
        ({"sides": "three"}, "'one' or 'both'"),
        ({"vacuum": 4.0}, "an adsorbate feels the next slab"),
        ({"adsorbate_distance": 0}, "0 is not above zero"),
    ],
)
def test_what_an_entry_cannot_say(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        campaign({"surfaces": ["Li(001)"], **settings})


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"height": 0.3}, r"Li\(001\) top: an adsorbate at this height is 0.34 Å from Li, inside the slab"),
        ({"surfaces": ["Li13In3(100)"], "thickness": 3.0}, "thinner than the crystal's period"),
        ({"surfaces": ["InP(111)"], "sides": "both"}, "the two sides of its slab differ; set `sides: one`"),
        ({"surfaces": ["Li(001)"], "termination": "Li|In"}, r"there is no termination 'Li\|In'"),
        ({"surfaces": ["Li13In3(100)"], "adsorbate_distance": 40.0}, "600 are the most"),
    ],
)
def test_what_cannot_be_planned(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plans({"surfaces": ["Li(001)"], **settings})


@pytest.mark.vasp
@pytest.mark.parametrize(("preset", "crystals"), [("alloy", "bulk"), ("su2024", "slab-reference")])
def test_vasp_takes_its_variants_and_a_spin_polarised_atom(preset: str, crystals: str) -> None:
    """Crystals, slabs and the atom are on one scale; the atom alone has spin, and one k-point."""
    pytest.importorskip("atomate2")
    (plan,) = plans({"surfaces": ["Li(001)"]}, engine={"name": "vasp", "preset": preset})
    engines = {request.label: request.engine for request, _ in plan.calculations()}
    atom = engines.pop("Li free atom")
    assert (atom["ispin"], atom["k_mesh"], atom["ismear"], atom["variant"]) == (2, [1, 1, 1], 0, crystals)
    crystal = engines.pop("Li_bcc")
    assert crystal["variant"] == crystals
    assert {engine["variant"] for engine in engines.values()} == {"slab"}
    assert {engine["ispin"] for engine in (crystal, *engines.values())} == {1}
    methods = {make_engine(engine).method().digest for engine in (crystal, *engines.values())}
    assert methods == {make_engine(crystal).method().digest}
    alone = make_engine(atom).method().model_copy(update={"k_density": make_engine(crystal).method().k_density})
    assert {alone.digest} == methods
