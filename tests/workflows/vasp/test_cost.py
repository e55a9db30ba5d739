"""Valence electrons, bands and costs, against pymatgen's POTCAR statistics and real runs of VASP."""

from __future__ import annotations

import bz2
import json
from pathlib import Path

import pymatgen.io.vasp as vasp_io
import pytest

from lianode.structures import library
from lianode.workflows.engines.vasp.cost import core_hours, typical_seconds
from lianode.workflows.engines.vasp.settings import resolve
from lianode.workflows.engines.vasp.valence import RECOMMENDED, VALENCE, bands, electrons
from lianode.workflows.task import RelaxTask, StaticTask


def test_valences_are_those_of_the_potcars() -> None:
    """pymatgen keeps ZVAL of every official POTCAR to recognise them."""
    file = Path(vasp_io.__file__).parent / "potcar-summary-stats.json.bz2"
    stats = json.loads(bz2.decompress(file.read_bytes()))
    known = {
        (release, entry["symbol"]): entry["ZVAL"]
        for release in ("PBE", "PBE_52", "PBE_54", "PBE_64")
        for entries in stats[release].values()
        for entry in entries
    }
    for symbol, valence in VALENCE.items():
        found = {known[key] for key in known if key[1] == symbol}
        assert found == {valence}, symbol
    assert all(("PBE_54", symbol) in known for symbol in RECOMMENDED.values())


def test_the_materials_projects_sets_are_known() -> None:
    chosen = resolve({"preset": "mp-gga"}).potential_of
    assert all(chosen[element] in VALENCE for element in RECOMMENDED)


def test_electrons_of_an_alloy() -> None:
    assert electrons(library.phase("LiIn").primitive(), RECOMMENDED) == 2 * 3 + 2 * 13


@pytest.mark.parametrize(
    ("n_electrons", "n_atoms", "spin", "vasp"),
    [(192, 20, False, 115), (32, 8, True, 24), (36, 4, True, 24), (10, 2, True, 10)],
    ids=["Bi8O12", "Si8", "Ir4", "LiF"],
)
def test_bands_are_those_that_vasp_took(n_electrons: int, n_atoms: int, *, spin: bool, vasp: int) -> None:
    """NBANDS in public OUTCARs (shared/reference/vasp)."""
    assert bands(n_electrons, n_atoms, spin_polarised=spin) == vasp


def test_costs_grow_as_they_should() -> None:
    cell = library.phase("LiIn").primitive()
    usual, fine = resolve({}), resolve({"encut": 1000})
    assert core_hours(fine, StaticTask(), cell) > core_hours(usual, StaticTask(), cell)
    assert core_hours(usual, RelaxTask(), cell) > 5 * core_hours(usual, StaticTask(), cell)
    assert core_hours(resolve({"ispin": 2}), RelaxTask(), cell) > 1.8 * core_hours(usual, RelaxTask(), cell)
    assert core_hours(usual, StaticTask(), cell, speed=2.0) == pytest.approx(2 * core_hours(usual, StaticTask(), cell))
    large = cell.copy()
    large.make_supercell(4)
    growth = typical_seconds(usual, 1600) / typical_seconds(usual, 800)
    assert 4 <= growth <= 8  # fewer k-points no longer help; between N² (transforms) and N³ (products)
    assert core_hours(resolve({"k_mesh": [1, 1, 1]}), StaticTask(), large) < core_hours(usual, StaticTask(), large)
