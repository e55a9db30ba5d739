"""The fenced blocks of a page, and how those of a tutorial are run.

On a tutorial page

- a block ``sh`` is run by bash, as it stands, in the folder where the one before it ended,
- a block ``python`` is run by Python,
- a block ``yaml FILE`` is written into that file first; without a file it is only shown,
- a block ``text`` right after one that runs is what that prints (:mod:`lianode_test_shown` says how loosely),
- anything else is only shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lianode_test_shown import differences

FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
IMAGE = re.compile(r"!\[[^]]*\]\((?P<file>[^)\s]+)\)")
LONGEST_S = 900


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    kind
        First word behind the fence; empty where there is none.
    file
        Second word.
    body
        Text inside.
    line
        Number of its first line in the page.
    """

    kind: str
    file: str
    body: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        kind, _, file = match["info"].strip().partition(" ")
        found.append(Block(kind, file, match["body"], text[: match.start()].count("\n") + 1))
    return found


def images(page: Path) -> list[Path]:
    """Return the pictures that a page shows."""
    return [page.parent / match["file"] for match in IMAGE.finditer(page.read_text(encoding="utf-8"))]


def run_page(page: Path, folder: Path, environment: dict[str, str] | None = None) -> Path:
    """Run a tutorial in ``folder``; return the folder in which it ends.

    What its commands print is written into ``folder`` too, for those who renew the page.

    Raises
    ------
    AssertionError
        With the line of the page, when a command fails or prints something else than the page shows.
    """
    printed, transcript = "", folder / f"{page.stem}.printed"
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        match block.kind:
            case "yaml" if block.file:
                (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
                (folder / block.file).write_text(block.body, encoding="utf-8")
                printed = ""
            case "sh" | "python":
                printed, folder = _run(block, folder, where, environment)
                with transcript.open("a", encoding="utf-8") as out:
                    out.write(f"{where}\n{printed}\n")
            case "text" if printed:
                wrong = differences(block.body, printed)
                assert not wrong, f"{where} shows what is not printed:\n" + "\n".join(wrong) + f"\n\n{printed}"
    return folder


def _run(block: Block, folder: Path, where: str, environment: dict[str, str] | None) -> tuple[str, Path]:
    """Return what a block prints, on both streams, and the folder that it ends in."""
    place = folder / ".ended-in"
    if block.kind == "sh":
        command = ["bash", "-e", "-o", "pipefail", "-c", f'{block.body}\npwd > "{place}"']
    else:
        command = [sys.executable, "-P", "-c", block.body]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path} | (environment or {}), text=True, timeout=LONGEST_S,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{where} ended with {done.returncode}:\n{done.stdout}"
    if place.exists():
        folder = Path(place.read_text(encoding="utf-8").strip())
        place.unlink()
    return done.stdout, folder
