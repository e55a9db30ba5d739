"""Several potentials on one system: the spread between models, which is never an error bar.

Potentials trained on the same data share their errors, so a small spread does not mean a small error.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.method import MethodKey
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.hull.hull import HullDocument


class PhaseSpread(BaseModel):
    """One phase on the hulls of several models.

    Attributes
    ----------
    name, formula
        As in the phase library.
    li_fraction
        Atomic fraction of the system's first element.
    formation_energies_per_atom
        eV/atom, by engine.
    mean, lowest, highest
        Of those, eV/atom.
    spread_between_models
        ``highest - lowest``, eV/atom.
    stable_in
        Engines on whose hull it is a vertex.
    n_models
        Engines that computed it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    formula: str
    li_fraction: float
    formation_energies_per_atom: dict[str, float]
    mean: float
    lowest: float
    highest: float
    spread_between_models: float
    stable_in: list[str]
    n_models: int


class HullSpreadDocument(PropertyDocument):
    """Hulls of several models of one functional and one correction scheme.

    Attributes
    ----------
    engines
        Models that were pooled.
    hulls
        Keys of their hulls, by engine.
    phases
        In the order of the hulls.
    """

    property: Literal["hull_spread"] = "hull_spread"
    engines: list[str]
    hulls: dict[str, str]
    phases: list[PhaseSpread]


def hull_spread(documents: Sequence[HullDocument]) -> list[HullSpreadDocument]:
    """Compare the hulls of several models.

    Models are pooled only when functional, corrections and dispersion agree; there is one document per such group,
    and a check in each says which models it leaves out.

    Raises
    ------
    InputError
        When the hulls are of several systems or temperatures, or two are of one method.
    """
    if not documents:
        raise InputError("there are no hulls to compare", "hull_spread")
    systems = sorted({document.system for document in documents})
    temperatures = {document.settings.get("temperature") for document in documents}
    if len(systems) > 1 or len(temperatures) > 1:
        raise InputError(f"hulls of {', '.join(systems)} at {len(temperatures)} temperatures; give one", "hull_spread")
    groups: dict[tuple[str, str, str, bool], list[HullDocument]] = defaultdict(list)
    for document in documents:
        method = document.method
        place = method.functional, method.corrections, method.dispersion or "none", method.is_rehearsal
        groups[place].append(document)
    return [_pool(group, documents) for _, group in sorted(groups.items())]


def _pool(group: Sequence[HullDocument], everyone: Sequence[HullDocument]) -> HullSpreadDocument:
    first = group[0]
    engines = [document.engine for document in group]
    if len({document.method.digest for document in group}) < len(group) or len(set(engines)) < len(group):
        raise InputError(f"two of the {first.system} hulls are of one method ({', '.join(engines)})", "hull_spread")
    others = [document.engine for document in everyone if document not in group]
    return HullSpreadDocument(
        system=first.system,
        engine=" + ".join(engines),
        campaign=first.campaign,
        method=MethodKey(
            program="several models",
            functional=first.method.functional,
            corrections=first.method.corrections,
            dispersion=first.method.dispersion,
            model=" + ".join(document.method.model or document.method.program for document in group),
            checksum=" + ".join(document.method.digest for document in group),
        ),
        settings={"temperature": first.settings.get("temperature")},
        calculations={f"{d.engine}:{name}": key for d in group for name, key in d.calculations.items()},
        completeness="partial" if any(d.completeness == "partial" for d in group) else "complete",
        missing=[f"{d.engine}: {sentence}" for d in group for sentence in d.missing],
        checks=[_pooling(first.method, engines, others), _same_references(group), *_flags(group)],
        created=first.created,
        engines=engines,
        hulls={document.engine: document.key for document in group},
        phases=_rows(group),
    )


def _rows(group: Sequence[HullDocument]) -> list[PhaseSpread]:
    found = {(row.fractions[d.elements[0]], row.formula, row.name) for d in group for row in d.phases}
    rows = []
    for fraction, formula, name in sorted(found):
        energies = {d.engine: r.formation_energy_per_atom for d in group for r in d.phases if r.name == name}
        lowest, highest = min(energies.values()), max(energies.values())
        rows.append(
            PhaseSpread(
                name=name,
                formula=formula,
                li_fraction=fraction,
                formation_energies_per_atom=energies,
                mean=sum(energies.values()) / len(energies),
                lowest=lowest,
                highest=highest,
                spread_between_models=highest - lowest,
                stable_in=[d.engine for d in group if name in d.stable_phases],
                n_models=len(energies),
            )
        )
    return rows


def _pooling(method: MethodKey, engines: Sequence[str], others: Sequence[str]) -> Check:
    text = f"{', '.join(engines)}: {method.functional}, corrections {method.corrections}"
    if others:
        text += f"; not pooled with {', '.join(others)}, whose functional or corrections differ"
    return Check(name="one_functional_and_correction_scheme", passed=True, message=text)


def _same_references(group: Sequence[HullDocument]) -> Check:
    sets = {tuple(sorted(document.references.items())) for document in group}
    by_engine = "; ".join(f"{d.engine}: {', '.join(d.references.values())}" for d in group)
    return Check(
        name="same_references",
        passed=len(sets) == 1,
        message=f"formation energies refer to {', '.join(first[1] for first in next(iter(sets)))}"
        if len(sets) == 1
        else f"the models have different elemental references ({by_engine}), which is part of the spread; "
        "fix them with 'references'",
    )


def _flags(group: Sequence[HullDocument]) -> list[Check]:
    return [
        Check(
            name="hull_unflagged",
            passed=not document.flagged,
            message=f"the {document.engine} hull is flagged" if document.flagged else f"{document.engine} passed",
            subject=document.engine,
        )
        for document in group
    ]
