"""XDATCAR of every version: made here with known frames, and cut at every byte."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase.data import chemical_symbols

from lianode.analysis.trajectories import source
from lianode.analysis.trajectories.frames import frames
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.frame import Frame


def species(frame: Frame) -> tuple[list[str], list[int]]:
    groups = [(chemical_symbols[number], len(list(group))) for number, group in groupby(frame.numbers)]
    return [symbol for symbol, _ in groups], [count for _, count in groups]


def header(frame: Frame, *, scale: str = "1.0", symbols: bool = True, selective: bool = False) -> str:
    factor = 1.0 if scale.startswith("-") else float(scale.split(maxsplit=1)[0])
    volume = abs(float(np.linalg.det(frame.cell)))
    rows = frame.cell / factor if not scale.startswith("-") else frame.cell / (volume / float(scale[1:])) ** (1 / 3)
    names, counts = species(frame)
    lines = ["Li run of a test", f"   {scale}", *("  ".join(f"{x:.12f}" for x in row) for row in rows)]
    lines += [" ".join(names)] if symbols else []
    lines += [" ".join(map(str, counts))] + (["Selective dynamics"] if selective else [])
    return "\n".join(lines) + "\n"


def rows(frame: Frame, *, cartesian: bool = False, end: str = "") -> str:
    table = frame.positions if cartesian else frame.positions @ np.linalg.inv(frame.cell)
    return "".join("  " + "  ".join(f"{x:.10f}" for x in row) + f"{end}\n" for row in table)


def constant(made: list[Frame], **options: Any) -> str:
    body = "".join(f"Direct configuration={frame.step + 1:6d}\n{rows(frame)}" for frame in made)
    return header(made[0], **options) + body


def same(found: list[Frame], expected: list[Frame], tolerance: float = 2e-9) -> None:
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine.positions, theirs.positions, atol=tolerance)
        np.testing.assert_allclose(mine.cell, theirs.cell, atol=tolerance)
        np.testing.assert_array_equal(mine.numbers, theirs.numbers)
        assert mine.step == theirs.step


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("options", [{}, {"scale": "2.5"}, {"scale": "-250.0"}, {"scale": "2 2 2"}])
def test_constant_cells(made: Any, tmp_path: Path, seed: int, options: dict[str, Any]) -> None:
    trajectory = made(seed=seed)
    if options.get("scale", "").startswith("-"):
        stretched = (250.0 / abs(np.linalg.det(trajectory[0].cell))) ** (1 / 3)
        text = constant(trajectory, scale="1.0").replace("   1.0\n", "   -250.0\n")
        for frame in trajectory:
            frame.cell.flags.writeable = True
        fractions = [frame.positions @ np.linalg.inv(frame.cell) for frame in trajectory]
        (tmp_path / "x").write_text(text)
        found = list(frames(tmp_path / "x"))
        assert abs(np.linalg.det(found[0].cell)) == pytest.approx(250.0)
        np.testing.assert_allclose(found[0].cell, trajectory[0].cell * stretched, atol=1e-9)
        for mine, places in zip(found, fractions, strict=True):
            np.testing.assert_allclose(mine.positions, places @ found[0].cell, atol=2e-9)
        return
    (tmp_path / "x").write_text(constant(trajectory, **options))
    same(list(frames(tmp_path / "x")), trajectory)


def test_three_factors_scale_cartesian_axes(tmp_path: Path) -> None:
    text = "t\n2 3 4\n1 0 0\n0 1 0\n0 0 1\nLi\n1\nDirect configuration= 1\n0.5 0.5 0.5\n"
    (tmp_path / "x").write_text(text + "Cartesian configuration= 2\n0.5 0.5 0.5\n")
    direct, cartesian = frames(tmp_path / "x")
    np.testing.assert_allclose(direct.cell, np.diag([2.0, 3.0, 4.0]))
    np.testing.assert_allclose(direct.positions, [[1.0, 1.5, 2.0]])
    np.testing.assert_allclose(cartesian.positions, [[1.0, 1.5, 2.0]])


def test_variable_cells(made: Any, tmp_path: Path) -> None:
    trajectory = made(6, variable=True)
    text = "".join(f"{header(frame)}Direct configuration={frame.step + 1:6d}\n{rows(frame)}" for frame in trajectory)
    (tmp_path / "x").write_text(text)
    same(list(frames(tmp_path / "x", time_step=1.5)), trajectory)
    assert [frame.time for frame in frames(tmp_path / "x", time_step=1.5)] == [1.5 * step for step in range(6)]


def test_variable_cells_with_a_blank_title(made: Any, tmp_path: Path) -> None:
    trajectory = made(3, variable=True)
    blank = [header(frame).replace("Li run of a test", "    ") for frame in trajectory]
    text = "".join(
        f"{top}Direct configuration= {n + 1}\n{rows(frame)}"
        for n, (top, frame) in enumerate(zip(blank, trajectory, strict=True))
    )
    (tmp_path / "x").write_text(text)
    same(list(frames(tmp_path / "x")), trajectory)


@pytest.mark.parametrize("mark", [" \n", "\n", " Konfig={number:12d}\n"])
@pytest.mark.parametrize("generation", ["new", "5.2", "4"])
def test_other_marks_and_heads(made: Any, tmp_path: Path, mark: str, generation: str) -> None:
    trajectory = made(3)
    first = trajectory[0]
    names, counts = species(first)
    lengths = "".join(f"{length * 1e-10:15.7E}" for length in np.linalg.norm(first.cell, axis=1))
    heads = {
        "new": header(first),
        "5.2": f"title\n {' '.join(names)}\n {' '.join(map(str, counts))}\nDirect\n",
        "4": f"   5   5   3\n  0.1168000E+02{lengths}  0.2000000E-14\n  300.00000\n  CAR \n title\n",
    }
    body = "".join(mark.format(number=frame.step + 1) + rows(frame) for frame in trajectory)
    (tmp_path / "x").write_text(heads[generation] + body)
    told = {"cell": first.cell} if generation != "new" else {}
    symbols = [chemical_symbols[number] for number in first.numbers]
    found = list(frames(tmp_path / "x", symbols=symbols if generation == "4" else None, **told))
    same(found, trajectory)
    assert found[-1].time == (pytest.approx(4.0) if generation == "4" else None)


def test_what_the_file_does_not_say_is_asked_for(made: Any, tmp_path: Path) -> None:
    trajectory = made(2)
    body = "".join(f"\n{rows(frame)}" for frame in trajectory)
    (tmp_path / "five").write_text(f"title\nLi S P Cl\n2 1 1 1\nDirect\n{body}")
    with pytest.raises(InputError, match=r"does not hold the cell; give cell="):
        list(frames(tmp_path / "five"))
    (tmp_path / "four").write_text(f"5 5 3\n1 1e-10 1e-10 1e-10 1e-15\n300\nCAR\ntitle\n{body}")
    with pytest.raises(InputError, match=r"does not say which elements .* 5 atoms"):
        list(frames(tmp_path / "four", cell=trajectory[0].cell))
    with pytest.raises(InputError, match="the given cell's vectors are"):
        list(frames(tmp_path / "four", cell=trajectory[0].cell, symbols=["Li", "Li", "S", "P", "Cl"]))
    (tmp_path / "nameless").write_text(constant(trajectory, symbols=False))
    with pytest.raises(InputError, match="give symbols="):
        list(frames(tmp_path / "nameless"))
    same(list(frames(tmp_path / "nameless", symbols=["Li", "S", "P", "Cl"])), trajectory)
    with pytest.raises(InputError, match="'Xy' is not an element"):
        list(frames(tmp_path / "nameless", symbols=["Li", "S", "P", "Xy"]))
    with pytest.raises(InputError, match="3 elements for 4 species"):
        list(frames(tmp_path / "nameless", symbols=["Li", "S", "P"]))


def test_selective_dynamics_and_words_after_the_positions(made: Any, tmp_path: Path) -> None:
    trajectory = made(3)
    body = "".join(f"Direct configuration= {frame.step + 1}\n{rows(frame, end=' T T F')}" for frame in trajectory)
    (tmp_path / "x").write_text(header(trajectory[0], selective=True) + body)
    same(list(frames(tmp_path / "x")), trajectory)


def test_cartesian(made: Any, tmp_path: Path) -> None:
    trajectory = made(3)
    body = "".join(f"Cartesian configuration= {f.step + 1}\n{rows(f, cartesian=True)}" for f in trajectory)
    (tmp_path / "x").write_text(header(trajectory[0]) + body)
    same(list(frames(tmp_path / "x")), trajectory)


def test_names_of_vasp_6_and_of_potentials(made: Any, tmp_path: Path) -> None:
    trajectory = made(2)
    (tmp_path / "x").write_text(constant(trajectory).replace("Li S P Cl", "Li_sv/4f2a S/77 P Cl_h"))
    same(list(frames(tmp_path / "x")), trajectory)


def test_steps_are_those_of_vasp(made: Any, tmp_path: Path) -> None:
    """With NBLOCK = 10, VASP writes steps 10, 20, ... (main.F: MOD(NSTEP, NBLOCK) == 0, NSTEP in the mark)."""
    trajectory = made(4)
    marks = ["    10", "    20", "******", "    40"]
    body = "".join(f"Direct configuration={m}\n{rows(f)}" for m, f in zip(marks, trajectory, strict=True))
    (tmp_path / "x").write_text(header(trajectory[0]) + body)
    found = list(frames(tmp_path / "x", time_step=2.0))
    assert [frame.step for frame in found] == [9, 19, 29, 39]
    assert [frame.time for frame in found] == [18.0, 38.0, 58.0, 78.0]


@pytest.mark.parametrize("chunk", [1 << 20, 61])
@pytest.mark.parametrize("variable", [False, True])
def test_cut_at_every_byte(
    made: Any, tmp_path: Path, variable: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "CHUNK", chunk)
    trajectory = made(3, numbers=(3, 49), variable=variable)
    pieces = [f"Direct configuration={f.step + 1:6d}\n{rows(f)}" for f in trajectory]
    pieces = [
        (header(f) if variable or not f.step else "") + piece for f, piece in zip(trajectory, pieces, strict=True)
    ]
    ends = np.cumsum([len(piece) for piece in pieces])
    text = "".join(pieces).encode()
    for length in range(60, len(text) + 1):
        (tmp_path / "x").write_bytes(text[:length])
        whole = int(np.searchsorted(ends, length + 1, side="right"))  # the last line break may be missing
        if whole == 0:
            with pytest.raises(InputError, match=r"no whole frame|does not begin as"):
                list(frames(tmp_path / "x"))
            continue
        reading = frames(tmp_path / "x")
        same(list(reading), trajectory[:whole])
        (end,) = reading.ends
        assert end.frames == whole
        assert end.byte == min(ends[whole - 1], length)
        assert (reading.cut is None) == (length - end.byte <= 0)
        if reading.cut:
            assert f"{whole} frames are whole, up to byte {end.byte}" in reading.cut


def test_more_or_fewer_atoms_than_the_head_says(made: Any, tmp_path: Path) -> None:
    trajectory = made(3)
    lines = constant(trajectory).splitlines(keepends=True)
    (tmp_path / "fewer").write_text("".join(lines[:12] + lines[13:]))
    reading = frames(tmp_path / "fewer")
    with pytest.raises(InputError, match=r"frame 1 \(byte \d+\) has fewer positions than the head has atoms \(5\)"):
        list(reading)
    for name, text in (("more", lines[:12] + lines[11:]), ("more-at-the-end", lines + lines[-1:])):
        (tmp_path / name).write_text("".join(text))
        with pytest.raises(InputError, match=r"frame \d \(byte \d+\) has more positions than"):
            list(frames(tmp_path / name))


def test_other_atoms_in_a_later_head(made: Any, tmp_path: Path) -> None:
    one, other = made(2), made(2, numbers=(3, 3, 16, 16, 17))
    (tmp_path / "x").write_text(constant(one) + constant(other))
    with pytest.raises(InputError, match="frame 3 has other atoms, or another order, than the first"):
        list(frames(tmp_path / "x"))
    (tmp_path / "x").write_text(constant(one) + constant(made(2, numbers=(3, 17))))
    with pytest.raises(InputError, match="frame 3 has 2 atoms where the first frame has 5"):
        list(frames(tmp_path / "x"))


@pytest.mark.parametrize("word", ["NaN", "********", "inf", "0.1234-0.5678"])
def test_positions_that_are_no_numbers(made: Any, tmp_path: Path, word: str) -> None:
    trajectory = made(3)
    lines = constant(trajectory).splitlines(keepends=True)
    lines[9] = f"  {word} 0.1 0.2\n"
    (tmp_path / "x").write_text("".join(lines))
    with pytest.raises(InputError, match=r"frame 1 (cannot be read|has a position)"):
        list(frames(tmp_path / "x"))
    assert [frame.step for frame in frames(tmp_path / "x", start=1)] == [1, 2]


def test_a_flat_cell_and_nonsense(made: Any, tmp_path: Path) -> None:
    trajectory = made(2)
    lines = constant(trajectory).splitlines(keepends=True)
    (tmp_path / "flat").write_text("".join([*lines[:2], "1 0 0\n2 0 0\n0 0 1\n", *lines[5:]]))
    with pytest.raises(InputError, match="frame 1 has a cell without volume"):
        list(frames(tmp_path / "flat"))
    middle = "what is this\n" * 12
    (tmp_path / "x").write_text("".join(lines[:13]) + middle + "".join(lines[13:]))
    with pytest.raises(InputError, match="'what is this' stands where 'Direct configuration=' or a new head should"):
        list(frames(tmp_path / "x"))
