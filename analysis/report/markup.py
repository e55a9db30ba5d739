"""HTML that cannot be written without being escaped."""

from __future__ import annotations

import re
from html import escape

_NOT_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: no HTML file may hold them."""
_NOT_IN_ANCHOR = re.compile(r"[^A-Za-z0-9_.-]+")
VOID = frozenset({"meta", "input", "br", "hr"})


class Markup(str):
    """Text that is HTML already; only this module's functions and fixed strings make it."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as HTML text; what is markup already stays as it is."""
    return value if isinstance(value, Markup) else Markup(escape(_NOT_IN_HTML.sub("\ufffd", str(value))))


def joined(*children: object) -> Markup:
    """Return children after each other, None left out."""
    return Markup("".join(text(child) for child in children if child is not None))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Parameters
    ----------
    name
        Of the element: a literal, never data.
    children
        Escaped unless they are markup; None is left out.
    attributes
        Values are escaped; None and False are left out, True stands without a value. In names a final underscore is
        dropped and the others become hyphens: ``class_="x"``, ``aria_label="y"``.
    """
    written = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = key.removesuffix("_").replace("_", "-")
        written.append(f" {attribute}" if value is True else f' {attribute}="{text(str(value))}"')
    head = f"<{name}{''.join(written)}>"
    return Markup(head if name in VOID else f"{head}{joined(*children)}</{name}>")


def anchor(*words: str) -> str:
    """Return words as the id of an element."""
    return _NOT_IN_ANCHOR.sub("-", "-".join(words)).strip("-") or "unnamed"
