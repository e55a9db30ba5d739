"""Published surfaces and interfaces beside computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.checks import Check
from lianode.analysis.compare.compare import compare
from lianode.analysis.compare.facets import is_interface
from lianode.analysis.energies import PhaseEnergy
from lianode.analysis.interface_energy.document import InterfaceEnergyDocument, SeriesPoint
from lianode.analysis.method import REHEARSAL, MethodKey
from lianode.analysis.surface.energy import SlabEnergy
from lianode.analysis.surface.surface import surface_document
from lianode.structures.library import phase
from lianode.structures.surfaces.planes import plane_family

if TYPE_CHECKING:
    from lianode.analysis.compare.comparison import ComparisonRow
    from lianode.analysis.surface.surface import SurfaceDocument

METHOD = MethodKey(program="morse", functional="test potential")


def surface(name: str, plane: tuple[int, int, int], energy: float, termination: str = "x|x") -> SurfaceDocument:
    """Return the surface of a library phase that has an energy, eV/Å²."""
    crystal = phase(name)
    atoms = {e.symbol: int(n) for e, n in crystal.primitive().composition.items()}
    bulk = PhaseEnergy(
        name=crystal.name, formula=crystal.formula, composition=atoms, energy=0.0, volume=1.0, method=METHOD
    )
    slabs = [
        SlabEnergy(layers=n, thickness=2.0 * n, formula_units=n, n_atoms=n, calculation_key=f"{plane}{n}", excess={},
                   area=1.0, energy=2.0 * energy, method=METHOD)
        for n in (4, 6, 8)
    ]  # fmt: skip
    same = plane_family(crystal, plane)
    return surface_document(
        bulk, unrelaxed=slabs, relaxed=[], plane=plane, plane_label=same.label, equal_planes=same.equal,
        termination=termination, kind="stoichiometric", engine="morse", campaign="test", system="Li",
    )  # fmt: skip


def interface(name: str, **fields: Any) -> InterfaceEnergyDocument:
    film, substrate = (side.partition("(")[0] for side in name.split("/"))
    point = SeriesPoint(layers=5, film_units=5, substrate_units=4, atoms=9, energy=-9.0, with_bulk_at_rest=0.03,
                        with_strained_bulk=-0.08)  # fmt: skip
    return InterfaceEnergyDocument(
        system="Li", engine="morse", campaign="test", method=METHOD, interface=name, film=film, substrate=substrate,
        film_strain=0.04, substrate_strain=0.0, area=40.0, series=[point], **fields,
    )  # fmt: skip


def find(rows: list[ComparisonRow], quantity: str, phase: str | None = None) -> list[ComparisonRow]:
    return [row for row in rows if row.quantity == quantity and phase in (None, row.phase)]


class TestLowestPlanes:
    def test_planes_that_symmetry_makes_equal_agree(self) -> None:
        rows = compare("liu2025", [surface("Li", (1, 0, 0), 0.030), surface("Li", (1, 1, 0), 0.031)])
        (row,) = find(rows, "plane of lowest surface energy", "Li")
        assert (row.published, row.computed) == ("(001)", "(001)")
        assert row.note == "lowest of 2 planes, cut x|x, not relaxed, stoichiometric"
        (energy,) = find(rows, "surface energy of (001)", "Li")
        assert (energy.published, energy.unit) == (None, "meV/Å²")
        assert energy.computed == pytest.approx(30.0)

    def test_another_plane_is_lowest(self) -> None:
        rows = compare("liu2025", [surface("Li", (1, 0, 0), 0.034), surface("Li", (1, 1, 0), 0.031)])
        (row,) = find(rows, "plane of lowest surface energy", "Li")
        assert (row.published, row.computed) == ("(001)", "(110)")
        assert "(001) is 3.0 meV/Å² above (110) (cut x|x, not relaxed, stoichiometric)" in row.note

    def test_the_lowest_termination_counts(self) -> None:
        low, high = surface("LiCl", (1, 0, 0), 0.01, "a"), surface("LiCl", (1, 0, 0), 0.09, "b")
        wetted = interface("Li_bcc(001)/LiCl(001)", interface_energy=0.03, wetting=-0.02)
        rows = find(compare("su2024", [low, high, wetted]), "surface energy less interface energy")
        assert rows[1].computed == pytest.approx(16.02177 * (0.01 - 0.03), rel=1e-6)

    def test_one_plane_is_no_search(self) -> None:
        rows = compare("liu2025", [surface("Li13In3", (1, 0, 0), 0.03)])
        (row,) = find(rows, "plane of lowest surface energy", "Li13In3")
        assert row.computed is None
        assert row.note == "not computed: (100) is the only plane there is"
        assert find(rows, "surface energy of (100)", "Li13In3")[0].computed == pytest.approx(30.0)


class TestInterfaces:
    def test_a_positive_one_is_an_interface_energy(self) -> None:
        document = interface("Li_bcc(001)/LiCl(001)", interface_energy=0.025, by_adhesion=0.01, work_of_adhesion=0.016)
        rows = [row for row in compare("liu2025", [document]) if row.phase == "Li(001)/LiCl(001)"]
        (row,) = rows
        assert (row.quantity, row.published, row.unit) == ("interface energy", 11.3, "meV/Å²")
        assert row.computed == pytest.approx(25.0)
        assert "by adhesion 10.0" in row.note

    def test_a_negative_one_is_compared_with_minus_the_adhesion_too(self) -> None:
        document = interface("Li_bcc(001)/Li6PS5Cl(001)", interface_energy=0.02, work_of_adhesion=0.05)
        rows = [row for row in compare("liu2025", [document]) if row.phase == "Li(001)/Li6PS5Cl(001)"]
        assert {row.quantity: row.computed for row in rows} == {
            "interface energy": pytest.approx(20.0),
            "minus the work of adhesion": pytest.approx(-50.0),
        }
        assert {row.published for row in rows} == {-92.2}
        assert all("definition not given" in row.note for row in rows)

    def test_two_that_react_have_none(self) -> None:
        reaction = Check(name="no_reaction", passed=False, message="gone")
        document = interface("Li_bcc(001)/Li6PS5Cl(001)", reacted=True, work_of_adhesion=0.2, checks=[reaction])
        rows = [row for row in compare("liu2025", [document]) if row.phase == "Li(001)/Li6PS5Cl(001)"]
        energy, adhesion = rows
        assert (energy.computed, energy.difference, energy.flagged) == ("reacts", None, True)
        assert "its cells lie -80.0 to -80.0 meV/Å² above the crystals" in energy.note
        assert adhesion.computed == pytest.approx(-200.0)
        assert "with what the reaction gives" in adhesion.note

    def test_what_a_substrate_gains(self) -> None:
        document = interface("Li_bcc(001)/LiCl(001)", interface_energy=0.025, wetting=-0.015)
        rows = compare("su2024", [document, surface("LiCl", (1, 0, 0), 0.007)])
        in_cell, at_rest = find(rows, "surface energy less interface energy")
        assert (in_cell.published, in_cell.unit) == (-0.42, "J/m²")
        assert in_cell.computed == pytest.approx(-0.015 * 16.02177, rel=1e-6)
        assert at_rest.computed == pytest.approx((0.007 - 0.025) * 16.02177, rel=1e-6)
        assert "at rest, cut x|x, not relaxed, stoichiometric" in at_rest.note

    @pytest.mark.parametrize(
        ("published", "computed", "same"),
        [
            ("Li(001)/LiCl(001)", "Li_bcc(100)/LiCl(010)", True),
            ("Li(001)/LiCl(001)", "Li_bcc(110)/LiCl(001)", False),
            ("Li(001)/LiCl(001)", "Li_bcc(001)/Li2S(001)", False),
            ("Li(001)/Li6PS5Cl(001)", "Li_bcc(001)/Li6PS5Cl(001)", True),
            ("Li(001)/Li9Al4(100)", "Li_bcc(001)/Li9Al4(400)", True),
        ],
    )
    def test_which_interface_it_is(self, published: str, computed: str, same: bool) -> None:
        assert is_interface(published, computed) is same


def test_rehearsals_are_passed_over() -> None:
    document = interface("Li_bcc(001)/LiCl(001)", interface_energy=0.02)
    rehearsed = document.model_copy(update={"method": METHOD.model_copy(update={"program": f"vasp{REHEARSAL}"})})
    assert all(row.computed is None for row in compare("liu2025", [rehearsed]))
