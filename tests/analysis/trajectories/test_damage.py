"""Random damage ends in whole frames or in one sentence, never in a traceback."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import ase.io
import numpy as np
import pytest
from ase import Atoms

from lianode.analysis.trajectories.frames import frames
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIALS = 150
CHARACTERS = b'0123456789 \n.-<>/="ab*'


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Change, take away, put in or double some bytes, or cut the rest off."""
    for _ in range(dice.choice((1, 1, 2, 5))):
        place, other = dice.randrange(len(data) + 1), dice.randrange(len(data) + 1)
        before, after = data[:place], data[place:]
        noise = bytes(dice.choice(CHARACTERS) for _ in range(dice.randrange(1, 10)))
        data = dice.choice(
            (
                before + bytes([dice.randrange(256)]) + after[1:],
                before + after[dice.randrange(40) :],
                before + noise + after,
                before + data[other : other + dice.randrange(200)] + after,
                before,
            )
        )
    return data or b"x"


@pytest.mark.parametrize("kind", ["XDATCAR", "vasprun.xml", "extxyz", "traj"])
def test_random_damage(rehearsed: Callable[..., Path], made: Any, tmp_path: Path, kind: str) -> None:
    if kind in {"XDATCAR", "vasprun.xml"}:
        data = (rehearsed(3) / kind).read_bytes()
    else:
        images = [Atoms(frame.numbers, frame.positions, cell=frame.cell, pbc=True) for frame in made(4)]
        ase.io.write(tmp_path / "whole", images, format=kind)
        data = (tmp_path / "whole").read_bytes()
    dice = random.Random(f"damage of {kind}")  # noqa: S311 - the same damage at every run
    found, sentences = 0, []
    for _ in range(TRIALS):
        (tmp_path / "x").write_bytes(damaged(data, dice))
        try:
            for frame in frames(tmp_path / "x"):
                assert np.isfinite(frame.positions).all()
                found += 1
        except InputError as error:
            sentences.append(str(error))
    assert found
    assert sentences
    assert not any("\n" in sentence for sentence in sentences)
