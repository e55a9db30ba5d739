"""Interface energies of a campaign, with the test potential: two ways to one number, a cycle that closes, and zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import run_locally
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

from lianode.analysis.method import MethodMismatchError
from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.interface_energy.analysis import InterfaceEnergySpec, derive_interface_energy
from lianode.workflows.interface_energy.flow import stacking_period, usual_layers
from lianode.workflows.plan import campaign_flow, plan_campaign
from lianode.workflows.rederive import rederive

if TYPE_CHECKING:
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")

MEV = 1e-3
SMALL = {"width": 4, "max_area": 40, "max_strain": 0.15, "substrate_thickness": 9}
ALUMINIUM_ON_LITHIUM = {"film": "Al(001)", "substrate": "Li_fcc(001)"} | SMALL


def campaign_of(**settings: Any) -> Campaign:
    return Campaign.model_validate(
        {"name": "test", "engine": "morse", "calculations": [{"interface_energy": settings}]}
    )


def run(campaign: Campaign, results: ResultsStore) -> dict[str, Any]:
    run_locally(campaign_flow(plan_campaign(campaign)), store=results.jobstore(), log=False)
    (document,) = results.query(property="interface_energy")
    return document


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """fcc aluminium, strained by 6 %, on fcc lithium: two crystals that the test potential holds together."""
    from lianode.hpc.settings import load_settings, write_default
    from lianode.hpc.store import open_store

    results = open_store(load_settings(write_default(tmp_path_factory.mktemp("project"))))
    document = run(campaign_of(**ALUMINIUM_ON_LITHIUM), results)
    yield document, results
    results.close()


def energy(structure: Structure) -> float:
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    atoms.calc = MorseEngine().calculator()
    return float(atoms.get_potential_energy())


def check(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in document["checks"] if one["name"] == name)


class TestTwoCrystals:
    def test_the_strain_is_removed_in_two_ways(self, ran):
        document, _ = ran
        assert abs(document["film_strain"]) > 0.01
        assert document["interface_energy"] == pytest.approx(document["by_strained_bulk"], abs=0.1 * MEV)
        assert check(document, "strain_removed")["passed"]
        assert check(document, "series_is_straight")["passed"]
        # with the crystal at rest every atom of the film adds its strain
        raw = [point["with_bulk_at_rest"] for point in document["series"]]
        assert raw == sorted(raw)
        assert raw[-1] - document["interface_energy"] > 5 * MEV

    def test_the_slope_is_the_strain_energy_of_the_film(self, ran):
        """Against the test potential's own crystal, strained in the plane and relaxed along the normal by hand."""
        document, _ = ran
        assert document["strain_energy_per_unit"] == pytest.approx(document["strained_bulk_energy_per_unit"], rel=0.01)
        stretch = 1 + document["film_strain"]
        rest = min((energy(fcc(a)), a) for a in np.linspace(3.8, 4.2, 401))
        a = rest[1] * stretch
        strained = min(energy(fcc(a, c)) for c in np.linspace(3.4, 4.4, 401))
        assert document["strained_bulk_energy_per_unit"] == pytest.approx((strained - rest[0]) / 4, abs=2e-4)

    def test_the_cycle_of_adhesion_closes(self, ran):
        document, _ = ran
        assert abs(document["closure"]) < 1 * MEV
        cycle = document["film_surface_energy"] + document["substrate_surface_energy"] - document["work_of_adhesion"]
        assert cycle == pytest.approx(document["by_adhesion"])
        assert check(document, "adhesion_closes")["passed"]
        assert document["wetting"] == pytest.approx(document["substrate_surface_energy"] - document["interface_energy"])

    def test_units(self, ran):
        document, _ = ran
        assert document["interface_energy_J_per_m2"] == pytest.approx(16.0218 * document["interface_energy"], rel=1e-5)

    def test_it_is_derived_again(self, ran):
        document, results = ran
        assert rederive(results, campaign="test") == 1
        (again,) = results.query(property="interface_energy")
        assert again["key"] == document["key"]

    def test_what_is_missing_is_said(self, ran):
        document, results = ran
        spec = InterfaceEnergySpec.model_validate(document["derivation"])
        lost = spec.model_copy(update={"parting": spec.parting | {"film": "0" * 32}})
        (partial,) = derive_interface_energy(lost, results)
        assert partial.completeness == "partial"
        assert "apart: film has no energy (not computed)" in partial.missing
        assert partial.work_of_adhesion is None
        nothing = spec.model_copy(update={"series": dict.fromkeys(spec.series, "0" * 32)})
        with pytest.raises(InputError, match="no closed cell has an energy"):
            derive_interface_energy(nothing, results)

    def test_engines_are_not_mixed(self, ran):
        document, results = ran
        spec = InterfaceEnergySpec.model_validate(document["derivation"])
        found = results.calculations([*spec.crystals, *spec.series.values(), *spec.bulks.values()])
        other = found[spec.bulks["film bulk"]]
        changed = other.model_copy(update={"method": other.method.model_copy(update={"functional": "another"})})
        with pytest.raises(MethodMismatchError, match="would mix energies of different methods"):
            derive_interface_energy(spec, Changed(results, changed))


class Changed:
    """A store in which one calculation is another."""

    def __init__(self, results: ResultsStore, changed: Calculation) -> None:
        self.results, self.changed = results, changed

    def calculations(self, keys: list[str]) -> dict[str, Calculation]:
        found = self.results.calculations(keys)
        return found | ({self.changed.key: self.changed} if self.changed.key in found else {})


def test_a_crystal_on_itself_has_no_interface(results: ResultsStore) -> None:
    document = run(campaign_of(film="Al(001)", substrate="Al(001)", **SMALL), results)
    assert abs(document["interface_energy"]) < 0.5 * MEV
    assert abs(document["by_strained_bulk"]) < 0.5 * MEV
    assert abs(document["closure"]) < 1 * MEV
    # parting it makes two of its surfaces
    surface = document["film_surface_energy"]
    assert document["work_of_adhesion"] == pytest.approx(2 * surface, abs=1 * MEV)


def test_series_of_whole_stacking_periods() -> None:
    for name, plane, period in (("Li", (0, 0, 1), 2), ("Li_fcc", (1, 1, 1), 3), ("Li_hcp", (0, 0, 1), 1)):
        surface = surface_cell(phase(name), plane)
        assert stacking_period(surface) == period
        layers = usual_layers(surface)
        assert np.diff(layers).tolist() == [period, period]
        assert layers[0] * surface.spacing >= 7.0 - 1e-9


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"film": "Li"}, "such as Li(001)"),
        ({"film": "Li(000)"}, "no plane of a crystal"),
        ({"film": "Lii(001)"}, "no 'Lii'"),
        ({"film": "Li6PS5Cl_average(001)"}, "disordered"),
        ({"film_layers": [3]}, "two thicknesses or more"),
        ({"film_layers": [3, 3]}, "twice"),
        ({"vacuum": 0}, "positive"),
        ({"vacuum": 2}, "does not part two slabs"),
        ({"strained": "anode"}, "film"),
        ({"max_strain": 1e-6}, "no common cell"),
        ({"film_termination": "Cl|Cl"}, "there is no termination"),
        ({"substrate": "Li_fcc(000)"}, "no plane of a crystal"),
        ({"substrate_thickness": 1.0}, "Li_fcc(001): a slab of 1 Å is thinner than the crystal's period"),
        ({"film_layers": [3, 251]}, "its cell with 251 lattice planes of Al(001) has"),
    ],
)
def test_bad_entries_get_a_sentence(settings: dict[str, Any], says: str) -> None:
    with pytest.raises((InputError, ValueError)) as caught:
        plan_campaign(campaign_of(**(ALUMINIUM_ON_LITHIUM | settings)))
    assert says in str(caught.value)


@pytest.mark.vasp
@pytest.mark.parametrize(("preset", "variant"), [("alloy", "bulk"), ("su2024", "slab-reference")])
def test_vasp_computes_crystals_at_the_cut_off_of_the_cells(preset: str, variant: str) -> None:
    pytest.importorskip("atomate2")
    entry = {"interface_energy": ALUMINIUM_ON_LITHIUM | {"film_layers": [3, 5]}}
    engine = {"name": "vasp", "preset": preset}
    plan = plan_campaign(Campaign.model_validate({"name": "test", "engine": engine, "calculations": [entry]}))
    requests = {request.label: request.engine for request in plan.requests.values()}
    assert len({make_engine(spec).method().digest for spec in requests.values()}) == 1
    variants = {label: spec["variant"] for label, spec in requests.items()}
    assert variants["Al_fcc"] == variants["Al(001)/Li_fcc(001) 3 film bulk"] == variant
    assert variants["Al(001)/Li_fcc(001) 3"] == "interface"
    assert variants["Al(001)/Li_fcc(001) 5 film apart"] == "slab"


def fcc(a: float, c: float | None = None) -> Structure:
    from pymatgen.core import Lattice

    lattice = Lattice.from_parameters(a, a, c or a, 90, 90, 90)
    return Structure(lattice, ["Al"] * 4, [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
