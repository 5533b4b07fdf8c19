"""Breakouts: the first new high after a long base."""

import numpy as np
import pandas as pd


def breakouts(
    close: pd.Series, base: int = 126, cooldown: int = 60, high: int | None = None
) -> pd.DataFrame:
    """First close above the previous high after at least `base` sessions without one.

    Today's close is never part of the high it is compared with, so the result on any prefix of
    the data equals the full result cut there: no look-ahead.

    Parameters
    ----------
    close : Series
        Closes without NaN on a sorted date index, the instrument's own sessions.
    base : int
        Least number of sessions since the last close above the high.
    cooldown : int
        Least number of sessions between two breakouts.
    high : int or None
        The high is the highest close of this many previous sessions; None for all of them.

    Returns
    -------
    DataFrame
        Indexed by date, one row a breakout: ``base_length`` (sessions since the last close at a
        new high), ``close``, ``previous_high``. Until `high` sessions have passed nothing can be
        judged and bases are counted from there.
    """
    values = close.to_numpy()
    before = close.shift(1)
    previous = (before.cummax() if high is None else before.rolling(high).max()).to_numpy()
    at_high = np.flatnonzero(values > previous)  # a comparison with NaN is False
    first_judged = 0 if high is None else high - 1
    base_length = np.diff(at_high, prepend=first_judged)
    kept: list[int] = []
    for i, (position, length) in enumerate(zip(at_high, base_length, strict=True)):
        if length >= base and (not kept or position - at_high[kept[-1]] >= cooldown):
            kept.append(i)
    rows = at_high[kept]
    return pd.DataFrame(
        {
            "base_length": base_length[kept],
            "close": values[rows],
            "previous_high": previous[rows],
        },
        index=close.index[rows],
    )
