"""Every window from 5 to 400 at once, against pandas one window at a time."""

from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd

from analytics.correlation import rolling_pearson_surface
from benchmarks.prices import closes
from benchmarks.report import Row, pair

WINDOWS = range(5, 401)
ROUNDS = 21


def rows() -> list[Row]:
    returns = np.log(closes()).diff().dropna()
    x, y = returns.to_numpy().T
    ours, theirs = [], []
    for _ in range(ROUNDS):
        start = perf_counter()
        surface = rolling_pearson_surface(x, y, WINDOWS)
        ours.append(1000 * (perf_counter() - start))
        start = perf_counter()
        by_pandas = _by_pandas(returns)
        theirs.append(1000 * (perf_counter() - start))
    np.testing.assert_allclose(surface, by_pandas, atol=1e-9)
    ratio = median(slow / fast for fast, slow in zip(ours, theirs, strict=True))
    return [
        Row(
            what=f"correlation of {len(x):,} returns, {len(WINDOWS)} windows (pandas)",
            ours=pair(ours, "ms"),
            baseline=pair(theirs, "ms"),
            ratio=f"{ratio:.1f}×",
            target="≥ 8×",
            met=ratio >= 8,
        )
    ]


def _by_pandas(returns: pd.DataFrame) -> np.ndarray:
    x, y = (returns[name] for name in returns)
    return np.stack([x.rolling(window).corr(y).to_numpy() for window in WINDOWS])
