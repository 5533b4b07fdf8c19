"""When New York's sessions end, and what a coin cost at that moment.

The New York Stock Exchange closes at 16:00 New York time, on half-days at 13:00: 21:00 UTC in
winter, 20:00 in summer, and 18:00 or 17:00 on half-days.
"""

import warnings
from datetime import date, datetime, timedelta
from functools import cache

import pandas as pd

FIRST_SESSIONS = "2010-01-01"
"""Sessions are known from then on: no coin has hourly prices from before."""


def session_closes(first: date, last: date) -> pd.Series:
    """Moments at which the sessions of the New York Stock Exchange end.

    Parameters
    ----------
    first, last
        Days, both included. Sessions before 2010 are left out; days to come have the sessions
        that are planned.

    Returns
    -------
    Series
        Moments in UTC, indexed by session day (no time zone, named "date"); possibly empty.
        Weekends and holidays are absent. Source: exchange_calendars, calendar XNYS.
    """
    return _closes(last.year // 50).loc[pd.Timestamp(first) : pd.Timestamp(last)]


def last_complete_session(now: datetime, delay: timedelta) -> date:
    """Last session that ended at least `delay` before `now`, which needs a time zone."""
    closes = _closes(now.year // 50)
    last: pd.Timestamp = closes.index[closes <= now - delay][-1]
    return last.date()


def at_close(hourly: pd.DataFrame, closes: pd.Series) -> pd.DataFrame:
    """Sample hourly prices at the close of each session.

    Parameters
    ----------
    hourly
        Column ``close`` on the UTC end of each hour, unique, as providers give it. A bar that
        ended at the close is the last that was known then.
    closes
        As `session_closes` returns them.

    Returns
    -------
    DataFrame
        Column ``close`` by session day. A session without a bar that ended at its close is
        absent: no earlier price is carried forward to it.
    """
    prices = hourly["close"].reindex(pd.DatetimeIndex(closes))
    return prices.set_axis(closes.index).dropna().to_frame()


@cache
def _closes(half_century: int) -> pd.Series:
    """Closes from 2010 to the end of that half-century since year 0, so 2049 for 40.

    The end has to be named: by default the calendar ends a year from today.
    """
    import exchange_calendars  # noqa: PLC0415 - slow; only sampling at the close needs it

    last = f"{half_century * 50 + 49}-12-31"
    with warnings.catch_warnings():
        # exchange_calendars 4.13 still uses what pandas 3.1 deprecates.
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        closes = exchange_calendars.get_calendar("XNYS", start=FIRST_SESSIONS, end=last).closes
    days = pd.DatetimeIndex(closes.index.as_unit("us"), freq=None, name="date")
    return pd.Series(closes.dt.as_unit("us").array, days)
