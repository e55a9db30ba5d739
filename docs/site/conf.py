"""The site that ``make docs`` builds: the pages beside this folder, and a reference made from the docstrings.

The pages are plain Markdown that reads well on a code host; what only the site needs is here. Nothing is fetched,
neither while it builds nor while it is read.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from reference import FOLDERS, import_all, write_commands, write_packages  # noqa: E402 - found beside this file

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = HERE.parent
ROOT = DOCS.parent
REFERENCE = DOCS / "reference"
WITH_REFERENCE = not tags.has("pages")  # type: ignore[name-defined]  # noqa: F821 - Sphinx hands it in; -t pages

project = "lianode"
author = "The lianode developers"
copyright = "The lianode developers, MIT licence"  # noqa: A001 - Sphinx names it
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["site"] if WITH_REFERENCE else ["site", "reference"]
highlight_language = "text"

html_theme = "furo"
html_title = "lianode"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": True}
autodoc_mock_imports = ["gpaw", "sevenn", "torch"]  # the site can be built without them
autodoc_typehints = "signature"
maximum_signature_line_length = 100
napoleon_google_docstring = False
python_use_unqualified_type_names = True
# modules import types for checking only, so that a signature holds bare names: Source is a class of three modules
suppress_warnings = ["ref.python"]

_LITERAL = re.compile(r"(``.*?``|`[^`]+`_?)")
_LINK = re.compile(r"^- \[(?P<name>[^]]+)\]\((?P<page>[\w/-]+)\.md\)")


def _navigation(_app: Sphinx, name: str, source: list[str]) -> None:
    """Make the tree of pages from the lists of links on the first page, heading by heading; the rest comes after."""
    if name != "index":
        return
    groups: dict[str, list[str]] = {}
    named = {"index"}
    for line in source[0].splitlines():
        if line.startswith("## "):
            groups[line.removeprefix("## ")] = []
        elif found := _LINK.match(line):
            groups[list(groups)[-1]].append(f"{found['name']} <{found['page']}>")
            named.add(found["page"])
    others = {
        str(page.relative_to(DOCS).with_suffix("")) for page in (*DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md"))
    }
    groups["Further pages"] = sorted(others - named)
    if WITH_REFERENCE:
        groups["Reference"] = [f"reference/{page}" for page in ("commands", *(f"lianode.{top}" for top in FOLDERS))]
    for caption, pages in groups.items():
        if pages:
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(pages) + "\n```\n"


def _plain_text(_app: Sphinx, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
    """Escape what docstrings mean as written: bars of absolute values, and names that end in an underscore."""
    literal = False
    for number, line in enumerate(lines):
        literal = line.endswith("::") or (literal and (not line or line.startswith(" ")))
        if literal and not line.endswith("::"):
            continue
        parts = _LITERAL.split(line)
        parts[::2] = [re.sub(r"(?<=\w)_(?!\w)|\|", r"\\\g<0>", part) for part in parts[::2]]
        lines[number] = "".join(parts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages of the reference before Sphinx looks for pages."""
    if WITH_REFERENCE:
        REFERENCE.mkdir(exist_ok=True)
        import_all(ROOT, autodoc_mock_imports)
        wanted = write_commands(REFERENCE) | write_packages(ROOT, REFERENCE)
        for page in REFERENCE.glob("*.rst"):
            if page not in wanted:
                page.unlink()
    app.connect("source-read", _navigation)
    app.connect("autodoc-process-docstring", _plain_text)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
