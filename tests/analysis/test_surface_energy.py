"""Surface energies against sums over broken bonds, which need no slab."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from lianode_test_pair_sums import Morse, cut_bonds, energy
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor
from scipy.stats import linregress

from lianode.analysis.energies import PhaseEnergy
from lianode.analysis.hull.chemical_limits import chemical_limits
from lianode.analysis.method import MethodKey, MethodMismatchError
from lianode.analysis.surface.checks import SurfaceTolerances, slab_checks
from lianode.analysis.surface.energy import J_PER_M2, SlabEnergy, fit_surface
from lianode.analysis.surface.surface import surface_document
from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase
from lianode.structures.surfaces.cuts import slab_cut, slab_cuts
from lianode.structures.surfaces.slabs import layers_of, vacuum_slab
from lianode.workflows.engines.morse import CUTOFF, MorseCalculator

MORSE = MethodKey(program="morse", functional="test potential")


class NearestNeighbours:
    """Every bond of the shortest length costs 1 eV to break."""

    cutoff = 3.2

    def energies(self, crystal: Structure) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        first, second, images, r = crystal.get_neighbor_list(self.cutoff, exclude_self=True)
        near = r < 1.01 * r.min()
        return first[near], second[near], images[near], -np.ones(near.sum())


def slabs_of(model, surface, cut, thicknesses=(8.0, 11.0, 14.0), *, supercell=(1, 1)):
    found = []
    for layers in layers_of(surface, thicknesses):
        built = vacuum_slab(surface, cut, layers, vacuum=CUTOFF + 1.0, supercell=supercell)
        found.append(
            SlabEnergy(
                layers=layers,
                thickness=built.thickness,
                formula_units=built.formula_units,
                excess=built.excess,
                n_atoms=len(built.structure),
                area=built.area,
                energy=energy(model, built.structure),
                method=MORSE,
            )
        )
    return found


def bulk_energy(model, crystal) -> float:
    cell = crystal.primitive()
    return energy(model, cell) / cell.composition.get_reduced_composition_and_factor()[1]


@cache
def surface_energy(name: str, plane: tuple[int, int, int]) -> float:
    """First termination with the nearest-neighbour model, in units of (bond energy) / a²."""
    crystal, model = phase(name), NearestNeighbours()
    surface = surface_cell(crystal, plane)
    fit = fit_surface(slabs_of(model, surface, slab_cut(surface)), bulk_energy(model, crystal))
    return fit.energy * crystal.structure.lattice.a**2


def test_the_morse_sums_are_the_engine_s_energies():
    for name in ("LiCl", "Li"):
        atoms = AseAtomsAdaptor.get_atoms(phase(name).structure, msonable=False)
        atoms.calc = MorseCalculator()
        assert atoms.get_potential_energy() == pytest.approx(energy(Morse(), phase(name).structure), abs=1e-10)


@pytest.mark.parametrize(
    ("name", "plane", "expected"),
    [
        # fcc: 3, 4, 6 bonds of an atom leave through (111), (100), (110), of areas a²/(4/√3), a²/2, a²/√2 per atom
        ("Al", (1, 1, 1), 2.0 * np.sqrt(3.0)),
        ("Al", (1, 0, 0), 4.0),
        ("Al", (1, 1, 0), 3.0 * np.sqrt(2.0)),
        # bcc: 4, 2 bonds on a², a²/√2 per atom
        ("Li", (1, 0, 0), 2.0),
        ("Li", (1, 1, 0), np.sqrt(2.0)),
        # rocksalt: 2 bonds on a²/2, 4 on a²/√2
        ("LiCl", (1, 0, 0), 2.0),
        ("LiCl", (1, 1, 0), 2.0 * np.sqrt(2.0)),
    ],
)
def test_broken_nearest_neighbours(name, plane, expected):
    assert surface_energy(name, plane) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "plane"),
    [
        ("Al", (1, 0, 0)), ("Al", (1, 1, 1)), ("Al", (2, 1, 0)), ("Li", (1, 0, 0)), ("Li", (1, 1, 0)),
        ("Li", (1, 1, 1)), ("LiCl", (1, 0, 0)), ("LiCl", (1, 1, 0)), ("LiCl", (1, 1, 1)), ("Li2S", (1, 1, 1)),
        ("Li2S", (1, 0, 0)), ("In", (1, 0, 1)), ("Li3P", (0, 0, 1)), ("InP", (1, 1, 1)), ("Sn_alpha", (1, 1, 1)),
    ],
)  # fmt: skip
def test_unrelaxed_slabs_are_lattice_sums(name, plane):
    """E = sum of the atoms' energies in the crystal - (bonds through the lower cut + through the upper cut) / 2.

    An atom at the height z is in the slab from h to h + T as often as there are whole numbers k with
    h < z + k d < h + T.
    """
    crystal, model = phase(name), Morse()
    surface = surface_cell(crystal, plane)
    bulk = bulk_energy(model, crystal)
    first, _, _, bonds = model.energies(surface.structure())
    own = np.array([0.5 * bonds[first == number].sum() for number in range(len(surface.elements))])
    potentials = dict.fromkeys(surface.elements, -1.0)
    heights, d = surface.positions[:, 2], surface.spacing
    for cut in slab_cuts(surface):
        slabs = slabs_of(model, surface, cut)
        fit = fit_surface(slabs, bulk, potentials)
        through = sum(cut_bonds(model, surface, one.height) for one in (cut.lower, cut.upper))
        for slab in slabs:
            low, high = cut.lower.height, cut.lower.height + slab.thickness
            counts = np.floor((high - heights) / d) - np.floor((low - heights) / d)
            assert slab.energy == pytest.approx(float(counts @ own) - 0.5 * through, abs=1e-9)
        expected = (slab.energy - slab.formula_units * bulk + sum(cut.excess.values())) / (2.0 * surface.area)
        assert fit.energy == pytest.approx(expected, abs=1e-10)
        assert fit.energy_J_per_m2 == pytest.approx(expected * 1.602176634e-19 * 1e20, abs=1e-9)
        assert fit.fitted_bulk_energy == pytest.approx(bulk, abs=1e-9)
        assert fit.direct == pytest.approx([expected] * 3, abs=1e-10)
        assert fit.standard_error == pytest.approx(0.0, abs=1e-9)
        if not cut.excess:
            assert fit.energy == pytest.approx(-0.25 * through / surface.area, abs=1e-10)


def test_equal_surfaces_cut_equal_bonds():
    """The promise of a symmetric cut, without building a slab."""
    model = Morse()
    for name, plane in (("LiCl", (1, 1, 1)), ("Li2S", (1, 0, 0)), ("Sn_alpha", (1, 1, 1))):
        surface = surface_cell(phase(name), plane)
        for cut in slab_cuts(surface):
            lower, upper = (cut_bonds(model, surface, one.height) for one in (cut.lower, cut.upper))
            assert lower == pytest.approx(upper, abs=1e-9)


def _all_energies(crystal, plane, *, supercell=(1, 1)) -> list[float]:
    """Surface energies of all stoichiometric or cleaved slabs of a plane, sorted."""
    model = Morse()
    surface = surface_cell(crystal, plane)
    bulk = bulk_energy(model, crystal)
    return sorted(
        fit_surface(slabs_of(model, surface, cut, supercell=supercell), bulk).energy
        for cut in slab_cuts(surface)
        if not cut.excess
    )


@pytest.mark.parametrize(("name", "plane"), [("Li3P", (1, 0, 0)), ("In", (1, 0, 1)), ("InP", (1, 1, 1))])
def test_what_a_surface_energy_does_not_depend_on(name, plane):
    from scipy.spatial.transform import Rotation

    crystal = phase(name)
    usual = _all_energies(crystal, plane)
    assert usual
    turn = Rotation.from_euler("xyz", [20.0, -35.0, 70.0], degrees=True).as_matrix()
    cell = crystal.structure
    turned = Structure(cell.lattice.matrix @ turn.T, cell.species, cell.frac_coords)
    order = np.random.default_rng(3).permutation(len(cell))
    shuffled = Structure(cell.lattice, [cell.species[n] for n in order], cell.frac_coords[order] + [0.13, 0.27, 0.41])
    for other in (turned, shuffled):
        assert _all_energies(replace(crystal, structure=other), plane) == pytest.approx(usual, abs=1e-9)
    twice = replace(crystal, structure=cell * (2, 1, 1))  # the same plane has twice the first index in a doubled cell
    assert _all_energies(twice, (2 * plane[0], plane[1], plane[2])) == pytest.approx(usual, abs=1e-9)
    assert _all_energies(crystal, plane, supercell=(2, 1)) == pytest.approx(usual, abs=1e-9)


def _slab(units: int, energy: float, **changes) -> SlabEnergy:
    fields = {
        "layers": units, "thickness": 2.0 * units, "formula_units": units, "excess": {}, "n_atoms": 2 * units,
        "area": 5.0, "energy": energy, "method": MORSE, "calculation_key": f"slab-{units}",
    }  # fmt: skip
    return SlabEnergy(**(fields | changes))


def test_the_fit_is_linear_regression():
    """Intercept, slope and standard error of the intercept as scipy has them."""
    units, noise = np.array([4, 6, 8, 11]), np.array([0.01, -0.02, 0.015, 0.0])
    energies = -3.0 * units + 0.8 + noise
    fit = fit_surface([_slab(int(n), float(e)) for n, e in zip(units, energies, strict=True)], -3.01)
    line = linregress(units, energies)
    assert fit.energy == pytest.approx(line.intercept / 10.0)
    assert fit.fitted_bulk_energy == pytest.approx(line.slope)
    assert fit.standard_error == pytest.approx(line.intercept_stderr / 10.0)
    assert fit.largest_residual == pytest.approx(np.abs(energies - line.intercept - line.slope * units).max() / 10.0)
    assert fit.energy_J_per_m2 == pytest.approx(J_PER_M2 * fit.energy)
    # with the crystal's own energy the error grows with the thickness
    assert np.diff(np.array(fit.direct) - (0.8 + noise) / 10.0) == pytest.approx(0.01 * np.diff(units) / 10.0)


def test_one_slab_is_a_difference_and_two_leave_no_error():
    one = fit_surface([_slab(5, -14.0)], -3.0)
    assert (one.energy, one.fitted_bulk_energy, one.standard_error) == (pytest.approx(0.1), None, None)
    two = fit_surface([_slab(5, -14.0), _slab(6, -17.0)], -3.0)
    assert (two.energy, two.standard_error) == (pytest.approx(0.1), None)


def test_slabs_that_make_no_series():
    with pytest.raises(InputError, match="needs a slab"):
        fit_surface([], -3.0)
    with pytest.raises(InputError, match="same area and the same excess"):
        fit_surface([_slab(5, -14.0), _slab(6, -17.0, area=5.01)], -3.0)
    with pytest.raises(InputError, match="same area and the same excess"):
        fit_surface([_slab(5, -14.0), _slab(6, -17.0, excess={"Li": 1})], -3.0)
    with pytest.raises(InputError, match="equally thick"):
        fit_surface([_slab(5, -14.0), _slab(5, -14.0)], -3.0)
    with pytest.raises(InputError, match="an excess of Cl, whose chemical potential is needed"):
        fit_surface([_slab(5, -14.0, excess={"Cl": 1})], -3.0, {"Li": -1.0})


def _phase(name: str, composition: dict[str, int], per_atom: float, **changes) -> PhaseEnergy:
    atoms = sum(composition.values())
    fields = {
        "name": name, "formula": name, "composition": composition, "energy": per_atom * atoms, "volume": 20.0 * atoms,
        "method": MORSE, "calculation_key": f"bulk-{name}",
    }  # fmt: skip
    return PhaseEnergy(**(fields | changes))


LITHIUM, CHLORINE = _phase("Li", {"Li": 1}, -2.0), _phase("Cl2", {"Cl": 4}, -1.5)
SALT = _phase("LiCl", {"Li": 1, "Cl": 1}, -3.75)  # 2 eV/atom below the elements, -4 eV per formula unit


def test_chemical_potentials_of_a_binary():
    rich, poor = chemical_limits([CHLORINE, SALT, LITHIUM], "LiCl")
    assert (rich.neighbours, poor.neighbours) == (("Li",), ("Cl2",))
    assert rich.relative == pytest.approx({"Li": 0.0, "Cl": -4.0}, abs=1e-12)
    assert poor.relative == pytest.approx({"Li": -4.0, "Cl": 0.0}, abs=1e-12)
    assert rich.absolute == pytest.approx({"Li": -2.0, "Cl": -5.5})


def test_chemical_potentials_of_a_ternary():
    """At every corner the phase is in equilibrium, and no other phase would form."""
    others = [
        LITHIUM, CHLORINE, SALT, _phase("S", {"S": 8}, -3.0), _phase("Li2S", {"Li": 2, "S": 1}, -3.6),
        _phase("SCl2", {"S": 1, "Cl": 2}, -2.3),
    ]  # fmt: skip
    own = _phase("Li3SCl", {"Li": 3, "S": 1, "Cl": 1}, -3.72)
    limits = chemical_limits([*others, own], "Li3SCl")
    assert len(limits) >= 3
    for limit in limits:
        for one in [own, *others]:
            spent = sum(n * limit.absolute[element] for element, n in one.composition.items())
            assert one.energy - spent >= -1e-9
            if one.name in {"Li3SCl", *limit.neighbours}:
                assert one.energy == pytest.approx(spent)
    assert [limit.relative["Li"] for limit in limits] == sorted((x.relative["Li"] for x in limits), reverse=True)


def test_a_phase_above_the_hull_is_stable_nowhere():
    lost = _phase("Li2Cl2", {"Li": 2, "Cl": 2}, -3.70)
    assert chemical_limits([LITHIUM, CHLORINE, SALT, lost], "Li2Cl2") == []


def _document(slabs, **changes):
    fields = {
        "unrelaxed": slabs, "relaxed": [], "plane": (1, 0, 0), "plane_label": "(100)", "equal_planes": [(1, 0, 0)],
        "termination": "LiCl|LiCl", "kind": "stoichiometric", "engine": "morse", "campaign": "test", "system": "Li-Cl",
    }  # fmt: skip
    return surface_document(SALT, **(fields | changes))


def _named(document, name):
    return [check.passed for check in document.checks if check.name == name]


def test_a_good_series_passes_every_check():
    document = _document([_slab(n, -7.5 * n + 1.0) for n in (4, 6, 8)])
    assert document.surface_energy == pytest.approx(0.1)
    assert document.surface_energy_J_per_m2 == pytest.approx(1.602176634)
    assert (document.cleavage_energy, document.flagged, document.completeness) == (None, False, "complete")
    assert not document.relaxed
    assert len(document.calculations) == 4


def test_a_slope_that_is_not_the_crystal_is_flagged():
    document = _document([_slab(n, -7.49 * n + 1.0) for n in (4, 6, 8)])
    assert _named(document, "fit_agrees") == [False]  # 5 meV/atom
    assert document.flagged
    assert document.surface_energy == pytest.approx(0.1)


def test_a_scattered_series_is_flagged():
    noise = {4: 0.1, 6: -0.2, 8: 0.1}
    document = _document([_slab(n, -7.5 * n + 1.0 + noise[n]) for n in (4, 6, 8)])
    assert _named(document, "fit_agrees") == [False]
    assert "standard error" in document.checks[3].message


def test_relaxed_slabs_count_before_those_as_cut():
    document = _document(
        [_slab(n, -7.5 * n + 1.0) for n in (4, 6, 8)], relaxed=[_slab(n, -7.5 * n + 0.8) for n in (4, 6, 8)]
    )
    assert (document.surface_energy, document.relaxed) == (pytest.approx(0.08), True)
    assert document.unrelaxed_fit.energy == pytest.approx(0.1)


def test_a_cleavage_is_named_so():
    document = _document([_slab(n, -7.5 * n + 1.0) for n in (4, 6, 8)], kind="cleavage")
    assert (document.surface_energy, document.cleavage_energy) == (None, pytest.approx(0.1))
    assert _named(document, "slab_symmetric") == [None]


def test_atoms_in_excess_cost_their_chemical_potential():
    """One Li too many: 2 A gamma = 1 + 0.1 - mu(Li), which is lowest where lithium is cheap."""
    slabs = [_slab(n, -7.5 * n + 1.0 - 2.0 + 0.1, excess={"Li": 1}) for n in (4, 6, 8)]
    limits = chemical_limits([LITHIUM, CHLORINE, SALT], "LiCl")
    document = _document(slabs, kind="non-stoichiometric", limits=limits)
    assert [one.surface_energy for one in document.limits] == pytest.approx([0.11, 0.51])
    assert document.surface_energy == pytest.approx(0.11)
    assert not document.flagged
    unknown = _document(slabs, kind="non-stoichiometric")
    assert (unknown.surface_energy, unknown.completeness) == (None, "partial")
    assert unknown.flagged


def test_engines_are_not_mixed():
    other = MethodKey(program="vasp", functional="PBE")
    with pytest.raises(MethodMismatchError, match=r"LiCl\(100\) would mix energies of different methods"):
        _document([_slab(4, -29.0), _slab(6, -44.0, method=other)])


def test_what_becomes_of_a_relaxed_slab():
    surface = surface_cell(phase("LiCl"), (1, 0, 0))
    slab = vacuum_slab(surface, slab_cut(surface), 5, vacuum=10.0)
    limits = SurfaceTolerances()
    outer = slab.structure.copy()
    heights = outer.cart_coords[:, 2]
    low, high = (np.flatnonzero(np.abs(heights - end) < 0.01) for end in (heights.min(), heights.max()))
    outer.translate_sites(low.tolist(), [0, 0, 0.2], frac_coords=False)
    outer.translate_sites(high.tolist(), [0, 0, -0.2], frac_coords=False)
    assert [check.passed for check in slab_checks(slab.structure, outer, slab.middle, limits)] == [True, True]
    moved = slab.structure.copy()
    moved.translate_sites([int(slab.middle[0])], [0.4, 0, 0], frac_coords=False)
    assert [check.passed for check in slab_checks(slab.structure, moved, slab.middle, limits)] == [False, False]
    shifted = slab.structure.copy()
    shifted.translate_sites(list(range(len(shifted))), [0.3, 0.1, 0.2], frac_coords=False)
    assert slab_checks(slab.structure, shifted, slab.middle, limits)[1].passed
