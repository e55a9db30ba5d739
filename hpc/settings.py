"""The project's settings file, ``lianode.toml``: where results live and how many workers run."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lianode.hpc.cluster.settings import ADAPTERS, ClusterSettings, Partition
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE_NAME: Final = "lianode.toml"

TEMPLATE: Final = """\
# Settings of this project. Paths are relative to this file; ~ means your home folder.
# For a cluster (a scheduler, VASP) `lianode init --cluster` in a new folder asks what is needed and writes it.

# Worker processes of `lianode run`; without a value, as many as fit the machine.
# workers = 2

# Folder of the calculations' own files (checkpoints, logs), and of large data.
runs = "runs"
blobs = "blobs"

# Where results live. SQLite needs no server, but a local disk: not a network file system.
[store]
kind = "sqlite"
path = "lianode.db"

# A MongoDB server instead, for several machines. The password is never written here: set the environment variable
# LIANODE_MONGODB_PASSWORD, or name a file that only you can read (chmod 600).
# [store]
# kind = "mongodb"
# uri = "mongodb://user@host:27017"
# database = "lianode"
# password_file = "~/.lianode-mongodb"
"""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SQLiteSettings(_Table):
    """One SQLite file.

    Attributes
    ----------
    path
        The file, relative to the settings file.
    """

    kind: Literal["sqlite"] = "sqlite"
    path: Path = Path("lianode.db")


class MongoSettings(_Table):
    """A database on a MongoDB server; the password is read elsewhere, see :mod:`lianode.hpc.stores.mongo_credentials`.

    Attributes
    ----------
    uri
        Address without a password: ``mongodb://user@host:27017``.
    database
        Name of the database, one per project.
    password_file
        File with the password, readable by its owner only.
    """

    kind: Literal["mongodb"]
    uri: str
    database: str = Field(default="lianode", pattern=r"^[A-Za-z0-9_-]{1,60}$")
    password_file: Path | None = None

    @field_validator("uri")
    @classmethod
    def _no_password(cls, uri: str) -> str:
        scheme, separator, rest = uri.partition("://")
        if scheme not in {"mongodb", "mongodb+srv"} or not separator or not rest:
            raise ValueError("write an address such as mongodb://user@host:27017")
        credentials, at, _ = rest.partition("@")  # not up to the first slash: a password may have one, unescaped
        options = rest.partition("?")[2].lower()
        if (at and ":" in credentials) or "password" in options or "authmechanismproperties" in options:
            raise ValueError(
                "the address must not contain a password; set LIANODE_MONGODB_PASSWORD or password_file instead"
            )
        return uri


class Settings(_Table):
    """Settings of one project.

    Attributes
    ----------
    project
        Folder that relative paths start from.
    file
        The file they were read from, None where they were made in Python.
    store
        Where results live.
    runs, blobs
        Folder of the calculations' own files, and of large data.
    workers
        Worker processes; None for as many as fit the machine.
    cluster
        Scheduler, partitions and VASP of a cluster; None on a laptop.
    """

    project: Path
    file: Path | None = None
    store: Annotated[SQLiteSettings | MongoSettings, Field(discriminator="kind")] = SQLiteSettings()
    runs: Path = Path("runs")
    blobs: Path = Path("blobs")
    workers: int | None = Field(default=None, ge=1, strict=True)
    cluster: ClusterSettings | None = None

    def resolve(self, path: Path) -> Path:
        """Return a path of the file as an absolute one."""
        return (self.project / path.expanduser()).absolute()


_KNOWN: Final = {
    "": tuple(name for name in Settings.model_fields if name not in {"project", "file"}),
    "sqlite": tuple(SQLiteSettings.model_fields),
    "mongodb": tuple(MongoSettings.model_fields),
    "cluster": tuple(ClusterSettings.model_fields),
    "partitions": tuple(Partition.model_fields),
}


def find_project(start: Path | None = None) -> Path:
    """Return the settings file in ``start`` (the current folder) or the nearest folder above.

    Raises
    ------
    InputError
        When there is none.
    """
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
    raise InputError(f"there is no {FILE_NAME} here or in a folder above; make one with 'lianode init'", str(folder))


def load_settings(file: Path) -> Settings:
    """Read a settings file.

    Raises
    ------
    InputError
        With the line or the key, for anything that is not right.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the settings cannot be read: {error.strerror}", str(file)) from error
    except UnicodeDecodeError as error:
        raise InputError("the settings are not UTF-8 text", str(file)) from error
    return parse_settings(text, file)


def parse_settings(text: str, file: Path) -> Settings:
    """Return the settings that a text means, which is or will be that of ``file``.

    Raises
    ------
    InputError
        With the line or the key, for anything that is not right.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        raise InputError(
            f"this is not TOML: {message or str(error)}", f"{file}, {place.rstrip(')')}" if message else str(file)
        ) from error
    for reserved in ("project", "file"):
        if reserved in values:
            raise _unknown(file, (reserved,), "")
    store = values.get("store")
    if isinstance(store, dict):
        store.setdefault("kind", "sqlite")
    try:
        return Settings.model_validate(values | {"project": file.absolute().parent, "file": file.absolute()})
    except ValidationError as error:
        raise _first_error(file, error.errors(include_url=False, include_input=False)[0]) from None


def write_default(folder: Path) -> Path:
    """Write a settings file with comments, and return it.

    Raises
    ------
    InputError
        When there is one already, or the folder cannot be written.
    """
    return write_settings(folder, TEMPLATE)


def write_settings(folder: Path, text: str) -> Path:
    """Write a new settings file, and return it; a text that is not right is not written.

    Raises
    ------
    InputError
        When there is one already, the text is not right, or the folder cannot be written.
    """
    file = folder / FILE_NAME
    parse_settings(text, file)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError("there is a settings file already; it is left as it is", str(file)) from None
    except OSError as error:
        raise InputError(f"the settings cannot be written: {error.strerror}", str(file)) from error
    return file


def _first_error(file: Path, details: ErrorDetails) -> InputError:
    location = [str(part) for part in details["loc"]]
    table = ""
    if len(location) > 1 and location[0] == "store":
        table = location.pop(1)  # pydantic names the member of the union there
    elif len(location) > 1:
        table = "partitions" if location[1] == "partitions" and len(location) > 2 else location[0]
    if details["type"] == "extra_forbidden":
        return _unknown(file, tuple(location), table)
    if details["type"] == "union_tag_invalid":
        location.append("kind")
    return InputError(_message(details, location), f"{file}, key '{'.'.join(location)}'")


def _message(details: ErrorDetails, location: list[str]) -> str:
    """Say what is wrong with a value, and what would be right."""
    if location[:2] == ["cluster", "partitions"] and len(location) == 2:  # missing, empty, or one table and no list
        return (
            "at least one partition is needed; write [[cluster.partitions]], in double brackets, and its name, cores "
            "and walltime below it"
        )
    match details["type"]:
        case "union_tag_invalid":
            context: dict[str, Any] = details.get("ctx") or {}
            word = str(context.get("tag", ""))
            known = ("sqlite", "mongodb")
            said = f"the kind {word!r} is not known{nearest(word, known)}; write 'sqlite' or 'mongodb'"
        case "model_type" | "model_attributes_type" | "dict_type":
            said = f"this is a table; write [{'.'.join(location)}] and its keys below it"
        case "missing":
            said = "this is needed and missing"
        case "string_pattern_mismatch" if location[0] == "cluster":
            said = "this goes into job scripts, so that only letters, digits and _ . , : @ / + = - may be in it"
        case "literal_error" if location == ["cluster", "scheduler"]:
            said = f"the scheduler is not known; known: {', '.join(ADAPTERS)}"
        case _:
            said = details["msg"].removeprefix("Value error, ")
    return said


def _unknown(file: Path, location: tuple[str, ...], table: str) -> InputError:
    known = _KNOWN[table]
    return InputError(
        f"the key is not known{nearest(location[-1], known)}; known here: {', '.join(known)}",
        f"{file}, key '{'.'.join(location)}'",
    )
