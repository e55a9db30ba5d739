"""What all tests share: nothing may be skipped silently where it is meant to run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser

MUST_RUN = frozenset(filter(None, os.environ.get("LIANODE_MUST_RUN", "").split(",")))
"""Markers whose tests count as failed when they are skipped; continuous integration sets it."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, None, None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    needed = MUST_RUN & {marker.name for marker in item.iter_markers()}
    if report.skipped and needed:
        report.outcome = "failed"
        report.longrepr = f"skipped, but {', '.join(sorted(needed))} has to run here: {report.longrepr}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; tests that use it have the marker ``browser``."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra 'browser' is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])  # containers have no namespaces
        yield opened
        opened.close()
