"""What a coin did after an event, and what it does after any day."""

import numpy as np
import pandas as pd

# How far from the wanted day a close may be, so that a closed market still gives an answer.
_TOLERANCE = pd.Timedelta(days=7)


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
