"""Correlation regimes: when a rolling correlation has begun, or ceased, to differ from zero."""

import numpy as np
import pandas as pd

from analytics.correlation import Method, fisher_interval

# Chosen by simulation (simulations/regimes.py) for windows of 90 daily returns.
LEVEL = 0.999
RELEASE = 0.50
HOLD = 21
_NAMES = {1: "positive", 0: "none", -1: "negative"}


def regime_changes(
    correlation: pd.Series,
    n: int,
    method: Method = "pearson",
    *,
    level: float = LEVEL,
    release: float = RELEASE,
    hold: int = HOLD,
) -> pd.DataFrame:
    """Days on which a change of a rolling correlation's regime can be announced.

    A window is positive or negative when its band at `level` (Fisher 1921) lies above or below 0,
    and otherwise none. While a regime of either sign lasts, a window stays with it until its band
    at `release`, a narrower one, holds 0: a correlation near the outer bound crosses it all the
    time. A state that has held for `hold` windows in a row becomes the regime. The first regime
    is no change.

    Every window is judged by itself and by those before it, so the result on any prefix of the
    data equals the full result cut there: no look-ahead.

    Parameters
    ----------
    correlation : Series
        Rolling correlation, -1 to 1, on a sorted index. NaN breaks no run and counts for nothing.
    n : int
        Observations in a window; with 3 or fewer there is no band and no change.
    method : {"pearson", "spearman", "ewma"}
        The statistic, for the band's width.
    level, release : float
        Coverage of the two bands, 0 to 1, `release` at most `level`.
    hold : int
        Defined windows in a row, at least 1.

    Returns
    -------
    DataFrame
        Indexed by the day of announcement, one row a change: ``regime`` and ``before``
        ("positive", "none" or "negative"), ``correlation`` on that day, ``since`` (first day of
        the run).
    """
    defined = correlation.dropna()
    r = defined.to_numpy()
    outer, inner = (_sides(r, n, method, which).tolist() for which in (level, release))
    changes: list[tuple[int, int, int, int]] = []
    regime: int | None = None
    state: int | None = None
    first = 0
    for at, (entering, staying) in enumerate(zip(outer, inner, strict=True)):
        now = staying if regime and staying == regime else entering
        if now != state:
            state, first = now, at
        if now != regime and at - first + 1 >= hold:
            if regime is not None:
                changes.append((at, now, regime, first))
            regime = now
    days, to, before, since = np.array(changes, int).reshape(-1, 4).T
    return pd.DataFrame(
        {
            "regime": [_NAMES[side] for side in to],
            "before": [_NAMES[side] for side in before],
            "correlation": r[days],
            "since": defined.index[since],
        },
        index=defined.index[days],
    )


def _sides(r: np.ndarray, n: int, method: Method, level: float) -> np.ndarray:
    """1 where the band lies above 0, -1 where below, 0 where it holds 0 or there is none."""
    low, high = fisher_interval(r, n, method, level)
    return (low > 0).astype(int) - (high < 0)
