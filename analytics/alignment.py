"""Put two price series on one calendar before any return is taken."""

from collections.abc import Collection

import numpy as np
import pandas as pd

# Sessions in one return period: a trading week and a trading month.
SESSIONS_PER_PERIOD = {"d": 1, "w": 5, "m": 21}

# Calendar days from one daily close to the next that a weekend and holidays can explain: Christmas
# in Europe takes six. Whole weeks without a session (New York in September 2001, the new year in
# China) are holes.
LONGEST_STEP = 6


def shared_closes(first: pd.Series, second: pd.Series, frequency: str = "d") -> pd.DataFrame:
    """Closes of two instruments on the sessions both have.

    Prices are aligned first and returns taken afterwards, so a coin compounds over weekends and
    holidays and nothing is carried forward into a return.

    Parameters
    ----------
    first, second : Series
        Positive closes on a sorted, unique date index. NaN counts as no session.
    frequency : {"d", "w", "m"}
        Keep every shared session, or only the last one of each ISO week or calendar month. The
        week or month under way is represented by its latest session.

    Returns
    -------
    DataFrame
        Columns ``first`` and ``second``, indexed by the shared dates; possibly empty.
    """
    dates, at_first, at_second = np.intersect1d(
        first.index.to_numpy(), second.index.to_numpy(), assume_unique=True, return_indices=True
    )
    closes = np.column_stack([first.to_numpy()[at_first], second.to_numpy()[at_second]])
    complete = ~np.isnan(closes).any(axis=1)
    dates, closes = dates[complete], closes[complete]
    if frequency != "d" and len(dates):
        period = _period(dates, frequency)
        last = np.append(period[1:] != period[:-1], True)
        dates, closes = dates[last], closes[last]
    return pd.DataFrame(
        closes, index=pd.DatetimeIndex(dates, name="date"), columns=["first", "second"]
    )


def _period(dates: np.ndarray, frequency: str) -> np.ndarray:
    if frequency == "m":
        return dates.astype("datetime64[M]").astype(int)
    # Day 0, 1970-01-01, was a Thursday: shifted by three, weeks start on Monday.
    return (dates.astype("datetime64[D]").astype(int) + 3) // 7


def closes_by_period(first: pd.Series, second: pd.Series, spacing: str) -> pd.DataFrame:
    """Closes of two instruments, at least one of which has a single close a week or month.

    Which day such a close was made on nobody says: a week's may be dated by its Monday, its Friday
    or its Sunday. So weeks (ISO) and months are paired, not dates. A series with more closes gives
    the last one of the period made on a weekday, when markets were open.

    Parameters
    ----------
    first, second : Series
        Positive closes on a sorted, unique date index. NaN counts as no close.
    spacing : {"w", "m"}
        The coarser spacing of the two.

    Returns
    -------
    DataFrame
        As :func:`shared_closes`, each row dated by the later of the two dates.
    """
    (key_1, day_1, close_1), (key_2, day_2, close_2) = (
        _last_of_period(close.dropna(), spacing) for close in (first, second)
    )
    _, at_1, at_2 = np.intersect1d(key_1, key_2, assume_unique=True, return_indices=True)
    return pd.DataFrame(
        np.column_stack([close_1[at_1], close_2[at_2]]),
        index=pd.DatetimeIndex(np.maximum(day_1[at_1], day_2[at_2]), name="date"),
        columns=["first", "second"],
    )


def _last_of_period(close: pd.Series, spacing: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Period, day and value of the last close of each week or month."""
    days = close.index.to_numpy()
    periods = _period(days, spacing)
    if len(days) > 2 * len(np.unique(periods)):  # finer than a close a period
        on_weekday = np.is_busday(days.astype("datetime64[D]"))
        close, periods = close[on_weekday], periods[on_weekday]
    last = np.append(periods[1:] != periods[:-1], True)[: len(periods)]
    return periods[last], close.index.to_numpy()[last], close.to_numpy()[last]


def is_one_period(
    days: pd.DatetimeIndex, frequency: str, doubtful: Collection[pd.Timestamp] = ()
) -> np.ndarray:
    """Whether the step to each day from the one before it makes a return of one period.

    It does not where closes are missing between them that a weekend or a holiday cannot explain:
    more than :data:`LONGEST_STEP` calendar days apart at "d", a whole week or month without a
    close at "w" and "m". Nor where a doubtful day lies in it, whose move may be no move at all.

    Parameters
    ----------
    days : DatetimeIndex, length n
        Sorted days of closes.
    frequency : {"d", "w", "m"}
        One row is a session, a week or a month.
    doubtful : collection of Timestamp
        Days whose move from the close before is not believed.

    Returns
    -------
    ndarray of bool, length n - 1
        Empty where there is no step.
    """
    values = days.to_numpy()
    if frequency == "d":
        usable = np.diff(values) <= np.timedelta64(LONGEST_STEP, "D")
    else:
        usable = np.diff(_period(values, frequency)) <= 1
    for day in doubtful:
        step = int(days.searchsorted(day)) - 1
        if 0 <= step < len(usable):
            usable[step] = False
    return usable


def log_returns(closes: pd.DataFrame) -> pd.DataFrame:
    """Log returns between consecutive rows of `closes`, one row shorter.

    Each return is dated by the later of its two closes. Compute them from
    :func:`shared_closes`, never from series with calendars of their own.
    """
    return pd.DataFrame(
        np.diff(np.log(closes.to_numpy()), axis=0), index=closes.index[1:], columns=closes.columns
    )


def lagged(returns: pd.DataFrame, lag: int) -> pd.DataFrame:
    """Pair the first column with the second column `lag` rows later.

    A positive lag asks whether the first series leads. Every pair is dated by its later member,
    so no row knows the future. The result is ``abs(lag)`` rows shorter. A pair is missing (NaN)
    when a return at either end or between them is: it is then not `lag` rows apart.
    """
    if lag == 0:
        return returns
    values, step = returns.to_numpy(), abs(lag)
    first, second = values[:, 0], values[:, 1]
    pair = (first[:-step], second[step:]) if lag > 0 else (first[step:], second[:-step])
    paired = np.column_stack(pair)
    missing = np.isnan(values).any(axis=1)
    if missing.any():
        before = np.concatenate([[0], np.cumsum(missing)])
        paired[before[step + 1 :] > before[: -step - 1]] = np.nan
    return pd.DataFrame(paired, index=returns.index[step:], columns=returns.columns)


def observations(window: int, frequency: str) -> int:
    """Number of returns a window of `window` sessions holds at this frequency."""
    return round(window / SESSIONS_PER_PERIOD[frequency])
