"""Reading an archive of results: everything is verified before anything is written."""

from __future__ import annotations

import hashlib
import re
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from lianode.analysis.checks import Check
from lianode.analysis.method import MethodKey
from lianode.hpc.archive.manifest import (
    CALCULATIONS,
    FORMAT_VERSION,
    HIGHEST_RATIO,
    LARGEST_MANIFEST,
    LARGEST_TOTAL,
    MANIFEST,
    PROPERTIES,
    Manifest,
)
from lianode.hpc.archive.tar import content, decompressed, members
from lianode.hpc.stores.collection import STORE_VERSION, keyed
from lianode.hpc.stores.upgrade import changes_from
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lianode.hpc.stores.collection import CollectionSpec

_LARGEST_DOCUMENT: Final = 16_000_000
"""Bytes; MongoDB takes no larger one."""
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_TEXTS: Final = ("property", "system", "engine", "campaign", "created", "completeness")
_COMPLETENESS: Final = frozenset({"complete", "partial"})


class Archive:
    """A verified archive.

    Parameters
    ----------
    manifest
        What it holds.
    contents
        Its members, on this machine's disk.
    """

    def __init__(self, manifest: Manifest, contents: Mapping[str, IO[bytes]]) -> None:
        self.manifest = manifest
        self._contents = contents

    def properties(self) -> Iterator[dict[str, Any]]:
        """Yield the property documents, brought to this lianode's version."""
        return self._documents(PROPERTIES, "properties")

    def calculations(self) -> Iterator[dict[str, Any]]:
        """Yield the calculation documents, brought to this lianode's version."""
        return self._documents(CALCULATIONS, "calculations")

    def files(self) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield name and content of the members that are no documents."""
        for name, stream in self._contents.items():
            if name not in {PROPERTIES, CALCULATIONS}:
                stream.seek(0)
                yield name, stream

    def _documents(self, member: str, collection: str) -> Iterator[dict[str, Any]]:
        stream = self._contents[member]
        stream.seek(0)
        changes = [changes_from(step).get(collection) for step in range(self.manifest.store_version, STORE_VERSION)]
        while line := stream.readline(_LARGEST_DOCUMENT):
            document = _parsed(line, member)
            for change in changes:
                document = document if change is None else change(document)
            yield document


@contextmanager
def verified_archive(file: Path, specs: Mapping[str, CollectionSpec]) -> Iterator[Archive]:
    """Read an archive into temporary files, verify all of it, and give it.

    Parameters
    ----------
    file
        The ``.tar.gz`` file.
    specs
        Of the collections ``properties`` and ``calculations``, which say what their documents have to be like.

    Raises
    ------
    InputError
        For an archive with anything in it that does not belong there, of another checksum or size than it says, or with
        a line that is no such document.
    """
    where = str(file)
    with ExitStack() as stack:
        with decompressed(file) as stream:
            manifest, contents = _unpacked(stream, where, stack)
        archive = Archive(manifest, contents)
        counts = (
            sum(1 for one in archive.properties() if _is_property(one, specs["properties"], where)),
            sum(1 for one in archive.calculations() if _is_calculation(one, specs["calculations"], where)),
        )
        if counts != (manifest.properties, manifest.calculations):
            raise InputError("the archive is refused: it does not hold as many documents as it says", where)
        yield archive


def _unpacked(stream: IO[bytes], where: str, stack: ExitStack) -> tuple[Manifest, dict[str, IO[bytes]]]:
    """Return the manifest, and the members as temporary files whose checksums are right."""
    headers = members(stream, where)
    first = next(headers, None)
    if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST:
        raise InputError("this is no archive of lianode: it does not begin with its manifest", where)
    manifest = _manifest(b"".join(content(stream, first.size, where)), where)
    announced = {member.path: member for member in manifest.members}
    if len(announced) != len(manifest.members) or not {PROPERTIES, CALCULATIONS} <= announced.keys():
        raise InputError("the archive is refused: its manifest is not complete, or names a member twice", where)
    total = sum(member.bytes for member in manifest.members)
    if total > min(LARGEST_TOTAL, HIGHEST_RATIO * Path(where).stat().st_size + LARGEST_MANIFEST):
        raise InputError(f"the archive is refused: it would unpack to {total / 1e9:.3g} GB", where)
    contents: dict[str, IO[bytes]] = {}
    for info in headers:
        member = announced.get(info.name)
        if member is None or info.name in contents:
            raise InputError(f"the archive is refused: its manifest has no such member {info.name[:100]!r}", where)
        if info.size != member.bytes:
            raise InputError(f"the archive is refused: {info.name} is not of the size that its manifest says", where)
        digest = hashlib.sha256()
        spool = contents[info.name] = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  the stack closes it
        for chunk in content(stream, info.size, where):
            digest.update(chunk)
            spool.write(chunk)
        if digest.hexdigest() != member.sha256:
            raise InputError(f"the archive is refused: the checksum of {info.name} is wrong", where)
    missing = sorted(announced.keys() - contents.keys())
    if missing:
        raise InputError(f"the archive is refused: {missing[0]} is missing", where)
    return manifest, contents


def _manifest(text: bytes, where: str) -> Manifest:
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InputError("this is no archive of lianode: its manifest is not JSON", where) from None
    if not isinstance(raw, dict) or raw.get("format") != "lianode archive":
        raise InputError("this is no archive of lianode", where)
    versions = (raw.get("format_version"), raw.get("store_version"))
    for found, known in zip(versions, (FORMAT_VERSION, STORE_VERSION), strict=True):
        if isinstance(found, int) and found > known:
            raise InputError("a newer lianode wrote this archive; install that", where)
    try:
        return Manifest.model_validate(raw)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputError(f"the archive is refused: its manifest is wrong at '{place[:100]}'", where) from None


def _parsed(line: bytes, member: str) -> dict[str, Any]:
    try:
        document: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise InputError("the archive is refused: a line is no document", member)
    return document


def _is_property(document: dict[str, Any], spec: CollectionSpec, where: str) -> bool:
    """Check a property document; those of properties that this lianode does not know pass too."""
    rehearsal = False
    good = (
        _is_key(document.get("key"))
        and all(isinstance(document.get(name), str) for name in _TEXTS)
        and document["completeness"] in _COMPLETENESS
        and isinstance(document.get("phase", 0), str | None)
        and isinstance(document.get("superseded_by", 0), str | None)
        and isinstance(document.get("flagged"), bool)
        and all(isinstance(document.get(name), dict) for name in ("settings", "calculations", "derivation"))
        and all(_is_key(key) for key in document["calculations"].values())
        and isinstance(document.get("checks"), list)
        and isinstance(document.get("missing"), list)
    )
    if good:
        try:
            rehearsal = MethodKey.model_validate(document.get("method")).is_rehearsal
            for check in document["checks"]:
                Check.model_validate(check)
            keyed(spec, [document])
        except ValueError:  # of pydantic, and of the store
            good = False
    if not good:
        raise InputError(f"the archive is refused: {_named(document)} is no property document", where)
    if rehearsal:
        raise InputError(
            f"the archive is refused: {_named(document)} is of a rehearsal, for which no DFT was done", where
        )
    return True


def _is_calculation(document: dict[str, Any], spec: CollectionSpec, where: str) -> bool:
    try:
        calculation = Calculation.model_validate(document)
        keyed(spec, [document])
    except ValueError:
        raise InputError(f"the archive is refused: {_named(document)} is no calculation", where) from None
    if calculation.method.is_rehearsal:
        raise InputError(
            f"the archive is refused: {_named(document)} is of a rehearsal, for which no DFT was done", where
        )
    before = calculation.started_from
    paths = [PurePosixPath(reference.path) for reference in calculation.files.values()]
    if not _is_key(calculation.key) or (before is not None and not _is_key(before)):
        raise InputError(f"the archive is refused: {_named(document)} is no key of a calculation", where)
    if any(path.is_absolute() or ".." in path.parts or "\0" in str(path) for path in paths):
        raise InputError(f"the archive is refused: {_named(document)} names a file outside its folder", where)
    return True


def _is_key(value: object) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def _named(document: Mapping[str, Any]) -> str:
    return repr(document.get("key"))[:100]
