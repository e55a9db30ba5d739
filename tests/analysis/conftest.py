"""What several tests of the analysis need."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# tests run with --import-mode=importlib, where a neighbouring module has to be loaded by its path
_SPEC = importlib.util.spec_from_file_location("lianode_test_tables", Path(__file__).with_name("tables.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_TABLES = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = _TABLES
_SPEC.loader.exec_module(_TABLES)
