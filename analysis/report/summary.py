"""The first chapter: what was asked, how it was computed, what came out, what failed and why."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from lianode.analysis.report.blocks import Column, Facts, Section, Sentences, Table, Verbatim
from lianode.analysis.report.said import FAILED, MEV, method

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source


def summary(source: Source) -> Section:
    """Return what a reader needs before any number."""
    blocks: list[Block] = [Facts(facts=_facts(source))]
    rehearsed = {document["method"]["program"] for document in source.documents}
    if any(program.endswith("-rehearsal") for program in rehearsed):
        text = "A rehearsal stood in for the program: no DFT was done, and the numbers mean nothing."
        blocks.append(Sentences(heading="Not real", sentences=[text], warning=True))
    if source.campaign_file:
        blocks.append(Verbatim(heading="The campaign file", content=source.campaign_file))
    blocks += [_results(source), *_failures(source), _failed_checks(source)]
    return Section(title="Summary", blocks=blocks)


def _facts(source: Source) -> dict[str, str | Sequence[str]]:
    calculations = source.calculations.values()
    counted = Counter(document["property"].replace("_", " ") for document in source.documents)
    started = sorted(c["started"] for c in calculations if c.get("started"))
    created = sorted(document["created"] for document in source.documents if document["created"])
    states = Counter(str(c["state"]) for c in calculations)
    seconds = sum(c.get("wall_time_s", 0.0) for c in calculations)
    facts: dict[str, str | Sequence[str]] = {
        "campaign": source.campaign,
        "systems": ", ".join(sorted({document["system"] for document in source.documents})),
        "properties": [f"{name}: {n}" for name, n in sorted(counted.items())],
        "method": sorted({f"{d['engine']}: {_method(d)}" for d in source.documents}),
        "programs": sorted({f"{c['method']['program']} {c.get('program_version', '')}".strip() for c in calculations}),
        "calculations": ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "none in this store",
        "computed": _span(started, created),
        "wall time": _duration(seconds) if seconds else "",
        "results": f"{len(source.documents)}, of which {sum(d['flagged'] for d in source.documents)} with a failed "
        f"check and {sum(d['completeness'] == 'partial' for d in source.documents)} partial",
        "report": f"{source.generated}, lianode {source.version}".strip(", "),
    }
    return {name: value for name, value in facts.items() if value}


def _method(document: Mapping[str, Any]) -> str:
    """Return the method with all that decides whether energies are on one scale."""
    parts = [method(document)]
    fields = document["method"]
    for name, unit in (("cutoff_eV", " eV cut-off"), ("k_density", " k-point density"), ("dispersion", "")):
        if fields.get(name) is not None:
            parts.append(f"{fields[name]}{unit}")
    if fields.get("checksum"):
        parts.append(f"weights {fields['checksum'][:12]}")
    return ", ".join(parts)


def _span(started: Sequence[str], created: Sequence[str]) -> str:
    dates = [*started[:1], *created[-1:]]
    return " to ".join(dict.fromkeys(date[:10] for date in dates))


def _duration(seconds: float) -> str:
    size, unit = (3600, "h") if seconds >= 5400 else (60, "min") if seconds >= 90 else (1, "s")
    return f"{seconds / size:.3g} {unit} over all calculations"


def _results(source: Source) -> Table:
    return Table(
        caption="Every result",
        columns=[
            Column("property"), Column("system", "name"), Column("of"), Column("engine", "name"),
            Column("value"), Column("complete", "flag"), Column("check", "flag"),
            Column("computed", "name"), Column("key", "key"),
        ],
        rows=[
            (
                document["property"].replace("_", " "), document["system"], subject(document), document["engine"],
                "; ".join(headline(document)), "partial" if document["completeness"] == "partial" else "",
                FAILED if document["flagged"] else "", document["created"][:16].replace("T", " "), document["key"],
            )
            for document in source.of(*{document["property"] for document in source.documents})
            if document["property"] != "phase_stability"  # the hull's own table has them
        ],
    )  # fmt: skip


def subject(document: Mapping[str, Any]) -> str:
    """Return what the value belongs to: a phase, a hop, an interface, a plane."""
    words = [document["phase"], document.get("hop"), document.get("interface"), document.get("second"),
             document.get("plane_label")]  # fmt: skip
    return ", ".join(str(word) for word in words if word)


def headline(document: Mapping[str, Any]) -> Iterator[str]:  # noqa: PLR0912  a branch for each property
    """Yield the values that stand for a property."""
    match document["property"]:
        case "hull":
            yield f"stable: {', '.join(document['stable_phases'])}"
        case "phase_stability":
            yield f"formation {MEV * document['formation_energy_per_atom']:.1f} meV/atom"
            yield f"{MEV * document['energy_above_hull_per_atom']:.1f} meV/atom above the hull"
        case "voltage":
            yield f"mean {document['average_voltage_V']:.3f} V"
            yield f"{document['capacity_mAh_per_g_host']:.0f} mAh per g of host"
        case "barrier":
            yield f"{MEV * document['barrier_forward']:.0f} meV, back {MEV * document['barrier_backward']:.0f} meV"
        case "migration":
            for path in document["percolating"]:
                yield f"{path['dimension']}D {MEV * path['barrier']:.0f} meV"
        case "reactivity":
            yield f"{MEV * document['reaction_energy_per_atom']:.0f} meV/atom"
            yield document["reaction"].replace("->", "→")
        case "interface_md":
            yield f"{document['time_ps']:g} ps at {document['temperature']:g} K"
        case "bonds":
            for bond in document["bonds"]:
                yield f"{bond['pair']} {bond['initial']} to {bond['final']:.0f}"
        case "interface_energy":
            energy = document["interface_energy_J_per_m2"]
            yield "the two react" if energy is None else f"{energy:.3f} J/m²"
        case "adsorption":
            yield f"{document['best_site']} {document['adsorption_energy']:+.2f} eV"
        case "elastic" if document["youngs_modulus_GPa"] is not None:
            yield f"Young's modulus {document['youngs_modulus_GPa']:.1f} GPa"
        case "surface" if document["surface_energy_J_per_m2"] is not None:
            yield f"{document['surface_energy_J_per_m2']:.3f} J/m²"
        case "wulff":
            yield f"lowest {document['lowest_plane']} {document['lowest_surface_energy_J_per_m2']:.3f} J/m²"
            if document["weighted_surface_energy_J_per_m2"] is not None:
                yield f"mean {document['weighted_surface_energy_J_per_m2']:.3f} J/m²"
        case "free_energy":
            yield f"{MEV * document['free_energy_vib_per_atom']:.1f} meV/atom at {document['temperature']:g} K"
        case "hull_spread":
            widest = max(document["phases"], key=lambda row: row["spread_between_models"])
            yield f"at most {MEV * widest['spread_between_models']:.1f} meV/atom between models, of {widest['name']}"
        case "electronic":
            kind = "direct" if document["direct"] else "indirect"
            yield "metal" if document["metal"] else f"{kind} gap {document['band_gap']:.2f} eV"
        case "work_function":
            zero = document["work_function_reference"].replace("_", " ")
            yield f"{document['work_function']:.2f} eV from the {zero}"
        case "parity" if document["mean_absolute_difference"] is not None:
            unit = "meV" if document["quantity"] == "barrier" else "meV/atom"
            yield f"mean absolute difference {MEV * document['mean_absolute_difference']:.1f} {unit}"


def _failures(source: Source) -> list[Block]:
    """Return calculations without a result and what is missing in documents, each with its reason."""
    undone = [
        f"{c.get('label') or c['formula']} ({c['task'].get('kind', 'task')}, {c['engine']}) {c['state']}: "
        f"{c.get('reason') or 'no reason was given'}"
        for c in source.calculations.values()
        if c["state"] != "converged"
    ]
    missing = [sentence for document in source.documents for sentence in document["missing"]]
    sentences = list(dict.fromkeys([*undone, *missing]))
    if not sentences:
        return [Sentences(heading="What failed", sentences=["Nothing: every calculation gave its result."])]
    return [Sentences(heading="What failed or is missing, and why", sentences=sentences, warning=True)]


def _failed_checks(source: Source) -> Table:
    """Return each failed check once, with all the results that it marks."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for document in source.documents:
        for check in document["checks"]:
            if check["passed"] is False:
                marked = found.setdefault((check["name"], check.get("subject") or "", check["message"]), [])
                marked.append(document["property"].replace("_", " "))
    return Table(
        caption="Failed checks" if found else "Failed checks: none",
        columns=[Column("check"), Column("of"), Column("what was found"),
                 Column("marks")],
        rows=[(name.replace("_", " "), subject, message, ", ".join(dict.fromkeys(marked)))
              for (name, subject, message), marked in found.items()],
    )  # fmt: skip
