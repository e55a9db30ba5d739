"""What tests of the local runner need: a project, and flows that worker processes can import."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.store import ResultsStore

HERE = Path(__file__).parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Path of the settings file of a new project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return write_default(folder)


@pytest.fixture
def results(project: Path) -> Iterator[ResultsStore]:
    """The results store of the project."""
    store = open_store(load_settings(project))
    yield store
    store.close()


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module of the flows: importable here and, by PYTHONPATH, in the workers that are started meanwhile."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(HERE))
        there = os.environ.get("PYTHONPATH")
        patched.setenv("PYTHONPATH", os.pathsep.join([str(HERE), *([there] if there else [])]))
        module = importlib.import_module("conformance_flows")
        patched.setenv(module.TRACE, str(tmp_path_factory.mktemp("trace")))
        yield module
