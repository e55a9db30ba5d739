"""Lattice matches, against those known by hand and pymatgen's matcher."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pymatgen.analysis.interfaces.zsl import ZSLGenerator
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from lianode.structures.errors import InputError
from lianode.structures.interfaces.lattice_matches import frontier, lattice_matches, match_of, ranked
from lianode.structures.interfaces.strain import deformation, largest_strain, mismatch, stretched
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase


def model(lattice: Lattice, species=("Li",), coordinates=((0, 0, 0),)):
    return replace(
        phase("Li"), name="model", structure=Structure(lattice, list(species), [list(c) for c in coordinates])
    )


def basal(lattice: Lattice, **atoms):
    return surface_cell(model(lattice, **atoms), (0, 0, 1))


def square(a):
    return basal(Lattice.tetragonal(a, 3.7))


def hexagonal(a):
    return basal(Lattice.hexagonal(a, 4.1))


def test_square_on_square():
    (match,) = lattice_matches(square(3.0), square(3.0), max_area=9.5, max_strain=0.01)
    assert (match.film_cells, match.substrate_cells, match.angle, match.repeats) == (1, 1, 0, 1)
    assert match.strain == pytest.approx(0, abs=1e-12)
    assert match.area == pytest.approx(9)


def test_square_root_2_r45():
    best = lattice_matches(square(3.0 * np.sqrt(2)), square(3.0), max_area=20, max_strain=0.01)[0]
    assert (best.film_cells, best.substrate_cells) == (1, 2)
    assert abs(best.angle) == pytest.approx(45)
    assert best.strain == pytest.approx(0, abs=1e-12)


def test_hexagonal_on_hexagonal_turned_by_30():
    best = lattice_matches(hexagonal(3.0 * np.sqrt(3)), hexagonal(3.0), max_area=30, max_strain=0.01)[0]
    assert (best.film_cells, best.substrate_cells) == (1, 3)
    assert abs(best.angle) == pytest.approx(30)
    assert best.strain == pytest.approx(0, abs=1e-12)


def test_hexagonal_on_rectangle():
    """A hexagonal cell doubled is a x sqrt(3) a."""
    best = lattice_matches(
        hexagonal(3.0), basal(Lattice.orthorhombic(3.0, 3.0 * np.sqrt(3), 4)), max_area=16, max_strain=0.01
    )[0]
    assert (best.film_cells, best.substrate_cells) == (2, 1)
    assert best.strain == pytest.approx(0, abs=1e-12)


def test_coincidence_lattices_of_the_square():
    """Without strain two equal squares coincide at Sigma = 1, 5, 13, 17 up to 17 cells; mirror images are one."""
    found = [m for m in lattice_matches(square(3.0), square(3.0), max_area=17 * 9, max_strain=1e-9) if m.repeats == 1]
    assert [m.film_cells for m in found] == [1, 5, 13, 17]
    sigma5, sigma13, sigma17 = (abs(m.angle) for m in found[1:])
    assert sigma5 == pytest.approx(np.degrees(np.arctan2(3, 4)))
    assert sigma13 == pytest.approx(np.degrees(np.arctan2(5, 12)))
    assert sigma17 == pytest.approx(np.degrees(np.arctan2(8, 15)))


def test_a_chiral_plane_keeps_both_senses():
    """Where neither crystal has a mirror, a turn to the left is not a turn to the right."""
    plain = [m for m in lattice_matches(square(3.0), square(3.0), max_area=50, max_strain=1e-9) if m.film_cells == 5]
    # four-fold without mirrors: an atom off every mirror of the square
    places = [(0.1, 0.27, 0.0), (-0.27, 0.1, 0.0), (-0.1, -0.27, 0.0), (0.27, -0.1, 0.0), (0, 0, 0.3)]
    chiral = basal(Lattice.tetragonal(3.0, 3.7), species=["Li"] * 4 + ["Cl"], coordinates=places)
    assert len(chiral.level_rotations) == 4
    both = [m for m in lattice_matches(chiral, chiral, max_area=50, max_strain=1e-9) if m.film_cells == 5]
    assert len([m for m in plain if m.repeats == 1]) == 1
    assert sorted(round(m.angle, 2) for m in both if m.repeats == 1) == [-36.87, 36.87]


def test_strain_of_a_known_mismatch():
    film, substrate = basal(Lattice.orthorhombic(4.0, 5.0, 3.0)), basal(Lattice.orthorhombic(4.2, 4.9, 3.0))
    on_film = lattice_matches(film, substrate, max_area=21, max_strain=0.06)[0]
    assert np.allclose(stretched(on_film.logarithmic_strain), np.diag([1.05, 0.98]))
    assert on_film.strain == pytest.approx(0.05)
    assert np.allclose(on_film.vectors, [[4.2, 0], [0, 4.9]])
    on_substrate = lattice_matches(film, substrate, max_area=21, max_strain=0.06, strained="substrate")[0]
    assert on_substrate.strain == pytest.approx(1 - 4.0 / 4.2)
    assert np.allclose(on_substrate.vectors, [[4.0, 0], [0, 5.0]])
    shared = lattice_matches(film, substrate, max_area=21, max_strain=0.06, strained="shared")[0]
    assert np.allclose(shared.vectors, np.diag(np.sqrt([4.0 * 4.2, 5.0 * 4.9])))
    assert shared.strain == pytest.approx(np.sqrt(1.05) - 1)
    # free of stress along the normal: nu = 1/2 keeps the volume, 0 the height, 1/3 gives way by half the trace
    strain = on_film.logarithmic_strain
    assert np.linalg.det(deformation(strain, 0.5)) == pytest.approx(1)
    assert deformation(strain, 0.0)[2, 2] == 1
    assert deformation(strain, 1 / 3)[2, 2] == pytest.approx((1.05 * 0.98) ** -0.5)


def test_shear_is_strain_and_rotation_is_not():
    film = np.array([[4.0, 0.0], [0.0, 4.0]])
    shear = np.array([[1.0, 0.03], [0.03, 1.0]])
    turn = Rotation.from_euler("z", 25, degrees=True).as_matrix()[:2, :2]
    strain, angle = mismatch(film, film @ turn.T @ shear.T)
    assert angle == pytest.approx(25)
    assert np.allclose(stretched(strain), shear)
    assert largest_strain(strain, 1.0) == pytest.approx(0.03)
    back, backwards = mismatch(film @ turn.T @ shear.T, film)
    assert backwards == pytest.approx(-25)
    assert np.allclose(turn @ back @ turn.T, -strain)


@pytest.mark.parametrize("strained", ["film", "substrate", "shared"])
def test_film_and_substrate_can_be_exchanged(strained):
    first, second = surface_cell(phase("Li"), (1, 1, 0)), surface_cell(phase("LiCl"), (0, 0, 1))
    other = {"film": "substrate", "substrate": "film", "shared": "shared"}[strained]
    one = lattice_matches(first, second, max_area=120, max_strain=0.04, strained=strained)
    two = lattice_matches(second, first, max_area=120, max_strain=0.04, strained=other)
    assert len(one) == len(two) > 5
    assert np.allclose([(m.strain, m.area) for m in one], [(m.strain, m.area) for m in two])
    assert sorted(abs(round(m.angle, 4)) for m in one) == sorted(abs(round(m.angle, 4)) for m in two)


def test_the_common_cell_is_a_cell_of_both():
    film, substrate = surface_cell(phase("In"), (0, 0, 1)), surface_cell(phase("Li2S"), (1, 1, 1))
    for match in lattice_matches(film, substrate, max_area=200, max_strain=0.05, strained="shared"):
        assert match.vectors[0, 1] == 0
        assert np.linalg.det(match.vectors) == pytest.approx(match.area)
        assert np.linalg.det(match.film_matrix) > 0
        assert np.linalg.det(match.substrate_matrix) > 0
        for surface, matrix, share in ((film, match.film_matrix, 0.5), (substrate, match.substrate_matrix, -0.5)):
            own = matrix @ surface.in_plane
            stretch = stretched(share * match.logarithmic_strain)
            # lengths and angles of the strained lattice are those of the common cell, whatever the rotation
            unstrained = match.vectors @ np.linalg.inv(stretch)
            assert np.allclose(unstrained @ unstrained.T, own @ own.T)
        assert match.area <= 200 * (1 + 1e-6)
        assert match.strain <= 0.05 * (1 + 1e-6)


@pytest.mark.parametrize(
    ("film", "substrate", "limit"),
    [
        (("In", (0, 0, 1)), ("LiCl", (0, 0, 1)), 0.04),
        (("Li", (1, 1, 0)), ("Li2S", (1, 1, 1)), 0.04),
        (("Li9Al4", (1, 0, 0)), ("LiCl", (0, 0, 1)), 0.10),
    ],
)
def test_what_pymatgen_finds_is_found(film, substrate, limit):
    film, substrate = (surface_cell(phase(name), plane) for name, plane in (film, substrate))
    ours = lattice_matches(film, substrate, max_area=75 + 250 * limit, max_strain=limit)
    have = {(m.film_cells, m.substrate_cells, round(m.strain, 4)) for m in ours}
    peer = ZSLGenerator(max_area=101, max_length_tol=limit + 0.01, max_angle_tol=2 * limit, max_area_ratio_tol=0.2)
    found = set()
    for match in peer(film.vectors[:2], substrate.vectors[:2]):
        # in the plane, turned so that pymatgen's reduced vectors have the same sense
        a, b = (np.array(v)[:, :2] for v in (match.film_sl_vectors, match.substrate_sl_vectors))
        if np.linalg.det(a) * np.linalg.det(b) < 0 or abs(np.linalg.det(b)) > 75 + 250 * limit:
            continue
        strain = largest_strain(mismatch(a, b)[0], 1.0)
        if strain <= limit:
            cells = round(abs(np.linalg.det(a)) / film.area), round(abs(np.linalg.det(b)) / substrate.area)
            found.add((*cells, round(strain, 4)))
    assert found
    assert found <= have


def test_ranking():
    film, substrate = surface_cell(phase("Li"), (0, 0, 1)), surface_cell(phase("LiCl"), (0, 0, 1))
    matches = lattice_matches(film, substrate, max_area=120, max_strain=0.05)
    assert (np.diff([m.strain for m in matches]) > -1e-5).all()
    assert ranked(matches, ["area", "strain"])[0].area == min(m.area for m in matches)
    front = frontier(matches)
    for match in matches:
        assert any(one.area <= match.area + 1e-6 and one.strain <= match.strain + 1e-5 for one in front)
    assert [m.area for m in front] == sorted(m.area for m in front)
    assert [m.strain for m in front] == sorted((m.strain for m in front), reverse=True)


def test_turned_crystals_match_alike():
    indium = phase("In")
    turned = Structure(
        Lattice(indium.structure.lattice.matrix @ Rotation.from_euler("xyz", [0.4, 1.0, -2.0]).as_matrix().T),
        indium.structure.species,
        indium.structure.frac_coords,
    )
    substrate = surface_cell(phase("LiCl"), (0, 0, 1))
    one = lattice_matches(surface_cell(indium, (0, 0, 1)), substrate, max_area=150)
    two = lattice_matches(surface_cell(replace(indium, structure=turned), (0, 0, 1)), substrate, max_area=150)
    assert np.allclose([(m.strain, m.area, m.film_cells) for m in one], [(m.strain, m.area, m.film_cells) for m in two])


def test_no_match_says_the_best_there_is():
    film, substrate = surface_cell(phase("Li9Al4"), (4, 0, 0)), surface_cell(phase("LiCl"), (0, 0, 1))
    with pytest.raises(InputError) as caught:
        lattice_matches(film, substrate, max_area=60, max_strain=0.001)
    message = str(caught.value)
    assert message.startswith("Li9Al4(400) on LiCl(001): no common cell up to 60 Å² within a strain of 0.10%")
    best = float(message.partition("strains by ")[2].partition("%")[0]) / 100
    assert lattice_matches(film, substrate, max_area=60, max_strain=best * 1.001)
    with pytest.raises(InputError):
        lattice_matches(film, substrate, max_area=60, max_strain=best * 0.99)
    with pytest.raises(InputError, match=r"the surface cells alone are 24\.0 and 13\.2 Å² large"):
        lattice_matches(film, substrate, max_area=5)


@pytest.mark.parametrize(
    "wrong", [{"max_strain": -0.1}, {"max_strain": float("nan")}, {"max_area": 0}, {"max_strain": 2}]
)
def test_limits_that_are_none(wrong):
    with pytest.raises(InputError, match=r"model\(001\) on model\(001\): the largest"):
        lattice_matches(square(3.0), square(3.0), **wrong)


def test_a_side_that_is_none():
    with pytest.raises(InputError, match="'flim' cannot bear the strain \\(did you mean 'film'\\?\\)"):
        lattice_matches(square(3.0), square(3.0), strained="flim")


def test_a_given_match_may_be_strained_at_will():
    match = match_of(square(3.0), square(4.0), np.eye(2, dtype=int), np.eye(2, dtype=int), "film")
    assert match.strain == pytest.approx(1 / 3)


def test_a_mirror_image_is_no_rotation():
    """Oblique lattices of 91° and 89° are mirror images: a film would have to be turned over, or sheared by 2°.

    A matcher that compares lengths and the acute angle takes them for equal.
    """
    left, right = (basal(Lattice.from_parameters(3.0, 4.0, 5.0, 90, 90, angle)) for angle in (91, 89))
    best = lattice_matches(left, right, max_area=12.5, max_strain=0.03)[0]
    assert best.strain > 0.01
    peer = next(ZSLGenerator(max_area=15, max_angle_tol=1e-6, max_length_tol=1e-6)(left.vectors[:2], right.vectors[:2]))
    assert np.linalg.norm(peer.film_sl_vectors, axis=1) == pytest.approx(
        np.linalg.norm(peer.substrate_sl_vectors, axis=1)
    )
    assert lattice_matches(left, left, max_area=12.5, max_strain=0.03)[0].strain == pytest.approx(0, abs=1e-12)
