"""Documents of elastic tensors: what is in them, what is checked, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.units import GPa
from lianode_test_elastic_crystals import asked, crystal, measured, of_crystal
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor

from lianode.analysis.checks import Check, failed
from lianode.analysis.elastic.document import ElasticDocument, StrainedCell
from lianode.analysis.elastic.elastic import derived_again, elastic, reference_cell
from lianode.structures.crystal_axes import crystal_axes
from lianode.structures.errors import InputError
from lianode.structures.strains import independent_strains, strained
from lianode.workflows.engines.morse import MorseCalculator

NAME = "trigonal -3m (axes along a)"


def made_up(name: str = NAME):
    cell = crystal(name)
    return measured(cell, of_crystal(cell, 2))


def changed(cells, change):
    """Return the cells with stresses (6,) that depend on pattern, magnitude and old stress."""
    return [
        cell.model_copy(
            update={"stress_GPa": tuple(change(cell.pattern, cell.magnitude, np.array(cell.stress_GPa)).tolist())}
        )
        for cell in cells
    ]


def failures(document: ElasticDocument) -> list[tuple[str, str | None]]:
    return [(check.name, check.subject) for check in failed(document.checks)]


def test_document_survives_the_store_and_is_derived_again() -> None:
    extra = Check(name="forces_converged", passed=False, message="largest force 1 eV/Å")
    first = elastic(**asked(*made_up(), calculations={"reference": "a", "xx+1%": "b"}, checks=[extra]))
    stored = ElasticDocument.model_validate_json(first.model_dump_json())
    assert stored.model_dump(mode="json") == first.model_dump(mode="json")
    again = derived_again(stored)
    assert again.key == first.key
    assert np.array(again.tensor_GPa) == pytest.approx(np.array(first.tensor_GPa), abs=1e-12)
    assert again.checks == first.checks
    assert failures(again) == [("forces_converged", None)]


def test_document_tells_the_moduli() -> None:
    found = elastic(**asked(*made_up()))
    assert found.property == "elastic"
    assert found.space_group == 150
    assert found.crystal_class == "trigonal -3m"
    assert found.stable
    assert found.moduli is not None
    assert found.youngs_modulus_GPa == found.moduli.youngs_hill_GPa
    assert found.softest is not None
    assert found.stiffest is not None
    assert found.softest.youngs_modulus_GPa < found.stiffest.youngs_modulus_GPa
    assert len(found.strained_cells) == 10
    assert all(condition.fulfilled for condition in found.born_conditions)


def test_even_orders_cancel() -> None:
    """Stresses that grow as e² change no element: both signs are there."""
    cell = crystal("triclinic")
    reference, cells = measured(cell, of_crystal(cell, 2))
    plain = elastic(**asked(reference, cells))
    # in second Piola-Kirchhoff stress an even part is even; in Cauchy stress up to the next order
    bent = elastic(**asked(reference, changed(cells, lambda _, e, s: s + 300 * e**2 * np.arange(6))))
    assert np.array(bent.tensor_GPa) == pytest.approx(np.array(plain.tensor_GPa), abs=0.1)
    off = elastic(**asked(reference, changed(cells, lambda _, e, s: s + 300 * abs(e) * e * np.arange(6))))
    assert np.abs(np.array(off.tensor_GPa) - np.array(plain.tensor_GPa)).max() > 1


def test_nonlinearity_is_measured_and_flags() -> None:
    """A term q e³ makes the slope at e larger by q e²: here 100e4 (0.01² - 0.005²) = 75 GPa."""
    reference, cells = made_up()
    curved = changed(cells, lambda p, e, s: s + 1e6 * e**3 * np.array([0, 0, p == "zz", 0, 0, 0]))
    found = elastic(**asked(reference, curved))
    assert failures(found) == [("linear", "zz"), ("youngs_modulus_linear", None)]
    message = next(check.message for check in found.checks if check.subject == "zz")
    assert "slopes at 0.5 % and 1 % differ by up to 7" in message


def test_an_error_that_only_the_modulus_shows_flags() -> None:
    """2 GPa in 150 are nothing, but not in a shear of 4 GPa."""
    cell = crystal("cubic m-3m")
    tensor = np.diag([4.0, 4, 4, 3, 3, 3])
    tensor[:3, :3] += 150
    reference, cells = measured(cell, tensor)
    wrong = changed(cells, lambda p, e, s: s + 2 * e * (abs(e) < 0.01) * np.array([p == "xx", 0, 0, 0, 0, 0]))
    assert failures(elastic(**asked(reference, wrong))) == [("youngs_modulus_linear", None)]


def test_a_crystal_that_is_stable_at_one_magnitude_only_flags() -> None:
    cell = crystal("cubic m-3m")
    tensor = np.diag([1.0, 1, 1, 3, 3, 3])
    tensor[:3, :3] += 150
    reference, cells = measured(cell, tensor)
    wrong = changed(cells, lambda p, e, s: s - 3 * e * (abs(e) < 0.01) * np.array([p == "xx", 0, 0, 0, 0, 0]))
    found = elastic(**asked(reference, wrong))
    assert failures(found) == [("youngs_modulus_linear", None)]
    assert "0.5 % alone give an unstable crystal, of 1 % alone give" in failed(found.checks)[0].message


def test_one_magnitude_cannot_judge_linearity() -> None:
    cell = crystal(NAME)
    found = elastic(**asked(*measured(cell, of_crystal(cell, 2), magnitudes=(0.01,)), magnitudes=(0.01,)))
    assert {check.passed for check in found.checks if check.name == "linear"} == {None}
    assert not found.flagged


def test_asymmetry_of_the_raw_matrix_flags() -> None:
    """A stress along z that xx causes without its counterpart: no energy has such stresses."""
    reference, cells = made_up()
    wrong = changed(cells, lambda p, e, s: s + 20 * e * np.array([0, 0, p == "xx", 0, 0, 0]))
    assert failures(elastic(**asked(reference, wrong))) == [("symmetric_tensor", None)]


def test_asymmetry_cannot_be_seen_in_cubic_crystals() -> None:
    found = elastic(**asked(*made_up("cubic m-3m")))
    check = next(check for check in found.checks if check.name == "symmetric_tensor")
    assert check.passed is None


def test_a_strained_crystal_that_lost_its_symmetry_flags() -> None:
    """Under xx a cubic crystal stays tetragonal and has no shear stress."""
    reference, cells = made_up("cubic m-3m")
    wrong = changed(cells, lambda p, e, s: s + 3 * (e == 0.01) * np.array([0, 0, 0, 0, 0, p == "xx"]))
    assert ("stress_symmetry", None) in failures(elastic(**asked(reference, wrong)))


def test_an_unstable_crystal_has_a_tensor_and_no_moduli() -> None:
    cell = crystal("cubic m-3m")
    tensor = np.diag([-5.0, -5, -5, 30, 30, 30])
    tensor[:3, :3] += 40
    found = elastic(**asked(*measured(cell, tensor)))
    assert failures(found) == [("mechanically_stable", None)]
    assert np.array(found.tensor_GPa) == pytest.approx(tensor)
    assert not found.stable
    assert found.youngs_modulus_GPa is found.moduli is found.softest is None
    assert "violated: C11 > C12 (tetragonal shear)" in failed(found.checks)[0].message


def test_stresses_decide_nothing_about_the_key_but_inputs_do() -> None:
    reference, cells = made_up()
    first = elastic(**asked(reference, cells, calculations={"xx+1%": "a"}))
    other = elastic(**asked(reference, cells, calculations={"xx+1%": "b"}))
    assert first.key != other.key


def test_a_failed_strain_fails_the_result() -> None:
    reference, cells = made_up()
    cells[3] = cells[3].model_copy(update={"stress_GPa": None, "reason": "the relaxation did not converge"})
    with pytest.raises(
        InputError, match=r"^elastic test: the strain xx-1% has no stress \(the relaxation did not converge\), and"
    ):
        elastic(**asked(reference, cells))


def test_a_strain_with_a_stress_that_must_not_count_fails_the_result() -> None:
    reference, cells = made_up()
    cells[0] = cells[0].model_copy(update={"reason": "another crystal"})
    with pytest.raises(InputError, match=r"the strain xx\+0.5% has no stress \(another crystal\)"):
        elastic(**asked(reference, cells))


def test_a_missing_strain_fails_the_result() -> None:
    reference, cells = made_up()
    with pytest.raises(InputError, match=r"strains are missing.*: zz\+1%, xz\+0.5%$"):
        elastic(**asked(reference, [c for c in cells if (c.pattern, c.magnitude) not in {("zz", 0.01), ("xz", 0.005)}]))


def test_a_magnitude_that_was_asked_for_and_is_not_there() -> None:
    reference, cells = made_up()
    with pytest.raises(InputError, match=r"strains are missing.*: xx\+1%, xx-1%, zz\+1%, zz-1%, xz\+1%$"):
        elastic(**asked(reference, [cell for cell in cells if abs(cell.magnitude) < 0.01]))


def test_other_broken_input() -> None:
    reference, cells = made_up()
    with pytest.raises(InputError, match="no strained cell was computed"):
        elastic(**asked(reference, []))
    with pytest.raises(InputError, match=r"xx\+0.5% stands there twice"):
        elastic(**asked(reference, [*cells, cells[0]]))
    with pytest.raises(InputError, match=r"the stress of the strain xx\+0.5% is not finite"):
        elastic(**asked(reference, changed(cells, lambda *known: known[2] * np.nan)))
    with pytest.raises(InputError, match="the stress of the relaxed crystal is not finite"):
        elastic(**asked(reference.model_copy(update={"stress_GPa": (np.nan,) * 6}), cells))


def test_a_reference_that_is_another_crystal() -> None:
    reference, cells = made_up("cubic m-3m")
    lattice = {"matrix": (np.array(reference.structure["lattice"]["matrix"]) * [1, 1, 1.2]).tolist()}
    broken = reference.model_copy(update={"structure": {**reference.structure, "lattice": lattice}})
    with pytest.raises(InputError, match="has not the symmetry of the crystal that was asked for"):
        elastic(**asked(broken, cells))


def test_stresses_against_energies_where_atoms_move() -> None:
    """Hcp with a pair potential: C = d²(U/V0)/dE² from energies of the same cells; atoms inside relax under xx.

    Shears count twice: U/V0 = C44 (2 E_yz)²/2.
    """

    def relaxed(structure: Structure):
        atoms = AseAtomsAdaptor.get_atoms(structure)
        atoms.calc = MorseCalculator()
        BFGS(atoms, logfile=None).run(fmax=1e-6, steps=200)
        return atoms

    start = Structure(Lattice.hexagonal(3.2, 5.2), ["In", "In"], [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]])
    atoms = relaxed(start)
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-6, steps=200)
    structure = AseAtomsAdaptor.get_structure(atoms)
    axes = crystal_axes(start)
    cells, energies = [], {}
    for strain in independent_strains(axes.rotations(np.asarray(structure.lattice.matrix)), (0.001, 0.002)):
        done = relaxed(strained(structure, axes, strain))
        energies[strain.pattern, strain.magnitude] = done.get_potential_energy()
        stress = tuple((done.get_stress() / GPa).tolist())
        cells.append(StrainedCell(pattern=strain.pattern, magnitude=strain.magnitude, stress_GPa=stress))
    left = tuple((atoms.get_stress() / GPa).tolist())
    found = elastic(**asked(reference_cell(structure, axes, left), cells, magnitudes=(0.001, 0.002)))
    assert found.crystal_class == "hexagonal"
    assert not found.flagged
    tensor, zero, e = np.array(found.tensor_GPa), atoms.get_potential_energy(), 0.002
    for row, pattern, weight in ((0, "xx", 1), (2, "zz", 1), (3, "yz", 4)):
        up = energies[pattern, e]
        down = energies.get((pattern, -e), up)  # a mirror reverses the shear
        curvature = (up + down - 2 * zero) / e**2 / structure.volume / GPa
        assert tensor[row, row] * weight == pytest.approx(curvature, rel=2e-3)
    frozen = AseAtomsAdaptor.get_atoms(strained(structure, axes, independent_strains(np.eye(3)[None], [e])[0]))
    frozen.calc = MorseCalculator()
    assert frozen.get_potential_energy() > energies["xx", e] + 1e-9  # the atoms did move
