"""What the tests of pages share."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# tests run with --import-mode=importlib, where a neighbouring module has to be loaded by its path
for neighbour in ("shown", "blocks"):
    spec = importlib.util.spec_from_file_location(
        f"lianode_test_{neighbour}", Path(__file__).with_name(f"{neighbour}.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
