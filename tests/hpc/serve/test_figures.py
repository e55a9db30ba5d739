"""Results of every property are drawn on their page as in the report."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.serve.result import NOT_DRAWN, result
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.store import ResultsStore

ANALYSIS = Path(__file__).parents[2] / "analysis"
FIGURES = {
    "hull": "chart", "voltage": "chart", "barrier": "chart", "surface": "table", "wulff": "bodies",
    "adsorption": "chart", "elastic": "bodies", "electronic": "chart", "work_function": "chart", "parity": "chart",
    "free_energy": "table", "interface_energy": "table",
}  # fmt: skip
"""What the page of a property has at least."""


def made_up() -> list[Any]:
    """Return documents of every kind, which tests of the analysis make up."""
    spec = importlib.util.spec_from_file_location("lianode_test_analysis_conftest", ANALYSIS / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    found: list[Any] = importlib.import_module("lianode_test_everything").everything()
    return found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ResultsStore, dict[str, str]]]:
    """A store with a result of every property, and the key of one of each."""
    opened = open_store(load_settings(write_default(tmp_path_factory.mktemp("drawn"))))
    documents = made_up()
    for document in documents:
        opened.put_property(document)
    yield opened, {document.property: document.key for document in documents}
    opened.close()


@pytest.mark.parametrize("name", FIGURES)
def test_a_result_is_drawn(keys: tuple[ResultsStore, dict[str, str]], name: str) -> None:
    store, by_property = keys
    page = bytes(result(store, by_property[name]).body).decode()
    assert NOT_DRAWN not in page
    assert f'class="{FIGURES[name]}"' in page
