"""From a number back to what it was made of, as parts of a page that open: what ``lianode query --explain`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.report.blocks import Facts, Sentences
from lianode.analysis.report.markup import joined, tag
from lianode.analysis.report.written import Writer
from lianode.hpc.provenance import Explanation
from lianode.hpc.serve.frame import result_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lianode.analysis.checks import Check
    from lianode.analysis.report.markup import Markup
    from lianode.hpc.provenance import CalculationEvidence

_MARKS = {True: "passed", False: "FAILED", None: "not made"}


def walk(found: Explanation | CalculationEvidence) -> Markup:
    """Return the walk from a property document, or from a calculation."""
    if not isinstance(found, Explanation):
        return _calculation(found)
    facts = {
        "key": found.key,
        "made": found.created or "at a time that is not known",
        "state": f"{found.completeness}{', a check failed' if found.flagged else ''}",
        "method": f"{found.method.label} [{found.method_digest}]",
        "settings of the analysis": _lines(found.settings),
    }
    links = [
        tag("p", said, tag("a", key, href=result_address(key), class_="key"))
        for said, key in (("Derived with ", found.derived_with), ("Replaced by ", found.superseded_by))
        if key and key != found.key
    ]
    steps = [_step(one) for one in found.calculations]
    return joined(
        _facts(facts), *links, _checks(found.checks), tag("h3", f"Calculations ({len(found.calculations)})"), *steps
    )


def _step(found: CalculationEvidence) -> Markup:
    state = "not in the store" if not found.stored else str(found.state)
    name = joined(f"{found.role}: " if found.role else "", found.label or found.formula, f" ({state}) ")
    link = tag("a", found.key, href=result_address(found.key), class_="key") if found.stored else found.key
    if found.shown_elsewhere:
        return tag("p", name, link, ", shown in another place of this walk")
    return tag("details", tag("summary", name, link), _calculation(found))


def _calculation(found: CalculationEvidence) -> Markup:
    facts: dict[str, str | Sequence[str]] = {"key": found.key}
    if found.stored:
        facts |= {
            "cell": f"{found.formula}, {found.n_atoms} atoms",
            "state": f"{found.state}{f': {found.reason}' if found.reason else ''}",
            "energy": _number(found.energy, "eV"),
            "largest force": _number(found.max_force, "eV/Å"),
            "largest stress": _number(found.max_stress_GPa, "GPa"),
            "method": "" if found.method is None else f"{found.method.label} [{found.method_digest}]",
            "engine": [found.engine, *_lines(found.settings)],
            "task": _lines(found.task),
        }
    facts["recipe"] = _lines(found.recipe)
    if found.stored:
        again = f", continued {found.continued} times" if found.continued else ""
        facts |= {
            "program": found.program_version or "version not known",
            "made": f"{found.started or 'time not known'}, {found.wall_time_s:.1f} s"
            f" on {found.host or 'a host that is not known'}{again}",
            "folder": found.directory,
            "files": [
                f"{name}: {file.path} ({file.bytes} bytes, SHA-256 {file.sha256}"
                f"{'' if file.here else ', not on this machine'})"
                for name, file in found.files.items()
            ],
        }
    before = None if found.started_from is None else joined(tag("p", "Began from"), _step(found.started_from))
    return joined(_facts(facts), _checks(found.checks), before)


def _facts(facts: Mapping[str, str | Sequence[str]]) -> Markup:
    return Writer().block(Facts(facts={name: value for name, value in facts.items() if value}))


def _checks(checks: Iterable[Check]) -> Markup | None:
    said = {passed: [] for passed in _MARKS}  # type: dict[bool | None, list[str]]
    for check in checks:
        subject = f" ({check.subject})" if check.subject else ""
        said[check.passed].append(f"{_MARKS[check.passed]}: {check.name}{subject}: {check.message}")
    parts = []
    if said[False]:
        parts.append(Writer().block(Sentences(heading="Checks that failed", sentences=said[False], warning=True)))
    others = said[None] + said[True]
    if others:
        parts.append(Writer().block(Sentences(heading="Other checks", sentences=others)))
    return joined(*parts) if parts else None


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {value}" for name, value in values.items() if value is not None]


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.6g} {unit}".replace("-", "−", 1)
