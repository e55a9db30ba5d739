"""Writing an archive of results."""

from __future__ import annotations

import hashlib
import platform
import tempfile
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, Final

import orjson

from lianode.analysis.method import REHEARSAL, MethodKey
from lianode.hpc.archive.manifest import (
    CALCULATIONS,
    CAMPAIGNS,
    FIGURES,
    MANIFEST,
    PROPERTIES,
    README,
    VERSIONS,
    Manifest,
    Member,
    is_member_name,
)
from lianode.hpc.archive.tar import header, tar_to_write
from lianode.hpc.export.files import whole_file
from lianode.hpc.fields import check_fields
from lianode.hpc.stores.collection import STORE_VERSION
from lianode.hpc.transfer import named_calculations
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lianode.hpc.store import ResultsStore

_PORTION: Final = 500
_CHUNK: Final = 1 << 20
_PACKAGES: Final = (
    "lianode", "ase", "atomate2", "chgnet", "custodian", "emmet-core", "gpaw", "jobflow", "maggma", "numpy", "phonopy",
    "pymatgen", "pymatgen-core", "scipy", "sevenn", "spglib", "torch",
)  # fmt: skip


def write_archive(
    store: ResultsStore,
    words: Mapping[str, Any],
    file: Path,
    *,
    campaigns: Sequence[Path] = (),
    figures: Sequence[Path] = (),
) -> Manifest:
    """Write property documents, all calculations behind them and what else is known into one ``.tar.gz`` file.

    Equal stores and files give equal bytes. Documents that a later run replaced are there too, and those of a rehearsal
    are not. Files of calculations stay where they are; the documents name them with their checksums. Without words
    that choose, every calculation of the store is there.

    Parameters
    ----------
    store
        Whose results these are.
    words
        Of :meth:`lianode.hpc.store.ResultsStore.query`.
    file
        A new file that ends in ``.tar.gz``.
    campaigns, figures
        Files to put in.

    Raises
    ------
    InputError
        When there are no such results, a file has a name that archives cannot hold, or something cannot be read or
        written.
    """
    if not file.name.endswith((".tar.gz", ".tgz")):
        raise InputError("the name of an archive ends in .tar.gz", str(file))
    selection = {name: value for name, value in words.items() if value is not None and name != "superseded"}
    with ExitStack() as stack:
        spools: dict[str, IO[bytes]] = {
            name: stack.enter_context(tempfile.TemporaryFile()) for name in (PROPERTIES, CALCULATIONS)
        }
        keys, methods, properties = _put_properties(store, words, spools[PROPERTIES])
        if not properties:
            check_fields(store, words)
            raise InputError("there are no such results; `lianode query` with the same words lists what there is")
        programs: set[str] = set()
        calculations = 0
        for document in _calculations(store, keys if selection else None):
            spools[CALCULATIONS].write(orjson.dumps(document) + b"\n")
            programs.add(document["program_version"])
            calculations += 1
        versions = _versions(programs)
        texts = {
            VERSIONS: orjson.dumps(versions, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n",
            README: _readme(properties, calculations, methods).encode(),
        }
        contents = spools | {name: BytesIO(text) for name, text in texts.items()}
        contents |= _files(campaigns, CAMPAIGNS, stack) | _files(figures, FIGURES, stack)
        manifest = Manifest(
            lianode_version=version("lianode"),
            store_version=STORE_VERSION,
            selection=selection,
            properties=properties,
            calculations=calculations,
            members=[_member(name, contents[name]) for name in sorted(contents)],
        )
        _write(manifest, contents, file)
    return manifest


def _put_properties(
    store: ResultsStore, words: Mapping[str, Any], spool: IO[bytes]
) -> tuple[set[str], dict[str, MethodKey], int]:
    """Write property documents, and return the keys of their calculations, their methods, and how many there are."""
    keys: set[str] = set()
    methods: dict[str, MethodKey] = {}
    count = 0
    for document in store.query(**{**words, "superseded": True, "sort": [("key", 1)]}):
        if document["method"]["program"].endswith(REHEARSAL):
            continue
        keys |= set(named_calculations(document))
        method = MethodKey.model_validate(document["method"])
        methods[method.digest] = method
        spool.write(orjson.dumps(document) + b"\n")
        count += 1
    return keys, methods, count


def _calculations(store: ResultsStore, keys: set[str] | None) -> Iterator[dict[str, Any]]:
    """Yield calculations in the order of their keys, with those that they began from; all of them for None."""
    if keys is None:
        wanted: Iterable[str] = sorted(store.calculation_documents.distinct("key"))
    else:
        wanted = sorted(_with_starts(store, keys))
    for portion in _portions(list(wanted)):
        found = {d["key"]: d for d in store.calculation_documents.find({"key": {"$in": portion}})}
        for key in portion:
            if key in found and not found[key]["method"]["program"].endswith(REHEARSAL):
                yield found[key]


def _with_starts(store: ResultsStore, keys: set[str]) -> set[str]:
    known, new = set(keys), set(keys)
    while new:
        before: set[str] = set()
        for portion in _portions(sorted(new)):
            found = store.calculation_documents.find({"key": {"$in": portion}}, projection=["started_from"])
            before |= {document["started_from"] for document in found if document.get("started_from")}
        new = before - known
        known |= new
    return known


def _portions(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), _PORTION):
        yield keys[start : start + _PORTION]


def _versions(programs: set[str]) -> dict[str, Any]:
    """Return the versions that wrote the archive, and those that calculations name."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "archive_written_with": {"python": platform.python_version(), **packages},
        "programs_of_the_calculations": sorted(programs - {""}),
    }


def _readme(properties: int, calculations: int, methods: Mapping[str, MethodKey]) -> str:
    lines = [f"  {method.label} [{digest}]" for digest, method in sorted(methods.items())]
    return "\n".join([
        f"Results computed with lianode: {properties} property documents, {calculations} calculations.",
        "",
        "properties.jsonl    one property document per line: value, unit in the field's name, settings, checks, the",
        "                    keys of the calculations behind it. A key stays the same, to be cited.",
        "calculations.jsonl  one calculation per line: structure, energy in eV, forces, method, checks, files",
        "versions.json       programs that made this archive and those calculations",
        "campaigns/          campaign files that asked for it, where known",
        "figures/            figures, where asked for",
        "manifest.json       SHA-256 and size of every file here",
        "",
        "Methods (energies of different methods are never to be subtracted):",
        *lines,
        "",
        "Into a lianode project: lianode import FILE.tar.gz",
        "",
    ])  # fmt: skip


def _files(paths: Sequence[Path], folder: str, stack: ExitStack) -> dict[str, IO[bytes]]:
    opened: dict[str, IO[bytes]] = {}
    for path in paths:
        name = f"{folder}{path.name}"
        if not is_member_name(name):
            raise InputError("an archive holds names of letters, digits and . _ + = ( ) , - only; rename it", str(path))
        if name in opened:
            raise InputError(f"there are two files of the name {path.name}; rename one", str(path))
        try:
            opened[name] = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", str(path)) from error
    return opened


def _member(name: str, stream: IO[bytes]) -> Member:
    stream.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return Member(path=name, bytes=size, sha256=digest.hexdigest())


def _write(manifest: Manifest, contents: Mapping[str, IO[bytes]], file: Path) -> None:
    text = orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2) + b"\n"
    with whole_file(file) as temporary, temporary.open("wb") as raw, tar_to_write(raw) as tar:
        tar.addfile(header(MANIFEST, len(text)), BytesIO(text))
        for member in manifest.members:
            contents[member.path].seek(0)
            tar.addfile(header(member.path, member.bytes), contents[member.path])
