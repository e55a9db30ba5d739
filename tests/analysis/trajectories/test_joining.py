"""Several files of one run: every frame once, with its step and time."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.analysis.trajectories.export import write_extxyz
from lianode.analysis.trajectories.frames import chain, frames
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.analysis.frame import Frame

KINDS = ("XDATCAR", "vasprun.xml")


def close(found: list[Frame], expected: list[Frame], tolerance: float = 1e-6) -> None:
    """Compare frames; positions may have been wrapped."""
    assert [frame.step for frame in found] == [frame.step for frame in expected]
    assert [frame.time for frame in found] == [frame.time for frame in expected]
    for mine, theirs in zip(found, expected, strict=True):
        apart = (mine.positions - theirs.positions) @ np.linalg.inv(mine.cell)
        assert np.abs(apart - np.round(apart)).max() < tolerance


@pytest.mark.parametrize("kind", KINDS)
def test_two_halves_are_the_whole(rehearsed: Callable[..., Path], kind: str) -> None:
    """CONTCAR holds the next positions, so the two runs have no frame in common."""
    whole = rehearsed(10, name="whole")
    first = rehearsed(4, name="first")
    second = rehearsed(6, name="second", poscar=(first / "CONTCAR").read_bytes())
    reading = chain([first / kind, second / kind], time_step=2.0)
    close(list(reading), list(frames(whole / kind, time_step=2.0)))
    assert reading.cut is None
    assert [end.frames for end in reading.ends] == [4, 6]
    close(
        list(chain([first / kind, second / kind], time_step=2.0, start=1, every=4)),
        list(frames(whole / kind, time_step=2.0, start=1, every=4)),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("back", [0, 1, 3])
def test_a_run_that_begins_at_a_frame_of_the_one_before(rehearsed: Callable[..., Path], kind: str, back: int) -> None:
    """A killed run, begun again ``back`` steps before its last whole frame, which both files then have."""
    whole = rehearsed(9, name="whole")
    killed = rehearsed(6, name="killed")
    text = (killed / kind).read_bytes()
    cut = text.rfind(b"Direct configuration" if kind == "XDATCAR" else b"</calculation")
    (killed / kind).write_bytes(text[: cut + 30])
    left = len(list(frames(killed / kind)))
    earlier = rehearsed(left - back - 1, name="earlier")
    again = rehearsed(9 - left + back + 1, name="again", poscar=(earlier / "CONTCAR").read_bytes())
    expected = list(frames(whole / kind, time_step=2.0))
    reading = chain([killed / kind, again / kind], time_step=2.0)
    close(list(reading), expected)
    assert reading.cut is not None
    assert str(killed / kind) in reading.cut
    told = chain([killed / kind, again / kind], first_steps=[0, left - back - 1], time_step=2.0)
    close(list(told), expected)


def test_runs_in_one_xdatcar(rehearsed: Callable[..., Path], tmp_path: Path) -> None:
    whole = rehearsed(10, name="whole")
    parts = [rehearsed(4, name="a")]
    parts.append(rehearsed(6, name="b", poscar=(parts[0] / "CONTCAR").read_bytes()))
    text = b"".join((part / "XDATCAR").read_bytes() for part in parts)
    (tmp_path / "x").write_bytes(text)
    close(list(frames(tmp_path / "x", time_step=2.0)), list(frames(whole / "XDATCAR", time_step=2.0)))


def test_an_xdatcar_after_a_vasprun_and_an_empty_attempt(rehearsed: Callable[..., Path], tmp_path: Path) -> None:
    whole = rehearsed(8, name="whole")
    first = rehearsed(3, name="first")
    second = rehearsed(5, name="second", poscar=(first / "CONTCAR").read_bytes())
    (tmp_path / "empty").touch()
    reading = chain([first / "vasprun.xml", tmp_path / "empty", second / "XDATCAR"], time_step=2.0)
    close(list(reading), list(frames(whole / "vasprun.xml")))
    assert reading.cut == f"{tmp_path / 'empty'} is empty"


def test_another_time_step(rehearsed: Callable[..., Path]) -> None:
    """The step out of the first run is of its length, as its CONTCAR holds the positions after it."""
    first = rehearsed(3, name="first")
    second = rehearsed(3, name="second", poscar=(first / "CONTCAR").read_bytes(), potim=1.0)
    found = list(chain([first / "vasprun.xml", second / "vasprun.xml"]))
    assert [frame.step for frame in found] == [0, 1, 2, 3, 4, 5]
    assert [frame.time for frame in found] == [0.0, 2.0, 4.0, 6.0, 7.0, 8.0]


def test_files_that_count_from_the_beginning(made: Any, tmp_path: Path) -> None:
    trajectory = made(10)
    write_extxyz(trajectory[:6], tmp_path / "a")
    write_extxyz(trajectory[4:], tmp_path / "b")
    write_extxyz(trajectory[8:], tmp_path / "c")
    for files in (("a", "b"), ("a", "b", "c")):
        close(list(chain([tmp_path / name for name in files])), trajectory)
    joined = (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes()
    (tmp_path / "joined").write_bytes(joined)
    close(list(frames(tmp_path / "joined")), trajectory)


def test_a_new_run_of_our_own_follows_the_first(made: Any, tmp_path: Path) -> None:
    write_extxyz(made(4, seed=1), tmp_path / "a")
    write_extxyz(made(3, seed=2), tmp_path / "b")
    found = list(chain([tmp_path / "a", tmp_path / "b"]))
    assert [frame.step for frame in found] == [0, 1, 2, 3, 4, 5, 6]
    assert [frame.time for frame in found] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]


def test_other_atoms_are_refused(made: Any, tmp_path: Path) -> None:
    write_extxyz(made(2), tmp_path / "a")
    write_extxyz(made(2, numbers=(3, 49)), tmp_path / "b")
    with pytest.raises(InputError, match=r"b: frame 3 has 2 atoms where the first frame has 5"):
        list(chain([tmp_path / "a", tmp_path / "b"]))
    shutil.copy(tmp_path / "a", tmp_path / "c")
    assert len(list(chain([tmp_path / "a", tmp_path / "c"]))) == 2


def test_runs_that_write_every_tenth_step(tmp_path: Path) -> None:
    top = "t\n1\n5 0 0\n0 5 0\n0 0 5\nLi\n2\n"
    for name, shift in (("a", 0.1), ("b", 0.5)):
        rows = (f"Direct configuration= {10 * n}\n0.0 0.0 {shift + 0.01 * n}\n0.5 0.5 0.9\n" for n in (1, 2))
        (tmp_path / name).write_text(top + "".join(rows))
    found = list(chain([tmp_path / "a", tmp_path / "b"], time_step=0.5))
    assert [frame.step for frame in found] == [9, 19, 29, 39]
    assert [frame.time for frame in found] == [4.5, 9.5, 14.5, 19.5]
