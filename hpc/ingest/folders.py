"""Finding the runs of VASP in a tree of folders."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OUTPUTS = ("vasprun.xml", "vasp.xml", "vaspout.h5", "OUTCAR", "OSZICAR", "XDATCAR")
"""Files that a run leaves; a folder with none of them holds no run."""
OTHERS = ("POSCAR", "CONTCAR", "LOCPOT", "DOSCAR", "EIGENVAL", "vasp.out", "std_err.txt")
COMPRESSED = (".gz", ".bz2", ".xz")
INPUT_COPIES = frozenset({"orig"})
"""Suffixes that custodian gives to inputs only."""
_IMAGE = re.compile(r"\d\d")


@dataclass(frozen=True)
class BandPlace:
    """Which image of a band a folder is.

    Attributes
    ----------
    folder
        Of the band.
    image, images
        Number of this image from 1, and how many lie between the end points.
    """

    folder: Path
    image: int
    images: int


@dataclass(frozen=True)
class RunFolder:
    """One run of VASP: the files that belong together.

    Attributes
    ----------
    folder
        Where they lie.
    suffix
        What a tool appended to their names: ``relax2`` of ``OUTCAR.relax2.gz``; empty where nothing.
    files
        Path by the name that VASP gave it.
    band
        Where it is an image of a band.
    """

    folder: Path
    suffix: str
    files: dict[str, Path] = field(default_factory=dict)
    band: BandPlace | None = None

    @property
    def name(self) -> str:
        """The folder, with the suffix where there is one; quoted where it would do something to a terminal."""
        text = f"{self.folder} ({self.suffix})" if self.suffix else str(self.folder)
        return text if text.isprintable() else repr(text)


def find_runs(folders: Iterable[Path]) -> Iterator[RunFolder]:
    """Yield every run in and below folders, sorted by path, each once.

    A folder holds several runs where a tool numbered its files (``OUTCAR.relax1``, ``OUTCAR.relax2``). The numbered
    folders of a band may be its images (their outputs decide); beside them VASP leaves a vasprun.xml that is no run.

    Raises
    ------
    InputError
        For a folder that does not exist or cannot be read.
    """
    seen: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            raise InputError("there is no such folder; name one that holds runs of VASP", str(folder))
        for path in _walk(folder.resolve()):
            if path not in seen:
                seen.add(path)
                yield from _runs_of(path)


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"the folder cannot be read: {error.strerror}", str(error.filename))

    for parent, children, _ in os.walk(folder, onerror=refuse):
        children.sort()
        yield Path(parent)


def _runs_of(folder: Path) -> Iterator[RunFolder]:
    grouped: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        place = _role(path.name)
        if place is not None and path.is_file():
            name, suffix = place
            grouped.setdefault(suffix, {}).setdefault(name, path)
    for suffix, files in sorted(grouped.items()):
        if "OUTCAR" not in files and image_folders(folder):
            continue  # the top of a band: each image is a run of its own
        if suffix not in INPUT_COPIES and any(name in files for name in OUTPUTS):
            yield RunFolder(folder, suffix, files, _band_place(folder))


def _role(name: str) -> tuple[str, str] | None:
    """Return what VASP calls a file and what was appended: ``OUTCAR.relax2.gz`` is (``OUTCAR``, ``relax2``)."""
    bare = next((name.removesuffix(end) for end in COMPRESSED if name.endswith(end)), name)
    for known in (*OUTPUTS, *OTHERS):
        if bare == known:
            return _usual(known), ""
        if bare.startswith(f"{known}."):
            return _usual(known), bare.removeprefix(f"{known}.")
    return None


def _usual(name: str) -> str:
    return "vasprun.xml" if name == "vasp.xml" else name


def image_folders(folder: Path) -> list[Path]:
    """Return the folders ``00``, ``01``, ... of a band, in order; empty where the folder is no band."""
    numbered = sorted(path for path in folder.iterdir() if path.is_dir() and _IMAGE.fullmatch(path.name))
    names = [path.name for path in numbered]
    is_band = len(names) >= 3 and names == [f"{number:02d}" for number in range(len(names))]
    return numbered if is_band else []


def _band_place(folder: Path) -> BandPlace | None:
    if not _IMAGE.fullmatch(folder.name):
        return None
    images = len(image_folders(folder.parent)) - 2
    number = int(folder.name)
    return BandPlace(folder.parent, number, images) if 1 <= number <= images else None
