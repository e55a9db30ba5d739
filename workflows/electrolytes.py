"""Electrolytes as they are computed: ordered crystals, or ordered models of disordered ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.formulas import parse_formula
from lianode.structures.ordering.electrolytes import FORMAL_CHARGES, PARENT, argyrodite
from lianode.workflows.keys import Source
from lianode.workflows.request import phase_request, relax_phase

if TYPE_CHECKING:
    from lianode.structures.phase import Phase
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request
    from lianode.workflows.task import RelaxTask

MODEL = "displaced model"
DISPLACEMENT = 0.05
"""Å, along each axis: a relaxation would keep symmetry that an arrangement has and the disordered crystal has not."""
MOST_ALIKE = 4
"""Models, at most, with the same arrangement of anions: the lowest twenty of an argyrodite differ by their lithium."""


@dataclass(frozen=True, kw_only=True)
class ElectrolyteModel:
    """One crystal that stands for the electrolyte.

    Attributes
    ----------
    phase
        In the cell that plane indices refer to.
    number
        Rank by Ewald energy, from 1; None for an ordered crystal, which stands for itself.
    """

    phase: Phase
    number: int | None = None

    @property
    def name(self) -> str:
        """``Li6PS5Cl``: of a model the formula, as the models of one electrolyte differ by their energies only."""
        return self.phase.name if self.number is None else self.phase.formula

    def request(self, engine: Engine, task: RelaxTask, *, retry_failed: bool) -> Request:
        """Return the request to relax it: an ordered crystal as a hull does, a model without any symmetry.

        Raises
        ------
        InputError
            When the engine cannot compute it.
        """
        from lianode.structures.canonical import structure_hash

        if self.number is None:
            return relax_phase(engine, self.phase, task, retry_failed=retry_failed)
        source = Source(
            recipe=MODEL,
            structure_hash=structure_hash(self.phase.structure),
            parameters={"displacement": DISPLACEMENT, "seed": self.number},
        )
        cell = self.phase.structure.copy()
        moved = np.random.default_rng(self.number).normal(scale=DISPLACEMENT, size=(len(cell), 3))
        for index, vector in enumerate(moved):
            cell.translate_sites(index, vector, frac_coords=False, to_unit_cell=False)
        free = task.model_copy(update={"rattle": 0.0})
        return phase_request(engine, self.phase, cell, free, source, retry_failed=retry_failed)


def electrolyte_models(text: str, number: int, seed: int) -> tuple[ElectrolyteModel, ...]:
    """Return the crystals that stand for an electrolyte of the library, or of an argyrodite's formula.

    The name of an ordered entry means that one. A formula of an argyrodite, and a disordered entry, is ordered.

    Parameters
    ----------
    text
        Name or formula.
    number
        Models to make of a disordered one.
    seed
        Of the sampling.

    Raises
    ------
    InputError
        When there is no such electrolyte, or it cannot be ordered.
    """
    from lianode.structures import library

    if is_argyrodite(text):
        ensemble = argyrodite(text, keep=number, most_alike=MOST_ALIKE, seed=seed)
        return tuple(ElectrolyteModel(phase=m.phase, number=n) for n, m in enumerate(ensemble.models, 1))
    return models_of(library.phase(text), number, seed)


def models_of(phase: Phase, number: int, seed: int) -> tuple[ElectrolyteModel, ...]:
    """Return a phase as it is, or ordered models of a disordered one.

    Raises
    ------
    InputError
        When it cannot be ordered.
    """
    from lianode.structures.ordering.ensemble import order

    if phase.ordered:
        return (ElectrolyteModel(phase=phase),)
    if phase.name == PARENT:
        return electrolyte_models(phase.formula, number, seed)
    ensemble = order(phase, keep=number, most_alike=MOST_ALIKE, seed=seed)
    return tuple(ElectrolyteModel(phase=m.phase, number=n) for n, m in enumerate(ensemble.models, 1))


def is_argyrodite(text: str) -> bool:
    """Whether a text is the formula, and not the name, of an argyrodite that can be made in the cell of Li6PS5Cl."""
    from lianode.structures import library

    if any(text == entry.name for entry in library.entries()):
        return False
    try:
        elements = set(parse_formula(text))
    except InputError:
        return False
    return elements == set(FORMAL_CHARGES)


def electrolyte_fault(text: str) -> str | None:
    """Say why there is no electrolyte of this name or formula; None where there is one."""
    from lianode.structures import library

    if is_argyrodite(text):
        return None
    try:
        library.entry(text)
    except InputError as error:
        return error.message
    return None


def electrolyte_elements(text: str) -> frozenset[str]:
    """Return the elements of an electrolyte of which :func:`electrolyte_fault` says nothing."""
    from lianode.structures import library

    return frozenset(parse_formula(text)) if is_argyrodite(text) else frozenset(library.entry(text).elements)
