"""What the calculations of an interface begin from: relaxed crystals, the cell made of them, and what it became.

Recipes, with their parents:

- ``interface cell``: the relaxations of the anode and of the electrolyte's models. The cell is made of the crystals as
  they relaxed, so that what is strained is strained by what its mismatch is.
- ``where the parent ended``: one calculation of the same atoms. After a run at constant pressure the cell is its mean,
  as the last one is a fluctuation.
- ``supercell of the relaxed crystal``: the relaxation of its primitive cell.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from lianode.analysis.checks import Check
from lianode.structures.errors import InputError
from lianode.structures.interfaces.pairing import CellChoice, interface_cell
from lianode.workflows.calculation import State
from lianode.workflows.promotion import NoStartError, Start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymatgen.core import Structure

    from lianode.structures.interfaces.interface_cell import InterfaceCell
    from lianode.structures.phase import Phase
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.electrolytes import ElectrolyteModel
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

CELL = "interface cell"
AFTER = "where the parent ended"
RELAXED_SUPERCELL = "supercell of the relaxed crystal"
SLACK = 1.5
"""Strain of relaxed crystals over the largest that was asked for, up to which their cell is made, and flagged."""


@dataclass(frozen=True, kw_only=True)
class BuiltCell:
    """An interface cell with what it was made of.

    Attributes
    ----------
    cell
        The cell.
    anode, model
        The relaxations that it is made of.
    above_lowest
        Energy of the model above that of the lowest one, eV/atom.
    of
        How many models were relaxed.
    max_strain
        That was asked for.
    """

    cell: InterfaceCell
    anode: Calculation
    model: Calculation
    above_lowest: float
    of: int
    max_strain: float

    def strain_check(self) -> Check:
        """Say whether the relaxed crystals match within the strain that was asked for."""
        strain = self.cell.match.strain
        return Check(
            name="strain_within_limit",
            passed=strain <= self.max_strain * (1 + 1e-6),
            message=f"the relaxed crystals are strained by up to {strain:.2%} (limit {self.max_strain:.2%})",
        )


def built_cell(parents: Sequence[str], parameters: Mapping[str, Any], found: Mapping[str, Calculation]) -> BuiltCell:
    """Build the cell of a request from its parents.

    Parameters
    ----------
    parents
        Keys of the relaxations of the anode, and of the electrolyte's models.
    parameters
        Of the request's source, see :func:`cell_parameters`.
    found
        Calculations by key.

    Raises
    ------
    NoStartError
        When a relaxation that it needs has no result, or the relaxed crystals do not match.
    """
    anode = _relaxed(found.get(parents[0]), str(parameters["anode"]["name"]))
    models = [found.get(key) for key in parents[1:]]
    done = sorted((one for one in models if one is not None and one.state is State.CONVERGED), key=_per_atom)
    rank = int(parameters["rank"])
    if len(done) < rank:
        why = next((one.reason for one in models if one is not None and one.reason), "not computed")
        ended = {State.UNCONVERGED if one is None else one.state for one in models} - {State.CONVERGED}
        raise NoStartError(
            f"only {len(done)} of {len(models)} models of the electrolyte are relaxed: {why}",
            State.FAILED if ended == {State.FAILED} else State.UNCONVERGED,
        )
    chosen = done[rank - 1]
    choice: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in parameters["cell"].items()
    }
    sides = _crystal(parameters["anode"], anode), _crystal(parameters["electrolyte"], chosen)
    above = _per_atom(chosen) - _per_atom(done[0])
    return BuiltCell(
        cell=_cell(*sides, CellChoice(**choice)), anode=anode, model=chosen, above_lowest=above, of=len(models),
        max_strain=float(choice["max_strain"]),
    )  # fmt: skip


def _cell(anode: Phase, electrolyte: Phase, choice: CellChoice) -> InterfaceCell:
    """Return the cell of relaxed crystals.

    They may match a little worse than those that the campaign was planned with; then the cell is made all the same, and
    flagged.
    """
    try:
        return interface_cell(anode, electrolyte, choice)
    except InputError as error:
        try:
            return interface_cell(anode, electrolyte, replace(choice, max_strain=SLACK * choice.max_strain))
        except InputError:
            raise NoStartError(f"the relaxed crystals make no cell: {error}", State.FAILED) from error


def cell_parameters(anode: Phase, electrolyte: ElectrolyteModel, choice: CellChoice, rank: int) -> dict[str, Any]:
    """Return the parameters of an interface cell's source: names and whole numbers, and what was chosen.

    Parameters
    ----------
    anode, electrolyte
        The crystals; of several models of an electrolyte any one.
    choice
        Of the cell.
    rank
        Of the model by relaxed energy, from 1.
    """
    whole = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]  # models of disordered crystals relax in the stored cell
    vectors = whole if electrolyte.number is not None else electrolyte.phase.stored_vectors.tolist()
    return {
        "anode": {"name": anode.name, "formula": anode.formula, "vectors": anode.stored_vectors.tolist()},
        "electrolyte": {"name": electrolyte.name, "formula": electrolyte.phase.formula, "vectors": vectors},
        "cell": {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(choice).items()},
        "rank": rank,
    }


def cell_start(request: Request, results: Results) -> Start:
    """Return the interface cell made of the relaxed crystals.

    Raises
    ------
    NoStartError
        When a relaxation that it needs has no result, or the relaxed crystals do not match.
    """
    parents = request.source.parents
    built = built_cell(parents, request.source.parameters, results.calculations(list(parents)))
    text = f"{built.cell.name}, {len(built.cell.structure)} atoms, strained by up to {built.cell.match.strain:.2%}"
    if built.of > 1:
        text += f"; its electrolyte is {1e3 * built.above_lowest:.1f} meV/atom above the lowest of {built.of} models"
    return Start(built.cell.structure, built.model.key, Check(name="start_accepted", passed=True, message=text))


def after_start(request: Request, results: Results) -> Start:
    """Return the atoms as the parent left them, in its mean cell where that varied.

    Raises
    ------
    NoStartError
        When the parent has no result.
    """
    from pymatgen.core import Structure

    (key,) = request.source.parents
    parent = _relaxed(results.calculation(key), "the calculation before this one")
    last = _structure(parent)
    if parent.mean_cell is not None:
        last = Structure(parent.mean_cell, last.species, last.frac_coords)
    message = f"begun where {parent.task.kind} {key[:8]} with {parent.engine} ended"
    return Start(last, key, Check(name="start_accepted", passed=True, message=message))


def supercell_start(request: Request, results: Results) -> Start:
    """Return the supercell of a relaxed crystal.

    Raises
    ------
    NoStartError
        When the relaxation has no result.
    """
    (key,) = request.source.parents
    parent = _relaxed(results.calculation(key), request.label)
    repeats = tuple(request.source.parameters["repeats"])
    message = f"the supercell {'x'.join(map(str, repeats))} of the relaxed crystal ({key[:8]})"
    return Start(_structure(parent) * repeats, key, Check(name="start_accepted", passed=True, message=message))


def _relaxed(calculation: Calculation | None, what: str) -> Calculation:
    if calculation is None:
        raise NoStartError(f"{what} has not been computed", State.UNCONVERGED)
    if calculation.state is not State.CONVERGED or calculation.structure is None:
        state = State.FAILED if calculation.state is State.FAILED else State.UNCONVERGED
        raise NoStartError(f"{what} is {calculation.state.value}: {calculation.reason or 'no reason'}", state)
    return calculation


def _structure(calculation: Calculation) -> Structure:
    from pymatgen.core import Structure

    return Structure.from_dict(calculation.structure or {})


def _per_atom(calculation: Calculation) -> float:
    return float("inf") if calculation.energy is None else calculation.energy / calculation.n_atoms


def _crystal(side: Mapping[str, Any], calculation: Calculation) -> Phase:
    """Return a relaxed crystal in the cell that plane indices refer to."""
    from lianode.structures.phase import Phase

    return Phase(
        name=side["name"],
        formula=side["formula"],
        structure=_structure(calculation) * side["vectors"],
        kind="hypothetical",
        default=False,
        source=f"relaxed with {calculation.engine} ({calculation.key})",
        confidence="user",
        confidence_reason="as it relaxed",
    )
