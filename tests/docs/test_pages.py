"""Every page: links lead somewhere, commands and their options exist, and the site builds and needs no network."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.cli.main import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("tutorials/*.md")])
LINK = re.compile(r"\]\((?P<to>[^)#\s]*)(?:#[^)]*)?\)")
CODE = re.compile(r"^```[^\n]*\n(.*?)^```$|^(    [^\n]*)$|`(lianode [^`]*)`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|&& )\s*(?:\$ )?lianode (?P<name>[a-z_]+)(?P<rest>.*)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for match in LINK.finditer(page.read_text(encoding="utf-8")):
        if match["to"] and "://" not in match["to"]:
            assert (page.parent / match["to"]).exists(), f"{page.name} links to {match['to']}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page: Path) -> None:
    for name, rest in _commands(page.read_text(encoding="utf-8")):
        assert name in COMMANDS, f"{page.name} names `lianode {name}`"
        known = _options(name)
        said = {option for option in OPTION.findall(rest) if option not in known}
        assert not said, f"{page.name} names {', '.join(sorted(said))} of `lianode {name}`"


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and words of every command; a line that ends in a backslash goes on in the next."""
    code = "\n".join("".join(found) for found in CODE.findall(text))
    for match in COMMAND.finditer(code.replace("\\\n", " ")):
        words = re.split(r"\s#|&&|\|(?![^']*')|;|>", match["rest"])[0]
        yield match["name"], re.sub(r"'[^']*'|\"[^\"]*\"", "''", words)


def _options(name: str) -> set[str]:
    command = import_module(COMMANDS[name]).command
    found = {"--help", "-h"}
    for one in [command, *getattr(command, "commands", {}).values()]:
        for parameter in one.params:
            found |= {*parameter.opts, *parameter.secondary_opts}
    return found


@pytest.mark.browser
def test_the_site_needs_no_network(browser: Any, tmp_path: Path) -> None:
    """Without the reference, which takes a minute: `make docs` builds it with warnings as errors too."""
    pytest.importorskip("sphinx", reason="the extra 'docs' is not installed")
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-c", str(DOCS / "site"), "-t", "pages", "-d",
         str(tmp_path / "doctrees"), str(DOCS), str(site)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    inside = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = inside.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    inside.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for name in ("index", "tutorials/first-hull", "design"):
        page.goto((site / f"{name}.html").as_uri())
        assert page.locator("h1").count() == 1
        page.screenshot(path=tmp_path / f"{Path(name).name}.png")
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="A first hull").first.click()
    assert page.url.endswith("tutorials/first-hull.html")
    inside.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []
