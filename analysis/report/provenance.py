"""The last chapters: published values beside computed ones, and where every number comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.published import papers
from lianode.analysis.report.blocks import Column, Section, Table
from lianode.analysis.report.markup import anchor
from lianode.analysis.report.said import FAILED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source


def comparison(source: Source) -> Section | None:
    """Return published values that something was computed for; None where there are none."""
    blocks: list[Block] = []
    known = papers()
    for paper, compared in source.compared.items():
        rows = [row for row in compared if row.computed is not None and row.published is not None]
        if rows:
            title = known.get(paper, {}).get("citation") or known.get(paper, {}).get("title") or paper
            blocks.append(
                Table(
                    caption=f"Published in {paper}: {title}" if title != paper else f"Published in {paper}",
                    columns=[
                        Column("quantity"), Column("system", "name"), Column("phase", "name"),
                        Column("published", "number"), Column("computed", "number"),
                        Column("difference", "number"), Column("unit"), Column("engine", "name"),
                        Column("check", "flag"), Column("note"),
                    ],
                    rows=[
                        (row.quantity, row.system or "", row.phase or "", row.published, row.computed, row.difference,
                         row.unit, row.engine or "", FAILED if row.flagged else "", row.note)
                        for row in rows
                    ],
                )
            )  # fmt: skip
    return Section(title="Beside published values", blocks=blocks) if blocks else None


def provenance(source: Source) -> Section:
    """Return keys, settings, inputs and files of every result."""
    documents = source.of(*{document["property"] for document in source.documents})
    uses = Table(
        caption="Results: settings of the analysis, and the calculations that went in",
        columns=[Column("key", "key"), Column("settings", "long"), Column("calculations", "long"),
                 Column("method", "key")],
        rows=[
            (
                document["key"],
                _settings(document["settings"]),
                ", ".join(f"{name}: {key[:8]}" for name, key in document["calculations"].items()),
                json.dumps({name: value for name, value in document["method"].items() if value is not None},
                           ensure_ascii=False),
            )
            for document in documents
            if document["property"] != "phase_stability"  # settings and inputs are those of its hull
        ],
        anchors=[anchor("key", document["key"]) for document in documents
                 if document["property"] != "phase_stability"],
    )  # fmt: skip
    ordered = sorted(source.calculations.values(), key=lambda c: (c.get("label", ""), c["key"]))
    done = Table(
        caption="Calculations",
        columns=[
            Column("key", "key"), Column("of"), Column("task"), Column("engine", "name"),
            Column("state"), Column("cell"), Column("energy / eV", "number", digits=5),
            Column("largest force / eV/Å", "number", digits=4), Column("program"),
            Column("started", "name"), Column("wall time / s", "number", digits=1),
            Column("host"), Column("settings", "long"),
        ],
        rows=[
            (
                c["key"], c.get("label", ""), c["task"].get("kind", ""), c["engine"], c["state"], c["formula"],
                c.get("energy"), c.get("max_force"), f"{c['method']['program']} {c.get('program_version', '')}".strip(),
                c.get("started", "")[:16].replace("T", " "), c.get("wall_time_s"), c.get("host", ""),
                _settings(c.get("settings", {})),
            )
            for c in ordered
        ],
    )  # fmt: skip
    stored = [
        (c["key"], c.get("label", ""), name, file["path"], file["bytes"], file["sha256"])
        for c in ordered
        for name, file in c.get("files", {}).items()
    ]
    files = Table(
        caption="Files, with their checksums when they were written",
        columns=[Column("calculation", "key"), Column("of"), Column("file"),
                 Column("path", "long"), Column("bytes", "number", digits=0),
                 Column("SHA-256", "key")],
        rows=stored,
    )  # fmt: skip
    tables: list[Block] = [uses]
    tables += [done] if ordered else []
    tables += [files] if stored else []
    return Section(title="Provenance", blocks=tables)


def _settings(settings: Mapping[str, Any]) -> str:
    """Return settings that say something, as text."""
    said = {name: value for name, value in settings.items() if value not in (None, [], {}, "")}
    return ", ".join(
        f"{name}: {value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)}"
        for name, value in said.items()
    )
