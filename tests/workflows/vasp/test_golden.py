"""The inputs of every preset and variant, word for word; reviewed against the papers' settings in papers.md.

``LIANODE_WRITE_GOLDEN=1 pytest tests/workflows/vasp/test_golden.py`` writes them anew, for review as a diff.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lianode.workflows.engines.vasp.incar import Band, Dynamics
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core import Structure

GOLDEN = Path(__file__).parent / "golden"
BULK, FIXED = RelaxTask(), RelaxTask(relax_cell=False)
CASES = {
    "alloy-LiIn": ({"preset": "alloy"}, BULK, "LiIn"),
    "alloy-In": ({"preset": "alloy"}, BULK, "In"),
    "alloy-static-LiIn": ({"preset": "alloy"}, StaticTask(), "LiIn"),
    "alloy-r2scan-LiIn": ({"preset": "alloy", "functional": "r2scan", "encut": 650, "ispin": 2}, BULK, "LiIn"),
    "alloy-slab-LiCl100": ({"preset": "alloy", "variant": "slab"}, FIXED, "LiCl100"),
    "alloy-interface-Li_LiCl": ({"preset": "alloy", "variant": "interface"}, FIXED, "Li_LiCl"),
    "alloy-neb-LiIn": ({"preset": "alloy", "variant": "neb"}, Band(images=5), "LiIn"),
    "alloy-neb-vtst-LiIn": ({"preset": "alloy", "variant": "neb"}, Band(images=5, vtst=True), "LiIn"),
    "hansel2021-LiIn": ({"preset": "hansel2021"}, BULK, "LiIn"),
    "luo2021-LiIn": ({"preset": "luo2021"}, BULK, "LiIn"),
    "luo2021-aimd-Li_LiCl": ({"preset": "luo2021", "variant": "aimd"}, Dynamics(300, 2, 10000), "Li_LiCl"),
    "su2024-LiCl": ({"preset": "su2024"}, BULK, "LiCl"),
    "su2024-slab-reference-LiCl": ({"preset": "su2024", "variant": "slab-reference"}, BULK, "LiCl"),
    "su2024-slab-LiCl100": ({"preset": "su2024", "variant": "slab"}, FIXED, "LiCl100"),
    "su2024-interface-Li_LiCl": ({"preset": "su2024", "variant": "interface"}, FIXED, "Li_LiCl"),
    "su2024-aimd-Li_LiCl": ({"preset": "su2024", "variant": "aimd"}, Dynamics(300, 2, 25000), "Li_LiCl"),
    "mp-gga-LiIn": ({"preset": "mp-gga"}, BULK, "LiIn"),
    "mp-gga-static-LiIn": ({"preset": "mp-gga"}, StaticTask(), "LiIn"),
}


@pytest.mark.parametrize("name", CASES)
def test_inputs_are_the_golden_ones(name: str, tmp_path: Path, crystal: Callable[[str], Structure]) -> None:
    spec, task, cell = CASES[name]
    input_set(spec, task, crystal(cell)).write(tmp_path)
    for kind in ("INCAR", "KPOINTS", "POTCAR.spec"):
        golden = GOLDEN / f"{name}.{kind}"
        written = (tmp_path / kind).read_text(encoding="utf-8")
        if os.environ.get("LIANODE_WRITE_GOLDEN"):
            golden.write_text(written, encoding="utf-8")
        assert written == golden.read_text(encoding="utf-8"), golden.name
    assert not (tmp_path / "POTCAR").exists()


def test_no_golden_file_is_left_over() -> None:
    assert {path.name.split(".")[0] for path in GOLDEN.iterdir()} == set(CASES)
