"""Reading a campaign file, with errors that name the line and what would be right."""

from __future__ import annotations

import stat
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from lianode.structures.errors import InputError, nearest
from lianode.workflows.campaign.campaign import PROPERTIES, Campaign
from lianode.workflows.campaign.entry import DEFAULT_ENGINE
from lianode.workflows.campaign.units import shown
from lianode.workflows.campaign.yaml_document import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from lianode.workflows.campaign.yaml_document import Document, Place

LARGEST_BYTES: Final = 1_000_000
MOST_FAULTS: Final = 5
"""Mistakes that are reported at once."""

_EXAMPLES: Final[Mapping[str, str]] = {
    "name": "name: li-in",
    "calculations": "calculations: [{hull: {system: Li-In}}]",
    "system": "system: Li-In",
}
_KINDS: Final[Mapping[str, str]] = {
    "string_type": "text is needed",
    "bool_type": "true or false is needed",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "tuple_type": "a list is needed, such as [a, b] or lines that begin with '- '",
    "dict_type": "a mapping is needed, such as {key: value}",
    "model_type": "a mapping is needed, such as {key: value}",
}


def load_campaign(path: str | Path) -> Campaign:
    """Return the campaign that a file describes.

    Parameters
    ----------
    path
        A YAML file of at most 1 MB; relative paths inside it start at its folder.

    Raises
    ------
    InputError
        Whatever is wrong with it: file, line, key, what is wrong and what would be right. Up to five mistakes are
        reported at once, one sentence and line each, in the order of the file.
    """
    path = Path(path)
    source = str(path)
    document = read_document(_text(path), source)
    folder = path.absolute().parent
    try:
        campaign = Campaign.model_validate(document.data, context={"folder": folder})
    except ValidationError as error:
        raise _all_faults(error.errors(include_url=False), document, source) from error
    return campaign.in_folder(folder)


def _text(path: Path) -> str:
    """Return the text of the file, which may be anything."""
    source = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError("this is a folder; name the campaign file in it, such as campaign.yaml", source)
        if not stat.S_ISREG(status.st_mode):
            raise InputError("this is not a regular file; name a campaign file, such as campaign.yaml", source)
        if status.st_size > LARGEST_BYTES:
            raise InputError(_too_large(status.st_size), source)
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no such file{_near(path)}; name an existing campaign file", source) from error
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the file cannot be read ({reason}); name a readable campaign file", shown(source)) from error
    if len(content) > LARGEST_BYTES:
        raise InputError(_too_large(len(content)), source)
    if not content.strip():
        raise InputError("the file is empty; a campaign begins with `name:` and `calculations:`", source)
    if b"\0" in content:
        raise InputError("the file is binary or UTF-16; a campaign file is UTF-8 text", source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            "there is a byte that is not UTF-8; save the file as UTF-8 text", f"{source}, line {line}"
        ) from error


def _too_large(size: int) -> str:
    limit = LARGEST_BYTES // 10**6
    return f"the file has {size / 1e6:.1f} MB; a campaign file is text of a few kB, and at most {limit} MB"


def _near(path: Path) -> str:
    try:
        return nearest(path.name, [other.name for other in path.parent.iterdir() if other.suffix in {".yaml", ".yml"}])
    except OSError:
        return ""


def _all_faults(errors: list[ErrorDetails], document: Document, source: str) -> InputError:
    """Return the first mistakes as one error, a line each."""
    unknown: defaultdict[Place, list[str]] = defaultdict(list)
    for error in errors:
        if error["type"] == "extra_forbidden":
            unknown[error["loc"][:-1]].append(str(error["loc"][-1]))
    told = [  # a required key that is misspelt is one mistake, not two
        error
        for error in errors
        if error["type"] != "missing" or not nearest(str(error["loc"][-1]), unknown[error["loc"][:-1]])
    ]
    located = sorted(((document.line(error["loc"]) or 1, error) for error in told), key=lambda found: found[0])
    sentences = [_sentence(error, document) for _, error in located[:MOST_FAULTS]]
    places = [f"{source}, line {line}, {_key(error['loc'])}" for line, error in located[:MOST_FAULTS]]
    rest = [f"{place}: {sentence}" for place, sentence in zip(places[1:], sentences[1:], strict=True)]
    if len(located) > MOST_FAULTS:
        rest.append(f"{source}: and {len(located) - MOST_FAULTS} more")
    return InputError("\n".join([sentences[0], *rest]), places[0])


def _key(place: Place) -> str:
    """Return a place as people say it: ``hull.include``; the line tells which entry and item."""
    keys = [key for key in place if isinstance(key, str)]
    if len(keys) > 1 and keys[0] == "calculations":
        keys = keys[1:]
    return ".".join(key if len(key) <= 40 else f"{key[:40]}..." for key in keys)


def _sentence(error: ErrorDetails, document: Document) -> str:
    """Return what is wrong and what would be right."""
    kind, place, value = error["type"], error["loc"], error["input"]
    context: dict[str, Any] = error.get("ctx", {})
    match kind:
        case "value_error":
            cause = context["error"]
            sentence = cause.message if isinstance(cause, InputError) else str(cause)
        case "missing":
            example = f"name: {DEFAULT_ENGINE}" if "engine" in _key(place) else _EXAMPLES.get(str(place[-1]))
            sentence = f"`{place[-1]}` is missing; write `{example or f'{place[-1]}: ...'}`"
        case "extra_forbidden":
            sentence = _unknown_key(place)
        case "greater_than_equal":
            sentence = f"{shown(value)} is too small; the limit is {context['ge']}"
        case _ if kind in _KINDS:
            sentence = _wrong_kind(kind, value, document.written.get(place))
        case _:
            sentence = error["msg"].replace("Input should", "the value should", 1)
    return sentence


def _wrong_kind(kind: str, value: object, written: str | None) -> str:
    """Say what stands there and what is needed; for text, what YAML made of it."""
    if kind == "string_type" and written is not None and isinstance(value, (bool, int, float)):
        meaning = shown(value) if isinstance(value, bool) else "a number"
        return f"YAML reads {written} as {meaning}, and text is needed; put it in quotes: '{written}'"
    return f"this is {shown(value)}; {_KINDS[kind]}"


def _unknown_key(place: Place) -> str:
    key = str(place[-1])
    inside = _entry_of(place)
    model = Campaign if inside is None else PROPERTIES[inside]
    known = tuple(model.model_fields)
    if inside is None and key in PROPERTIES:
        return f"`{key}` belongs in the list `calculations`; write `calculations:` and below it `- {key}: ...`"
    if inside is None:
        owners = [name for name, entry in PROPERTIES.items() if key in entry.model_fields]
        if owners:
            return (
                f"`{key}` does not belong to the top level; write it below `{owners[0]}:`, in the list `calculations`"
            )
    elif key in Campaign.model_fields:
        return f"`{key}` does not belong to `{inside}`; write it at the top level, without indentation"
    hint = nearest(key, known)
    return f"unknown key {shown(key)}{hint or '; known here: ' + ', '.join(known)}"


def _entry_of(place: Place) -> str | None:
    """Return the property whose settings a place is in; None at the top level."""
    if len(place) > 3 and place[0] == "calculations" and place[2] in PROPERTIES:
        return str(place[2])
    return None
