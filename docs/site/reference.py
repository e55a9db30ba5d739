"""Pages of the reference: one per package folder, and one of all commands."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = ("structures", "analysis", "workflows", "hpc")
"""Top-level folders with modules that people import; what the command does stands on its own page."""
LEFT_OUT = frozenset({"__init__", "__main__"})


def write_packages(root: Path, folder: Path) -> set[Path]:
    """Write a page per package below ``root`` into ``folder``; return the files."""
    found = dict(packages(root))
    return {_write(folder / f"{name}.rst", _package(name, package, list(found))) for name, package in found.items()}


def packages(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and folder of every package that holds modules."""
    for top in FOLDERS:
        for init in sorted((root / top).rglob("__init__.py")):
            if _modules(init.parent):
                yield ".".join(("lianode", *init.parent.relative_to(root).parts)), init.parent


def import_all(root: Path, left_out: list[str]) -> None:
    """Import every module below ``root``, with stand-ins for what is left out.

    Autodoc writes annotations into the bases of the classes that it documents, pydantic's own among them, after which
    new models with further fields cannot be made: all of them have to be there before it begins.
    """
    from sphinx.ext.autodoc.mock import mock

    with mock(left_out):
        for name, package in packages(root):
            for module in _modules(package):
                import_module(f"{name}.{module}")


def _modules(package: Path) -> list[str]:
    return sorted(module.stem for module in package.glob("*.py") if module.stem not in LEFT_OUT)


def _package(name: str, package: Path, all_names: list[str]) -> str:
    inside = [other for other in all_names if other.rpartition(".")[0] == name]
    parts = [_heading(name, "="), f".. automodule:: {name}\n   :no-members:\n"]
    if inside:
        parts.append("\n".join([".. toctree::\n", *(f"   {other}" for other in inside), ""]))
    for module in _modules(package):
        parts += [_heading(module, "-"), f".. automodule:: {name}.{module}\n"]
    return "\n".join(parts)


def write_commands(folder: Path) -> set[Path]:
    """Write the help of every command into ``folder``; return the file."""
    from click import Context

    from lianode.cli.main import COMMANDS

    parts = [
        _heading("Commands", "="),
        "What ``lianode COMMAND --help`` prints. The keys of campaign files are in :doc:`/campaign`.\n",
    ]
    for name in COMMANDS:
        command = import_module(COMMANDS[name]).command
        context = Context(command, info_name=f"lianode {name}", max_content_width=100, terminal_width=100)
        text = command.get_help(context)
        parts += [_heading(f"lianode {name}", "-"), ".. code-block:: text\n"]
        parts += [*(f"   {line}".rstrip() for line in text.splitlines()), ""]
    return {_write(folder / "commands.rst", "\n".join(parts))}


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n"


def _write(file: Path, text: str) -> Path:
    """Write a page where it is new, so that Sphinx reads again only what changed."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    return file
