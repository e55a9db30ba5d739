"""What several tests of the workflows need: a project with a real store, the test potential, and ways to use them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures import library
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.morse import MorseCalculator, MorseEngine
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymatgen.core import Structure

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

    Relax = Callable[..., Calculation]
    MakeCampaign = Callable[..., Campaign]


# tests run with --import-mode=importlib, where a neighbouring module has to be loaded by its path
SPEC = importlib.util.spec_from_file_location(
    "lianode_test_pair_elasticity", Path(__file__).with_name("pair_elasticity.py")
)
assert SPEC is not None
assert SPEC.loader is not None
sys.modules[SPEC.name] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(sys.modules[SPEC.name])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Path of the settings file of a new project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return write_default(folder)


@pytest.fixture
def results(project: Path) -> Iterator[ResultsStore]:
    """The results store of the project, on SQLite."""
    store = open_store(load_settings(project))
    yield store
    store.close()


@pytest.fixture
def morse() -> MorseEngine:
    """The test potential."""
    return MorseEngine()


@pytest.fixture
def relax(tmp_path: Path, morse: MorseEngine) -> Relax:
    """Relax a structure, or a phase of the library by its name, in a folder."""

    def relaxed(what: Structure | str, *, folder: str = "run", engine: Any = morse, **options: Any) -> Calculation:
        context = {name: options.pop(name) for name in ("deadline", "stop", "progress") if name in options}
        directory = tmp_path / folder
        directory.mkdir(exist_ok=True)
        structure = library.phase(what).primitive() if isinstance(what, str) else what
        calculation: Calculation = engine.relax(
            "key", RelaxTask(**options), structure, RunContext(directory, checkpoint_interval_s=0.0, **context)
        )
        return calculation

    return relaxed


@pytest.fixture
def make_campaign(tmp_path: Path) -> MakeCampaign:
    """Make a campaign of hulls: one per dictionary, Li-In where it names no system."""

    def campaign(*hulls: dict[str, Any], **top: Any) -> Campaign:
        entries = [{"hull": {"system": "Li-In", **settings}} for settings in hulls or ({},)]
        content = {"name": "test", "calculations": entries, **({} if "engines" in top else {"engine": "morse"}), **top}
        return Campaign.model_validate(content, context={"folder": tmp_path}).in_folder(tmp_path)

    return campaign


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry per evaluation of the test potential in this process."""
    made: list[int] = []
    original = MorseCalculator.calculate

    def counted(self: MorseCalculator, *arguments: Any, **options: Any) -> None:
        made.append(1)
        original(self, *arguments, **options)

    monkeypatch.setattr(MorseCalculator, "calculate", counted)
    return made
