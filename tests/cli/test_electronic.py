"""Electronic structures as users see them: refused for a potential, queried, drawn and compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.analysis.electronic.document import electronic
from lianode.analysis.electronic.levels import Levels
from lianode.analysis.electronic.potential import Profile
from lianode.analysis.electronic.work_function import SlabOfSurface, work_function
from lianode.analysis.method import MethodKey
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from tests.cli.conftest import Command

METHOD = MethodKey(program="gpaw", functional="PBE")
COMMON: dict[str, Any] = {
    "system": "Li-Cl",
    "phase": "LiCl",
    "engine": "gpaw-alloy",
    "campaign": "try",
    "method": METHOD,
}


def levels(top: float, gap: float) -> Levels:
    k = np.arange(4) / 4
    bent = -0.5 * np.sin(np.pi * k) ** 2
    energies = np.stack([top + bent, top + gap - bent], axis=1)[None]
    return Levels(
        energies=energies, occupations=np.stack([np.ones(4), np.zeros(4)], axis=1)[None], weights=np.full(4, 0.25),
        k_points=np.column_stack([k, 0 * k, 0 * k]), mesh=(4, 1, 1), fermi_level=top + 0.5 * gap,
        projections={"Cl p": np.full((1, 4, 2), 0.4)},
    )  # fmt: skip


@pytest.fixture
def computed(lianode: Command) -> Command:
    """A project with a crystal and a surface of it."""
    heights = np.arange(200) * 0.15
    potential = Profile(
        heights=heights.tolist(), values=(2.0 - 9.0 * np.exp(-0.5 * ((heights - 15) / 1.5) ** 2)).tolist(),
        cell_height=30.0, atom_heights=[14.0, 16.0], periodic=True,
    )  # fmt: skip
    slab = SlabOfSurface(
        formula="LiCl", plane=(0, 0, 1), plane_label="(001)", surface="LiCl(001)", termination="LiCl|LiCl", layers=2,
        thickness=5.1, vacuum=25.0, n_atoms=4, relaxed=True, equal_surfaces=True, period=2.57,
    )  # fmt: skip
    store = open_store(load_settings(lianode.folder / "lianode.toml"))
    store.put_property(
        electronic(levels(0.5, 6.3), formula="LiCl", calculations={"LiCl": "a" * 32}, broadening=0.1, **COMMON)
    )
    store.put_property(
        work_function(levels(-5.0, 6.0), potential, slab, calculations={"LiCl(001)": "b" * 32}, **COMMON)
    )
    store.close()
    return lianode


def test_a_potential_is_refused_in_one_sentence(lianode: Command) -> None:
    text = "name: gap\nengine: sevennet-0\ncalculations:\n  - electronic: {phases: [LiCl]}\n"
    (lianode.folder / "gap.yaml").write_text(text, encoding="utf-8")
    done = lianode("plan", "gap.yaml")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "sevennet-0 is a potential and has no electrons" in done.stderr
    assert "engines that do: gpaw, vasp" in done.stderr


def test_stored_results_are_shown(computed: Command) -> None:
    assert "band_gap=6.3000" in computed("query", "electronic").stdout
    shown = computed("query", "work_function").stdout
    assert "LiCl(001)" in shown
    for kind, options in (("dos", ("--phase", "LiCl")), ("potential", ("--surface", "LiCl(001)"))):
        done = computed("plot", kind, *options, "-o", f"{kind}.svg")
        assert done.returncode == 0, done.stderr
        assert (computed.folder / f"{kind}.svg").stat().st_size > 5000
        assert (computed.folder / f"{kind}.csv").read_text(encoding="utf-8").startswith("# Li-Cl, gpaw-alloy")
    absent = computed("plot", "potential", "--surface", "Li(001)")
    assert absent.returncode == 2
    assert "the store has none; it has LiCl(001)" in absent.stderr
    rows = [row for row in json.loads(computed("compare", "liu2025", "--json").stdout) if row["computed"] is not None]
    assert {(row["quantity"], row["phase"], row["published"]) for row in rows} == {
        ("band gap", "LiCl", 6.2), ("work function (vbm)", "LiCl", 5.3),
    }  # fmt: skip
    assert next(row for row in rows if row["quantity"] == "band gap")["difference"] == pytest.approx(0.1)
