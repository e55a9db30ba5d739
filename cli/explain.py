"""How ``lianode query --explain`` shows what a number was made from: as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.output import console, duration, number, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.tree import Tree

    from lianode.analysis.checks import Check
    from lianode.hpc.provenance import CalculationEvidence, Explanation


def print_explanation(found: Explanation | CalculationEvidence) -> None:
    """Print the walk from a property document, or from a calculation."""
    from rich.tree import Tree

    from lianode.hpc.provenance import CalculationEvidence

    root = Tree(_text(found.key, style="bold"))
    if isinstance(found, CalculationEvidence):
        _calculation(root, found)
    else:
        _document(root, found)
    console().print(root)


def _document(root: Tree, found: Explanation) -> None:
    about = " · ".join(
        filter(None, (found.property, found.system, found.phase, found.engine, f"campaign {found.campaign}"))
    )
    root.add(_text(about))
    state = f"{found.completeness}{', flagged: a check failed' if found.flagged else ''}"
    root.add(_text(f"{state}; made {found.created or 'at a time that is not known'}"))
    if found.superseded_by:
        root.add(_text(f"replaced by {found.superseded_by}"))
    for sentence in found.missing:
        root.add(_text(f"missing: {sentence}"))
    _pairs(root.add("values"), found.values)
    root.add(_text(f"method: {found.method.label} [{found.method_digest}]"))
    if found.settings:
        _pairs(root.add("settings of the analysis"), found.settings)
    _checks(root, found.checks)
    if found.derived_with and found.derived_with != found.key:
        root.add(_text(f"derived with {found.derived_with}"))
    branch = root.add(f"calculations ({len(found.calculations)})")
    for calculation in found.calculations:
        state_of = "not in the store" if not calculation.stored else str(calculation.state)
        node = branch.add(_text(f"{calculation.role}: {calculation.key} ({state_of})"))
        _calculation(node, calculation)


def _calculation(node: Tree, found: CalculationEvidence) -> None:
    if found.shown_elsewhere:
        node.add("shown in another place of this tree")
        return
    if found.stored:
        node.add(_text(f"{found.label or found.formula} ({found.formula}, {found.n_atoms} atoms), {found.state}"))
        if found.reason:
            node.add(_text(f"reason: {found.reason}"))
        numbers = (
            ("energy", found.energy, "eV"),
            ("largest force", found.max_force, "eV/Å"),
            ("largest stress", found.max_stress_GPa, "GPa"),
        )
        known = (f"{name} {number(value, 4)} {unit}" for name, value, unit in numbers if value is not None)
        node.add(_text(", ".join(known) or "no energy"))
        method = "" if found.method is None else f", {found.method.label} [{found.method_digest}]"
        node.add(_text(f"engine: {_joined(found.settings) or found.engine}{method}"))
        node.add(_text(f"task: {_joined(found.task)}"))
    if found.recipe:
        node.add(_text(f"recipe: {_joined(found.recipe)}"))
    if not found.stored:
        return
    _checks(node, found.checks)
    for name, file in found.files.items():
        here = "" if file.here else ", not on this machine"
        node.add(_text(f"file {name}: {file.path} ({file.bytes} bytes, SHA-256 {file.sha256}{here})"))
    again = f", continued {found.continued} times" if found.continued else ""
    node.add(
        _text(
            f"{found.program_version or 'version not known'}, on {found.host or 'a host that is not known'}, "
            f"{found.started or 'time not known'}, {duration(found.wall_time_s)}{again}"
        )
    )
    if found.directory:
        node.add(_text(f"folder: {found.directory}"))
    if found.started_from is None:
        return
    before = found.started_from
    branch = node.add(_text(f"began from {before.key}{'' if before.stored else ' (not in the store)'}"))
    _calculation(branch, before)


def _checks(node: Tree, checks: Iterable[Check]) -> None:
    marks = {True: "passed", False: "FAILED", None: "not made"}
    for check in checks:
        subject = f" ({check.subject})" if check.subject else ""
        node.add(_text(f"{marks[check.passed]}: {check.name}{subject}: {check.message}",
                       style="bold red" if check.passed is False else ""))  # fmt: skip


def _pairs(node: Tree, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        node.add(_text(f"{name} = {value}"))


def _joined(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items() if value is not None)


def _text(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(printable(text), style=style)
