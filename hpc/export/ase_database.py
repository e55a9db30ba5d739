"""An ASE database of the structures behind results: ``ase db FILE`` shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.export.atoms import computed_atoms
from lianode.hpc.export.files import whole_file
from lianode.hpc.export.selected import with_energies
from lianode.hpc.tables import table_row
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lianode.hpc.export.selected import Selected, Use
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

KINDS: Final = ("static", "relax", "neb", "md")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_VALUES: Final = frozenset(
    {"key", "property", "created", "missing", "superseded_by", "method", "formula", "n_atoms", "temperature", "flagged",
     "completeness", "failed_checks"}
)  # fmt: skip
_OF_THE_PHASE: Final = frozenset({"system", "phase", "engine", "campaign", "kind"})


def write_ase_database(store: ResultsStore, chosen: Selected, file: Path) -> int:
    """Write one row per converged calculation with an energy; return how many.

    Key-value pairs are the calculation's engine, method, label and task, the campaign and the role that it served, and
    the single values of documents about the phase that it is, of the newest where there are several:
    ``energy_above_hull_per_atom``, and ``energy_above_hull_per_atom_300K`` where it is one at a temperature. ``data``
    holds the settings, checks and versions, and the keys of those documents.

    Parameters
    ----------
    store, chosen
        Calculations, and what they were used for.
    file
        A new SQLite file, ending in ``.db``.

    Raises
    ------
    InputError
        For another ending, a file that is there, and where no calculation has an energy.
    """
    if file.suffix != ".db":
        raise InputError("the name of an ASE database ends in .db", str(file))
    from ase.db import connect

    written = 0
    with whole_file(file, ending=".db") as temporary:
        temporary.unlink()  # ASE wants to make it
        with connect(temporary, append=False) as database:
            for computed in with_energies(store, chosen, KINDS):
                calculation = computed.calculation
                uses = chosen.uses[calculation.key]
                database.write(
                    computed_atoms(computed),
                    key_value_pairs=_pairs(calculation, uses),
                    data={"lianode": _data(calculation, uses)},
                )
                written += 1
        if not written:
            raise InputError("none of the calculations behind these results has an energy")
    return written


def _pairs(calculation: Calculation, uses: list[Use]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for use in reversed(uses):  # the newest last, which stays
        if use.is_the_phase:
            pairs |= _values(use.document)
    pairs |= {
        "calculation_key": calculation.key,
        "label": calculation.label,
        "engine": calculation.engine,
        "method": calculation.method.label,
        "method_digest": f"digest-{calculation.method.digest}",  # digits only would be a number to ASE
        "task": calculation.task.kind,
        "campaign": uses[0].document["campaign"],
        "role": uses[0].role,
        "space_group": calculation.space_group_after,
        "flagged": any(check.passed is False for check in calculation.checks)
        or any(use.document["flagged"] for use in uses if use.is_the_phase),
    }
    return {name: value for name, value in pairs.items() if _allowed(name, value)}


def _values(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the single values of a document; a temperature ends their names, so that 0 K and 300 K stay apart."""
    row = table_row(document)
    temperature = row.get("settings.temperature") or row.get("temperature")
    ending = "" if temperature is None else f"_{temperature:g}K".replace(".", "p")
    return {
        name if name in _OF_THE_PHASE else f"{name}{ending}": value
        for name, value in row.items()
        if name not in _NOT_VALUES and not name.startswith("settings.")
    }


def _allowed(name: str, value: Any) -> bool:
    """Whether ASE takes a pair, and does not read the name as a formula or the text as a number."""
    from ase.db.core import check, reserved_keys
    from ase.formula import Formula

    if value is None or value == "" or name in reserved_keys or not _NAME.fullmatch(name):
        return False
    try:
        Formula(name, strict=True)
    except ValueError:
        pass
    else:
        return False
    try:
        check({name: value})
    except ValueError:
        return False
    return True


def _data(calculation: Calculation, uses: list[Use]) -> Mapping[str, Any]:
    kept = calculation.model_dump(
        mode="json",
        include={"key", "settings", "task", "method", "checks", "program_version", "host", "started", "started_from",
                 "max_force", "max_stress_GPa", "space_group_before", "space_group_after"},
    )  # fmt: skip
    return kept | {"documents": {use.document["key"]: use.role for use in uses}}
