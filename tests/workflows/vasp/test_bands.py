"""Bands with the stand-in for VASP: driven from here, image by image."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.analysis.checks import failed
from lianode.workflows.calculation import State
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.vasp.commands import vasp_commands
from lianode.workflows.engines.vasp.engine import VaspEngine
from lianode.workflows.task import NebTask, RelaxTask

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engines.vasp.commands import VaspCommands

pytestmark = pytest.mark.vasp


def ends() -> tuple[Structure, Structure]:
    """One vacancy in eight sites of fcc Li; the atom on the next face centre hops into it."""
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.15), ["Li"], [[0, 0, 0]]) * (2, 1, 1)
    cell.remove_sites([0])
    mover = next(i for i, site in enumerate(cell) if np.allclose(site.frac_coords, [0.25, 0.5, 0.0]))
    final = cell.copy()
    final.replace(mover, "Li", [0.0, 0.0, 0.0])
    return cell, final


@pytest.fixture
def engine() -> VaspEngine:
    return VaspEngine({"rehearsal": True})


@pytest.fixture
def hop(engine: VaspEngine, rehearsal: VaspCommands, tmp_path: Path) -> tuple[Structure, Structure]:
    relaxed = []
    for number, end in enumerate(ends()):
        folder = tmp_path / f"end{number}"
        folder.mkdir()
        task = RelaxTask(relax_cell=False, max_force=0.005, rattle=0.0)
        done = engine.relax(f"end{number}", task, end, RunContext(folder))
        assert done.state is State.CONVERGED, done.reason
        relaxed.append(Structure.from_dict(done.structure or {}))
    return relaxed[0], relaxed[1]


def band(engine: VaspEngine, hop: tuple[Structure, Structure], folder: Path, **context: Any) -> Calculation:
    folder.mkdir(exist_ok=True)
    return engine.neb("key", NebTask(images=3), *hop, RunContext(folder, checkpoint_interval_s=0.0, **context))


def test_a_band_climbs_without_a_patched_vasp(
    engine: VaspEngine, hop: tuple[Structure, Structure], tmp_path: Path
) -> None:
    folder = tmp_path / "band"
    done = band(engine, hop, folder)
    assert (done.state, done.reason) == (State.CONVERGED, None)
    assert done.band is not None
    assert done.band.climbing is not None
    assert done.method.is_rehearsal
    assert done.program_version.startswith("VASP")
    assert "saddle_converged" not in {check.name for check in failed(done.checks)}
    assert len(list(folder.glob("image-*"))) == done.evaluations


def test_images_run_at_the_same_time_in_groups_of_ranks(
    engine: VaspEngine, hop: tuple[Structure, Structure], rehearsal: VaspCommands, tmp_path: Path
) -> None:
    one, three = tmp_path / "one", tmp_path / "three"
    alone = band(engine, hop, one)
    with vasp_commands(replace(rehearsal, image_groups=3)):
        together = band(engine, hop, three)
    assert together.energy == pytest.approx(alone.energy, abs=1e-6)
    assert together.evaluations == alone.evaluations
    written = [
        [(three / f"image-{n:03d}" / "attempt-01" / name).stat().st_mtime for name in ("POSCAR", "vasprun.xml")]
        for n in (2, 3, 4)  # the first two are the end points
    ]
    assert max(begun for begun, _ in written) < min(ended for _, ended in written)


def test_an_image_that_fails_beside_others_is_named(
    engine: VaspEngine, hop: tuple[Structure, Structure], rehearsal: VaspCommands, tmp_path: Path
) -> None:
    folder = tmp_path / "band"
    (folder / "image-003").mkdir(parents=True)
    (folder / "image-003" / "REHEARSAL").write_text(json.dumps({"unconverged_scf": True}), encoding="utf-8")
    with vasp_commands(replace(rehearsal, image_groups=3)):
        done = band(engine, hop, folder)
    assert done.state is State.FAILED
    assert (done.reason or "").startswith("image image-003: ")


def test_a_band_that_is_stopped_repeats_no_image(
    engine: VaspEngine, hop: tuple[Structure, Structure], tmp_path: Path
) -> None:
    folder = tmp_path / "band"
    third = folder / "image-003" / "attempt-01" / "vasprun.xml"
    half = band(engine, hop, folder, stop=third.exists)
    assert half.state is State.INTERRUPTED
    before = {path: path.stat().st_mtime_ns for path in folder.glob("image-00[0-2]/attempt-01/vasprun.xml")}
    assert len(before) == 3
    done = band(engine, hop, folder)
    assert done.state is State.CONVERGED
    assert done.continued == 1
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_an_image_without_a_result_fails_the_band(
    engine: VaspEngine, hop: tuple[Structure, Structure], tmp_path: Path
) -> None:
    folder = tmp_path / "band"
    (folder / "image-002").mkdir(parents=True)
    (folder / "image-002" / "REHEARSAL").write_text(json.dumps({"unconverged_scf": True}), encoding="utf-8")
    done = band(engine, hop, folder)
    assert done.state is State.FAILED
    assert (done.reason or "").startswith("image image-002: ")
    assert done.band is None
