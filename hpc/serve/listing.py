"""The page with all results: a form that chooses, a table that is sorted by the store, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lianode.analysis.method import REHEARSAL
from lianode.analysis.report.markup import joined, tag
from lianode.analysis.report.said import FAILED
from lianode.analysis.report.summary import headline, subject
from lianode.hpc.fields import check_fields
from lianode.hpc.serve.asked import LAST_PAGE, PER_PAGE
from lianode.hpc.serve.form import form
from lianode.hpc.serve.frame import RESULTS_HELP, page, result_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import HTMLResponse

    from lianode.analysis.report.markup import Markup
    from lianode.hpc.serve.asked import Asked
    from lianode.hpc.store import ResultsStore

COUNTED: Final = 10_000
"""Results are counted up to here."""
NUMBERS: Final = 6
"""Columns of numbers that a property gets."""
NOT_REAL: Final = "Rehearsals: a stand-in took the place of the program, no DFT was done, and the numbers mean nothing."
_NAMES: Final = (("property", "property"), ("system", "system"), ("of", "phase"), ("engine", "engine"),
                 ("campaign", "campaign"))  # fmt: skip


def listing(store: ResultsStore, asked: Asked) -> HTMLResponse:
    """Return the page that was asked for.

    Raises
    ------
    InputError
        For words that mean nothing.
    """
    words = asked.words(store)
    found = list(store.query(**words, sort=asked.order, skip=(asked.page - 1) * PER_PAGE, limit=PER_PAGE))
    if not found and asked.page == 1:
        check_fields(store, words)
    counted = store.count(**words, limit=COUNTED)
    parts = [
        form(store, asked),
        tag("p", NOT_REAL, class_="warning", role="note") if asked.rehearsals == "yes" else None,
        _found(asked, len(found), counted),
        _table(asked, found) if found else None,
    ]
    return page("Results", [part for part in parts if part is not None], help_line=RESULTS_HELP,
                links=[tag("a", "OPTIMADE", href="/optimade")])  # fmt: skip


def _found(asked: Asked, shown: int, counted: int) -> Markup:
    first = (asked.page - 1) * PER_PAGE + 1
    if not counted:
        said = "Nothing found."
    elif not shown:
        said = "There are no more results."
    else:
        many = f"more than {COUNTED:,}" if counted == COUNTED else f"{counted:,}"
        said = f"{many} result{'' if counted == 1 else 's'}, {first:,} to {first + shown - 1:,} shown"
    links = []
    if asked.page > 1:
        links.append(tag("a", "previous", href=asked.address(page=asked.page - 1), rel="prev"))
    more = counted == COUNTED or first + shown - 1 < counted
    if shown == PER_PAGE and more and asked.page < LAST_PAGE:
        links.append(tag("a", "next", href=asked.address(page=asked.page + 1), rel="next"))
    pages = tag("span", *links, class_="pages") if links else None
    return tag("div", tag("p", said, role="status"), pages, class_="found")


def _table(asked: Asked, found: Sequence[Mapping[str, Any]]) -> Markup:
    fields = _fields(asked, found)
    heads = [_heading(asked, shown, field) for shown, field in _NAMES]
    heads.append(tag("th", "value", scope="col"))
    heads += [_heading(asked, field, field, kind="number") for field in fields]
    heads += [tag("th", "remarks", scope="col"), _heading(asked, "made", "created"), _heading(asked, "key", "key")]
    rows = [_row(document, fields) for document in found]
    table = tag(
        "table",
        tag("caption", "Results that were found"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
    )
    return tag("div", table, class_="listing", role="region", tabindex="0", aria_label="Results that were found")


def _heading(asked: Asked, shown: str, field: str, kind: str | None = None) -> Markup:
    """Return the head of a column, which sorts by it: dates and numbers from the largest at first."""
    up, down = asked.sort == field, asked.sort == f"-{field}"
    largest_first = kind == "number" or field == "created"
    to = f"-{field}" if up or (largest_first and not down) else field
    sorted_ = "ascending" if up else "descending" if down else None
    link = tag("a", shown.replace("_", " "), href=asked.address(sort=to))
    return tag("th", link, scope="col", class_=kind, aria_sort=sorted_)


def _fields(asked: Asked, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the fields with a column: those that were asked for, and the numbers of a property."""
    named = [name for condition in asked.conditions for name in condition]
    named.append(asked.sort.removeprefix("-"))
    if asked.property:
        numbers = [(name, value) for document in found for name, value in document.items() if _is_number(value)]
        numbers.sort(key=lambda pair: not isinstance(pair[1], float))  # stable: counts stand behind quantities
        named += [name for name in dict.fromkeys(name for name, _ in numbers) if name != "schema_version"][:NUMBERS]
    has_column = {"property", "system", "phase", "engine", "campaign", "created", "key", "completeness", "flagged"}
    return [name for name in dict.fromkeys(named) if name not in has_column]


def _row(document: Mapping[str, Any], fields: Sequence[str]) -> Markup:
    remarks = [word for word, true in (
        ("rehearsal", document["method"]["program"].endswith(REHEARSAL)),
        ("replaced", document["superseded_by"] is not None),
        ("partial", document["completeness"] == "partial"),
        (FAILED, document["flagged"]),
    ) if true]  # fmt: skip
    return tag(
        "tr",
        tag(
            "td", tag("a", document["property"].replace("_", " "), href=result_address(document["key"])), class_="name"
        ),
        tag("td", document["system"], class_="name"),
        tag("td", _told(subject, document)),
        tag("td", document["engine"], class_="name"),
        tag("td", document["campaign"]),
        tag("td", _told(lambda one: "; ".join(headline(one)), document), class_="long"),
        *(tag("td", _cell(document, name), class_="number") for name in fields),
        tag("td", joined(*(joined(tag("span", word, class_="badge"), " ") for word in remarks))),
        tag("td", document["created"][:16].replace("T", " "), class_="name"),
        tag("td", tag("a", document["key"], href=result_address(document["key"])), class_="key"),
    )


def _told(tell: Any, document: Mapping[str, Any]) -> str:
    """Return what the report says of a document; of one of another make, nothing."""
    try:
        return str(tell(document))
    except (KeyError, TypeError, ValueError):
        return ""


def _cell(document: Mapping[str, Any], field: str) -> str:
    value: Any = document
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if _is_number(value):
        return f"{value:.6g}".replace("-", "−")
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
