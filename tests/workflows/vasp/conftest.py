"""Cells for the tests of VASP inputs, and the rehearsal program as VASP."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.structures import library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lianode.workflows.engines.vasp.commands import VaspCommands


def lithium_chloride_slab(vacuum: float = 15.0) -> Structure:
    """LiCl(100), four layers of the rock-salt cell with a = 5.13 Å, normal along c."""
    bulk = library.phase("LiCl").structure
    a = bulk.lattice.a
    slab = bulk.copy()
    slab.make_supercell([1, 1, 2])
    lattice = Lattice.tetragonal(a, 2 * a + vacuum)
    return Structure(lattice, slab.species, slab.cart_coords + np.array([0.0, 0.0, 2.0]), coords_are_cartesian=True)


def lithium_on_lithium_chloride() -> Structure:
    """Li(001) on LiCl(001) without vacuum: two equal interfaces in a periodic cell, sides of LiCl."""
    bulk = library.phase("LiCl").structure
    a = bulk.lattice.a
    salt = bulk.cart_coords
    metal = [[x * a, y * a, a + 1.0 + layer * 1.7] for layer in range(3) for x, y in ((0.25, 0.25), (0.75, 0.75))]
    lattice = Lattice.tetragonal(a, 2 * a + 1.0)
    species = [*bulk.species, *["Li"] * len(metal)]
    return Structure(lattice, species, [*salt, *metal], coords_are_cartesian=True)


CRYSTALS = {
    "LiIn": lambda: library.phase("LiIn").primitive(),
    "In": lambda: library.phase("In").primitive(),
    "LiCl": lambda: library.phase("LiCl").primitive(),
    "LiCl100": lithium_chloride_slab,
    "Li_LiCl": lithium_on_lithium_chloride,
}


@pytest.fixture
def crystal() -> Callable[[str], Structure]:
    """Cell by its name."""
    return lambda name: CRYSTALS[name]()


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[VaspCommands]:
    """The stand-in for VASP, configured as a project would."""
    pytest.importorskip("custodian", reason="the extra 'vasp' is not installed")
    pytest.importorskip("lianode.hpc.rehearsal.main", reason="there is no rehearsal of VASP")
    from lianode.workflows.engines.vasp.commands import VaspCommands, vasp_commands

    command = (sys.executable, "-m", "lianode.hpc.rehearsal")
    commands = VaspCommands(vasp_std=command, poll_s=0.1, stop_grace_s=2.0)
    with vasp_commands(commands):
        yield commands
