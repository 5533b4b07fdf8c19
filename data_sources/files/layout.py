"""Where things are in a text file: the header, the rows below it, the columns that are read."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from data_sources.catalog import Instrument
from data_sources.errors import BadFile, InvalidSeries
from data_sources.files.dates import is_unix, looks_like_a_date
from data_sources.files.headings import (
    Heading,
    columns_of_dates,
    date_column,
    heading,
    is_close,
    is_date,
    value_columns,
)
from data_sources.files.numbers import MISSING, read_numbers
from data_sources.files.own_export import check, own_export
from data_sources.files.sheet import Sheet
from data_sources.files.text import Rows, read_text, split

_MOST_ABOVE = 50
"""Rows that may stand above the data."""

_MOST_DATES_ABOVE = 3
"""Rows among these that may have a date, such as that of a download."""

_CORNERS = {"", "ticker", "tickers", "symbol", "price"}
"""First cells of the rows of a header that has several."""

_NO_HEADER = "no header such as date,close"
_CANDLES = {5, 6, 7, 8, 12}
"""Columns of a file without header that begins with date, open, high, low and close."""

_REVERSED = 0.67
_NUMBER = re.compile(r"[^A-Za-z\d]*\d[^A-Za-z]*$")


def read_csv(path: Path, known: Sequence[Instrument]) -> Sheet:
    """Read delimited text.

    Raises
    ------
    BadFile
        Naming the line, when the file is not such a table.
    """
    rows = split(path, read_text(path))
    export = own_export(rows.comments)
    try:
        if export is not None:
            check(export)
        above, headings = _header(rows)
    except InvalidSeries as error:
        line = None if error.row is None else rows.lines[error.row]
        raise BadFile(path, line, error.reason) from error
    cells, lines = rows.cells[above:], rows.lines[above:]
    _check_widths(path, cells, lines, len(headings) or len(cells[0]))
    try:
        dates, values = _columns(headings, cells, known, is_own=export is not None)
    except InvalidSeries as error:
        line = None if error.row is None else lines[error.row]
        raise BadFile(path, line, error.reason) from error
    return Sheet(
        [row[dates] for row in cells],
        {name: [row[at] for row in cells] for name, at in values.items()},
        lines,
        is_simulated=export is not None and export.is_simulated,
    )


def _columns(
    headings: Sequence[Heading],
    cells: Sequence[Sequence[str]],
    known: Sequence[Instrument],
    *,
    is_own: bool,
) -> tuple[int, dict[str, int]]:
    """The column of dates and those of closes."""
    if is_own:
        return 0, {one.name.strip(): at for at, one in enumerate(headings) if at > 0}
    if not headings:
        return 0, {"": _close_of_candles(cells)}
    found = date_column(headings, lambda at: not cells or not is_unix(cells[0][at].strip()))
    dates = 0 if found is None else found
    return dates, value_columns(headings, columns_of_dates(headings, dates), known)


def _header(rows: Rows) -> tuple[int, list[Heading]]:
    """Number of rows down to the header's last, and its headings; none without a header."""
    top = rows.cells[:_MOST_ABOVE]
    first = next((at for at, row in enumerate(top) if _has_date(row)), None)
    headers = [
        at
        for at, row in enumerate(top)
        if _is_header(row) and sum(map(_has_date, top[:at])) <= _MOST_DATES_ABOVE
    ]
    named = [at for at in headers if first is None or at < first]
    ranks = (
        lambda row: any(map(is_date, row)) and sum(map(bool, map(str.strip, row))) > 1,
        lambda row: any(map(is_close, row)) and len(row) > 1,
    )
    for at in headers:
        if any(map(is_date, top[at])) and any(map(is_close, top[at])):
            return _stacked(top, at)
    for fits in ranks:
        for at in named:
            if fits(top[at]):
                return _stacked(top, at)
    if first is None:
        fallback = [at for at in named if len(top[at]) > 1] or named
    else:
        fallback = [at for at in named if at == first - 1 and len(top[at]) >= len(top[first])]
    if fallback:
        return _stacked(top, fallback[0])
    if first is None or not looks_like_a_date(top[first][0].strip()):
        raise InvalidSeries(_NO_HEADER, first or 0)
    return first, []


def _stacked(top: Sequence[Sequence[str]], at: int) -> tuple[int, list[Heading]]:
    """Join the rows of a header, such as yfinance's Price, Ticker and Date."""
    width = len(top[at])
    start = at
    if at > 0 and len(top[at - 1]) == width > 1 and _is_corner(top[at - 1]):
        start = at - 1
    stop = at + 1
    while stop < len(top) and len(top[stop]) == width and _is_header(top[stop]):
        if not _is_corner(top[stop]):
            break
        stop += 1
    parts = zip(*top[start:stop], strict=True)
    if stop - start == 1:
        return stop, [Heading(name) for (name,) in parts]
    first, *others = ([part for part in column if part.strip()] for column in parts)
    corner = next((part for part in first if is_date(part)), "date")
    return stop, [Heading(corner), *map(heading, others)]


def _is_corner(row: Sequence[str]) -> bool:
    """Whether a row is of a header that has several: Ticker before symbols, Date before nothing."""
    first = row[0].strip().lower()
    return first in _CORNERS or (is_date(first) and not any(map(str.strip, row[1:])))


def _is_header(row: Sequence[str]) -> bool:
    """Whether a row holds names: no dates, no numbers, nothing that stands for a missing one."""
    texts = [text for cell in row if (text := cell.strip())]
    return bool(texts) and not any(
        text.casefold() in MISSING or _NUMBER.match(text) or looks_like_a_date(text)
        for text in texts
    )


def _has_date(row: Sequence[str]) -> bool:
    """Whether a row may be one of data: a date, and something beside it."""
    return len(row) > 1 and any(looks_like_a_date(cell.strip()) for cell in row)


def _check_widths(path: Path, cells: Sequence[list[str]], lines: Sequence[int], width: int) -> None:
    for line, row in zip(lines, cells, strict=True):
        if len(row) != width and (len(row) < width or any(map(str.strip, row[width:]))):
            raise BadFile(path, line, f"{len(row)} values where the header names {width}")


def _close_of_candles(cells: Sequence[Sequence[str]]) -> int:
    """The column of closes in a file without header, once the rows prove what the columns are."""
    width = len(cells[0])
    if width == 2:
        return 1
    if width not in _CANDLES:
        raise InvalidSeries(_NO_HEADER, 0)
    columns = [read_numbers(f"column {at + 1}", [row[at] for row in cells]) for at in range(1, 5)]
    candles = np.column_stack(columns)
    candles = candles[~np.isnan(candles).any(axis=1)]
    high, low = candles[:, 1], candles[:, 2]
    is_proven = (high == candles.max(axis=1)).all() and (low == candles.min(axis=1)).all()
    if not is_proven or not (high > low).any() or _runs_backwards(candles, cells):
        raise InvalidSeries(_NO_HEADER, 0)
    return 4


def _runs_backwards(candles: np.ndarray, cells: Sequence[Sequence[str]]) -> bool:
    """Whether the first price looks like the close: each day opens near the close before.

    A table of close, high, low and open has its extremes in the same places.
    """
    ordered = candles
    if [row[0] for row in cells] == sorted((row[0] for row in cells), reverse=True):
        ordered = candles[::-1]
    pairs = list(pairwise(ordered))
    forwards = [abs(now[0] - before[3]) for before, now in pairs]
    backwards = [abs(now[3] - before[0]) for before, now in pairs]
    return bool(pairs) and bool(np.median(backwards) < _REVERSED * np.median(forwards))
