"""What became of an adsorbate, and which site is the best, on slabs moved by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.analysis.adsorption.adsorption import (
    AdsorbedSlab,
    adsorption_energy,
    best_site,
    site_checks,
    site_rows,
)
from lianode.analysis.adsorption.free_atom import FreeAtom, tabulated
from lianode.analysis.adsorption.geometry import AdsorptionTolerances, ended
from lianode.analysis.checks import Check, failed
from lianode.analysis.method import MethodKey
from lianode.structures.adsorption.placing import touching_distances
from lianode.structures.adsorption.sites import centre, distinct_sites, resting_heights
from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase
from lianode.structures.surfaces.cuts import slab_cuts
from lianode.structures.surfaces.slabs import vacuum_slab

TOLERANCES = AdsorptionTolerances()


@pytest.fixture(scope="module")
def surface():
    """Li(001), 2 x 2: the slab, its sites by label, and the distance at which lithium touches each atom."""
    cell = surface_cell(phase("Li"), (0, 0, 1))
    slab = vacuum_slab(cell, slab_cuts(cell)[0], 5, vacuum=15.0, supercell=(2, 2))
    touching = touching_distances(slab.structure, phase("Li"), phase("Li"))
    sites = {one.label: tuple(site.atoms for site in one.equal) for one in distinct_sites(slab.structure, touching)}
    return slab, sites, touching


def after(surface, site, *, adsorbate=(0.0, 0.0, 0.0), atoms=None, shift=(0.0, 0.0, 0.0)):
    """Return where an adsorbate ended that began on a site, after it and some atoms moved, and all together shifted."""
    slab, sites, touching = surface
    middle = centre(slab.structure, sites[site][0])
    middle[2] = resting_heights(slab.structure, touching, middle[:2]).max()
    filled = slab.structure.copy()
    filled.append("Li", middle, coords_are_cartesian=True)
    for atom, vector in {len(filled) - 1: adsorbate, **(atoms or {})}.items():
        filled.translate_sites([atom], vector, frac_coords=False)
    filled.translate_sites(list(range(len(filled))), shift, frac_coords=False)
    return ended(slab.structure, filled, slab.middle, site=site, sites=sites, touching=touching, tolerances=TOLERANCES)


def test_an_adsorbate_that_stays(surface):
    """A drift of everything is no displacement; height and neighbours are those of spheres that touch."""
    slab, _, _ = surface
    a = float(slab.structure.lattice.a) / 2
    for shift in ((0.0, 0.0, 0.0), (0.4, -3.0, 0.2)):
        end = after(surface, "hollow", shift=shift)
        assert (end.site, end.away, end.slab_displacement) == ("hollow", *(pytest.approx(0.0, abs=1e-6),) * 2)
        assert end.height == pytest.approx(np.sqrt(3.04**2 - a**2 / 2), abs=1e-4)
        assert (end.nearest, end.neighbours["Li"]) == (pytest.approx(3.04, abs=1e-4), 5)  # four, and the one below
        assert not failed(end.checks)


def test_a_hop_is_named(surface):
    slab, _, _ = surface
    a = float(slab.structure.lattice.a) / 2
    end = after(surface, "top", adsorbate=(a / 2, a / 2, -1.0))
    (check,) = failed(end.checks)
    assert (end.site, check.name) == ("hollow", "site_kept")
    assert check.message == "the adsorbate left top and ended on hollow, 0.00 Å from its middle"


def test_sinking_leaving_and_exchange_are_named(surface):
    _, sites, _ = surface
    sunk = after(surface, "hollow", adsorbate=(0.0, 0.0, -3.0))
    assert {"above_surface"} <= {check.name for check in failed(sunk.checks)}
    left = after(surface, "top", adsorbate=(0.0, 0.0, 3.0))
    assert [check.name for check in failed(left.checks)] == ["bound"]
    (neighbour, _, _), *_ = sites["hollow"][0]
    moved = after(surface, "hollow", atoms={neighbour: (0.0, 0.0, 2.5)})
    (check,) = failed(moved.checks)
    assert check.message.endswith(f"Li (atom {neighbour + 1}) changed places with the adsorbate")
    rebuilt = after(surface, "hollow", atoms={neighbour: (1.3, 0.0, 0.0)})
    assert [one.name for one in failed(rebuilt.checks)] == ["slab_kept"]
    assert "reconstructs the surface" in failed(rebuilt.checks)[0].message


def slab_of(surface, site, energy, *, checks=(), **moved):
    end = after(surface, site, **moved)
    kind = site.split("-", maxsplit=1)[0]
    return AdsorbedSlab(
        site=site, kind=kind, around=("Li",), equal_sites=4, position=(0.0, 0.0), energy=energy, ended=end,
        checks=checks,
    )  # fmt: skip


def rows_of(*slabs, free_atom=None, adsorbates=1):
    return site_rows(
        slabs, bare=-100.0, potential=-2.0, adsorbates=adsorbates, free_atom=free_atom, tolerances=TOLERANCES
    )


def test_energies_refer_to_the_metal_and_to_the_atom(surface):
    assert adsorption_energy(-103.0, -100.0, -2.0, 2) == pytest.approx(0.5)
    atom = FreeAtom(cohesive_energy=1.6, origin="computed", source="a test")
    (row,) = rows_of(slab_of(surface, "hollow", -101.7), free_atom=atom)
    assert (row.adsorption_energy, row.adsorption_energy_from_atom) == (pytest.approx(0.3), pytest.approx(-1.3))
    (without,) = rows_of(slab_of(surface, "hollow", -101.7))
    assert without.adsorption_energy_from_atom is None


def test_sites_that_relaxed_to_one_place_are_one(surface):
    slab, _, _ = surface
    a = float(slab.structure.lattice.a) / 2
    rolled = {"adsorbate": (a / 2, a / 2, -1.0)}
    rows = rows_of(slab_of(surface, "top", -101.703, **rolled), slab_of(surface, "hollow", -101.7))
    assert [(row.site, row.same_as) for row in rows] == [("hollow", None), ("top", "hollow")]
    apart = rows_of(slab_of(surface, "top", -101.8, **rolled), slab_of(surface, "hollow", -101.7))
    assert [(row.site, row.same_as) for row in apart] == [("top", None), ("hollow", None)]


def test_a_broken_slab_is_not_the_best_but_is_told_of(surface):
    """The energy of a slab that rebuilt itself is no adsorption energy, however low."""
    _, sites, _ = surface
    (neighbour, _, _), *_ = sites["hollow"][0]
    broken = slab_of(surface, "hollow", -103.0, atoms={neighbour: (1.3, 0.0, 0.0)})
    rows = rows_of(broken, slab_of(surface, "bridge", -101.5))
    assert best_site(rows, "Li(001)").site == "bridge"
    (check,) = failed(site_checks(rows, TOLERANCES))
    assert check.message == "lower than the best site, but no site of this surface any more: hollow by 1500 meV"
    fine = rows_of(slab_of(surface, "hollow", -101.7), slab_of(surface, "bridge", -101.5))
    assert not failed(site_checks(fine, TOLERANCES))


def test_forces_left_on_the_best_site_flag_the_result(surface):
    forces = (Check(name="forces_converged", passed=False, message="largest force 0.5 eV/Å"),)
    rows = rows_of(slab_of(surface, "hollow", -101.7, checks=forces))
    assert [check.subject for check in failed(site_checks(rows, TOLERANCES))] == ["hollow"]


def test_without_energies_there_is_no_best_site():
    lost = AdsorbedSlab(site="top", kind="top", around=("Li",), equal_sites=1, position=(0, 0), reason="failed: scf")
    with pytest.raises(InputError, match=r"no site has an energy \(top: failed: scf\)"):
        best_site(rows_of(lost), "Li(001)")


def test_the_tabulated_atom_is_of_one_functional():
    pbe = MethodKey(program="sevennet", functional="PBE", model="SevenNet-0")
    atom = tabulated("Li", pbe)
    assert atom is not None
    assert atom.origin == "tabulated"
    assert atom.cohesive_energy == pytest.approx(1.63, abs=0.05)  # measured
    assert tabulated("Li", pbe.model_copy(update={"functional": "r2SCAN"})) is None
    assert tabulated("Na", pbe) is None
