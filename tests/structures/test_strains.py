"""Which strains an elastic tensor needs, and what they do to a cell."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from lianode.structures import library
from lianode.structures.crystal_axes import crystal_axes
from lianode.structures.errors import InputError
from lianode.structures.strains import (
    Strain,
    deformation_gradient,
    independent_patterns,
    independent_strains,
    strained,
)


def rotations(name: str) -> np.ndarray:
    cell = library.phase(name).primitive()
    return crystal_axes(cell).rotations(np.asarray(cell.lattice.matrix))


@pytest.mark.parametrize(
    ("name", "patterns", "number"),
    [
        ("LiCl", ("xx", "yz"), 6),
        ("In", ("xx", "zz", "yz", "xy"), 12),
        ("Li5In4", ("xx", "zz", "xz"), 10),
        ("Li9Al4", ("xx", "yy", "zz", "yz", "xz", "xy"), 20),
    ],
)
def test_as_few_as_symmetry_allows(name: str, patterns: tuple[str, ...], number: int) -> None:
    """Cubic 2, tetragonal 4, trigonal 3, the others 6; shears that a mirror reverses with one sign."""
    group = rotations(name)
    assert independent_patterns(group) == patterns
    assert len(independent_strains(group)) == number


def test_without_symmetry_all_six_with_both_signs() -> None:
    found = independent_strains(np.eye(3)[None])
    assert len(found) == len({strain.name for strain in found}) == 24


def test_names_are_stable() -> None:
    names = [strain.name for strain in independent_strains(rotations("LiCl"))]
    assert names == ["xx+0.5%", "xx+1%", "xx-0.5%", "xx-1%", "yz+0.5%", "yz+1%"]


@pytest.mark.parametrize("strain", [Strain("xx", 0.01), Strain("yz", -0.005), Strain("xy", 0.3)])
def test_gradient_has_the_strain(strain: Strain) -> None:
    gradient = deformation_gradient(strain.tensor())
    assert 0.5 * (gradient.T @ gradient - np.eye(3)) == pytest.approx(strain.tensor(), abs=1e-14)
    assert gradient == pytest.approx(gradient.T)


def test_cell_is_strained_in_the_frame_of_the_crystal() -> None:
    """Whichever way the cell is turned, xx stretches a and zz stretches c."""
    cell = library.phase("In").primitive()
    turn = Rotation.from_rotvec([0.4, 0.2, -1.3]).as_matrix()
    turned = Structure(Lattice(cell.lattice.matrix @ turn.T), cell.species, cell.frac_coords)
    axes = crystal_axes(turned)
    a, b, c = np.linalg.norm(axes.conventional(np.asarray(turned.lattice.matrix)), axis=1)
    found = strained(turned, axes, Strain("zz", 0.01))
    stretched = np.linalg.norm(axes.conventional(np.asarray(found.lattice.matrix)), axis=1)
    assert stretched == pytest.approx([a, b, c * np.sqrt(1.02)])
    assert found.frac_coords == pytest.approx(turned.frac_coords)
    assert found.species == turned.species


def test_volume_of_a_shear() -> None:
    cell = library.phase("LiCl").primitive()
    found = strained(cell, crystal_axes(cell), Strain("yz", 0.01))
    assert found.volume / cell.volume == pytest.approx(np.sqrt(1 - 4 * 0.01**2), rel=1e-12)


@pytest.mark.parametrize("magnitude", [0.0, -0.01, 0.2, float("nan")])
def test_magnitudes_that_are_none(magnitude: float) -> None:
    with pytest.raises(InputError, match="it has to be above 0 and at most"):
        independent_strains(np.eye(3)[None], [magnitude])


def test_no_magnitude() -> None:
    with pytest.raises(InputError, match="at least one magnitude"):
        independent_strains(np.eye(3)[None], [])


def test_a_compression_to_nothing() -> None:
    with pytest.raises(InputError, match="no deformation has a strain of"):
        deformation_gradient(np.diag([-0.6, 0, 0]))
