"""The YAML of a campaign file: plain data with the line of everything in it.

A campaign file is data. What YAML has beyond data (anchors and aliases, which expand; tags, which name Python objects;
several documents) is refused before anything is built, and so is what YAML reads otherwise than people do (``no``,
``2024-01-01``, ``1:30``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from lianode.structures.errors import InputError
from lianode.workflows.campaign.units import shown

Place = tuple[str | int, ...]
"""Keys and list indices from the top level down."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 20
_LONGEST_NUMBER: Final = 60
_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF|nan|NaN|NAN)")


@dataclass
class Document:
    """A mapping read from YAML, and where its parts are.

    Attributes
    ----------
    data
        Mappings, lists, text, numbers and booleans; nothing else, and nothing empty.
    lines
        Line, counted from 1, of every key and list item.
    written
        Text of every plain scalar, which tells ``no`` from ``false``.
    """

    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Place, int] = field(default_factory=dict)
    written: dict[Place, str] = field(default_factory=dict)

    def line(self, place: Place) -> int | None:
        """Return the line of a place, or of the nearest one around it; None for the whole document."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)


def read_document(text: str, source: str) -> Document:
    """Return the one mapping that ``text`` holds.

    Parameters
    ----------
    text
        YAML.
    source
        Name of the file, for messages.

    Raises
    ------
    InputError
        No YAML, not one mapping, a key twice or not text, an empty value, or something that is not plain data.
    """
    try:
        _refuse_all_but_data(text, source)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise _syntax_fault(error, text, source) from error
    if root is None:
        raise InputError("the file is empty; a campaign begins with `name:` and `calculations:`", source)
    if not isinstance(root, yaml.MappingNode):
        raise InputError(
            "the top level must be keys with values, such as `name: li-in`", _where(source, root.start_mark.line)
        )
    document = Document()
    document.data = _mapping(root, (), document, source)
    return document


def _where(source: str, line: int, column: int | None = None) -> str:
    """Return file and line (YAML's marks count from 0)."""
    return f"{source}, line {line + 1}" + (f", column {column + 1}" if column is not None else "")


def _refuse_all_but_data(text: str, source: str) -> None:
    """Walk the events, which cost no memory, before any node exists."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        where = _where(source, event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise InputError("a second document begins here ('---'); a campaign file holds one", where)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            raise InputError(f"'&{anchor}' and '*{anchor}' are not expanded; write the value out in each place", where)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise InputError(f"the tag {shown(_short_tag(tag))} is not read; write a plain value", where)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise InputError(f"lists or mappings are nested more than {_DEEPEST} deep; a campaign needs about 4", where)


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!", 1)


def _mapping(node: yaml.MappingNode, place: Place, document: Document, source: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        where = _where(source, key_node.start_mark.line)
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError("a list or mapping cannot be a key; write a word, a colon and a value", where)
        key = key_node.value
        if key_node.tag != "tag:yaml.org,2002:str" or not key.isprintable():
            raise InputError(f"the key {shown(key)} is not text; write a word, or put it in quotes", where)
        if key in data:
            first = document.lines[(*place, key)]
            raise InputError(f"the key {shown(key)} is there twice, first in line {first}; keep one of them", where)
        document.lines[*place, key] = key_node.start_mark.line + 1
        if _is_empty(value_node):
            below = len(node.value) > 1 and bool(place)
            raise InputError(
                f"`{key}` has no value; write one after the colon"
                + (", indent what belongs to it deeper" if below else "")
                + ", or leave the key out",
                where,
            )
        data[key] = _value(value_node, (*place, key), document, source)
    return data


def _value(node: yaml.Node, place: Place, document: Document, source: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, document, source)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            document.lines[*place, index] = item.start_mark.line + 1
            if _is_empty(item):
                raise InputError(
                    "this list item is empty; write it or leave it out", _where(source, item.start_mark.line)
                )
            items.append(_value(item, (*place, index), document, source))
        return items
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, place, document, source)
    raise TypeError(f"YAML has no node of type {type(node)}")


def _is_empty(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _scalar(node: yaml.ScalarNode, place: Place, document: Document, source: str) -> str | int | float | bool:
    text: str = node.value
    kind = node.tag.rpartition(":")[2]
    where = _where(source, node.start_mark.line)
    if not node.style:  # None or empty, as the loader likes
        document.written[place] = text
    if kind == "bool":
        return text.lower() in {"yes", "true", "on"}
    if kind == "timestamp":
        raise InputError(f"YAML reads {text[:30]} as a date; put it in quotes: '{text[:30]}'", where)
    if kind in {"int", "float"}:
        if len(text) > _LONGEST_NUMBER:
            raise InputError(f"a number of {len(text)} characters is too long; write at most {_LONGEST_NUMBER}", where)
        if kind == "int" and _INT.fullmatch(text):
            return int(text)
        if kind == "float" and _FLOAT.fullmatch(text):
            return float(text)
        if _NOT_FINITE.fullmatch(text):
            return float(text.replace(".", "").lower())
        raise InputError(
            f"{text} is not a decimal number; write it as in 0.5 or 1e-3, or in quotes where text is meant", where
        )
    return text


def _syntax_fault(error: yaml.YAMLError, text: str, source: str) -> InputError:
    """Return one sentence for what YAML says in three lines."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # a character that YAML does not allow, found before any line was
        position = getattr(error, "position", None)
        known = isinstance(position, int) and 0 <= position <= len(text)
        where = _where(source, text.count("\n", 0, position)) if known else source
        return InputError("a character that YAML does not allow; is this a text file?", where)
    lines = text.splitlines() or [""]
    line = min(mark.line, len(lines) - 1)
    problem = getattr(error, "problem", None) or "it cannot be read"
    context = getattr(error, "context_mark", None)
    opened = f" (it began in line {context.line + 1})" if context is not None and context.line != mark.line else ""
    indent = lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    if "\t" in indent or (problem.startswith("found character") and "\t" in lines[line]):
        advice = "there is a tab; YAML is indented with spaces"
    elif "mapping values are not allowed" in problem:
        advice = "there is a second colon, or the indentation is off; put text with ': ' in quotes"
    elif "expected ',' or" in problem:
        advice = f"a bracket is not closed, or a comma is missing{opened}; write [a, b] or {{key: value}}"
    elif "quoted scalar" in str(getattr(error, "context", "")):
        advice = f"a quote is not closed{opened}; write it in pairs"
    else:
        advice = f"{problem}{opened}; compare the indentation of this line with the lines above it"
    return InputError(f"this is not YAML: {advice}", _where(source, line, mark.column))
