"""A CSV or Parquet file as one date column and numbers, with the place of every row.

The first column holds the dates. The values are the columns called open, high, low, close and
volume, in any case, or a single column of any name, which becomes ``close``.
"""

import csv
import io
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data_sources.errors import BadFile, echo
from data_sources.series import COLUMNS

MAX_BYTES = 20_000_000
MAX_ROWS = 1_000_000
MISSING = frozenset({"", "."})

_PLAIN = frozenset("0123456789.-")
_NUMBER = {
    decimal: re.compile(
        rf"[+-]?(\d+|\d{{1,3}}([{group}]\d{{3}})+)?([{decimal}]\d*)?(e[+-]?\d+)?",
        re.ASCII | re.IGNORECASE,
    )
    for decimal, group in ((".", ","), (",", "."))
}
"""Numbers by decimal mark, with or without the other mark between thousands."""

_TOO_LARGE = f"larger than {MAX_BYTES // 1_000_000} MB or {MAX_ROWS:,} rows"
_SUMMER_TIME = timedelta(hours=1)


@dataclass(frozen=True)
class Table:
    """Rows of a file in the file's own order.

    Attributes
    ----------
    frame
        Float64 columns named as in `series.COLUMNS`, NaN where a value is missing, on a
        DatetimeIndex of naive or UTC stamps.
    lines
        Line number of each row, from 1 (in a Parquet file, the row number).
    """

    frame: pd.DataFrame
    lines: Sequence[int]


def read_csv(path: Path) -> Table:
    """Read delimited text: comma, semicolon or tab; decimal comma only with semicolons.

    Raises
    ------
    BadFile
        Naming the line, when the file is not such a table.
    """
    text = read_text(path)
    delimiter = max(",;\t", key=text.lstrip().splitlines()[0].count)
    (header_line, *lines), (header, *rows) = _split(path, text, delimiter)
    if _is_date(header[0]):
        raise BadFile(path, header_line, "no header such as date,close")
    columns = _value_columns(path, header)
    for line, row in zip(lines, rows, strict=True):
        if len(row) < len(header) or any(cell.strip() for cell in row[len(header) :]):
            reason = f"{len(row)} values where the header names {len(header)}"
            raise BadFile(path, line, reason)
    index = _stamps(path, lines, [row[0] for row in rows])
    cells = {name: [row[at] for row in rows] for name, at in columns.items()}
    has_comma = any("," in text for texts in cells.values() for text in texts)
    decimal = "," if delimiter == ";" and has_comma else "."
    frame = {name: _numbers(path, lines, name, texts, decimal) for name, texts in cells.items()}
    return Table(pd.DataFrame(frame, index), lines)


def read_parquet(path: Path) -> Table:
    """Read a Parquet file, with the dates as first column or as index.

    Raises
    ------
    BadFile
        Naming the row, when the file is not such a table.
    """
    try:
        if path.stat().st_size > MAX_BYTES or pq.read_metadata(path).num_rows > MAX_ROWS:
            raise BadFile(path, None, _TOO_LARGE)
        raw = pq.read_table(path).to_pandas()
        if not isinstance(raw.index, pd.RangeIndex):
            raw = raw.reset_index()
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise BadFile(path, None, "not a readable Parquet file") from error
    header = [str(name) for name in raw.columns]
    columns = _value_columns(path, header)
    lines = range(1, len(raw) + 1)
    dates = raw.iloc[:, 0]
    if pd.api.types.is_datetime64_any_dtype(dates.dtype) and dates.notna().all():
        index = pd.DatetimeIndex(dates)
    else:
        index = _stamps(path, lines, _texts(dates))
    frame: dict[str, Sequence[float] | np.ndarray] = {}
    for name, at in columns.items():
        column = raw.iloc[:, at]
        if pd.api.types.is_numeric_dtype(column.dtype):
            frame[name] = column.to_numpy(dtype="float64", na_value=np.nan)
        else:
            frame[name] = _numbers(path, lines, name, _texts(column))
    return Table(pd.DataFrame(frame, index), lines)


def read_text(path: Path) -> str:
    """Read a text file of at most `MAX_BYTES`, without a byte order mark.

    Raises
    ------
    BadFile
        When it cannot be read, is empty, too large, or not UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadFile(path, None, f"cannot be read ({error.strerror})") from error
    if len(content) > MAX_BYTES:
        raise BadFile(path, None, _TOO_LARGE)
    if b"\0" in content:
        raise BadFile(path, content[: content.index(b"\0")].count(b"\n") + 1, "not a text file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadFile(path, line, "not UTF-8 text; save it as UTF-8") from error
    if not text.strip():
        raise BadFile(path, None, "empty file")
    return text


def _split(path: Path, text: str, delimiter: str) -> tuple[list[int], list[list[str]]]:
    """Split text into the line numbers and the cells of the rows with something in them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[int] = []
    rows: list[list[str]] = []
    line = 1
    try:
        for row in reader:
            if any(map(str.strip, row)):
                lines.append(line)
                rows.append(row)
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(path, line, "a quote is not closed, or a cell is too long") from error
    if not rows:
        raise BadFile(path, None, "empty file")
    return lines, rows


def _value_columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    for name in COLUMNS:
        if names[1:].count(name) > 1:
            raise BadFile(path, None, f"two columns named {name}")
    if "close" in names[1:]:
        return {name: names.index(name, 1) for name in COLUMNS if name in names[1:]}
    if len(names) == 2:
        return {"close": 1}
    raise BadFile(path, None, "no column named close" if names[1:] else "no column of values")


def _stamps(path: Path, lines: Sequence[int], texts: Sequence[str]) -> pd.DatetimeIndex:
    stamps: list[datetime] = []
    offsets: list[timedelta | None] = []
    for line, text in zip(lines, texts, strict=True):
        try:
            stamp = datetime.fromisoformat(text.strip())
            offset = stamp.utcoffset()
            stamps.append(stamp if offset is None else (stamp - offset).replace(tzinfo=None))
        except (ValueError, OverflowError):
            what = f"'{echo(text.strip())}' is not a date such as 2024-12-31"
            raise BadFile(path, line, what if text.strip() else "no date") from None
        offsets.append(offset)
    if len(set(offsets)) > 1:
        _check_offsets(path, lines, offsets)
    return pd.DatetimeIndex(np.array(stamps, dtype="datetime64[us]"))


def _check_offsets(path: Path, lines: Sequence[int], offsets: Sequence[timedelta | None]) -> None:
    """Refuse rows in another time zone than the first, if only by having none."""
    first = offsets[0]
    for line, offset in zip(lines, offsets, strict=True):
        if offset is None or first is None:
            if offset is not first:
                raise BadFile(path, line, "dates with and without a time zone")
        # One zone has two offsets an hour apart as its summer time comes and goes.
        elif abs(offset - first) > _SUMMER_TIME:
            raise BadFile(path, line, "dates in different time zones")


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _numbers(
    path: Path, lines: Sequence[int], name: str, texts: Sequence[str], decimal: str = "."
) -> list[float]:
    # Nearly every column is plain numbers: read it whole, and by cell only when it is not.
    if set().union(*texts) <= _PLAIN and decimal == ".":
        with suppress(ValueError):
            return [float(text) for text in texts]
    values: list[float] = []
    for line, text in zip(lines, texts, strict=True):
        try:
            values.append(_number(text.strip(), decimal))
        except ValueError:
            raise BadFile(path, line, f"{name} '{echo(text)}' is not a number") from None
    return values


def _number(text: str, decimal: str) -> float:
    if text in MISSING:
        return np.nan
    if not _NUMBER[decimal].fullmatch(text):
        raise ValueError(text)
    return float(text.replace("," if decimal == "." else ".", "").replace(decimal, "."))


def _texts(column: pd.Series) -> list[str]:
    return column.astype("string").fillna("").tolist()
