"""Finding PAW sets in the layouts that people keep them in."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RELEASES: dict[str, tuple[str, ...]] = {
    "PBE": ("POT_GGA_PAW_PBE", "potpaw_PBE", "PBE"),
    "PBE_52": ("POT_GGA_PAW_PBE_52", "POT_PAW_PBE_52", "potpaw_PBE.52", "potpaw_PBE_52", "PBE_52"),
    "PBE_54": ("POT_GGA_PAW_PBE_54", "POT_PAW_PBE_54", "potpaw_PBE.54", "potpaw_PBE_54", "PBE_54"),
    "PBE_64": ("POT_PAW_PBE_64", "potpaw_PBE.64", "potpaw_PBE_64", "PBE_64"),
}
"""Folder names of a release: pymatgen's first, then those of VASP's own archives."""


def find_potcar(folder: Path, functional: str, symbol: str) -> Path:
    """Return the file of a PAW set.

    Parameters
    ----------
    folder
        What the user calls the POTCAR folder: the parent of releases, or one release.
    functional
        Release, such as ``PBE_54``.
    symbol
        Such as ``Li_sv``.

    Raises
    ------
    InputError
        When it is nowhere; the message says where it was looked for.
    """
    for path in _candidates(folder, functional, symbol):
        if path.is_file():
            return path
    names = " or ".join(RELEASES[functional][:3])
    raise InputError(
        f"there is no PAW set {symbol} of release {functional}; expected {symbol}/POTCAR or "
        f"POTCAR.{symbol}(.gz) in it or in its folder {names}",
        str(folder),
    )


def missing_potcars(folder: Path, functional: str, symbols: Iterable[str]) -> tuple[str, ...]:
    """Return the PAW sets that are not there, for ``doctor``."""
    return tuple(
        symbol for symbol in symbols if not any(path.is_file() for path in _candidates(folder, functional, symbol))
    )


def _candidates(folder: Path, functional: str, symbol: str) -> Iterator[Path]:
    releases = [folder / name for name in RELEASES[functional]]
    archives = [folder / f"{name}" / name for name in RELEASES[functional]]
    others = {name for known, names in RELEASES.items() if known != functional for name in names}
    alone = [] if folder.name in others else [folder]  # the folder is itself a release, but not another one
    for release in (*releases, *archives, *alone):
        for name in (f"{symbol}/POTCAR", f"{symbol}/POTCAR.gz", f"POTCAR.{symbol}", f"POTCAR.{symbol}.gz"):
            yield release / name


def title(text: str) -> str:
    """Return what follows ``TITEL  =``, such as ``PAW_PBE Li_sv 10Sep2004``; empty where there is none."""
    for line in text.splitlines():
        if "TITEL" in line:
            return line.split("=", 1)[1].strip()
    return ""


def write_potcar(folder: Path, functional: str, symbols: tuple[str, ...], target: Path) -> None:
    """Put the PAW sets of a POSCAR's elements together.

    Raises
    ------
    InputError
        When one is missing, or a file holds another set than its name says.
    """
    parts = []
    for symbol in symbols:
        path = find_potcar(folder, functional, symbol)
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", errors="replace")
        words = title(text).split()
        if symbol not in words:
            raise InputError(f"this file holds '{title(text)}', not the PAW set {symbol}", str(path))
        parts.append(text if text.endswith("\n") else f"{text}\n")
    target.write_text("".join(parts), encoding="utf-8")
