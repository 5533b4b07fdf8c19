"""Breakouts: the first new high after a long base."""

import numpy as np
import pandas as pd

from analytics.alignment import LONGEST_STEP


def breakouts(
    close: pd.Series, base: int = 126, cooldown: int = 60, high: int | None = None
) -> pd.DataFrame:
    """First close above the previous high after at least `base` sessions without one.

    Today's close is never part of the high it is compared with, so the result on any prefix of
    the data equals the full result cut there: no look-ahead. The first close after a hole (more
    than :data:`analytics.alignment.LONGEST_STEP` days without one) is no breakout: the high may
    have been passed where nobody saw it.

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
    after_hole = np.diff(
        close.index.to_numpy(), prepend=close.index.to_numpy()[:1]
    ) > np.timedelta64(LONGEST_STEP, "D")
    kept: list[int] = []
    for i, (position, length) in enumerate(zip(at_high, base_length, strict=True)):
        is_apart = not kept or position - at_high[kept[-1]] >= cooldown
        if length >= base and is_apart and not after_hole[position]:
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
