"""What a coin did after an event, and what it does after any day."""

import numpy as np
import pandas as pd

# A missing close may be replaced by one at most this old, so that a calendar-day horizon that
# falls on a closed market still has an answer.
_MAX_AGE = pd.Timedelta(days=4)


def forward_returns(close: pd.Series, dates: pd.DatetimeIndex, days: list[int]) -> pd.DataFrame:
    """Simple returns from each date's close to the close `days` calendar days later.

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
    start = _close_on(close, dates)
    ends = {h: _close_on(close, dates + pd.Timedelta(days=h)) for h in days}
    return pd.DataFrame({h: end / start - 1 for h, end in ends.items()}, index=dates)


def _close_on(close: pd.Series, dates: pd.DatetimeIndex) -> np.ndarray:
    found = close.reindex(dates, method="ffill", tolerance=_MAX_AGE).to_numpy(dtype=float)
    return np.where(dates <= close.index[-1], found, np.nan) if len(close) else found
