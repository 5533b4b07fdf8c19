"""Lead-lag bands from 2,000 draws at 121 lags, against pandas one draw and one lag at a time."""

from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd

from analytics.bootstrap import generator, stationary_bootstrap
from analytics.lead_lag import block_length, cross_correlation, lead_lag
from benchmarks.prices import closes
from benchmarks.report import Row, pair

RETURNS = 2_800
DRAWS = 2_000
MAX_LAG = 60
LAGS = range(-MAX_LAG, MAX_LAG + 1)
ROUNDS = 11
# Pandas would take a minute or more for all of them, and each takes as long as the next.
_DRAWS_BY_PANDAS = 10


def rows() -> list[Row]:
    returns = np.log(closes()).diff().dropna().iloc[-RETURNS:].reset_index(drop=True)
    x, y = returns.to_numpy().T
    _check(returns)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        start = perf_counter()
        lead_lag(x, y, MAX_LAG, draws=DRAWS)
        ours.append(1000 * (perf_counter() - start))
        start = perf_counter()
        _draws_by_pandas(returns)
        theirs.append(1000 * (perf_counter() - start) * DRAWS / _DRAWS_BY_PANDAS)
    ratio = median(slow / fast for fast, slow in zip(ours, theirs, strict=True))
    return [
        Row(
            what=f"bands of {RETURNS:,} returns, {len(LAGS)} lags, {DRAWS:,} draws (pandas)",
            ours=pair(ours, "ms"),
            baseline=pair(theirs, "ms"),
            ratio=f"{ratio:.0f}×",
            target="p50 < 400 ms, ≥ 10×",
            met=median(ours) < 400 and ratio >= 10,
        )
    ]


def _draws_by_pandas(returns: pd.DataFrame) -> list[float]:
    """Largest statistic of each draw."""
    rng, days = generator(1), np.arange(len(returns))
    largest = []
    lengths = [block_length(series.to_numpy()) for _, series in returns.items()]
    for _ in range(_DRAWS_BY_PANDAS):
        x, y = (
            series.iloc[stationary_bootstrap(days, length, 1, rng)[0]].reset_index(drop=True)
            for (_, series), length in zip(returns.items(), lengths, strict=True)
        )
        largest.append(max(abs(_statistic(x, y, lag)) for lag in LAGS if lag))
    return largest


def _statistic(x: pd.Series, y: pd.Series, lag: int) -> float:
    products = (x - x.mean()) * (y - y.mean()).shift(-lag)
    return products.sum() / np.sqrt((products**2).sum())


def _check(returns: pd.DataFrame) -> None:
    """Stop when pandas finds other correlations."""
    x, y = (series for _, series in returns.items())
    np.testing.assert_allclose(
        cross_correlation(x.to_numpy(), y.to_numpy(), MAX_LAG)["r"],
        [x.corr(y.shift(-lag)) for lag in LAGS],
        atol=1e-12,
    )
