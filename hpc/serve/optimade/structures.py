"""Stored calculations as OPTIMADE structures.

The fields follow https://schemas.optimade.org/defs/v1.2/entrytypes/optimade/structures.html.
"""

from __future__ import annotations

import math
import string
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from lianode.analysis.method import MethodKey
from lianode.hpc.serve.optimade.fields import OF_CALCULATION, OWN_FIELDS, PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BULKY: Final = ("lattice_vectors", "cartesian_site_positions", "species", "species_at_sites")
"""Attributes that a list of structures does not keep in memory."""


def is_shown(calculation: Mapping[str, Any]) -> bool:
    """Whether a stored calculation is a structure for others: finished, ordered, and no rehearsal."""
    structure = calculation.get("structure")
    return (
        calculation["state"] == "converged"
        and structure is not None
        and not MethodKey.model_validate(calculation["method"]).is_rehearsal
        and all(len(site["species"]) == 1 and site["species"][0]["occu"] == 1 for site in structure["sites"])
    )


def attributes(calculation: Mapping[str, Any]) -> dict[str, Any]:
    """Return all attributes of the structure of a stored calculation, and what it says of itself."""
    structure = calculation["structure"]
    symbols = [str(site["species"][0]["element"]) for site in structure["sites"]]
    counts = {symbol: symbols.count(symbol) for symbol in sorted(set(symbols))}
    n_sites = len(symbols)
    divisor = reduce(math.gcd, counts.values())
    reduced = {symbol: count // divisor for symbol, count in counts.items()}
    periodic = [int(along) for along in structure["lattice"].get("pbc", (True, True, True))]
    return {
        "immutable_id": calculation["key"],
        "last_modified": modified(calculation),
        "elements": list(counts),
        "nelements": len(counts),
        "elements_ratios": _ratios(counts, n_sites),
        "chemical_formula_descriptive": str(calculation["formula"]),
        "chemical_formula_reduced": _formula(reduced),
        "chemical_formula_hill": _formula(_hill(counts)),
        "chemical_formula_anonymous": _anonymous(list(reduced.values())),
        "dimension_types": periodic,
        "nperiodic_dimensions": sum(periodic),
        "lattice_vectors": structure["lattice"]["matrix"],
        "cartesian_site_positions": [site["xyz"] for site in structure["sites"]],
        "nsites": n_sites,
        "species": [{"name": one, "chemical_symbols": [one], "concentration": [1.0]} for one in counts],
        "species_at_sites": symbols,
        "structure_features": [],
        **dict.fromkeys(field.name for field in OWN_FIELDS),
        **_own(calculation),
    }


def modified(calculation: Mapping[str, Any]) -> str | None:
    """Return when a calculation ended, as RFC 3339 in UTC with whole seconds."""
    try:
        started = datetime.fromisoformat(calculation["started"])
    except ValueError:
        return None
    ended = started + timedelta(seconds=calculation.get("wall_time_s") or 0.0)
    return ended.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _own(calculation: Mapping[str, Any]) -> dict[str, Any]:
    method = MethodKey.model_validate(calculation["method"])
    said = {
        "energy": calculation.get("energy"),
        "max_force": calculation.get("max_force"),
        "label": calculation.get("label") or None,
        "task": calculation["task"].get("kind"),
        "engine": calculation["engine"],
        "method": method.label,
        "method_key": method.digest,
        "space_group": calculation.get("space_group_after"),
        "flagged": any(check["passed"] is False for check in calculation.get("checks", ())),
        "results": [],
    }
    return {field.name: said[field.name.removeprefix(f"_{PREFIX}_")] for field in OF_CALCULATION}


def _ratios(counts: Mapping[str, int], n_sites: int) -> list[float]:
    return [count / n_sites for count in counts.values()]


def _formula(counts: Mapping[str, int]) -> str:
    return "".join(f"{symbol}{'' if count == 1 else count}" for symbol, count in counts.items())


def _hill(counts: Mapping[str, int]) -> dict[str, int]:
    """Order as Hill does: carbon and hydrogen first where there is carbon."""
    first = [symbol for symbol in ("C", "H") if "C" in counts and symbol in counts]
    return {symbol: counts[symbol] for symbol in (*first, *(one for one in counts if one not in first))}


def _anonymous(counts: Sequence[int]) -> str:
    letters = [*string.ascii_uppercase, *(upper + lower for lower in string.ascii_lowercase
                                          for upper in string.ascii_uppercase)]  # fmt: skip
    ordered = sorted(counts, reverse=True)
    return "".join(f"{letter}{'' if n == 1 else n}" for letter, n in zip(letters, ordered, strict=False))
