"""Systems of three and more elements, from the campaign to the figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.cli.conftest import Command

TERNARY = """\
name: ternary
engine: morse
calculations:
  - hull:
      system: Li-In-Sn
      phases: [Li, In, Sn, LiIn, LiSn, Li3In2, Li5Sn2]
      host: InSn
"""
# four elements, and no host
QUATERNARY = """\
name: quaternary
engine: morse
calculations:
  - hull: {system: Li-Al-In-Sn, phases: [Li, Li_fcc, Al, In, Sn, LiIn]}
"""


@pytest.fixture(scope="module")
def drawn(
    finished: Command, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Command, Path, subprocess.CompletedProcess[str]]:
    """A project of its own after ``lianode run --figures``, the figures, and what the command said."""
    folder = tmp_path_factory.mktemp("ternary")
    command = type(finished)(folder)
    assert command("init").returncode == 0
    (folder / "ternary.yaml").write_text(TERNARY, encoding="utf-8")
    (folder / "quaternary.yaml").write_text(QUATERNARY, encoding="utf-8")
    done = command("run", "ternary.yaml", "--figures", "figures", "--published", "hansel2021", "--workers", "1")
    return command, folder / "figures", done


def test_ternary_campaign_draws_hull_and_voltage(
    drawn: tuple[Command, Path, subprocess.CompletedProcess[str]],
) -> None:
    _, figures, done = drawn
    assert done.returncode == 0, done.stderr + done.stdout
    for name in ("hull-Li-In-Sn", "voltage-Li-In-Sn"):
        for ending in ("svg", "pdf", "png", "csv"):
            assert (figures / f"{name}.{ending}").stat().st_size > 0
        assert f"figure {name}: hansel2021 has no values to draw over it" in done.stderr
    assert "mAh/g of host" in done.stdout


def test_ternary_plots_from_the_store(
    drawn: tuple[Command, Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    command, _, _ = drawn
    done = command("plot", "hull", "--system", "Li-In-Sn", "--size", "slide", "-o", str(tmp_path / "hull.svg"))
    assert done.returncode == 0, done.stderr
    assert "Li–In–Sn" in (tmp_path / "hull.svg").read_text(encoding="utf-8")
    refused = command("plot", "hull", "--system", "Li-In-Sn", "--published", "hansel2021")
    assert refused.returncode == 2
    assert "hansel2021 are drawn over hulls of two elements only" in refused.stderr


def test_what_cannot_be_drawn_is_said_and_the_run_ends_well(
    drawn: tuple[Command, Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    command, _, _ = drawn
    done = command("run", "quaternary.yaml", "--figures", str(tmp_path / "figures"), "--json", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["figures"] == []
    assert "no figure hull-Li-Al-In-Sn: Li-Al-In-Sn has 4 elements" in done.stderr
    assert "a voltage curve only with a host" in done.stderr
    assert "Traceback" not in done.stderr
    refused = command("plot", "hull", "--system", "Li-Al-In-Sn")
    assert refused.returncode == 2
    assert "a hull is drawn for two, or in a triangle for three" in refused.stderr
    assert command("plot", "above-hull", "--system", "Li-Al-In-Sn", "-o", str(tmp_path / "a.svg")).returncode == 0


def test_unknown_paper_is_said_before_anything_runs(
    drawn: tuple[Command, Path, subprocess.CompletedProcess[str]],
) -> None:
    command, _, _ = drawn
    done = command("run", "ternary.yaml", "--figures", "figures", "--published", "hansel")
    assert done.returncode == 2
    assert "paper 'hansel': unknown" in done.stderr
