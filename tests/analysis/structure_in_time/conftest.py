"""What several tests of structures in time need."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lianode.analysis.structure_in_time.kernels import compiled, vectorised

if TYPE_CHECKING:
    from lianode.analysis.structure_in_time.kernels import Kernels

# tests run with --import-mode=importlib, where a neighbouring module has to be loaded by its path
spec = importlib.util.spec_from_file_location("lianode_test_motion", Path(__file__).with_name("motion.py"))
assert spec is not None
assert spec.loader is not None
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)


@pytest.fixture(params=["compiled", "vectorised"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    """Both ways to count; they have to give the same."""
    if request.param == "compiled":
        pytest.importorskip("numba")
        return compiled()
    return vectorised()
