"""Data and behaviour inside an HTML file, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from lianode.analysis.report.markup import Markup, tag

SCRIPTS = ("charts.js", "turning.js", "structures.js", "bodies.js", "tables.js", "page.js")
STYLE = "report.css"


def data_script(value: Any) -> Markup:
    """Return data as an element that no browser runs.

    Inside ``<script>`` only ``<`` can end the element or begin a comment; it is written as an escape of JSON, as are
    ``>``, ``&`` and everything that is not ASCII.
    """
    written = json.dumps(_rounded(value), allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    for character in "<>&":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return Markup(f'<script type="application/json">{written}</script>')


def _rounded(value: Any) -> Any:
    """Return numbers with six digits, which no screen resolves, and None for those that are none."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


@cache
def _asset(name: str) -> str:
    return files("lianode.analysis.report.assets").joinpath(name).read_text(encoding="utf-8").strip() + "\n"


@cache
def _script() -> str:
    return "".join(_asset(name) for name in SCRIPTS)


def _digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")


def rules(more_style: str = "", *, forms: Literal["'none'", "'self'"] = "'none'") -> str:
    """Return a Content-Security-Policy: our own script and style by their hashes, and nothing from anywhere.

    Parameters
    ----------
    more_style
        As given to :func:`style_element`.
    forms
        Where forms may be sent.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'sha256-{_digest(_script())}'",
            f"style-src 'sha256-{_digest(_style(more_style))}'",
            "base-uri 'none'",
            f"form-action {forms}",
        )
    )


def policy() -> Markup:
    """Return the policy as an element, for a file that no server sends."""
    return tag("meta", http_equiv="Content-Security-Policy", content=rules())


def style_element(more: str = "") -> Markup:
    """Return the style sheet, with more behind it."""
    return Markup(f"<style>{_style(more)}</style>")


def script_element() -> Markup:
    """Return the script."""
    return Markup(f"<script>{_script()}</script>")


def _style(more: str) -> str:
    return _asset(STYLE) + more
