"""Chemical formulas as the papers write them: lithium first, then from electropositive to electronegative."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ASCENDING_ELECTRONEGATIVITY = (
    "Fr Cs K Rb Ba Ra Na Sr Li Ca La Tb Yb Ac Ce Pr Pm Nd Sm Eu Gd Y Dy Ho Er Tm Lu Pu Hf Th Am Cm Bk Cf Es Fm Md "
    "No Lr Mg Zr Sc Np U Ta Pa Ti Mn Be Nb Al Tl V Zn Cr Cd In Ga Fe Co Si Cu Tc Re Ni Ag Sn Hg Po Ge Bi B Sb Te "
    "Mo As P H Ru Pd Os Ir At Rn Rh Pt Pb W Au C Se S Xe I Br Kr N Cl O F He Ne Ar"
)

ELECTROPOSITIVE_ORDER: tuple[str, ...] = tuple(_ASCENDING_ELECTRONEGATIVITY.split())
"""Element symbols by ascending Pauling electronegativity (elements without a value last).

Written out, and compared with pymatgen in the tests, so that a list of phase names does not cost pymatgen's import.
"""

_RANK = {symbol: rank for rank, symbol in enumerate(ELECTROPOSITIVE_ORDER)} | {"Li": -1}
_TOKEN = re.compile(r"([A-Z][a-z]?)(\d+\.\d+|\d+)?|(\()|(\))(\d+\.\d+|\d+)?")
_NUMBER = re.compile(r"\d+\.\d+|\d+")
_MAX_DENOMINATOR = 1000


def parse_formula(formula: str) -> dict[str, float]:
    """Read a formula.

    Parameters
    ----------
    formula
        Any order and spelling, parentheses allowed: ``In3Li13``, ``Li5.5PS4.5Cl1.5``, ``Li3(PS4)``.

    Returns
    -------
    dict[str, float]
        Amount of each element, in the order of first appearance, not reduced.

    Raises
    ------
    InputError
        Where the text is no formula or holds an unknown element symbol.
    """
    groups: list[dict[str, float]] = [{}]
    position = 0
    text = formula.strip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise InputError(f"'{text[position:]}' cannot be read as part of a formula such as Li13In3", f"'{formula}'")
        symbol, amount, opens, closes, factor = token.groups()
        if opens:
            groups.append({})
        elif closes:
            if len(groups) == 1:
                raise InputError("a ')' without its '('", f"'{formula}'")
            for element, inner in groups.pop().items():
                groups[-1][element] = groups[-1].get(element, 0.0) + inner * float(factor or 1)
        else:
            if symbol not in _RANK:
                raise InputError(f"'{symbol}' is not an element symbol", f"'{formula}'")
            groups[-1][symbol] = groups[-1].get(symbol, 0.0) + float(amount or 1)
        position = token.end()
    if len(groups) > 1:
        raise InputError("a '(' without its ')'", f"'{formula}'")
    amounts = groups[0]
    if not amounts or any(amount == 0 for amount in amounts.values()):
        raise InputError("a formula names at least one element, none of them zero times, as in Li13In3", f"'{formula}'")
    return amounts


def write_formula(amounts: Mapping[str, float]) -> str:
    """Write a formula, lithium first and then in order of electronegativity, with the amounts as they are.

    Whole amounts are written as such, others with up to three decimals.

    Raises
    ------
    InputError
        For an unknown element symbol.
    """
    return "".join(
        symbol + ("" if math.isclose(amounts[symbol], 1, abs_tol=5e-4) else _number(amounts[symbol]))
        for symbol in ordered_elements(amounts)
    )


def reduced_amounts(amounts: Mapping[str, float]) -> dict[str, float]:
    """Divide the amounts by their largest common divisor; amounts that are not whole are left as they are."""
    if any(abs(amount - round(amount)) > 1e-6 for amount in amounts.values()):
        return dict(amounts)
    divisor = math.gcd(*(round(amount) for amount in amounts.values()))
    return {symbol: float(round(amount) // divisor) for symbol, amount in amounts.items()}


def reduced_formula(amounts: Mapping[str, float]) -> str:
    """Return the reduced formula, lithium first: ``{"In": 24, "Li": 104}`` gives ``Li13In3``."""
    return write_formula(reduced_amounts(amounts))


def composition_key(formula: str) -> tuple[tuple[str, Fraction], ...]:
    """Return a key that is equal for formulas of equal composition: ``Li13In3``, ``In3Li13``, ``Li26In6``.

    Raises
    ------
    InputError
        Where the text is no formula.
    """
    amounts = parse_formula(formula)
    total = sum(amounts.values())
    return tuple(
        (symbol, Fraction(amounts[symbol] / total).limit_denominator(_MAX_DENOMINATOR)) for symbol in sorted(amounts)
    )


def ordered_elements(elements: Iterable[str]) -> list[str]:
    """Sort element symbols: lithium, then by electronegativity.

    Raises
    ------
    InputError
        For an unknown element symbol.
    """
    symbols = list(elements)
    for symbol in symbols:
        if symbol not in _RANK:
            raise InputError(f"'{symbol}' is not an element symbol")
    return sorted(symbols, key=_RANK.__getitem__)


def system_of(elements: Iterable[str]) -> str:
    """Return the name of a chemical system: lithium first, the rest in alphabetical order: ``Li-Al-Cl``."""
    return "-".join(sorted(set(elements), key=lambda symbol: (symbol != "Li", symbol)))


def parse_system(system: str) -> tuple[str, ...]:
    """Read the name of a chemical system in any order, such as ``In-Li``.

    Returns
    -------
    tuple[str, ...]
        Its elements, lithium first, the rest in alphabetical order.

    Raises
    ------
    InputError
        Where the text is no list of element symbols joined by ``-``.
    """
    symbols = [part.strip() for part in system.split("-")]
    for symbol in symbols:
        if symbol not in _RANK:
            raise InputError(
                f"'{symbol}' is not an element symbol; a system is written as element symbols joined by '-', "
                "as in Li-In",
                f"system '{system}'",
            )
    return tuple(system_of(symbols).split("-"))


def unicode_formula(formula: str) -> str:
    """Write the amounts as Unicode subscripts: ``Li₁₃In₃``; a decimal point stays on the line."""
    subscripts = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    return _NUMBER.sub(lambda number: number.group().translate(subscripts), formula)


def mathtext_formula(formula: str) -> str:
    r"""Write the amounts as subscripts of matplotlib's mathtext: ``Li$_{13}$In$_3$``."""
    return _NUMBER.sub(
        lambda number: f"$_{number.group()}$" if len(number.group()) == 1 else f"$_{{{number.group()}}}$", formula
    )


def html_formula(formula: str) -> str:
    """Write the amounts as HTML subscripts: ``Li<sub>13</sub>In<sub>3</sub>``."""
    return _NUMBER.sub(lambda number: f"<sub>{number.group()}</sub>", formula)


def _number(amount: float) -> str:
    return f"{amount:.3f}".rstrip("0").rstrip(".")
