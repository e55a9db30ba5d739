"""What is refused as a crystal, and the distances behind it."""

from __future__ import annotations

import math

import pytest
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.validity import check_crystal, check_ordered, shortest_contact, tightest_contact


@pytest.mark.parametrize(
    ("symbol", "per_a"),
    [("Pm-3m", 1.0), ("Im-3m", math.sqrt(3) / 2), ("Fm-3m", 1 / math.sqrt(2)), ("Fd-3m", math.sqrt(3) / 4)],
)
@pytest.mark.parametrize("a", [4.0, 12.0])
def test_shortest_distance_of_cubic_lattices(symbol, per_a, a):
    structure = Structure.from_spacegroup(symbol, Lattice.cubic(a), ["Li"], [[0, 0, 0]])
    for cell in (structure, structure.get_primitive_structure()):  # the primitive one sees only its own images
        assert shortest_contact(cell).distance == pytest.approx(per_a * a)


def test_relative_distance_uses_covalent_radii():
    # Cordero et al. 2008: Li 1.28, Cl 1.02 Å
    contact = tightest_contact(library.phase("LiCl").structure)
    assert contact.relative_distance == pytest.approx(5.1396 / 2 / (1.28 + 1.02), abs=1e-3)


def test_the_tightest_pair_is_not_always_the_closest():
    # H and H 0.8 Å apart (1.29 of their radii), Cs and Cs 3.0 Å apart (0.61)
    structure = Structure(
        Lattice.cubic(20),
        ["H", "H", "Cs", "Cs"],
        [[0, 0, 0], [0.04, 0, 0], [0.5, 0.5, 0.5], [0.65, 0.5, 0.5]],
    )
    assert shortest_contact(structure).distance == pytest.approx(0.8)
    assert tightest_contact(structure).distance == pytest.approx(3.0)


@pytest.mark.parametrize("name", [entry.name for entry in library.entries() if entry.name != "Li17Sn4"])
def test_library_phases_pass(name):
    check_crystal(library.phase(name).structure, name)


def crystal(*coordinates, a=5.0, lattice=None, species=None):
    return Structure(lattice or Lattice.cubic(a), species or ["Li"] * len(coordinates), coordinates)


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (crystal([0, 0, 0], [0, 0, 0.05]), "0.25 Å apart, which is on top of each other"),
        (crystal([0, 0, 0], [0, 0, 0.99]), "0.05 Å apart"),
        (crystal([0, 0, 0], [0, 0, 0]), "0.00 Å apart"),
        (crystal([0, 0, 0], [0, 0, 0.28]), "less than 60% of the sum of their covalent radii"),
        (crystal([0, 0, 0], a=6.0), "nothing holds this crystal together"),
        (crystal([0, 0, 0], a=0.3), "0.027 Å³ for 1 atoms"),
        (crystal([0, 0, 0], lattice=Lattice.orthorhombic(0.3, 20, 20)), "repeats after 0.3 Å"),
        (crystal([0, 0, 0], lattice=Lattice([[3, 0, 0], [0, 3, 0], [3, 3, 0]])), "no volume"),
        (crystal([0, 0, 0], lattice=Lattice([[3, 0, 0], [0, 3, 0], [0, 0, 0]])), "no volume"),
        (crystal([0, 0, 0], lattice=Lattice([[3, 0, 0], [0, 3, 0], [0, 0, float("nan")]])), "not a finite number"),
        (crystal([0, 0, float("inf")]), "not a finite number"),
        (crystal([0, 0, 0], [0.04, 0, 0], a=20.0, species=["H", "H"]), "density"),
    ],
)
def test_what_is_no_crystal_is_refused(structure, message):
    with pytest.raises(InputError) as caught:
        check_crystal(structure, "my.cif")
    assert message in str(caught.value)
    assert str(caught.value).startswith("my.cif: ")


def test_lengths_in_bohr_are_noticed():
    for name in ("Li", "In", "LiIn", "LiCl", "Li13In3"):
        structure = library.phase(name).structure
        structure.scale_lattice(structure.volume / 0.529177**3)
        with pytest.raises(InputError, match="another unit"):
            check_crystal(structure, name)


def test_disorder_is_refused_with_what_to_do():
    with pytest.raises(InputError, match="OrderDisorderedStructureTransformation") as caught:
        check_ordered(library.phase("Li6PS5Cl_average").structure, "average.cif")
    assert "56 of 76 sites" in str(caught.value)
    check_ordered(library.phase("Li6PS5Cl").structure, "ordered.cif")
