"""The numbers of a column: in which way they are written, decided once from all of them.

A way of writing counts only when it reads every number of the column. When two ways do, and give
different numbers, nothing is guessed: the column is refused with both readings. How large the
numbers are, or what stands between the columns, is no evidence.
"""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Literal, NamedTuple

import numpy as np

from data_sources.errors import InvalidSeries, echo

Decimal = Literal[".", ",", ""]
"""The decimal mark a reader names; "" leaves it to the column."""

MISSING = frozenset({"", ".", "-", "--", "−", "–", "—", "null", "none", "nan", "na", "n/a", "#n/a"})
"""How a value that is not there is written, in any case."""

_PLAIN = frozenset("0123456789-")
_GROUPED = re.compile(r"-?[1-9]\d{0,2}([.,]\d{3})*", re.ASCII)
_ZERO_FIRST = re.compile(r"0+[.,]", re.ASCII)
_CODES = (
    "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|CNY|HKD|SGD|INR|KRW|TWD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON"
    "|TRY|ILS|ZAR|BRL|MXN|ARS|CLP|THB|IDR|MYR|PHP|VND|RUB|UAH|USDT|USDC|BTC|ETH"
)
_UNIT = rf"(?:[A-Z]{{0,2}}[^\w\s.,'()%+-]|{_CODES})"
_LONGEST = 60
_CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-])?\s*(?:(?P<before>{_UNIT})\s*)?(?P<inner>[+-])?"
    rf"(?P<body>[\d.,' eE+-]*?\d[\d.,' eE+-]*?)\s*(?P<after>{_UNIT})?\s*(?P<percent>%)?"
    r"\s*(?P<close>\))?",
    re.ASCII,
)
_EXPONENT = r"(?P<exponent>[eE][+-]?\d+)"
_SAME = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007", " ") | {"−": "-", "’": "'"})
"""Marks that mean the same: kinds of space, of minus and of apostrophe."""


class _Style(NamedTuple):
    """One way to write numbers: the decimal mark and the mark between groups of digits."""

    decimal: str
    group: str
    pattern: re.Pattern[str]

    def reads(self, body: str) -> float | None:
        if not self.pattern.fullmatch(body):
            return None
        return float(body.replace(self.group, "").replace(self.decimal, "."))


class _Cell(NamedTuple):
    row: int
    text: str
    body: str
    is_negative: bool
    unit: str
    has_percent: bool


def _style(decimal: str, group: str, groups: str) -> _Style:
    mark = re.escape(decimal)
    # Who groups groups all: four digits in a row are no number of this style.
    whole = rf"\d{{1,3}}|{groups}"
    pattern = rf"(?:{whole})(?:{mark}\d*)?|{mark}\d+|(?:\d{{1,3}}(?:{mark}\d*)?){_EXPONENT}"
    return _Style(decimal, group, re.compile(pattern, re.ASCII))


def _ungrouped(decimal: str) -> _Style:
    mark = re.escape(decimal)
    pattern = rf"(?:\d+(?:{mark}\d*)?|{mark}\d+){_EXPONENT}?"
    return _Style(decimal, "_", re.compile(pattern, re.ASCII))


def _thousands(group: str) -> str:
    return rf"[1-9]\d{{0,2}}(?:{re.escape(group)}\d{{3}})+"


_STYLES = (
    _ungrouped("."),
    _ungrouped(","),
    *(_style(".", group, _thousands(group)) for group in ", '"),
    *(_style(",", group, _thousands(group)) for group in ". '"),
    _style(".", ",", r"[1-9]\d?(?:,\d{2})*,\d{3}"),  # India
)


def read_numbers(name: str, texts: Sequence[str], decimal: Decimal = "") -> np.ndarray:
    """Read the numbers of a column.

    Parameters
    ----------
    name
        What to call the column in a message.
    texts
        Its cells.
    decimal
        The decimal mark, where a reader has named it.

    Returns
    -------
    ndarray
        Float64 of the same length, NaN where a value is missing. A percentage stays as it is
        written: 12.5% is 12.5.

    Raises
    ------
    InvalidSeries
        Naming the row, when a cell is no number, fits the others in no way of writing, or can be
        read in two ways.
    """
    plain = _read_plain(texts, decimal)
    if plain is not None:
        return plain
    values = np.full(len(texts), np.nan)
    cells = [text.strip() for text in texts]
    rows = [row for row, cell in enumerate(cells) if cell.casefold() not in MISSING]
    written = [cells[row] for row in rows]
    plain = _read_plain(written, decimal)
    if plain is not None:
        values[rows] = plain
        return values
    parts = [_split(name, row, cell) for row, cell in zip(rows, written, strict=True)]
    if parts:
        _check_units(name, parts)
        values[rows] = _agreed(name, parts, decimal)
    return values


def _read_plain(texts: Sequence[str], decimal: Decimal) -> np.ndarray | None:
    """Read a column whole: nearly all are plain digits with one mark, which can only be decimal."""
    marks = set("".join(texts)) - _PLAIN
    if not texts or len(marks) > 1 or not marks <= {".", ","}:
        return None
    mark = next(iter(marks), decimal)
    if decimal not in ("", mark) or (marks and _may_be_grouped(texts)):
        return None
    pointed = [text.replace(",", ".") for text in texts] if mark == "," else texts
    with suppress(ValueError):
        return np.array(pointed, dtype="float64")
    return None


def _may_be_grouped(texts: Sequence[str]) -> bool:
    """Whether the mark may stand between thousands in all numbers but one."""
    return len(list(islice((text for text in texts if not _GROUPED.fullmatch(text)), 2))) < 2


def _split(name: str, row: int, text: str) -> _Cell:
    match = _CELL.fullmatch(text.translate(_SAME)) if len(text) <= _LONGEST else None
    if match is None:
        raise _not_a_number(name, text, row)
    part = match.groupdict()
    signs = [part["sign"], part["inner"], part["open"]]
    units = [one for one in (part["before"], part["after"]) if one]
    if (
        bool(part["open"]) != bool(part["close"])
        or sum(map(bool, signs)) > 1
        or len(units) > 1
        or not all(map(_is_currency, units))
    ):
        raise _not_a_number(name, text, row)
    is_negative = "-" in signs or bool(part["open"])
    return _Cell(
        row, text, part["body"].strip(), is_negative, "".join(units), bool(part["percent"])
    )


def _is_currency(unit: str) -> bool:
    return (unit.isascii() and unit.isalpha()) or unicodedata.category(unit[-1]) == "Sc"


def _check_units(name: str, cells: Sequence[_Cell]) -> None:
    """Refuse a column in two currencies, or in percent here and not there."""
    first = cells[0]
    for cell in cells:
        if (cell.unit, cell.has_percent) != (first.unit, first.has_percent):
            what = f"{name} '{echo(cell.text)}' is in another unit than '{echo(first.text)}' above"
            raise InvalidSeries(what, cell.row)


def _agreed(name: str, cells: Sequence[_Cell], decimal: Decimal) -> np.ndarray:
    """The numbers in the only way that reads all of them, or in ways that give the same."""
    styles = [style for style in _STYLES if decimal in ("", style.decimal)]
    tried = [_reading(style, cells) for style in styles]
    close = [one for one in tried if len(one) == len(cells) and one.count(None) < 2]
    whole = [one for one in close if None not in one]
    if not whole:
        _, at = max((len(reading), reading.index(None)) for reading in tried)
        raise _misfit(name, cells, at, decimal)
    # A way that fails at one cell only is not ruled out: that cell may be the wrong one.
    for other in close:
        odd = other.index(None) if None in other else None
        if odd is not None and _ZERO_FIRST.match(cells[odd].body):
            continue
        for cell, one, two in zip(cells, whole[0], other, strict=True):
            if two is not None and one != two:
                raise _two_ways(name, cell, (one, two), cells[odd] if odd is not None else None)
    signs = np.where([cell.is_negative for cell in cells], -1.0, 1.0)
    return signs * np.array(whole[0], dtype="float64")


def _reading(style: _Style, cells: Sequence[_Cell]) -> list[float | None]:
    """The numbers, None for one that is not written so; it ends at the second of these."""
    values: list[float | None] = []
    failures = 0
    for cell in cells:
        value = style.reads(cell.body)
        values.append(value)
        failures += value is None
        if failures > 1:
            break
    return values


def _two_ways(
    name: str, cell: _Cell, readings: tuple[float | None, float | None], odd: _Cell | None
) -> InvalidSeries:
    one, two = (f"{value:,.15g}" for value in readings)
    tells = f", and only '{echo(odd.text)}' tells which" if odd else ""
    what = (
        f"{name} '{echo(cell.text)}' can be read as {one} or as {two}{tells}; "
        "write . or , under decimal in the row of this file in catalog.csv"
    )
    return InvalidSeries(what, cell.row)


def _misfit(name: str, cells: Sequence[_Cell], at: int, decimal: Decimal) -> InvalidSeries:
    cell = cells[at]
    if all(style.reads(cell.body) is None for style in _STYLES):
        return _not_a_number(name, cell.text, cell.row)
    shown = f"{name} '{echo(cell.text)}'"
    if decimal:
        what = f"{shown} has another decimal mark than the '{decimal}' that catalog.csv names"
    else:
        what = f"{shown} is written in another way than '{echo(cells[0].text)}' above"
    return InvalidSeries(what, cell.row)


def _not_a_number(name: str, text: str, row: int) -> InvalidSeries:
    return InvalidSeries(f"{name} '{echo(text)}' is not a number", row)
