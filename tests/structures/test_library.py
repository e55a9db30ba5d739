"""Every entry of the phase library, against values derived outside lianode."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import spglib
from pymatgen.core import Composition, Lattice

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.formulas import composition_key, parse_formula, reduced_amounts
from lianode.structures.validity import shortest_contact, tightest_contact

# name: formula, space group, sites of the conventional and the primitive cell, shortest distance (Å), density (g/cm³).
# Derived when the entries were collected, with spglib and pymatgen, from the source table and not from the data file.
KNOWN = {
    "Li_bcc": ("Li", 229, 2, 1, 3.04, 0.53),
    "Li_9R": ("Li", 166, 9, 3, 3.10, 0.54),
    "Li_fcc": ("Li", 225, 4, 1, 3.10, 0.55),
    "Li_hcp": ("Li", 194, 2, 2, 3.11, 0.54),
    "In_bct": ("In", 139, 2, 1, 3.25, 7.29),
    "Sn_alpha": ("Sn", 227, 8, 2, 2.81, 5.77),
    "Sn_beta": ("Sn", 141, 4, 2, 3.02, 7.29),
    "Al_fcc": ("Al", 225, 4, 1, 2.86, 2.70),
    "Ga_alpha": ("Ga", 64, 8, 4, 2.48, 5.91),
    "LiIn": ("LiIn", 227, 16, 4, 2.94, 5.18),
    "Li5In4": ("Li5In4", 164, 9, 9, 2.80, 4.67),
    "Li3In2": ("Li3In2", 166, 15, 5, 2.84, 4.31),
    "Li2In": ("Li2In", 63, 12, 6, 2.81, 3.79),
    "Li3In_D03": ("Li3In", 225, 16, 4, 2.89, 3.02),
    "Li3In_L12": ("Li3In", 221, 4, 4, 2.98, 3.00),
    "Li13In3": ("Li13In3", 227, 128, 32, 2.79, 2.32),
    "LiIn3_L12": ("LiIn3", 221, 4, 4, 3.25, 6.01),
    "LiIn3_D022": ("LiIn3", 139, 8, 4, 3.25, 5.98),
    "LiIn3_D023": ("LiIn3", 139, 16, 8, 3.21, 6.03),
    "LiIn2_C15": ("LiIn2", 227, 24, 6, 3.03, 4.99),
    "LiIn2_MoSi2": ("LiIn2", 139, 6, 3, 3.02, 5.71),
    "Li2Sn5": ("Li2Sn5", 127, 14, 14, 3.03, 6.12),
    "LiSn_P2m": ("LiSn", 10, 6, 6, 3.00, 5.08),
    "LiSn_I41amd": ("LiSn", 141, 24, 12, 2.98, 4.97),
    "Li7Sn3": ("Li7Sn3", 11, 20, 20, 2.80, 3.66),
    "Li5Sn2": ("Li5Sn2", 166, 21, 7, 2.73, 3.51),
    "Li13Sn5": ("Li13Sn5", 164, 18, 18, 2.75, 3.47),
    "Li8Sn3": ("Li8Sn3", 166, 33, 11, 2.78, 3.43),
    "Li7Sn2": ("Li7Sn2", 65, 36, 18, 2.65, 2.96),
    "Li17Sn4": ("Li17Sn4", 216, 420, 105, 2.54, 2.58),
    "LiCl": ("LiCl", 225, 8, 2, 2.57, 2.07),
    "Li2S": ("Li2S", 225, 12, 3, 2.47, 1.64),
    "Li3P": ("Li3P", 194, 8, 8, 2.47, 1.43),
    "Li6PS5Cl_ordered_24g": ("Li6PS5Cl", 216, 52, 13, 2.06, 1.64),
    "Li6PS5Cl_ordered_48h": ("Li6PS5Cl", 1, 13, 13, 2.05, 1.79),
    "Li6PS5Cl_average": ("Li6PS5Cl", 216, 76, 19, 1.96, 1.86),
    "Li9Al4": ("Li9Al4", 12, 26, 13, 2.68, 1.31),
    "LiAl": ("LiAl", 227, 16, 4, 2.76, 1.74),
    "Li3Ga2": ("Li3Ga2", 166, 15, 5, 2.67, 3.47),
    "InS": ("InS", 58, 8, 8, 2.56, 5.24),
    "InCl_Cmcm": ("InCl", 63, 8, 4, 3.14, 4.07),
    "InCl_P213": ("InCl", 198, 64, 64, 2.89, 4.22),
    "In2S3_beta": ("In2S3", 141, 80, 40, 2.48, 4.64),
    "InP": ("InP", 216, 8, 2, 2.54, 4.79),
    "GaCl3": ("GaCl3", 12, 16, 8, 2.11, 2.49),
    "InCl3": ("InCl3", 12, 16, 8, 2.45, 3.48),
    "AlCl3": ("AlCl3", 12, 16, 8, 2.31, 2.51),
    "Li3PS4_beta_average": ("Li3PS4", 62, 36, 36, 1.41, 1.85),
    "Li3PS4_beta_4b": ("Li3PS4", 62, 32, 32, 2.01, 1.85),
    "Al2O3": ("Al2O3", 167, 30, 10, 1.85, 3.99),
    "P_black": ("P", 64, 8, 4, 2.22, 2.71),
    "S_alpha": ("S", 70, 128, 32, 2.04, 2.07),
    "Cl_A14": ("Cl", 64, 8, 4, 2.01, 2.04),
    "Li4P2S6_P31m": ("Li2PS3", 162, 12, 12, 2.04, 2.19),
    "LiAlCl4": ("LiAlCl4", 14, 24, 24, 2.12, 1.97),
}

# Handbook densities at room temperature (recalled, CRC Handbook of Chemistry and Physics): a wrong cell or a wrong
# number of formula units shows up as far more than 5 %.
MEASURED_DENSITY = {
    "Li_bcc": 0.534,
    "In_bct": 7.31,
    "Sn_beta": 7.287,
    "Sn_alpha": 5.769,
    "Al_fcc": 2.70,
    "Ga_alpha": 5.91,
    "LiCl": 2.07,
    "Li2S": 1.64,
    "InP": 4.81,
    "Al2O3": 3.99,
    "AlCl3": 2.48,
    "GaCl3": 2.47,
    "InCl3": 3.46,
    "InCl_Cmcm": 4.19,
    "InS": 5.2,
    "In2S3_beta": 4.45,
    "P_black": 2.69,
    "S_alpha": 2.07,
}

DEFAULTS = {
    "Li": "Li_bcc",
    "In": "In_bct",
    "Sn": "Sn_beta",
    "Al": "Al_fcc",
    "Ga": "Ga_alpha",
    "LiIn": "LiIn",
    "Li3In": "Li3In_D03",
    "LiIn3": "LiIn3_L12",
    "LiIn2": "LiIn2_C15",
    "LiSn": "LiSn_P2m",
    "InCl": "InCl_Cmcm",
    "Li6PS5Cl": "Li6PS5Cl_ordered_48h",
    "Li3PS4": "Li3PS4_beta_4b",
    "P": "P_black",
    "S8": "S_alpha",
    "Cl2": "Cl_A14",
    "Li4P2S6": "Li4P2S6_P31m",
}


def test_library_has_exactly_the_known_entries_and_generated_ones():
    assert set(library.names()) == {*KNOWN, "LiIn35"}


@pytest.mark.parametrize("name", KNOWN)
def test_composition_cell_and_density(name):
    formula, _, n_conventional, n_primitive, shortest, density = KNOWN[name]
    phase = library.phase(name)
    assert phase.formula == formula
    assert phase.structure.composition.reduced_composition.almost_equals(
        Composition(formula).reduced_composition, rtol=0.02
    )
    assert len(phase.structure) == n_conventional
    assert len(phase.primitive()) == n_primitive
    assert shortest_contact(phase.structure).distance == pytest.approx(shortest, abs=0.006)
    assert phase.structure.density == pytest.approx(density, abs=0.006)


@pytest.mark.parametrize("symprec", [0.01, 0.1])
@pytest.mark.parametrize("name", KNOWN)
def test_space_group(name, symprec):
    phase = library.phase(name)
    kinds: dict[str, int] = {}
    numbers = [kinds.setdefault(site.species_string, len(kinds) + 1) for site in phase.structure]
    cell = (phase.structure.lattice.matrix, phase.structure.frac_coords, numbers)
    assert spglib.get_symmetry_dataset(cell, symprec=symprec).number == KNOWN[name][1]


@pytest.mark.parametrize("name", KNOWN)
def test_neighbours_are_bonded(name):
    phase = library.phase(name)
    if phase.ordered:
        assert 0.85 < tightest_contact(phase.structure).relative_distance < 1.3


@pytest.mark.parametrize("name", MEASURED_DENSITY)
def test_density_is_near_the_measured_one(name):
    assert library.phase(name).structure.density == pytest.approx(MEASURED_DENSITY[name], rel=0.05)


@pytest.mark.parametrize("name", KNOWN)
def test_primitive_cell_is_the_same_crystal(name):
    phase = library.phase(name)
    assert phase.primitive().density == pytest.approx(phase.structure.density, rel=1e-6)


def test_every_formula_has_exactly_one_default():
    entries = library.entries()
    defaults = Counter(composition_key(entry.formula) for entry in entries if entry.default)
    assert set(defaults) == {composition_key(entry.formula) for entry in entries}
    assert set(defaults.values()) == {1}


@pytest.mark.parametrize(("formula", "name"), DEFAULTS.items())
def test_formula_means_its_default(formula, name):
    assert library.phase(formula).name == name
    assert library.phase(formula).default


def test_entries_say_where_they_come_from():
    for entry in library.entries():
        assert entry.source
        assert entry.confidence_reason
        assert entry.generated or entry.checked
        assert entry.kind in {"experimental", "hypothetical"}
        assert entry.confidence in {"high", "medium", "low"}


def test_recalled_values_are_marked_as_such():
    assert "recalled value, not re-read from the primary paper" in library.phase("Li13In3").source
    assert "SevenNet-0" in library.phase("Li5In4").source


def test_formulas_of_entries_are_written_as_parsed():
    for entry in library.entries():
        amounts = parse_formula(entry.formula)
        assert reduced_amounts(amounts) == amounts


@pytest.mark.parametrize("spelling", ["Li13In3", "In3Li13", "Li26In6", " In3Li13 "])
def test_a_formula_in_any_spelling(spelling):
    assert library.phase(spelling).name == "Li13In3"


def test_an_exact_name_means_that_entry():
    assert library.phase("LiSn_I41amd").name == "LiSn_I41amd"
    assert not library.phase("LiSn_I41amd").default


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Li13In4", "'Li13In3'"), ("LiSn_I41and", "'LiSn_I41amd'"), ("liin", "'LiIn'"), ("", "no ''"), ("Li-In", "")],
)
def test_an_unknown_phase_names_the_nearest(name, hint):
    with pytest.raises(InputError, match="the phase library has no") as caught:
        library.phase(name)
    assert hint in str(caught.value)


def test_phases_of_a_system_include_the_elements_but_no_generated_cell():
    names = [phase.name for phase in library.phases("In-Li")]
    assert names[0] == "In_bct"
    assert names[-4] == "Li_bcc"
    assert {"LiIn", "Li5In4", "Li3In2", "Li2In", "Li13In3"} <= set(names)
    assert "LiIn35" not in names
    assert "LiSn_P2m" not in names
    assert "LiIn35" in [phase.name for phase in library.phases("Li-In", include_generated=True)]


def test_phases_are_sorted_by_lithium_fraction():
    fractions = [phase.structure.composition.get_atomic_fraction("Li") for phase in library.phases("Li-In")]
    assert fractions == sorted(fractions)


@pytest.mark.parametrize("system", ["Li-Pb", "Li-Xx", "LiIn", "", "Li--In"])
def test_a_system_that_cannot_be_served_is_refused(system):
    with pytest.raises(InputError):
        library.phases(system)


def test_systems():
    assert {"Li-In", "Li-Sn", "Li-Al", "Li-Ga", "Li-Cl-P-S"} <= set(library.systems())


def molecules(structure, bonded):
    """Return the sizes of groups of atoms that are joined by distances below ``bonded``, Å."""
    joined = structure.distance_matrix < bonded
    left, sizes = set(range(len(structure))), []
    while left:
        group, edge = set(), {left.pop()}
        while edge:
            group |= edge
            edge = {int(j) for i in edge for j in np.flatnonzero(joined[i])} - group
        left -= group
        sizes.append(len(group))
    return sizes


@pytest.mark.parametrize(("name", "size", "bonded"), [("S_alpha", 8, 2.2), ("Cl_A14", 2, 2.2)])
def test_elements_of_molecules_are_made_of_them(name, size, bonded):
    assert set(molecules(library.phase(name).structure, bonded)) == {size}


def test_thiophosphate_units_are_whole():
    """Each P of P2S6 has one P and three S, each Al of AlCl4 four Cl."""
    for name, center, ligands in (("Li4P2S6_P31m", "P", {"P": 1, "S": 3}), ("LiAlCl4", "Al", {"Cl": 4})):
        structure = library.phase(name).structure
        for index in structure.indices_from_symbol(center):
            near = structure.get_neighbors(structure[index], 2.5)
            assert Counter(site.specie.symbol for site in near if site.specie.symbol != "Li") == ligands


def test_disordered_entries_have_mixed_sites_of_full_occupancy():
    average = library.phase("Li6PS5Cl_average")
    assert not average.ordered
    mixed = [site for site in average.structure if len(site.species) == 2]
    assert len(mixed) == 8
    assert all(sum(site.species.values()) == pytest.approx(1.0) for site in mixed)


def test_changing_a_loaded_structure_leaves_the_library_alone():
    first = library.phase("LiCl")
    first.structure.translate_sites([0], [0.3, 0.1, 0.0])
    assert np.allclose(library.phase("LiCl").structure[0].frac_coords, 0)


def test_the_generated_cell_is_made_when_asked_for():
    phase = library.phase("LiIn35")
    assert phase.structure.composition == Composition("LiIn35")
    assert (phase.kind, phase.default) == ("hypothetical", True)
    assert library.phase("In35Li").name == "LiIn35"


def test_listing_needs_neither_pymatgen_nor_numpy():
    code = (
        "import sys; from lianode.structures.library import names, entries, systems;"
        "names(); entries('Li-In'); systems();"
        "print([m for m in ('pymatgen', 'numpy', 'ase', 'scipy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [e.name for e in library.entries() if library.phase(e.name).ordered])
def test_a_relaxed_primitive_cell_goes_back_into_the_stored_one(name):
    phase = library.phase(name)
    primitive = phase.primitive()
    strain = np.array([[1.02, 0.01, 0.0], [0.0, 0.97, 0.02], [0.0, 0.0, 1.01]])
    primitive.lattice = Lattice(primitive.lattice.matrix @ strain)
    relaxed = phase.relaxed(primitive)
    assert np.allclose(relaxed.structure.lattice.matrix, phase.structure.lattice.matrix @ strain)
    assert relaxed.structure.composition == phase.structure.composition
    # the same atoms as those of the stored cell, strained: every one is found on an atom of its element
    apart = relaxed.structure.lattice.get_all_distances(phase.structure.frac_coords, relaxed.structure.frac_coords)
    like = np.array([[one.specie == other.specie for other in relaxed.structure] for one in phase.structure])
    assert np.where(like, apart, np.inf).min(axis=1).max() < 0.02
    assert relaxed.name == name


def test_another_crystal_is_no_relaxed_cell_of_a_phase():
    with pytest.raises(InputError, match="no relaxed cell of it"):
        library.phase("Li").relaxed(library.phase("In").primitive())
