"""From rows of JSON to checked frames, the same way for every source."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from data_sources.errors import BadResponse, InvalidSeries, NoData
from data_sources.series import PRICES, normalise

HOUR = pd.Timedelta(hours=1)

_LATEST = pd.Timestamp("2200-01-01", tz="UTC")


def bars(source: str, rows: Any, fields: Sequence[str], unit: Literal["s", "ms"]) -> pd.DataFrame:
    """Read candles: float64 columns on the UTC start of each bar, in the order they came.

    Parameters
    ----------
    source
        Name of the source, for messages.
    rows
        What should be a list of lists of numbers, or of texts of numbers; a null is missing.
    fields
        What a row holds from its beginning on, "time" among it; what follows is left out.
    unit
        Of the time, since 1970.

    Raises
    ------
    BadResponse
        When the rows are anything else.
    """
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) >= len(fields) for row in rows
    ):
        raise BadResponse(source, "sent prices in an unknown form")
    table = numbers(source, [row[: len(fields)] for row in rows]).reshape(-1, len(fields))
    frame = pd.DataFrame(table, columns=list(fields))
    times = frame.pop("time")
    latest = _LATEST.timestamp() * (1000 if unit == "ms" else 1)
    if not times.between(0, latest).all():
        raise BadResponse(source, "sent a time that cannot be one")
    frame.index = pd.DatetimeIndex(pd.to_datetime(times.astype("int64"), unit=unit, utc=True))
    return frame


def numbers(source: str, values: list[Any]) -> np.ndarray:
    """Read JSON numbers, or texts of numbers, as float64; null becomes NaN."""
    try:
        return np.array(values, dtype="float64")
    except (ValueError, TypeError, OverflowError) as error:
        raise BadResponse(source, "sent a price that is not a number") from error


def finish_daily(
    source: str, symbol: str, raw: pd.DataFrame, start: date | None, before: date
) -> pd.DataFrame:
    """Crop daily rows to the days asked for, drop those without a close and check the rest.

    Parameters
    ----------
    source, symbol
        For messages.
    raw
        Ascending or descending days, with or without a time zone of UTC.
    start
        First day wanted; None for all there are.
    before
        First day that is not over yet.
    """
    frame = raw.set_axis(raw.index.tz_localize(None))
    frame = frame[frame["close"].notna() & (frame.index < pd.Timestamp(before))]
    if start is not None:
        frame = frame[frame.index >= pd.Timestamp(start)]
    if frame.empty:
        raise NoData(source, symbol)
    try:
        return normalise(frame)
    except InvalidSeries as error:
        raise BadResponse(source, f"sent wrong prices of {symbol}: {error.reason}") from error


def hours_to_ask(
    source: str, symbol: str, start: datetime, end: datetime
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Starts of the first and the last hourly bar that end from `start` to `end` and are over."""
    first = pd.Timestamp(start).tz_convert("UTC").ceil("h") - HOUR
    last = pd.Timestamp(min(end, datetime.now(UTC))).tz_convert("UTC").floor("h") - HOUR
    if last < first:
        raise NoData(source, symbol)
    return first, last


def finish_hourly(source: str, symbol: str, raw: pd.DataFrame) -> pd.DataFrame:
    """Stamp hourly bars with their end and check them.

    The end is when the close was the price, so picking the bar stamped 20:00 samples the
    price at 20:00, and nothing later.
    """
    frame = raw[raw["close"].notna()].sort_index()
    if frame.empty:
        raise NoData(source, symbol)
    frame.index = pd.DatetimeIndex((frame.index + HOUR).as_unit("us"), name="time")
    prices = frame[[name for name in PRICES if name in frame]].to_numpy()
    if not frame.index.is_unique or np.isinf(prices).any() or (prices <= 0).any():
        raise BadResponse(source, f"sent wrong hourly prices of {symbol}")
    return frame[[*PRICES, "volume"]]
