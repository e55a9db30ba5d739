"""Days and times in queries: when a document was made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from lianode.structures.errors import InputError


def created_between(since: str | date | None, until: str | date | None) -> dict[str, Any]:
    """Return criteria for documents that were made in a period; both ends belong to it.

    Parameters
    ----------
    since, until
        A day (``2026-11-20``, in UTC) or a time (``2026-11-20T14:30``, in UTC where no zone is named), as text or as
        Python's ``date`` or ``datetime``. A day counts whole. Documents that carry no time are in no period.

    Raises
    ------
    InputError
        For anything else, and where the period ends before it begins.
    """
    start = None if since is None else _first_moment(since, "since")
    end = None if until is None else _after_last_moment(until)
    if start is not None and end is not None and end <= start:
        raise InputError(f"the period ends ({until}) before it begins ({since})", "until")
    bounds = {
        operator: moment.isoformat(timespec="seconds")
        for operator, moment in (("$gte", start), ("$lt", end))
        if moment is not None
    }
    # documents hold ISO times in UTC, whose order as text is their order in time; the empty text is none
    return {"created": bounds | ({"$gt": ""} if start is None else {})} if bounds else {}


def _first_moment(written: str | date, where: str) -> datetime:
    if isinstance(written, str):
        written = _read(written.strip(), where)
    if isinstance(written, datetime):
        return _utc(written)
    return datetime(written.year, written.month, written.day, tzinfo=UTC)


def _after_last_moment(written: str | date) -> datetime:
    """Return the first second that is after the end."""
    if isinstance(written, str):
        written = _read(written.strip(), "until")
    first = _first_moment(written, "until")
    step = timedelta(seconds=1) if isinstance(written, datetime) else timedelta(days=1)
    try:
        return first.replace(microsecond=0) + step
    except OverflowError:
        raise InputError(f"'{written}' is no day that a calculation can have ended on", "until") from None


def _read(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text) if len(text) <= len("2026-11-20") else datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no day or time; write 2026-11-20, or 2026-11-20T14:30", where) from None


def _utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise InputError(f"'{moment}' is no time that a calculation can have ended at") from None
