"""Whether a relaxed crystal still has the symmetry that it began with."""

from __future__ import annotations

import pytest
import spglib
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.symmetry import keeps_symmetry, space_group_operations


def body_centred(c_over_a: float) -> Structure:
    """Return a primitive body-centred tetragonal cell, which is fcc for c/a = √2 and bcc for 1."""
    a, c = 1.625, 1.625 * c_over_a
    return Structure(Lattice([[-a, a, c], [a, -a, c], [a, a, -c]]), ["In"], [[0, 0, 0]])


def test_more_symmetry_keeps_what_there_was() -> None:
    tetragonal = body_centred(1.52)
    relaxed = Structure(body_centred(2**0.5).lattice, tetragonal.species, tetragonal.frac_coords)
    assert keeps_symmetry(relaxed, tetragonal)
    assert not keeps_symmetry(tetragonal, relaxed)


@pytest.mark.parametrize("name", ["LiIn", "Li13In3", "Li2Sn5"])
def test_a_crystal_keeps_its_own_in_any_size(name: str) -> None:
    cell = library.phase(name).primitive()
    larger = Structure(Lattice(1.05 * cell.lattice.matrix), cell.species, cell.frac_coords)
    assert keeps_symmetry(larger, cell)


def test_an_atom_that_moved_or_a_cell_that_sheared_is_less_symmetric() -> None:
    cell = library.phase("LiIn").primitive()
    moved = cell.copy().translate_sites([0], [0.15, 0, 0], frac_coords=False)
    assert not keeps_symmetry(moved, cell)
    assert keeps_symmetry(cell.copy().translate_sites([0], [0.02, 0, 0], frac_coords=False), cell)
    strained = cell.apply_strain([0.06, 0, 0], inplace=False)
    assert not keeps_symmetry(strained, cell)


def test_it_does_not_matter_whether_spglib_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = Structure(Lattice.cubic(3.4), ["Li", "Li"], [[0, 0, 0], [0, 0, 0]])
    for old in (True, False):  # phonopy sets it to False for the whole process
        monkeypatch.setattr(spglib.error, "OLD_ERROR_HANDLING", old)
        with pytest.raises(RuntimeError, match="spglib finds no symmetry"):
            space_group_operations(twice)
