"""A project with a small finished campaign, and the command as users run it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CAMPAIGN = """\
name: small
engine: morse
calculations:
  - hull:
      system: Li-In
      phases: [Li_bcc, Li_fcc, In, LiIn3, LiIn, Li3In2]
      include: [LiIn3]
"""


@dataclass(frozen=True)
class Command:
    """The ``lianode`` command in a folder."""

    folder: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lianode.cli.main", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def make_project(folder: Path) -> Command:
    """Return the command in a new project with ``small.yaml``."""
    command = Command(folder)
    done = command("init")
    assert done.returncode == 0, done.stderr
    (folder / "small.yaml").write_text(CAMPAIGN, encoding="utf-8")
    return command


@pytest.fixture
def lianode(tmp_path: Path) -> Command:
    """The command in an empty project."""
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command in a project whose campaign has run; only for tests that change nothing."""
    command = make_project(tmp_path_factory.mktemp("finished"))
    done = command("run", "small.yaml", "--workers", "1")
    assert done.returncode == 0, done.stderr + done.stdout
    return command
