"""One price file as the series it holds."""

import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from data_sources.catalog import Instrument
from data_sources.errors import BadFile, InvalidSeries, echo, line_unit
from data_sources.files.catalog_file import Hints
from data_sources.files.dates import read_days
from data_sources.files.layout import read_csv
from data_sources.files.naming import instrument_called
from data_sources.files.numbers import read_numbers
from data_sources.files.parquet import read_parquet
from data_sources.files.sheet import Sheet
from data_sources.series import Series, make_series

MIN_ROWS = 10

READERS = {".csv": read_csv, ".parquet": read_parquet}
"""How to read a file, by the end of its name."""

_FIRST_DAY = np.datetime64("1000-01-01")
_DAYS_AHEAD = 2
_SUNDAY_SHARE = 0.05


def read_file(
    path: Path, known: Sequence[Instrument], hints: Hints, today: date
) -> dict[str, Series | BadFile]:
    """Read all series of a file.

    Parameters
    ----------
    path
        CSV or Parquet file.
    known
        Instruments that it, or its columns, may be named after.
    hints
        How its numbers and dates are to be read where there are two ways.
    today
        Current UTC day; a file may reach two days beyond it.

    Returns
    -------
    dict
        By instrument id: the series, or why that column of several cannot be read.

    Raises
    ------
    BadFile
        One sentence naming the file, the line where there is one, and what is wrong.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise BadFile(path, None, f"cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise BadFile(path, None, "not a file")
    sheet = READERS[path.suffix.lower()](path, known)
    source = f"file {echo(path.name)}" + (", simulated prices" if sheet.is_simulated else "")
    written = datetime.fromtimestamp(status.st_mtime, UTC)
    columns = {name: _closes(path, sheet, name, hints) for name in sheet.closes}
    first, *others = columns.values()
    if not others and isinstance(first, BadFile):
        raise first
    days = _days(path, sheet, list(columns.values()), hints)
    found: dict[str, Series | BadFile] = {}
    for name, closes in columns.items():
        instrument = instrument_called(path, name or path.stem, known)
        if instrument.id in found:
            raise BadFile(path, None, f"two columns of {instrument.id}")
        if isinstance(closes, BadFile):
            found[instrument.id] = closes
            continue
        frame = pd.DataFrame({"close": closes}, days)
        try:
            _check_extent(frame, today)
            one = make_series(instrument, frame, source=source, fetched_at=written)
        except InvalidSeries as error:
            found[instrument.id] = _located(path, sheet, error, name, frame)
        else:
            found[instrument.id] = one if instrument in known else classified(one)
    only, *more = found.values()
    if not more and isinstance(only, BadFile):
        raise only
    return found


def classified(series: Series) -> Series:
    """Call a new instrument a coin when it trades through weekends.

    It has Sundays right after Saturdays. A market whose days are one off has either alone, and a
    monthly series neither after the other.
    """
    days = pd.DatetimeIndex(series.frame.index)
    sundays = (days[1:].day_of_week == 6) & (np.diff(days) == np.timedelta64(1, "D"))
    if sundays.mean() <= _SUNDAY_SHARE:
        return series
    return replace(series, instrument=replace(series.instrument, kind="coin"))


def _closes(path: Path, sheet: Sheet, name: str, hints: Hints) -> np.ndarray | BadFile:
    """The numbers of a column, or what is wrong with it."""
    cells = sheet.closes[name]
    if isinstance(cells, np.ndarray):
        return cells
    try:
        return read_numbers(echo(name) or "close", cells, hints.decimal)
    except InvalidSeries as error:
        return _located(path, sheet, error)


def _days(
    path: Path, sheet: Sheet, columns: Sequence[np.ndarray | BadFile], hints: Hints
) -> pd.DatetimeIndex:
    """The day of each row; those of rows without a close need not be in order."""
    days = sheet.dates
    if not isinstance(days, np.ndarray):
        read = [~np.isnan(one) for one in columns if isinstance(one, np.ndarray)]
        used = np.logical_or.reduce(read) if read else np.ones(len(days), dtype=bool)
        try:
            days = read_days(days, used, hints.dates)
        except InvalidSeries as error:
            raise _located(path, sheet, error) from error
    return pd.DatetimeIndex(days.astype("datetime64[us]"))


def _check_extent(frame: pd.DataFrame, today: date) -> None:
    if frame["close"].count() < MIN_ROWS:
        raise InvalidSeries(f"fewer than {MIN_ROWS} rows with a value")
    days = frame.index.to_numpy().astype("datetime64[D]")
    for is_wrong, what in (
        (days < _FIRST_DAY, "is no likely date"),
        (days > np.datetime64(today + timedelta(days=_DAYS_AHEAD)), "is in the future"),
    ):
        if is_wrong.any():
            row = int(is_wrong.argmax())
            raise InvalidSeries(f"{days[row]} {what}", row)


def _located(
    path: Path,
    sheet: Sheet,
    error: InvalidSeries,
    name: str = "",
    frame: pd.DataFrame | None = None,
) -> BadFile:
    """Say where in the file it is, and in which column of several."""
    line = None if error.row is None else sheet.lines[error.row]
    reason = f"{echo(name)}: {error.reason}" if name else error.reason
    if error.first_row is not None:
        reason += f" (first on {line_unit(path)} {sheet.lines[error.first_row]})"
        if frame is not None and frame.index.nunique() * 2 < len(frame):
            reason += "; most days have several rows, and one close a day is read"
    return BadFile(path, line, reason)
