"""Contact radii and the height at which one crystal rests on another."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.structures.errors import InputError
from lianode.structures.interfaces.contact import contact_distances, contact_radii, resting_heights
from lianode.structures.interfaces.lattice_matches import lattice_matches
from lianode.structures.interfaces.registry import registries, registry_cell
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase

SQUARE = np.array([[4.0, 0.0], [0.0, 4.0]])
ATOM = np.zeros((1, 3))


def test_spheres_in_a_hollow_a_bridge_and_on_top():
    """Height sqrt(R² - r²) over the hollow (r = a / sqrt 2), the bridge (a / 2) and the atom (0) of a square."""
    touching = np.array([[3.5]])
    shifts = np.array([[2.0, 2.0], [2.0, 0.0], [0.0, 0.0]])
    heights = resting_heights(ATOM, ATOM, touching, SQUARE, shifts)
    assert heights == pytest.approx([np.sqrt(3.5**2 - 8), np.sqrt(3.5**2 - 4), 3.5])


def test_the_first_pair_to_touch_decides():
    lower = np.array([[0, 0, 0], [2, 2, 0.5]], dtype=float)
    touching = np.array([[3.0], [2.0]])
    # over the second atom it touches that one at 0.5 + 2, though its distance is the shorter one
    assert resting_heights(lower, ATOM, touching, SQUARE, np.array([[2.0, 2.0]])) == pytest.approx([2.5])


def test_no_pair_comes_closer_and_one_touches():
    generator = np.random.default_rng(3)
    cell = np.array([[7.0, 0.0], [-3.0, 6.5]])
    lower, upper = (np.column_stack([generator.random((20, 2)) @ cell, 9 * generator.random(20)]) for _ in range(2))
    touching = generator.uniform(2.0, 3.5, (20, 20))
    shifts = generator.random((10, 2)) @ cell
    for shift, height in zip(shifts, resting_heights(lower, upper, touching, cell, shifts), strict=True):
        moved = upper + np.array([*shift, height])
        images = np.array([[i, j] for i in range(-4, 5) for j in range(-4, 5)]) @ cell
        apart = moved[None, :, None, :2] + images - lower[:, None, None, :2]
        distance = np.sqrt((apart**2).sum(-1) + (moved[None, :, 2] - lower[:, None, 2])[..., None] ** 2).min(axis=2)
        assert (distance / touching).min() == pytest.approx(1.0)


def test_radii():
    lithium, salt, alloy = contact_radii(phase("Li")), contact_radii(phase("LiCl")), contact_radii(phase("Li9Al4"))

    def touching(below, lower, above, upper):
        return float(contact_distances([below], [above], lower, upper)[0, 0])

    # bonds in the crystals themselves: bcc Li 3.04, LiCl 2.57, Li2S 2.47 (four-fold, shorter than the six-fold radii)
    assert touching("Li", lithium, "Li", lithium) == pytest.approx(3.04, abs=0.01)
    assert touching("Li", salt, "Cl", salt) == pytest.approx(2.57, abs=0.01)
    assert touching("Cl", salt, "Li", salt) == touching("Li", salt, "Cl", salt)
    # a metal atom has its metallic radius, whatever it faces; a cation too, unless it faces an anion
    assert touching("Li", lithium, "Cl", salt) == pytest.approx(1.52 + 1.67)
    assert touching("Li", lithium, "Li", salt) == pytest.approx(1.52 + 1.52)
    assert touching("Al", alloy, "Cl", salt) == pytest.approx(1.43 + 1.67)
    assert touching("Cl", salt, "Cl", salt) == pytest.approx(2 * 1.67)


@pytest.mark.parametrize("name", ["Li6PS5Cl_ordered_48h", "In2S3_beta", "InS", "Li3P", "Li17Sn4", "Al2O3", "InP"])
def test_every_element_has_a_radius(name):
    crystal = phase(name)
    radii = contact_radii(crystal)
    assert set(radii) == set(crystal.elements)
    assert all(0.3 < one.facing_anions < 2.3 and 1.0 < one.facing_others < 2.3 for one in radii.values())
    assert any(one.anion for one in radii.values()) == (name != "Li17Sn4")


def test_registry_of_a_crystal_on_itself_is_its_surface_cell():
    surface = surface_cell(phase("Li"), (0, 0, 1))
    matches = lattice_matches(surface, surface, max_area=40, max_strain=1e-6)
    for match in matches:
        if abs(match.angle) < 1e-6:  # also in supercells
            assert np.linalg.det(registry_cell(match)) == pytest.approx(surface.area)
    shifts = registries(matches[0], spacing=0.8)
    assert len(shifts) == 36
    assert np.linalg.norm(shifts[0]) == 0
    hollow = surface.in_plane.sum(axis=0) / 2
    assert np.linalg.norm(shifts - hollow, axis=1).min() < 1e-9


def test_a_poor_coincidence_has_hardly_a_registry():
    film, substrate = surface_cell(phase("In"), (0, 0, 1)), surface_cell(phase("LiCl"), (0, 0, 1))
    match = lattice_matches(film, substrate, max_area=60, max_strain=0.01)[0]
    assert (match.film_cells, match.substrate_cells) == (5, 4)
    assert np.linalg.det(registry_cell(match)) == pytest.approx(match.area / 20)


@pytest.mark.parametrize("spacing", [0, -1, float("nan"), float("inf")])
def test_no_spacing(spacing):
    surface = surface_cell(phase("Li"), (0, 0, 1))
    match = lattice_matches(surface, surface, max_area=13, max_strain=1e-6)[0]
    with pytest.raises(InputError, match="cannot be sampled"):
        registries(match, spacing)
