"""INCAR: reading the tags with their types, as VASP does, without loading pymatgen (it takes seconds to import)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

Value = bool | int | float | str | list[int] | list[float] | list[bool] | list[str]
"""What a tag can hold."""

TEXT_TAGS = frozenset({"SYSTEM", "PREC", "ALGO", "GGA", "METAGGA", "STOP_ON", "LOCPROJ", "BANDGAP"})
"""Tags whose value is text, whatever it looks like."""
FLOAT_TAGS = frozenset({
    "AEXX", "AMIN", "AMIX", "AMIX_MAG", "ANDERSEN_PROB", "BMIX", "BMIX_MAG", "EDIFF", "EDIFFG", "EMAX", "EMIN", "ENAUG",
    "ENCUT", "EPSILON", "HFSCREEN", "KSPACING", "LANGEVIN_GAMMA_L", "NELECT", "NUPDOWN", "POTIM", "PSTRESS", "SIGMA",
    "SMASS", "SPRING", "SYMPREC", "TEBEG", "TEEND",
})  # fmt: skip
FLOAT_ARRAYS = frozenset({"MAGMOM", "DIPOL", "LANGEVIN_GAMMA", "LDAUU", "LDAUJ", "ROPT", "RWIGS", "POMASS", "SAXIS"})
TRUE, FALSE = re.compile(r"^\.?T(RUE)?\.?$", re.IGNORECASE), re.compile(r"^\.?F(ALSE)?\.?$", re.IGNORECASE)


def _word(word: str) -> bool | float | str:
    if TRUE.match(word):
        return True
    if FALSE.match(word):
        return False
    for kind in (int, float):
        try:
            return kind(re.sub(r"[dD](?=[+-]?\d)", "e", word) if kind is float else word)
        except ValueError:
            continue
    return word


def _array(text: str) -> list[str]:
    """Spell out repetitions: ``2*1.0 -1`` is three words."""
    words: list[str] = []
    for word in text.split():
        times, star, value = word.partition("*")
        words.extend([value] * int(times) if star and times.isdigit() else [word])
    return words


def _alike(values: list[bool | float | str], words: list[str]) -> Value:
    """Give a list one type, text if nothing else fits."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return [value for value in values if isinstance(value, bool)]
    if kinds == {int}:
        return [value for value in values if isinstance(value, int)]
    if kinds <= {int, float}:
        return [float(value) for value in values]
    return words


def _value(tag: str, text: str) -> Value:
    if tag in TEXT_TAGS:
        return text
    words = _array(text)
    if tag in FLOAT_ARRAYS:
        return [float(word) for word in words]
    if tag in FLOAT_TAGS:
        return float(re.sub("[dD]", "e", words[0]))
    values = [_word(word) for word in words]
    return values[0] if len(values) == 1 else _alike(values, words)


def read_tags(path: Path) -> dict[str, Value]:
    r"""Read an INCAR: comments after ``#`` and ``!``, several tags in a line after ``;``, lines continued by ``\``.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Values by tag in capitals. As in VASP, the first of two equal tags counts.

    Raises
    ------
    InputError
        If a tag's value is not of its kind.
    """
    tags: dict[str, Value] = {}
    for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        for statement in re.split(r"[#!]", line, maxsplit=1)[0].split(";"):
            name, equals, text = statement.partition("=")
            tag = name.strip().upper()
            if not equals or not tag or not text.strip() or tag in tags:
                continue
            try:
                tags[tag] = _value(tag, text.strip())
            except ValueError as error:
                raise InputError(f"{tag} has to be a number, not {text.strip()!r}", str(path)) from error
    return tags


def read_stopcar(path: Path) -> str | None:
    """Return ``"LABORT"`` or ``"LSTOP"`` if a STOPCAR asks for it, otherwise None."""
    try:
        tags = read_tags(path)
    except (OSError, UnicodeDecodeError, InputError):
        return None  # being written this moment, or nonsense: VASP goes on too
    return next((tag for tag in ("LABORT", "LSTOP") if tags.get(tag) is True), None)
