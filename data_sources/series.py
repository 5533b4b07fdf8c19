"""The one shape every price series has, whichever source it comes from."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from data_sources.catalog import Instrument
from data_sources.errors import InvalidSeries

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")

DayEnd = Literal["nyclose", "utc", ""]


@dataclass(frozen=True, eq=False)
class Series:
    """Daily values of one instrument and where they come from; made by `make_series`.

    Attributes
    ----------
    instrument
        What the values are of.
    frame
        Float64 columns on a DatetimeIndex named "date": calendar days without a time zone,
        ascending, unique. ``close`` is always there and never missing; ``open``,
        ``high``, ``low`` and ``volume`` only where the source has them, NaN on days it skips.
    source
        Where the values come from, for people.
    fetched_at
        When they were obtained, with a time zone.
    is_sample
        Whether they are simulated.
    content_hash
        SHA-256 (hex) of the frame: equal values have equal hashes.
    day_end
        When the days of a coin end: "nyclose" with New York's session, "utc" at 00:00 UTC; ""
        where an exchange says, or nobody knows.
    stale
        Why there are no newer values, in a sentence; "" when these are the newest.
    """

    instrument: Instrument
    frame: pd.DataFrame
    source: str
    fetched_at: datetime
    is_sample: bool
    content_hash: str
    day_end: DayEnd = ""
    stale: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Instrument, str]:
        return self.instrument, self.content_hash

    @property
    def id(self) -> str:
        """Instrument id."""
        return self.instrument.id

    @property
    def close(self) -> pd.Series:
        """Closing values, named after the instrument."""
        return self.frame["close"].rename(self.id)

    @property
    def as_of(self) -> pd.Timestamp:
        """Last day with a value."""
        return pd.Timestamp(self.frame.index[-1])


def make_series(
    instrument: Instrument,
    raw: pd.DataFrame,
    *,
    source: str,
    fetched_at: datetime,
    is_sample: bool = False,
    day_end: DayEnd = "",
) -> Series:
    """Check a source's values and wrap them; see `normalise` for what is checked.

    Prices must be above zero; macro series may be zero or negative.
    """
    frame = normalise(raw, positive=instrument.kind != "macro")
    digest = content_hash(frame)
    return Series(instrument, frame, source, fetched_at, is_sample, digest, day_end)


def normalise(raw: pd.DataFrame, *, positive: bool = True) -> pd.DataFrame:
    """Bring a source's rows into the shape of `Series.frame`, or refuse them.

    Parameters
    ----------
    raw
        Numeric columns, ``close`` among them, on a DatetimeIndex in date order, oldest or
        newest first. Stamps with a time zone keep the day that its clocks show. Rows
        without a close are dropped, unknown columns too.
    positive
        Whether a price must be above zero; macro series may be zero or negative.

    Returns
    -------
    DataFrame
        A new frame; the input is left alone.

    Raises
    ------
    InvalidSeries
        For no close at all, infinite values, prices that are not positive, repeated days and
        days out of order.
    """
    columns = [name for name in COLUMNS if name in raw.columns]
    if "close" not in columns:
        raise InvalidSeries("no column named close")
    rows = np.flatnonzero(raw["close"].notna().to_numpy())
    if rows.size == 0:
        raise InvalidSeries("no values")
    frame = raw.iloc[rows][columns].astype("float64")
    frame.index = _written_days(pd.DatetimeIndex(frame.index))
    _check_values(frame, rows, positive=positive)
    steps = np.sign(np.diff(frame.index.to_numpy()).astype("int64"))
    if steps.sum() < 0:
        frame, rows = frame.iloc[::-1], rows[::-1]
    _check_days(frame.index, rows)
    return frame


def content_hash(frame: pd.DataFrame) -> str:
    """SHA-256 (hex) over the column names, the days and the values of a frame."""
    digest = hashlib.sha256(",".join(frame.columns).encode())
    days = frame.index.to_numpy().astype("datetime64[D]").astype("<i8")
    digest.update(days.tobytes())
    digest.update(frame.to_numpy(dtype="<f8").tobytes())
    return digest.hexdigest()


def _written_days(stamps: pd.DatetimeIndex) -> pd.DatetimeIndex:
    if stamps.tz is not None:
        stamps = stamps.tz_localize(None)
    return pd.DatetimeIndex(stamps.normalize().as_unit("us").to_numpy(), name="date")


def _check_values(frame: pd.DataFrame, rows: np.ndarray, *, positive: bool) -> None:
    for name in frame.columns:
        values = frame[name].to_numpy()
        infinite = np.isinf(values)
        if infinite.any():
            raise InvalidSeries(f"{name} is not finite", int(rows[infinite.argmax()]))
        if name in PRICES and positive:
            wrong, demand = values <= 0, "above zero"
        elif name == "volume":
            wrong, demand = values < 0, "at least zero"
        else:
            continue
        if wrong.any():
            at = int(wrong.argmax())
            raise InvalidSeries(f"{name} is {values[at]:g}, must be {demand}", int(rows[at]))


def _check_days(days: pd.Index, rows: np.ndarray) -> None:
    if days.is_monotonic_increasing and days.is_unique:
        return
    first_seen: dict[pd.Timestamp, int] = {}
    for day, row in sorted(zip(days, rows.tolist(), strict=True), key=lambda pair: pair[1]):
        if day in first_seen:
            raise InvalidSeries(f"{day:%Y-%m-%d} appears twice", row, first_seen[day])
        first_seen[day] = row
    at = int((days[1:] < days[:-1]).argmax())
    raise InvalidSeries(
        f"{days[at + 1]:%Y-%m-%d} and {days[at]:%Y-%m-%d} are not in date order",
        int(max(rows[at], rows[at + 1])),
    )
