"""The tutorials, run as a reader runs them, and what they show compared with what comes out.

A page that shows a picture has to draw one of that name. ``pytest tests/docs/test_tutorials.py --basetemp FOLDER``
leaves the new ones in FOLDER, to be looked at and copied into ``docs/figures``, and what was printed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lianode_test_blocks import blocks, images, run_page

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = DOCS / "tutorials"
PROJECTS = {
    "alloy": ("first-hull", "own-phases", "reading-results"),
    "barriers": ("barriers",),
    "interface": ("interface-md",),
}
"""Tutorials that go on in one project, in their order."""
ON_A_CLUSTER = "cluster"


def test_every_tutorial_is_run() -> None:
    pages = {page.stem for page in TUTORIALS.glob("*.md")}
    assert pages == {ON_A_CLUSTER, *(name for names in PROJECTS.values() for name in names)}
    assert all(any(block.kind == "sh" for block in blocks(TUTORIALS / f"{name}.md")) for name in pages)


@pytest.mark.slow
@pytest.mark.mlip
@pytest.mark.parametrize("project", PROJECTS)
def test_tutorials(project: str, tmp_path: Path) -> None:
    folder = tmp_path
    for name in PROJECTS[project]:
        folder = run_page(TUTORIALS / f"{name}.md", folder)
        drawn_as_shown(TUTORIALS / f"{name}.md", tmp_path)


def drawn_as_shown(page: Path, below: Path) -> None:
    """Check that a page shows only pictures that its commands draw."""
    for image in images(page):
        assert image.is_file(), f"{page.name} shows {image.name}, which is not there"
        assert any(below.rglob(image.name)), f"the commands of {page.name} do not draw {image.name}"
