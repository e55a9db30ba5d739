"""The arrows of the design: who may import whom, and what must stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "structures": set(),
    "analysis": {"structures"},
    "workflows": {"structures", "analysis"},
    "hpc": {"structures", "analysis", "workflows"},
    "cli": {"structures", "analysis", "workflows", "hpc"},
}
MODULES = sorted(path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py"))
LONGEST = 420


def imported(path: Path) -> set[str]:
    """Return every module that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        parts = name.split(".")
        assert parts[0] not in MAY_IMPORT, f"{path} imports the bare folder {name}"
        if parts[0] == "lianode" and len(parts) > 1:
            assert parts[1] in MAY_IMPORT[own] | {own}, f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_no_bare_folder_is_a_module() -> None:
    assert not MAY_IMPORT.keys() & sys.modules.keys()


def test_every_package_is_installed() -> None:
    """An editable install finds folders that an installed wheel has not."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for path in MODULES if path.name == "__init__.py"}
    assert set(listed) == {".".join(("lianode", *folder.parts)) for folder in folders} | {"lianode"} & set(listed)


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that are loaded after ``code`` in a fresh process."""
    program = f"{code}\nimport sys\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_structures_are_light() -> None:
    assert not {"torch", "fireworks", "matplotlib"} & loaded_by("import lianode.structures, lianode.structures.library")


def test_help_loads_nothing_heavy() -> None:
    heavy = {"torch", "fireworks", "matplotlib", "pymatgen", "numpy", "scipy", "ase", "jobflow", "maggma", "pydantic"}
    code = "import click.testing, lianode.cli.main as m; click.testing.CliRunner().invoke(m.lianode, ['--help'])"
    assert not heavy & loaded_by(code)


def test_planning_loads_no_model() -> None:
    """Login nodes plan campaigns, and have no torch."""
    code = (
        "from lianode.workflows.campaign.campaign import Campaign\n"
        "from lianode.workflows.plan import plan_campaign\n"
        "calculations = [{'hull': {'system': 'Li-In', 'phases': ['Li', 'In', 'LiIn']}}]\n"
        "plan_campaign(Campaign.model_validate({'name': 'a', 'engine': 'morse', 'calculations': calculations}))"
    )
    assert not {"torch", "matplotlib", "fireworks"} & loaded_by(code)
