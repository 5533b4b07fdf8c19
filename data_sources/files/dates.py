"""The days of a column of dates: in which form they are written, decided once from all of them.

The day is the one written: a time of day or a time zone behind it does not move it. A form counts
only when it reads every cell and the days run one way. When two forms do, and give different days,
nothing is guessed: the column is refused with both readings.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from data_sources.errors import InvalidSeries, echo

Order = Literal["dmy", "mdy", ""]
"""Which of day and month a reader says comes first; "" leaves it to the column."""

_ISO_LENGTH = len("2024-12-31")
_ISO_CHARACTERS = frozenset("0123456789-")
_LONGEST = 60
_EXAMPLE = date(2024, 12, 31)
_SUMMER_TIME = timedelta(hours=1)

_UNIX = re.compile(r"-?\d{1,19}(\.0*)?", re.ASCII)
_UNIX_DIGITS = 9
_SECONDS_A_DAY = 86_400
_UNITS = np.array([10**11, 10**14, 10**17])
"""Largest unix times in seconds, milliseconds and microseconds: some thousand years each."""

_CLOCK = re.compile(
    r"(?:,?\s|T)\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AP]M)?\s*"
    r"(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$",
    re.ASCII | re.IGNORECASE,
)
_HOUR_ALONE = re.compile(r"\s[\d+-]+$", re.ASCII)
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_FORM = re.compile(
    r"(\d{1,4}|[a-z]{3,9})([/.\- ])(\d{1,2}|[a-z]{3,9})\2(\d{1,4})|[a-z]{3,9} \d{1,2}, \d{4}",
    re.ASCII | re.IGNORECASE,
)
_DAY_FIRST = re.compile(r"^\d{1,2}([/.\- ])\d{1,2}\1", re.ASCII)
_DAY_LAST = re.compile(r"(?<=\d{4})([/.\- ])\d{1,2}\1\d{1,2}$", re.ASCII)
_SHORT_YEAR = re.compile(r"^(?!\d{4})(\w{1,9}([/.\- ])\w{1,9}\2)(\d{2})$", re.ASCII)
_YEAR_FIRST = re.compile(r"^\d{2}([/.\-])(\d{1,2}|[A-Za-z]{3})\1\d{1,2}$", re.ASCII)
_LOOKS = re.compile(
    r"\d{1,4}[/.\-]\s?(\d{1,2}|[a-z]{3,9})[/.\-]\s?\d{1,4}\b.*"
    r"|.*\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b.*\d{2}.*",
    re.ASCII | re.IGNORECASE,
)


def is_unix(text: str) -> bool:
    """Whether a cell can only be a unix time: a whole number of nine digits or more."""
    return bool(_UNIX.fullmatch(text)) and len(text.partition(".")[0]) >= _UNIX_DIGITS


def looks_like_a_date(text: str) -> bool:
    """Whether a cell may be a date in some form: enough to tell rows of data from a header."""
    if len(text) > _LONGEST:
        return False
    return is_unix(text) or _stamp(text) is not None or bool(_LOOKS.fullmatch(text))


def read_days(texts: Sequence[str], used: np.ndarray, order: Order = "") -> np.ndarray:
    """Read the days of a column.

    Parameters
    ----------
    texts
        Its cells.
    used
        Whether the row of each has a value: only those must run one way.
    order
        Which of day and month comes first, where a reader has said so.

    Returns
    -------
    ndarray
        datetime64[D] of the same length.

    Raises
    ------
    InvalidSeries
        Naming the row, when a cell is no date, is of another form or time zone than the others,
        or can be read in two ways.
    """
    if not texts:
        return np.array([], dtype="datetime64[D]")
    days = _plain(texts)
    if days is not None:
        return days
    cells = [text.strip() for text in texts]
    for row, cell in enumerate(cells):
        if not cell:
            raise InvalidSeries("no date", row)
        if len(cell) > _LONGEST:
            raise _not_a_date(cell, "%Y-%m-%d", row)
    if all(map(_UNIX.fullmatch, cells)) and any(map(is_unix, cells)):
        with suppress(OverflowError):
            return _first_in_order(_unix_days(cells), used)
    return _written(cells, used, order)


def _plain(texts: Sequence[str]) -> np.ndarray | None:
    """Nearly every column is dates such as 2024-12-31: read it whole."""
    joined = "".join(texts)
    dashes = {*joined[4::_ISO_LENGTH], *joined[7::_ISO_LENGTH]}
    if dashes != {"-"} or not set(joined) <= _ISO_CHARACTERS or joined.count("-") != 2 * len(texts):
        return None
    if set(map(len, texts)) != {_ISO_LENGTH}:
        return None
    with suppress(ValueError):
        return np.array(texts, dtype="datetime64[D]")
    return None


def _unix_days(cells: Sequence[str]) -> list[np.ndarray]:
    """UTC days of unix times in the unit of the largest, or each in its own.

    Binance changed from milliseconds to microseconds within its files.
    """
    times = np.array([int(cell.partition(".")[0]) for cell in cells], dtype="int64")
    own = 1000 ** np.searchsorted(_UNITS, np.abs(times), side="right")
    # A single time in a smaller unit is more likely wrong than of the 1970s.
    units = [own] if (own < own.max()).sum() == 1 else [own.max(), own]
    return [np.floor_divide(times, _SECONDS_A_DAY * unit).astype("datetime64[D]") for unit in units]


def _written(cells: Sequence[str], used: np.ndarray, order: Order) -> np.ndarray:
    stamps = [_stamp(cell) for cell in cells]
    if None not in stamps:
        known = [stamp for stamp in stamps if stamp is not None]
        _check_zones([stamp.utcoffset() for stamp in known])
        return np.array([stamp.date() for stamp in known], dtype="datetime64[D]")
    texts, zones = _without_clocks(cells)
    columns = {form: _parsed(texts, form) for form in _forms(texts[0], order)}
    readings = [days for days in columns.values() if not np.isnat(days).any()]
    if not readings:
        raise _no_date(cells, texts, columns, order)
    _check_zones(zones)
    chosen = _first_in_order(readings, used)
    # A form that fails at one cell only is not ruled out: that cell may be the wrong one.
    for other in columns.values():
        read = ~np.isnat(other)
        differs = read & (other != chosen)
        if read.sum() >= len(cells) - 1 and differs.any() and _runs_one_way(other[used & read]):
            row = int(differs.argmax())
            raise _two_ways(cells[row], chosen[row], other[row], row)
    return chosen


def _stamp(text: str) -> datetime | None:
    """A stamp by ISO 8601; None for anything else, an hour without minutes among them."""
    if is_unix(text) or _HOUR_ALONE.search(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _without_clocks(cells: Iterable[str]) -> tuple[list[str], list[timedelta | None]]:
    """Dates without weekday and time of day, and the time zone behind each."""
    texts: list[str] = []
    zones: list[timedelta | None] = []
    for cell in cells:
        clock = _CLOCK.search(cell)
        texts.append(_WEEKDAY.sub("", cell[: clock.start()] if clock else cell).strip())
        zones.append(_offset(clock["zone"]) if clock and clock["zone"] else None)
    return texts, zones


def _offset(zone: str) -> timedelta:
    if zone[0] not in "+-":
        return timedelta(0)
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return size if zone[0] == "+" else -size


def _forms(text: str, order: Order) -> list[str]:
    """Forms a cell may be written in."""
    if not _FORM.fullmatch(text):
        return []
    forms: dict[str, None] = {}
    short = _SHORT_YEAR.fullmatch(text)
    full = f"{short[1]}20{short[3]}" if short else text
    # Both orders of day and month, whichever this cell alone would allow: of a cell that allows
    # one only pandas would warn.
    neutral = _DAY_LAST.sub(r"\g<1>01\g<1>02", _DAY_FIRST.sub(r"01\g<1>02\1", full))
    for day_first in (False, True):
        form = guess_datetime_format(neutral, dayfirst=day_first) or ""
        form = form.replace("%Y", "%y") if short else form
        forms |= dict.fromkeys((form.replace("%B", "%b"), form.replace("%b", "%B")))
    year_first = _YEAR_FIRST.fullmatch(text)
    if year_first:
        month = "%m" if year_first[2].isdigit() else "%b"
        forms[year_first[1].join(("%y", month, "%d"))] = None
    return [form for form in forms if _is_likely(form, order)]


def _is_likely(form: str, order: Order) -> bool:
    """Leave out forms nobody writes, and those a reader has ruled out."""
    if "%d" not in form:
        return False
    month = max(form.find(f"%{letter}") for letter in "mbB")
    year = max(form.find(f"%{letter}") for letter in "yY")
    day = form.find("%d")
    if year < month and year < day:
        return month < day and not (order and form.startswith("%y"))
    return not order or (order == "dmy") == (day < month)


def _parsed(texts: Sequence[str], form: str) -> np.ndarray:
    """Days of a column in one form, NaT where a cell is not of it."""
    stamps = pd.to_datetime(
        pd.Series(texts, dtype=object), format=form, exact=True, errors="coerce"
    )
    if not pd.api.types.is_datetime64_dtype(stamps.dtype):
        return np.full(len(texts), np.datetime64("NaT", "D"))
    return stamps.to_numpy().astype("datetime64[D]")


def _runs_one_way(days: np.ndarray) -> bool:
    steps = np.diff(days).astype("int64")
    return bool((steps > 0).all() or (steps < 0).all())


def _first_in_order(readings: Sequence[np.ndarray], used: np.ndarray) -> np.ndarray:
    """The first reading whose days run one way; where none does, the first."""
    return next((days for days in readings if _runs_one_way(days[used])), readings[0])


def _check_zones(offsets: Sequence[timedelta | None]) -> None:
    """Refuse rows in another time zone than the first, if only by having none."""
    first = offsets[0]
    for row, offset in enumerate(offsets):
        if offset is None or first is None:
            if offset is not first:
                raise InvalidSeries("dates with and without a time zone", row)
        # One zone has two offsets an hour apart as its summer time comes and goes.
        elif abs(offset - first) > _SUMMER_TIME:
            raise InvalidSeries("dates in different time zones", row)


def _no_date(
    cells: Sequence[str], texts: Sequence[str], columns: dict[str, np.ndarray], order: Order
) -> InvalidSeries:
    """Name the first cell that is not written as most of the others are."""
    iso = [None if (stamp := _stamp(cell)) is None else stamp.date() for cell in cells]
    columns["%Y-%m-%d"] = np.array(iso, dtype="datetime64[D]")
    for text in (texts[len(texts) // 2], texts[-1]):
        columns |= {form: _parsed(texts, form) for form in _forms(text, order)}
    form, days = min(columns.items(), key=lambda item: int(np.isnat(item[1]).sum()))
    row = int(np.isnat(days).argmax())
    return _not_a_date(cells[row], "%Y-%m-%d" if np.isnat(days).all() else form, row)


def _not_a_date(text: str, form: str, row: int) -> InvalidSeries:
    return InvalidSeries(f"'{echo(text)}' is not a date such as {_EXAMPLE:{form}}", row)


def _two_ways(text: str, one: np.datetime64, two: np.datetime64, row: int) -> InvalidSeries:
    first, second = one.astype(date), two.astype(date)
    year = "" if first.year == second.year else f" {first.year}"
    what = (
        f"{echo(text)} can be {first.day} {first:%B}{year} or {second.day} {second:%B} "
        f"{second.year}; write dmy (day first) or mdy (month first) under dates in the row of "
        "this file in catalog.csv"
    )
    return InvalidSeries(what, row)
