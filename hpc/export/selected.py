"""Which calculations stand behind results: the rows of every export."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianode.analysis.method import REHEARSAL, MethodMismatchError, single_method
from lianode.hpc.fields import check_fields
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymatgen.core import Structure

    from lianode.analysis.method import MethodKey
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

_PORTION = 500


@dataclass(frozen=True)
class Use:
    """What a property document takes a calculation for.

    Attributes
    ----------
    document
        The property document, without its derivation.
    role
        What it calls the calculation: a phase, ``band``, ``displacement 1``.
    """

    document: Mapping[str, Any]
    role: str

    @property
    def is_the_phase(self) -> bool:
        """Whether the calculation is the phase that the document is about, so that its value is the structure's."""
        return self.document["phase"] is not None and self.role == self.document["phase"]


@dataclass(frozen=True)
class Computed:
    """A converged calculation with what every export needs.

    Attributes
    ----------
    calculation
        The document.
    structure
        Its final structure.
    energy
        Of the cell, eV.
    """

    calculation: Calculation
    structure: Structure
    energy: float


@dataclass
class Selected:
    """The calculations behind a choice of property documents.

    Attributes
    ----------
    uses
        By the key of the calculation, the newest document first.
    rehearsals
        Documents left out because a rehearsal made them: no DFT was done for those.
    """

    uses: dict[str, list[Use]] = field(default_factory=dict)
    rehearsals: int = 0


def select(store: ResultsStore, words: Mapping[str, Any]) -> Selected:
    """Return the calculations that property documents were made from.

    Parameters
    ----------
    store
        That holds both.
    words
        Of :meth:`lianode.hpc.store.ResultsStore.query`.

    Raises
    ------
    InputError
        When there are no such documents.
    """
    chosen = Selected()
    uses: dict[str, list[Use]] = defaultdict(list)
    for document in store.query(**words):
        if document["method"]["program"].endswith(REHEARSAL):
            chosen.rehearsals += 1
            continue
        slim = {name: value for name, value in document.items() if name not in {"derivation", "checks"}}
        for role, key in document["calculations"].items():
            uses[key].append(Use(slim, role))
    for key in sorted(uses):
        chosen.uses[key] = sorted(uses[key], key=lambda use: (use.document["created"], use.document["key"]))[::-1]
    if not chosen.uses:
        check_fields(store, words)
        if chosen.rehearsals:
            raise InputError(f"all {chosen.rehearsals} results are of a rehearsal, which are not exported")
        raise InputError("there are no such results; `lianode query` with the same words lists what there is")
    return chosen


def with_energies(store: ResultsStore, chosen: Selected, kinds: Sequence[str]) -> Iterator[Computed]:
    """Yield converged calculations with an energy and a structure, in the order of their keys.

    Parameters
    ----------
    store
        That holds them.
    chosen
        Of :func:`select`.
    kinds
        Of tasks: ``static``, ``relax``, ``neb`` (the highest image), ``md`` (the last frame).
    """
    from pymatgen.core import Structure

    keys = list(chosen.uses)
    for start in range(0, len(keys), _PORTION):
        found = store.calculations(keys[start : start + _PORTION])
        for key in keys[start : start + _PORTION]:
            calculation = found.get(key)
            if calculation is None or calculation.state is not State.CONVERGED or calculation.task.kind not in kinds:
                continue
            if calculation.energy is None or calculation.structure is None or calculation.method.is_rehearsal:
                continue
            yield Computed(calculation, Structure.from_dict(calculation.structure), calculation.energy)


def one_method(methods: Sequence[MethodKey], what: str) -> MethodKey:
    """Return the one method of all energies in a file that others will subtract from each other, or fit.

    Raises
    ------
    InputError
        When there are several.
    """
    try:
        return single_method(methods, what)
    except MethodMismatchError as error:
        raise InputError(f"{error}: choose with --engine, --campaign or --system") from None
