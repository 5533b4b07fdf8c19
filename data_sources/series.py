"""The one shape every price series has, whichever source it comes from."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from data_sources.catalog import Instrument
from data_sources.errors import InvalidSeries
from data_sources.moves import Move, doubtful_moves, without

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")

DayEnd = Literal["nyclose", "utc", ""]
Spacing = Literal["d", "w", "m", ""]

# A spacing is that of most steps from one close to the next: their length in days, and their share.
_STEPS: dict[Spacing, tuple[int, int]] = {"w": (5, 9), "m": (26, 35)}
_MOST = 0.8
# A value is of the present as long as no more than this has gone by since its day: sessions of a
# market or days of a coin where closes are daily, else calendar days. A week or a month is dated
# by its first day or its last, and known when it has ended.
_PRESENT: dict[Spacing, int] = {"d": 3, "w": 14, "m": 62, "": 7}
# Share of a market's closes on weekends from which its dates are not believed.
_WEEKEND_SHARE = 0.05


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
    looked_at
        The UTC day on which these were the newest values there are; None where none will follow,
        as in the sample and in what is frozen.
    accepted
        Days whose move from the close before somebody has looked at and found real.
    """

    instrument: Instrument
    frame: pd.DataFrame
    source: str
    fetched_at: datetime
    is_sample: bool
    content_hash: str
    day_end: DayEnd = ""
    stale: str = ""
    looked_at: date | None = None
    accepted: frozenset[date] = frozenset()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[object, ...]:
        return self.instrument, self.content_hash, self.accepted

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

    @property
    def spacing(self) -> Spacing:
        """How far apart the closes are: "d", "w" or "m", most of them; "" when irregular."""
        return _spacing(self)

    @property
    def moves(self) -> tuple[Move, ...]:
        """One-day moves that look like a split or a wrong price and that nobody has accepted."""
        return _moves(self)

    @property
    def believed(self) -> pd.Series:
        """Closes for what is counted from levels: breakouts, rallies and what followed them.

        Closes before a doubtful move are scaled so that it is none; without one, just `close`.
        """
        return _believed(self)

    @property
    def present_from(self) -> pd.Timestamp | None:
        """First day whose value may be called that of now; None where nothing is."""
        if self.looked_at is None:
            return None
        today, reach = pd.Timestamp(self.looked_at), _PRESENT[self.spacing]
        if self.spacing == "d" and self.instrument.kind != "coin":
            return pd.Timestamp(np.busday_offset(self.looked_at, -reach, roll="forward"))
        return today - pd.Timedelta(days=reach)

    @property
    def weekend_share(self) -> float:
        """Share of a market's daily closes on weekends, where it is too large to be right; or 0.

        Stamps at local midnight that were turned into UTC put Mondays on Sundays.
        """
        return _weekend_share(self)


# Series are equal when their values are, so what was computed once stays true.
@lru_cache(maxsize=512)
def _spacing(series: Series) -> Spacing:
    steps = np.diff(series.frame.index.to_numpy()) // np.timedelta64(1, "D")
    if not len(steps) or np.median(steps) == 1:
        return "d"
    for spacing, (least, most) in _STEPS.items():
        if np.mean((steps >= least) & (steps <= most)) >= _MOST:
            return spacing
    return ""


@lru_cache(maxsize=512)
def _weekend_share(series: Series) -> float:
    if series.spacing != "d" or series.instrument.kind not in ("small_cap", "equity"):
        return 0.0
    share = float((pd.DatetimeIndex(series.frame.index).day_of_week >= 5).mean())
    return share if share > _WEEKEND_SHARE else 0.0


@lru_cache(maxsize=512)
def _moves(series: Series) -> tuple[Move, ...]:
    if series.instrument.kind == "macro" or series.is_sample:
        return ()
    found = doubtful_moves(series.close)
    return tuple(move for move in found if move.day.date() not in series.accepted)


@lru_cache(maxsize=512)
def _believed(series: Series) -> pd.Series:
    return without(series.close, series.moves) if series.moves else series.close


def sessions_between(first: pd.Timestamp, last: pd.Timestamp) -> int:
    """Sessions of New York after one day and before another; weekdays where none are known."""
    from data_sources.new_york import FIRST_SESSIONS, session_closes  # noqa: PLC0415 - slow; only holes need it

    days = pd.bdate_range(first, last, inclusive="neither")
    known = pd.Timestamp(FIRST_SESSIONS)
    if last < known:
        return len(days)
    sessions = session_closes(first.date(), last.date()).index
    return int(((days < known) | days.isin(sessions)).sum())


def make_series(
    instrument: Instrument,
    raw: pd.DataFrame,
    *,
    source: str,
    fetched_at: datetime,
    is_sample: bool = False,
    day_end: DayEnd = "",
    accepted: frozenset[date] = frozenset(),
) -> Series:
    """Check a source's values and wrap them; see `normalise` for what is checked.

    Prices must be above zero; macro series may be zero or negative.
    """
    frame = normalise(raw, positive=instrument.kind != "macro")
    digest = content_hash(frame)
    return Series(
        instrument, frame, source, fetched_at, is_sample, digest, day_end, accepted=accepted
    )


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
