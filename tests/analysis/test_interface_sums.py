"""Interface energies of a pair potential against sums over bonds, which need no cell, and against elastic constants."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from lianode_test_pair_sums import Morse, cut_bonds, energy
from pymatgen.core import Lattice, Structure
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from lianode.analysis.interface_energy.interface_energy import Parting, SeriesCell, fit_series
from lianode.structures.interfaces.interface_cell import placing
from lianode.structures.interfaces.pairing import CellChoice, interface_cell
from lianode.structures.library import phase
from lianode.workflows.engines.morse import CUTOFF, MorseCalculator

if TYPE_CHECKING:
    from lianode.structures.interfaces.interface_cell import InterfaceCell, Side
    from lianode.structures.phase import Phase

PAIRS = [
    ("Al", "Li_fcc", (0, 0, 1), (0, 0, 1)),
    ("Al", "Al", (0, 0, 1), (0, 0, 1)),
    ("Li", "LiCl", (0, 0, 1), (0, 0, 1)),
    ("Li", "LiCl", (1, 1, 0), (1, 1, 0)),
]


def built(film: Phase, substrate: Phase, planes: tuple[Any, Any], *, vacuum: float | None) -> InterfaceCell:
    choice = CellChoice(
        anode_plane=planes[0], electrolyte_plane=planes[1], anode_layers=5, electrolyte_thickness=9.0, width=2.0,
        max_area=60.0, max_strain=0.15, vacuum=vacuum,
    )  # fmt: skip
    return interface_cell(film, substrate, choice)


def through_cuts(cell: InterfaceCell, side: Side) -> float:
    """Energy of the bonds through both cuts of a side, eV: sums over pairs of the strained, infinite crystal."""
    slab = cell.film if side == "film" else cell.substrate
    matrix = cell.match.film_matrix if side == "film" else cell.match.substrate_matrix
    cells = cell.match.film_cells if side == "film" else cell.match.substrate_cells
    stretch = float((cell.film_stretch if side == "film" else cell.substrate_stretch)[2, 2])
    surface = slab.surface
    place = placing(surface.in_plane, matrix, cell.match.vectors, stretch)
    strained = SimpleNamespace(
        vectors=surface.vectors @ place, elements=surface.elements, positions=surface.positions @ place,
        spacing=surface.spacing * stretch,
    )  # fmt: skip
    return cells * sum(cut_bonds(Morse(), strained, cut.height * stretch) for cut in (slab.lower, slab.upper))


def across(cell: InterfaceCell) -> float:
    """Energy of all bonds between the two sides, eV."""
    first, second, _, bonds = Morse().energies(cell.structure)
    sides = cell.sides
    return 0.5 * float(bonds[sides[first] != sides[second]].sum())


def per_unit(cell: InterfaceCell, side: Side) -> float:
    crystal = cell.strained_bulk(side)
    return energy(Morse(), crystal) / crystal.composition.get_reduced_composition_and_factor()[1]


def closed_energy(cell: InterfaceCell) -> float:
    """γ of a closed cell with strained references, eV/Å²."""
    whole = SeriesCell(
        layers=5, units=cell.film_formula_units, other_units=cell.substrate_formula_units,
        energy=energy(Morse(), cell.structure), area=cell.area,
    )  # fmt: skip
    return whole.interface_energy(per_unit(cell, "film"), per_unit(cell, "substrate"))


@pytest.mark.parametrize(("film", "substrate", "plane", "other_plane"), PAIRS)
def test_unrelaxed_interfaces_are_lattice_sums(film: str, substrate: str, plane: Any, other_plane: Any) -> None:
    """2 A γ = bonds across both interfaces - half of the bonds through both cuts of either crystal."""
    cell = built(phase(film), phase(substrate), (plane, other_plane), vacuum=None)
    assert not any(cell.excess.values())
    halves = 0.5 * (through_cuts(cell, "film") + through_cuts(cell, "substrate"))
    assert closed_energy(cell) == pytest.approx((across(cell) - halves) / (2.0 * cell.area), abs=1e-9)


@pytest.mark.parametrize(("film", "substrate", "plane", "other_plane"), PAIRS)
def test_parting_costs_the_bonds_across(film: str, substrate: str, plane: Any, other_plane: Any) -> None:
    cell = built(phase(film), phase(substrate), (plane, other_plane), vacuum=CUTOFF + 1.0)
    parting = Parting(
        together=energy(Morse(), cell.structure), film=energy(Morse(), cell.slab("film")),
        substrate=energy(Morse(), cell.slab("substrate")), film_units=cell.film_formula_units,
        substrate_units=cell.substrate_formula_units, area=cell.area,
    )  # fmt: skip
    assert parting.work_of_adhesion == pytest.approx(-across(cell) / cell.area, abs=1e-9)
    surfaces = parting.surface_energies(per_unit(cell, "film"), per_unit(cell, "substrate"))
    expected = [-0.25 * through_cuts(cell, side) / cell.area for side in ("film", "substrate")]  # type: ignore[arg-type]
    assert surfaces == pytest.approx(expected, abs=1e-9)


def test_what_an_interface_energy_does_not_depend_on() -> None:
    film, substrate, planes = phase("Li"), phase("LiCl"), ((0, 0, 1), (0, 0, 1))
    usual = built(film, substrate, planes, vacuum=None)
    value = closed_energy(usual)
    turn = Rotation.from_euler("xyz", [20.0, -35.0, 70.0], degrees=True).as_matrix()
    salt = substrate.structure
    turned = Structure(salt.lattice.matrix @ turn.T, salt.species, salt.frac_coords)
    order = np.random.default_rng(3).permutation(len(salt))
    shuffled = Structure(salt.lattice, [salt.species[n] for n in order], salt.frac_coords[order])
    for other in (turned, shuffled):
        assert closed_energy(built(film, replace(substrate, structure=other), planes, vacuum=None)) == pytest.approx(
            value, abs=1e-6
        )
    twice = energy(Morse(), usual.structure * (2, 1, 1))
    assert twice == pytest.approx(2.0 * energy(Morse(), usual.structure), abs=1e-9)


def test_the_slope_of_a_series_follows_from_the_elastic_constants() -> None:
    """For a film of a cubic crystal under the strain ε in (001): σ = V (C11 + C12 - 2 C12² / C11) ε².

    Cells are stacked by hand: fcc layers of the film, strained in the plane and as high as its constants say, on as
    many layers of the same crystal at the film's width.
    """
    a = float(minimize_scalar(lambda x: energy(Morse(), stacked(x, x, 4)), bounds=(3.5, 4.5), method="bounded").x)
    c11, c12 = constants(a)
    for strain in (0.002, -0.002):
        wide, high = a * (1 + strain), a * (1 - 2.0 * c12 / c11 * strain)
        cells = [
            SeriesCell(
                layers=n, units=n, other_units=4,
                energy=energy(Morse(), stacked(wide, high, n, other=(4, wide))), area=wide**2 / 2.0,
            )
            for n in (6, 8, 10)
        ]  # fmt: skip
        fit = fit_series(cells, energy(Morse(), stacked(a, a, 2)) / 2, energy(Morse(), stacked(wide, wide, 2)) / 2)
        expected = a**3 / 4.0 * (c11 + c12 - 2.0 * c12**2 / c11) * strain**2
        assert fit.strain_energy_per_unit == pytest.approx(expected, rel=0.03)
        assert max(map(abs, fit.residuals)) < 1e-9


def stacked(wide: float, high: float, layers: int, *, other: tuple[int, float] | None = None) -> Structure:
    """Return (001) layers of fcc aluminium, and layers of another height on top of them.

    ``wide`` and ``high`` are the cube's edge in the plane and along the normal, Å; ``other`` the number of further
    layers and their edge along the normal.
    """
    steps = [high / 2.0] * layers + ([other[1] / 2.0] * other[0] if other else [])
    heights = np.concatenate([[0.0], np.cumsum(steps)])
    side = wide / np.sqrt(2.0)
    atoms = [[(n % 2) / 2.0, (n % 2) / 2.0, z / heights[-1]] for n, z in enumerate(heights[:-1])]
    return Structure(Lattice.orthorhombic(side, side, heights[-1]), ["Al"] * len(atoms), atoms)


def constants(a: float) -> tuple[float, float]:
    """Return C11 and C12 of fcc aluminium by Born's sums, eV/Å³.

    C_ijkl = 1/(2V) sum over r of (φ''(r) - φ'(r)/r) r_i r_j r_k r_l / r², V the volume of an atom.
    """
    n = np.indices((9, 9, 9)).reshape(3, -1).T - 4
    vectors = 0.5 * a * n[(n.sum(axis=1) % 2 == 0) & n.any(axis=1)]
    r = np.linalg.norm(vectors, axis=1)
    vectors, r = vectors[r < CUTOFF], r[r < CUTOFF]
    morse, h = MorseCalculator(), 1e-4
    size, depth = np.full_like(r, morse.diameters["Al"]), np.full_like(r, morse.well_depth)
    slope = {step: morse.pair(r + step, size, depth)[1] for step in (-h, 0.0, h)}
    weight = ((slope[h] - slope[-h]) / (2 * h) - slope[0.0] / r) / r**2 / (2 * a**3 / 4)
    x, y, _ = vectors.T
    return float(weight @ x**4), float(weight @ (x * x * y * y))
