"""Writing a trajectory for other programs: extended XYZ, which OVITO, MDAnalysis and ASE open."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lianode.analysis.trajectories.xyz_format import ENERGY, POSITIONS, STEP, TIME, comment_line, lattice_text
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike
    from typing import BinaryIO

    from lianode.analysis.frame import Frame

_PACKERS: dict[str, Callable[[Path, str], object]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def write_extxyz(frames: Iterable[Frame], path: str | PathLike[str]) -> int:
    """Write frames as extended XYZ, one at a time, and return how many there were.

    Step, time (``time_fs``) and energy stand in the comment lines, so that :func:`~.frames.frames` reads back what was
    written, positions to 1e-10 Å. MDAnalysis takes elements and positions from it, and the cell only when told.

    Parameters
    ----------
    frames
        Read one after the other.
    path
        Of the new file, packed where the name ends in .gz, .bz2 or .xz. It appears when it is whole: a file of that
        name stays as it is when writing fails.

    Raises
    ------
    InputError
        When the file cannot be written, and what reading the frames raises.
    """
    from ase.data import chemical_symbols

    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    packer = _PACKERS.get(path.suffix)
    symbols: list[str] = []
    count = 0
    try:
        with cast("BinaryIO", packer(unfinished, "wb") if packer is not None else unfinished.open("wb")) as file:
            for frame in frames:
                if len(symbols) != len(frame.numbers) or count == 0:
                    symbols = [chemical_symbols[number] for number in frame.numbers]
                file.write(_text(frame, symbols).encode())
                count += 1
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _text(frame: Frame, symbols: list[str]) -> str:
    values = {STEP: str(frame.step)}
    if frame.time is not None:
        values[TIME] = f"{frame.time:.10g}"
    if frame.energy is not None:
        values[ENERGY] = repr(float(frame.energy))
    rows = "".join(
        f"{symbol:<2} {x:.10f} {y:.10f} {z:.10f}\n"
        for symbol, (x, y, z) in zip(symbols, frame.positions.tolist(), strict=True)
    )
    return f"{len(symbols)}\n{comment_line(lattice_text(frame.cell), POSITIONS, values)}\n{rows}"
