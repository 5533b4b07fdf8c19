"""The statistics of the evidence pages, against plain pandas loops that do the same.

Pandas would take minutes: it does a part of the draws, and of the curve's cells, and its time is
scaled up, for each takes as long as the next. Rows say how many it did. It is spared the paths.
"""

from collections.abc import Callable
from itertools import product
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd

from analytics.bootstrap import generator, stationary_bootstrap
from analytics.breakouts import breakouts
from analytics.event_odds import DRAWS, odds
from analytics.event_study import entry_dates, excursions, paths
from analytics.lead_lag import block_length, cross_correlation, lead_lag
from analytics.specification import Definition, specification_curve
from benchmarks.prices import closes
from benchmarks.report import Row, pair
from components.charts.event_paths import AFTER, BEFORE, FAN_STEP
from components.event_study import FAN
from view_state import HORIZONS

ROUNDS = 9
CURVE = (30, 90, 180, 365)
RULE = Definition(21, 60, 252)
RULES = tuple(Definition(base, 60, high) for base in (5, 10, 21, 42, 63) for high in (63, 126, 252))
RETURNS, BAND_DRAWS, MAX_LAG = 2_800, 2_000, 60
LAGS = range(-MAX_LAG, MAX_LAG + 1)
# What pandas does of the resamples, of the draws behind a band and of the cells.
_RESAMPLES, _BAND_DRAWS, _CELLS = 100, 10, 8


def rows() -> list[Row]:
    return [_event_study(), _lead_lag(), _specification_curve()]


def _event_study() -> Row:
    signal, target = (close for _, close in closes().items())
    entries = entry_dates(target, breakouts(signal, *RULE).index)
    _check_odds(target, entries)

    def ours() -> None:
        paths(target, entries, BEFORE, AFTER)
        # As the page does it: what is drawn of the paths after any day.
        around = paths(target, pd.DatetimeIndex(target.index), BEFORE, AFTER)
        around.iloc[:, ::FAN_STEP].quantile(list(FAN))
        excursions(target, entries)
        for days in HORIZONS:
            odds(target, entries, days)

    return _row(
        f"event study, {len(entries)} events, {len(HORIZONS)} horizons, {DRAWS:,} resamples "
        f"(pandas: {_RESAMPLES})",
        ours,
        lambda: [_odds_by_pandas(target, entries, days, _RESAMPLES) for days in HORIZONS],
        scale=DRAWS / _RESAMPLES,
        target=150,
    )


def _lead_lag() -> Row:
    returns = np.log(closes()).diff().dropna().iloc[-RETURNS:].reset_index(drop=True)
    x, y = returns.to_numpy().T
    _check_correlations(returns)
    return _row(
        f"lead-lag, {RETURNS:,} returns, {len(LAGS)} lags, {BAND_DRAWS:,} draws "
        f"(pandas: {_BAND_DRAWS})",
        lambda: lead_lag(x, y, MAX_LAG, draws=BAND_DRAWS),
        lambda: _bands_by_pandas(returns),
        scale=BAND_DRAWS / _BAND_DRAWS,
        target=400,
    )


def _specification_curve() -> Row:
    signal, target = (close for _, close in closes().items())
    # Two of each, of different ages.
    signals, targets = {"A": signal, "B": signal[500:]}, {"X": target, "Y": target[800:]}
    combinations = list(product(signals.values(), targets.values(), RULES, CURVE))

    def theirs() -> None:
        for breaking, followed, rule, days in combinations[:: len(combinations) // _CELLS]:
            era = followed[breaking.index[0] :]
            entries = entry_dates(era, breakouts(breaking, *rule).index)
            _odds_by_pandas(era, entries, days, _RESAMPLES)

    return _row(
        f"specification curve, {len(combinations)} cells, {DRAWS:,} resamples "
        f"(pandas: {_CELLS}, {_RESAMPLES})",
        lambda: specification_curve(signals, targets, RULES, CURVE),
        theirs,
        scale=len(combinations) / _CELLS * DRAWS / _RESAMPLES,
        target=1500,
    )


def _row(
    what: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    scale: float,
    target: float,
) -> Row:
    """Both in turns; the first round, in which nothing is warm, counts like any other."""
    fast, slow = [], []
    for _ in range(ROUNDS):
        fast.append(_milliseconds(ours))
        slow.append(scale * _milliseconds(theirs))
    ratio = median(slow) / median(fast)
    return Row(
        what=what,
        ours=pair(fast, "ms"),
        baseline=f"{median(slow) / 1000:,.1f} s",
        ratio=f"{ratio:,.0f}×",
        target=f"p50 < {target:,.0f} ms, ≥ 10×",
        met=median(fast) < target and ratio >= 10,
    )


def _milliseconds(run: Callable[[], object]) -> float:
    start = perf_counter()
    run()
    return 1000 * (perf_counter() - start)


def _odds_by_pandas(
    close: pd.Series, entries: pd.DatetimeIndex, days: int, draws: int
) -> tuple[float, float]:
    """Difference from any day, and the share of resamples that are as high."""
    then = close.index + pd.Timedelta(days=days)
    end = close.reindex(then, method="ffill").set_axis(close.index)
    outcomes = np.log(end / close)[then <= close.index[-1]]
    after = outcomes[outcomes.index.isin(entries)]
    rows = pd.Series(outcomes.index.get_indexer(after.index), after.index)
    is_apart = rows.index.to_series().diff().dt.days >= days
    clusters = [part.to_numpy() for _, part in rows.groupby(is_apart.cumsum())]
    n, rng, means = len(outcomes), np.random.default_rng(1), []
    starts = [cluster[0] for cluster in clusters]
    lengths = np.diff(starts, append=starts[0] + n)
    for _ in range(draws):
        day, picked = rng.integers(n), []
        for i in rng.permutation(len(clusters)):
            picked.extend((day + clusters[i] - starts[i]) % n)
            day += lengths[i]
        means.append(outcomes.iloc[picked].mean())
    return after.mean() - outcomes.mean(), (pd.Series(means) >= after.mean()).mean()


def _bands_by_pandas(returns: pd.DataFrame) -> list[float]:
    """Largest statistic of each draw."""
    rng, days = generator(1), np.arange(len(returns))
    largest = []
    lengths = [block_length(series.to_numpy()) for _, series in returns.items()]
    for _ in range(_BAND_DRAWS):
        x, y = (
            series.iloc[stationary_bootstrap(days, length, 1, rng)[0]].reset_index(drop=True)
            for (_, series), length in zip(returns.items(), lengths, strict=True)
        )
        largest.append(max(abs(_statistic(x, y, lag)) for lag in LAGS if lag))
    return largest


def _statistic(x: pd.Series, y: pd.Series, lag: int) -> float:
    products = (x - x.mean()) * (y - y.mean()).shift(-lag)
    return products.sum() / np.sqrt((products**2).sum())


def _check_odds(close: pd.Series, entries: pd.DatetimeIndex) -> None:
    """Stop when pandas finds other odds."""
    for days in HORIZONS:
        found = odds(close, entries, days)
        difference, p = _odds_by_pandas(close, entries, days, 1000)
        np.testing.assert_allclose(found.mean_difference, difference)
        np.testing.assert_allclose(found.p.higher, p, atol=0.07)


def _check_correlations(returns: pd.DataFrame) -> None:
    """Stop when pandas finds other correlations."""
    x, y = (series for _, series in returns.items())
    np.testing.assert_allclose(
        cross_correlation(x.to_numpy(), y.to_numpy(), MAX_LAG)["r"],
        [x.corr(y.shift(-lag)) for lag in LAGS],
        atol=1e-12,
    )
