"""What a price did around and after events, and what it does after any day.

Nothing here knows which series is a small cap and which a coin: events of one instrument are
followed in the closes of another, each on its own calendar.
"""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pandas as pd

# How far from the wanted day a close may be, so that a closed market still gives an answer.
_TOLERANCE = pd.Timedelta(days=7)


def same_era(close: pd.Series, events_of: pd.Series) -> pd.Series:
    """Closes since the instrument the events come from has prices.

    Days before that could not have had an event and are no fair comparison.
    """
    return close[events_of.index[0] :]


def last_entry(events_of: pd.Series) -> pd.Timestamp:
    """Last day that :func:`entry_dates` could name, given where the events' closes end."""
    return events_of.index[-1] + _TOLERANCE


def entry_dates(close: pd.Series, events: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Date of the first close after each event: the first at which the event could be acted on.

    Parameters
    ----------
    close : Series
        Closes on a sorted date index; NaN counts as no close.
    events : DatetimeIndex
        Dates of events, on any calendar.

    Returns
    -------
    DatetimeIndex
        One entry an event. NaT where there is none yet, none within a week, or the event lies
        before the first close.
    """
    dates = close.dropna().index
    rows = dates.searchsorted(events, side="right")
    entries = dates.append(pd.DatetimeIndex([pd.NaT]))[rows]
    return entries.where((rows > 0) & (entries - events <= _TOLERANCE))


def forward_returns(close: pd.Series, dates: pd.DatetimeIndex, days: list[int]) -> pd.DataFrame:
    """Simple returns from each date's close to the close `days` calendar days later.

    Where a day has no close, the return starts at the next one, which could be had, and ends at
    the last one before; either at most a week away.

    Parameters
    ----------
    close : Series
        Positive closes on a sorted date index.
    dates : DatetimeIndex
        Event dates.
    days : list of int
        Horizons in calendar days.

    Returns
    -------
    DataFrame
        One row a date, one column a horizon, as fractions. NaN where either close is missing or
        the horizon lies beyond the last close: unfinished is unknown, not zero.
    """
    start = close.reindex(dates, method="bfill", tolerance=_TOLERANCE).to_numpy()
    returns = {}
    for horizon in days:
        then = dates + pd.Timedelta(days=horizon)
        end = close.reindex(then, method="ffill", tolerance=_TOLERANCE).to_numpy()
        reached = then <= close.index[-1] if len(close) else False
        returns[horizon] = np.where(reached, end / start - 1, np.nan)
    return pd.DataFrame(returns, index=dates)


def paths(
    close: pd.Series, dates: pd.DatetimeIndex, before: int = 120, after: int = 365
) -> pd.DataFrame:
    """Closes around each date relative to the close on that date.

    Parameters
    ----------
    close : Series
        Positive closes on a sorted date index; NaN counts as no close.
    dates : DatetimeIndex
        Day 0 of each path, usually from :func:`entry_dates`; NaT has no path.
    before, after : int
        Calendar days before and after.

    Returns
    -------
    DataFrame
        One row a date, one column a day from ``-before`` to ``after``; 1 on day 0. A day without
        a close has the last one, at most a week old. NaN beyond the data: a path that is still
        running ends with the last close.
    """
    daily = close.dropna().resample("D").ffill(limit=_TOLERANCE.days)
    levels = np.append(daily.to_numpy(), np.nan)
    start = daily.index.get_indexer(dates)[:, None]
    offsets = np.arange(-before, after + 1)
    rows = start + offsets
    rows[(start < 0) | (rows < 0) | (rows >= len(daily))] = -1
    return pd.DataFrame(levels.take(rows) / levels[start], index=dates, columns=offsets)


def excursions(close: pd.Series, dates: pd.DatetimeIndex, days: int = 365) -> pd.DataFrame:
    """Best, worst and when, within so many calendar days of each date.

    Returns
    -------
    DataFrame
        One row a date: ``run_up`` (highest close over the first, less 1), ``drawdown`` (largest
        fall below the highest close since the first, as a fraction from -1 to 0),
        ``days_to_peak`` (calendar days to that highest close) and ``days_known`` (`days`, or
        fewer while it is still running: all of it is then so far). NaN for a date without a path.
    """
    path = paths(close, dates, 0, days).to_numpy()
    highest = np.fmax.accumulate(path, axis=1)
    known = ~np.isnan(path)
    found = np.column_stack(
        [
            highest[:, -1] - 1,
            np.fmin.reduce(path / highest, axis=1) - 1,
            np.where(known, path, -np.inf).argmax(axis=1),
            days - known[:, ::-1].argmax(axis=1),
        ]
    )
    found[~known[:, 0]] = np.nan
    return pd.DataFrame(found, dates, ["run_up", "drawdown", "days_to_peak", "days_known"])


def wilson_interval(hits: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a share of `hits` in `n`, as fractions (Wilson 1927).

    For independent trials, `n` above 0. Where horizons overlap, `n` is the effective number and
    `hits` the share times that.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, weight = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / weight
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / weight
    return max(0.0, middle - reach), min(1.0, middle + reach)
