"""Energies as pymatgen entries, for phase diagrams made elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from lianode.hpc.export.files import whole_file
from lianode.hpc.export.selected import one_method, with_energies
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.entries.computed_entries import ComputedStructureEntry

    from lianode.hpc.export.selected import Computed, Selected, Use
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

KINDS: Final = ("static", "relax")
_MADE_OF_PHASES: Final = frozenset({"hull", "phase_stability", "voltage", "hull_spread", "reactivity"})
"""Properties whose documents name phases only among their calculations."""


def entries(store: ResultsStore, chosen: Selected) -> list[ComputedStructureEntry]:
    """Return the relaxations and statics behind results as entries; ``energy`` is that of the cell, eV, uncorrected.

    ``parameters`` holds the method, ``data`` the label, engine, checks and the keys of the documents. Strained and
    displaced cells, and cells with a defect, are left out: they stand for no phase.

    Raises
    ------
    InputError
        When there is none, or they are of several methods, whose energies must not be subtracted.
    """
    found = [
        computed
        for computed in with_energies(store, chosen, KINDS)
        if any(_stands_for_a_phase(computed.calculation, use) for use in chosen.uses[computed.calculation.key])
    ]
    if not found:
        raise InputError("none of the calculations behind these results is a phase with an energy")
    one_method([computed.calculation.method for computed in found], "a file of entries")
    return [_entry(computed, chosen.uses[computed.calculation.key]) for computed in found]


def write_entries(store: ResultsStore, chosen: Selected, file: Path) -> int:
    """Write :func:`entries` as JSON, which ``monty.serialization.loadfn`` reads; return how many."""
    made = entries(store, chosen)
    with whole_file(file) as temporary:
        temporary.write_text(json.dumps([entry.as_dict() for entry in made]), encoding="utf-8")
    return len(made)


def _stands_for_a_phase(calculation: Calculation, use: Use) -> bool:
    """Whether it is a phase: no displaced or strained cell, and none with a defect."""
    if use.document["property"] in _MADE_OF_PHASES or use.is_the_phase:
        return True
    return bool(calculation.label == use.document["phase"])


def _entry(computed: Computed, uses: list[Use]) -> ComputedStructureEntry:
    from pymatgen.entries.computed_entries import ComputedStructureEntry

    calculation = computed.calculation
    return ComputedStructureEntry(
        computed.structure,
        computed.energy,
        parameters={"method": calculation.method.model_dump(mode="json"), "method_label": calculation.method.label},
        data={
            "label": calculation.label,
            "engine": calculation.engine,
            "settings": calculation.settings,
            "program_version": calculation.program_version,
            "checks": [check.model_dump(mode="json") for check in calculation.checks],
            "documents": {use.document["key"]: use.role for use in uses},
        },
        entry_id=calculation.key,
    )
