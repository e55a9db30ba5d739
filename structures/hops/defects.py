"""A vacancy, an extra lithium, or a pair of lithium and vacancy, in a supercell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.hops.exchange import ExchangeSurvey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.hops.hop import Hop
    from lianode.structures.hops.supercell import Supercell
    from lianode.structures.hops.survey import HopSurvey

_ADDED = -1  # key of an atom that the perfect crystal has not


@dataclass(frozen=True, kw_only=True)
class DefectCell:
    """A supercell with one defect.

    Attributes
    ----------
    structure
        Unrelaxed, elements together.
    anchor
        A point that belongs to the defect, in fractional coordinates of the supercell: where the vacancy is, or the
        lithium.
    """

    structure: Structure
    anchor: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Content:
    """Atoms by the number that each has in the perfect crystal: element and fractional coordinates."""

    atoms: Mapping[int, tuple[str, NDArray[np.float64]]]
    anchor: NDArray[np.float64]

    def with_atom(self, key: int, place: NDArray[np.float64], anchor: NDArray[np.float64]) -> _Content:
        return _Content(atoms={**self.atoms, key: (self.atoms[key][0], place)}, anchor=anchor)


def defect_cell(
    survey: HopSurvey | ExchangeSurvey, node: int, image: tuple[int, int, int], cell: Supercell
) -> DefectCell:
    """Build the supercell with the defect on one node.

    Parameters
    ----------
    survey
        Whose node it is.
    node
        Its number.
    image
        Primitive cell that it is in.
    cell
        The supercell.
    """
    return _built(_content(survey, node, image, cell), cell)


def moved(survey: HopSurvey | ExchangeSurvey, hop: Hop, cell: Supercell) -> tuple[DefectCell, DefectCell]:
    """Build both ends of a hop, atoms in one order; only the moving atom's place differs, and is not wrapped."""
    initial = _content(survey, hop.start, (0, 0, 0), cell)
    key, step, anchor = _move(survey, hop, cell)
    place = initial.atoms[key][1] + cell.fractional(step)
    final = initial.with_atom(key, place, cell.fractional(anchor))
    return _built(initial, cell), _built(final, cell)


def _move(
    survey: HopSurvey | ExchangeSurvey, hop: Hop, cell: Supercell
) -> tuple[int, NDArray[np.float64], NDArray[np.float64]]:
    """Return which atom moves, how far and where the defect is then, in coordinates of the primitive cell."""
    sites = survey.sites
    if isinstance(survey, ExchangeSurvey):
        start, end = survey.pairs[hop.start], survey.pairs[hop.end]
        mover: tuple[int, tuple[int, int, int]]
        if any(hop.image) or start.lithium != end.lithium:  # lithium goes to the vacancy
            mover = start.lithium, (0, 0, 0)
            anchor = sites.positions[end.lithium] + np.array(hop.image)
        else:
            mover = end.vacancy, end.image
            anchor = sites.positions[start.lithium]
        step = _between(survey, mover, (start.vacancy, start.image))
        return cell.atom(sites.atoms[mover[0]], mover[1]), step, anchor
    target = sites.positions[hop.end] + np.array(hop.image)
    step = target - sites.positions[hop.start]
    if hop.mechanism == "vacancy":
        return cell.atom(sites.atoms[hop.end], hop.image), -step, target
    return _ADDED, step, target


def _between(survey: ExchangeSurvey, start: tuple[int, Image], end: tuple[int, Image]) -> NDArray[np.float64]:
    positions = survey.sites.positions
    way: NDArray[np.float64] = positions[end[0]] + np.array(end[1]) - positions[start[0]] - np.array(start[1])
    return way


def _content(survey: HopSurvey | ExchangeSurvey, node: int, image: tuple[int, int, int], cell: Supercell) -> _Content:
    sites = survey.sites
    atoms = {number: (site.specie.symbol, np.asarray(site.frac_coords)) for number, site in enumerate(cell.structure)}
    if isinstance(survey, ExchangeSurvey):
        pair = survey.pairs[node]
        there = (pair.image[0] + image[0], pair.image[1] + image[1], pair.image[2] + image[2])
        del atoms[cell.atom(sites.atoms[pair.vacancy], there)]
        lithium = cell.atom(sites.atoms[pair.lithium], image)
        atoms[lithium] = (survey.solute, atoms[lithium][1])
        return _Content(atoms=atoms, anchor=cell.fractional(sites.positions[pair.lithium] + np.array(image)))
    anchor = cell.fractional(sites.positions[node] + np.array(image))
    if sites.atoms:
        del atoms[cell.atom(sites.atoms[node], image)]
    else:
        atoms[_ADDED] = (sites.mobile, anchor)
    return _Content(atoms=atoms, anchor=anchor)


def _built(content: _Content, cell: Supercell) -> DefectCell:
    from pymatgen.core import Element, Structure

    # elements together, as VASP wants them; the order depends on nothing that differs between the ends of a hop
    keys = sorted(content.atoms, key=lambda key: (Element(content.atoms[key][0]).X, content.atoms[key][0], key))
    structure = Structure(
        cell.structure.lattice, [content.atoms[key][0] for key in keys], [content.atoms[key][1] for key in keys]
    )
    return DefectCell(structure=structure, anchor=content.anchor)


Image = tuple[int, int, int]
