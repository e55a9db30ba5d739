"""The parts of an interface cell that its energy needs: the whole, either side alone, either side's strained crystal.

The recipe ``part of an interface cell`` has the parents and parameters of an ``interface cell``
(:mod:`lianode.workflows.interface_md.starts`), and the name of the part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from lianode.analysis.checks import Check
from lianode.workflows.interface_md.starts import built_cell
from lianode.workflows.promotion import Start

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.interfaces.interface_cell import InterfaceCell
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

PART: Final = "part of an interface cell"
Part = Literal["whole", "film", "substrate", "film bulk", "substrate bulk"]


def part_of(cell: InterfaceCell, part: Part) -> Structure:
    """Return a part: the sides keep the cell's box, so that k-points and cut-offs are the same."""
    match part:
        case "whole":
            return cell.structure
        case "film" | "substrate":
            return cell.slab(part)
        case "film bulk":
            return cell.strained_bulk("film")
        case "substrate bulk":
            return cell.strained_bulk("substrate")


def part_parameters(cell: dict[str, Any], part: Part) -> dict[str, Any]:
    """Return the parameters of a part's source, given those of the cell."""
    return {**cell, "part": part}


def part_start(request: Request, results: Results) -> Start:
    """Return a part of the cell made of the relaxed crystals.

    Raises
    ------
    NoStartError
        When a relaxation that it needs has no result, or the relaxed crystals do not match.
    """
    parents = request.source.parents
    parameters = request.source.parameters
    built = built_cell(parents, parameters, results.calculations(list(parents)))
    text = f"{parameters['part']} of {built.cell.name}, strained by up to {built.cell.match.strain:.2%}"
    return Start(part_of(built.cell, parameters["part"]), None, Check(name="start_accepted", passed=True, message=text))
