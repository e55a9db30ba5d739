"""The frame of tensors: where it points, and that it does not depend on the cell."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from lianode.structures import library
from lianode.structures.crystal_axes import cartesian_point_group, crystal_axes, crystal_class
from lianode.structures.errors import InputError

ORDERS = {"Li": 48, "In": 16, "LiIn": 48, "Li9Al4": 4, "Li5In4": 12, "LiCl": 48, "Li17Sn4": 24}


@pytest.mark.parametrize(("name", "order"), ORDERS.items())
def test_rotations_are_a_group_of_the_right_order(name: str, order: int) -> None:
    cell = library.phase(name).primitive()
    rotations = crystal_axes(cell).rotations(np.asarray(cell.lattice.matrix))
    assert len(rotations) == order
    assert rotations @ rotations.transpose(0, 2, 1) == pytest.approx(np.broadcast_to(np.eye(3), (order, 3, 3)))
    products = (rotations[:, None] @ rotations[None]).reshape(-1, 3, 3)
    nearest = np.abs(products[:, None] - rotations[None]).max(axis=(2, 3)).min(axis=1)
    assert nearest.max() < 1e-9


@pytest.mark.parametrize("name", ["Li", "In", "Li9Al4", "Li5In4"])
def test_conventional_cell_of_the_library_is_found_again(name: str) -> None:
    phase = library.phase(name)
    primitive = phase.primitive()
    found = crystal_axes(primitive).conventional(np.asarray(primitive.lattice.matrix))
    assert abs(np.linalg.det(found)) == pytest.approx(phase.structure.volume, rel=1e-4)
    assert found[0, 1:] == pytest.approx([0, 0], abs=1e-9)  # a along x
    assert found[1, 2] == pytest.approx(0, abs=1e-9)  # b in the plane of x and y


@pytest.mark.parametrize("name", ["In", "Li9Al4", "Li5In4", "LiIn"])
@pytest.mark.parametrize("size", [[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[2, 1, 0], [0, 1, 0], [0, 0, 1]]])
def test_turned_cells_and_supercells_have_the_same_group(name: str, size: list[list[int]]) -> None:
    """A supercell breaks rotations of its lattice, not those of its crystal."""
    cell = library.phase(name).primitive()
    turn = Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
    other = Structure(Lattice(cell.lattice.matrix @ turn.T), cell.species, cell.frac_coords) * size
    here, there = (np.asarray(structure.lattice.matrix) for structure in (cell, other))
    lengths = [np.linalg.norm(crystal_axes(s).conventional(v), axis=1) for s, v in ((cell, here), (other, there))]
    assert lengths[0] == pytest.approx(lengths[1])
    first = [crystal_axes(cell).frame(here), crystal_axes(cell).rotations(here)]
    second = [crystal_axes(other).frame(there), crystal_axes(other).rotations(there)]
    in_laboratory = np.einsum("ia,nab,bj->nij", first[0].T, first[1], first[0])
    turned = np.einsum("ia,nab,bj->nij", second[0].T, second[1], second[0])
    expected = turn @ in_laboratory @ turn.T
    assert np.abs(turned[:, None] - expected[None]).max(axis=(2, 3)).min(axis=1).max() < 1e-6


def test_axes_hold_for_the_relaxed_cell() -> None:
    cell = library.phase("In").primitive()
    axes = crystal_axes(cell)
    strain = np.diag([1.02, 1.02, 0.97])
    before = axes.conventional(np.asarray(cell.lattice.matrix))
    frame = axes.frame(np.asarray(cell.lattice.matrix))
    after = axes.conventional(np.asarray(cell.lattice.matrix) @ frame.T @ strain @ frame)
    assert after == pytest.approx(before @ strain)


def test_a_cell_that_lost_its_symmetry_is_refused() -> None:
    with pytest.raises(InputError, match="has not the symmetry of the crystal that was asked for"):
        cartesian_point_group(crystal_axes(library.phase("LiCl").primitive()).hall_number, np.diag([5.0, 5.0, 5.3]))


def test_a_disordered_crystal_is_refused() -> None:
    mixed = Structure(Lattice.cubic(3.4), [{"Li": 0.5, "In": 0.5}], [[0, 0, 0]])
    with pytest.raises(InputError, match="need an ordered crystal"):
        crystal_axes(mixed)


def test_atoms_on_top_of_each_other_are_refused() -> None:
    twice = Structure(Lattice.cubic(3.4), ["Li", "Li"], [[0, 0, 0], [0, 0, 0]])
    with pytest.raises(InputError, match="on top of each other"):
        crystal_axes(twice)


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "triclinic"), (12, "monoclinic"), (74, "orthorhombic"), (88, "tetragonal 4/m"), (139, "tetragonal 4/mmm"),
     (148, "trigonal -3"), (164, "trigonal -3m"), (194, "hexagonal"), (195, "cubic"), (230, "cubic")],
)  # fmt: skip
def test_classes(number: int, name: str) -> None:
    assert crystal_class(number) == name


def test_no_such_space_group() -> None:
    with pytest.raises(InputError, match="from 1 to 230, not 231"):
        crystal_class(231)
