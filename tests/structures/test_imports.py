"""What importing lianode.structures brings in."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import lianode.structures

FOLDER = Path(lianode.structures.__path__[0])
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def loaded_after(code: str) -> set[str]:
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout))


def test_importing_every_module_loads_nothing_heavy():
    loaded = loaded_after("\n".join(f"import lianode.structures.{module}" for module in MODULES))
    assert not loaded & {"torch", "fireworks", "matplotlib", "jobflow", "maggma", "pymongo", "phonopy", "mp_api"}
    assert not loaded & {"pymatgen", "ase", "spglib"}


def test_loading_a_phase_loads_nothing_of_the_rest():
    loaded = loaded_after("from lianode.structures.library import phase\nphase('LiIn'); phase('LiIn35')")
    assert not loaded & {"torch", "fireworks", "matplotlib", "jobflow", "mp_api"}
    assert not loaded & {"structures", "analysis", "workflows", "hpc", "cli"}


@pytest.mark.parametrize("module", MODULES)
def test_no_import_of_another_part(module):
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    ours = [name for name in imported if name.startswith("lianode")]
    assert all(name.startswith("lianode.structures") for name in ours)
