"""What a coin did after an event, and what it does after any day."""

from math import sqrt
from statistics import NormalDist

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


def wilson_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a share of `hits` in `n`, as fractions (Wilson 1927).

    For independent trials; overlapping horizons make the true interval wider. `n` is at least 1.
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, weight = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / weight
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / weight
    return middle - reach, middle + reach
