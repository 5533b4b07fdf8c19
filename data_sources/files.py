"""A folder of price files: which file is which instrument, and its series."""

import csv
import io
import re
import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from data_sources.catalog import Instrument, Kind, resolve
from data_sources.errors import BadFile, InvalidSeries, echo, line_unit
from data_sources.series import Series, make_series
from data_sources.tables import Table, read_csv, read_parquet, read_text

CATALOG_FILE = "catalog.csv"
"""Optional file in the folder that names and classifies instruments."""

MIN_ROWS = 10

_DAYS_AHEAD = 2
_READERS = {".csv": read_csv, ".parquet": read_parquet}
_ID = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,15}")
_CATALOG_COLUMNS = ("id", "name", "kind", "symbols")
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_WEEKEND_SHARE = 0.1


def price_files(folder: Path) -> list[Path]:
    """Paths of the price files in a folder, by name; hidden files are left out.

    Raises
    ------
    OSError
        When the folder cannot be listed.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _READERS
        and not path.name.startswith(".")
        and path.name not in (CATALOG_FILE, "moves.csv")
    )


def instrument_of(path: Path, known: Sequence[Instrument]) -> Instrument:
    """Tell which instrument a file holds from its name.

    Returns
    -------
    Instrument
        The known one with that id or symbol, else a new small cap named after the file.

    Raises
    ------
    BadFile
        When the name is neither known nor fit to be an id.
    """
    instrument = resolve(path.stem, known)
    if instrument is not None:
        return instrument
    short = path.stem.upper()
    if not _ID.fullmatch(short):
        reason = "the name must be a known symbol or 1 to 16 letters, digits, '.', '_' or '-'"
        raise BadFile(path, None, reason)
    return Instrument(short, short, "small_cap")


def read_series(path: Path, instrument: Instrument, today: date) -> Series:
    """Read one file.

    Parameters
    ----------
    path
        CSV or Parquet file; see `tables` for the formats.
    instrument
        What it holds; a macro series may be zero or negative, a price may not.
    today
        Current UTC day; a file may reach two days beyond it.

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
    table = _READERS[path.suffix.lower()](path)
    _check_extent(path, table, today)
    try:
        return make_series(
            instrument,
            table.frame,
            source=f"file {echo(path.name)}",
            fetched_at=datetime.fromtimestamp(status.st_mtime, UTC),
        )
    except InvalidSeries as error:
        line = None if error.row is None else table.lines[error.row]
        reason = error.reason
        if error.first_row is not None:
            reason += f" (first on {line_unit(path)} {table.lines[error.first_row]})"
        raise BadFile(path, line, reason) from error


def classified(series: Series) -> Series:
    """Call a new instrument a coin when it trades through weekends.

    A weekend day counts only right after a day with a value, so a monthly series, whose dates
    fall on weekends too, is not taken for a coin.
    """
    days = pd.DatetimeIndex(series.frame.index)
    weekend = (days[1:].day_of_week >= 5) & (np.diff(days) == np.timedelta64(1, "D"))
    if weekend.mean() <= _WEEKEND_SHARE:
        return series
    return replace(series, instrument=replace(series.instrument, kind="coin"))


def read_catalog(path: Path) -> tuple[tuple[Instrument, ...], tuple[str, ...]]:
    """Read `catalog.csv`: columns ``id,name,kind,symbols``, symbols separated by spaces.

    Returns
    -------
    instruments, problems
        The rows that can be used, and one sentence naming the line for each that cannot.
    """
    try:
        rows = read_rows(path, _CATALOG_COLUMNS[:3])
    except BadFile as error:
        return (), (str(error),)
    instruments: dict[str, Instrument] = {}
    problems: list[str] = []
    for line, row in rows:
        try:
            instrument = _catalog_instrument(path, line, row)
        except BadFile as error:
            problems.append(str(error))
            continue
        if instrument.id in instruments:
            problems.append(str(BadFile(path, line, f"{instrument.id} appears twice")))
        else:
            instruments[instrument.id] = instrument
    return tuple(instruments.values()), tuple(problems)


def _check_extent(path: Path, table: Table, today: date) -> None:
    if table.frame["close"].count() < MIN_ROWS:
        raise BadFile(path, None, f"fewer than {MIN_ROWS} rows with a value")
    days = pd.DatetimeIndex(table.frame.index).tz_localize(None)
    future = days >= pd.Timestamp(today + timedelta(days=_DAYS_AHEAD + 1))
    if future.any():
        row = int(future.argmax())
        raise BadFile(path, table.lines[row], f"{days[row]:%Y-%m-%d} is in the future")


def read_rows(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str | None]]]:
    """Rows of a small table that people write, each with the number of its line.

    Raises
    ------
    BadFile
        When it is no such table, or one of these columns is missing.
    """
    table = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        table.fieldnames = [name.strip().lower() for name in table.fieldnames or ()]
        rows = [(table.line_num, row) for row in table]
    except csv.Error as error:
        raise BadFile(path, table.line_num, "not a table of comma-separated values") from error
    for name in columns:
        if name not in table.fieldnames:
            raise BadFile(path, 1, f"no column named {name}")
    return rows


def _catalog_instrument(path: Path, line: int, row: dict[str, str | None]) -> Instrument:
    short, name, kind, symbols = ((row.get(key) or "").strip() for key in _CATALOG_COLUMNS)
    short = short.upper()
    if not _ID.fullmatch(short):
        raise BadFile(path, line, f"'{echo(short)}' cannot be an id")
    if kind not in _KINDS:
        raise BadFile(path, line, f"kind '{echo(kind)}' is none of {', '.join(_KINDS)}")
    return Instrument(short, name or short, _KINDS[kind], tuple(symbols.split()))
