"""Does one series lead another: cross-correlation with bands, and Granger-type regressions.

Series are float arrays ``x`` and ``y`` of one length n, without NaN, that both vary: log returns of
two instruments on the sessions both have (:mod:`analytics.alignment`); everything else raises
ValueError. At a positive lag the first series leads, as in :func:`analytics.alignment.lagged`.
An era is a slice of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, erfc, exp, gamma, sqrt

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from analytics.bootstrap import (
    batches,
    content_seed,
    critical_value,
    generator,
    optimal_block_length,
    stationary_bootstrap,
)

# Least number of pairs behind a correlation.
_LEAST = 20


def cross_correlation(x: np.ndarray, y: np.ndarray, max_lag: int = 60) -> pd.DataFrame:
    """Correlation of `x` with `y` a number of rows later, for lags up to `max_lag` both ways.

    Means and variances are those of the pairs at each lag.

    Returns
    -------
    DataFrame
        Indexed by ``lag``: ``r`` and ``n``, the number of pairs. ``r`` is NaN where either member
        of the pairs does not vary. n is at least ``max_lag + 20``.
    """
    x, y = _scaled(x, y, max_lag + _LEAST)
    return _correlations(x, y, max_lag)[0]


def lead_lag(
    x: np.ndarray,
    y: np.ndarray,
    max_lag: int = 60,
    *,
    draws: int = 2000,
    level: float = 0.95,
    seed: int | None = None,
) -> pd.DataFrame:
    """Cross-correlations, and the bands they keep to when neither series leads.

    The null hypothesis is two series with memories of their own, related on the same day at most.
    Three things then look like leads, and each is allowed for:

    - What the same day's correlation carries over by the follower's own memory is the middle of the
      band. At lag k > 0 the test is whether the part of ``x[t]`` that is uncorrelated with ``y[t]``
      goes with ``y[t + k]``; at k < 0 with the two exchanged.
    - Volatility that strikes both series makes some lags far noisier than others. Each lag has its
      own standard error, from squared products (White 1980).
    - The largest of many is large by chance. The simultaneous band reaches as many standard errors
      as the largest lag but 0 of a draw does in a share `level` of the draws.

    A draw resamples both series, each for itself, in blocks that wrap around (Politis & Romano
    1994): each keeps its memory and nothing links the two. The mean length of a block is the longer
    of what :func:`analytics.bootstrap.optimal_block_length` finds for the series and its squares.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        n is at least ``max_lag + 20``.
    max_lag : int
        The lags judged together are those up to this one both ways, but 0.
    draws : int
        Number of draws.
    level : float
        Share of unrelated pairs of series that never leave the simultaneous band; of single lags
        that do not leave the pointwise one.
    seed : int or None
        None for :func:`analytics.bootstrap.content_seed`.

    Returns
    -------
    DataFrame
        Indexed by ``lag``:

        - ``r``, ``n``: as in :func:`cross_correlation`.
        - ``carried``: the middle of the band; 0 at lag 0.
        - ``t``: distance of ``r`` from it in standard errors.
        - ``low``, ``high``; ``pointwise_low``, ``pointwise_high``: the bands.
        - ``p``: share of draws whose largest ``|t|`` reaches this one, the data counted as a draw
          (Davison & Hinkley 1997). ``r`` is outside the simultaneous band where p is at most
          ``1 - level``. Lag 0 is given its place among the others here, but is not one of them.

        Columns but ``n`` are NaN where ``r`` is.
    """
    if seed is None:
        seed = content_seed(x, y)
    x, y = _scaled(x, y, max_lag + _LEAST)
    table, spread = _correlations(x, y, max_lag)
    product, variance = _tested_products(x, y, max_lag)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(variance) / spread
        t = product / np.sqrt(variance)
    undefined = table["r"].isna().to_numpy()
    t[undefined] = np.nan
    drawn = _null_statistics(x, y, max_lag, draws, seed)
    largest = np.sort(drawn.max(axis=1))
    reach, pointwise = critical_value(largest, level), critical_value(drawn.ravel(), level)
    carried = table["r"] - t * error
    table["carried"], table["t"] = carried, t
    table["low"], table["high"] = carried - reach * error, carried + reach * error
    table["pointwise_low"] = carried - pointwise * error
    table["pointwise_high"] = carried + pointwise * error
    reached = draws - np.searchsorted(largest, np.abs(t), side="left")
    table["p"] = np.where(undefined, np.nan, (1 + reached) / (1 + draws))
    return table


def _scaled(x: np.ndarray, y: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Both series with mean 0 and variance 1, checked."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) != len(y):
        raise ValueError(f"series of {len(x)} and {len(y)} returns")
    if len(x) < least:
        raise ValueError(f"{len(x)} returns are too few: at least {least} are needed")
    for values in (x, y):
        if not np.isfinite(values).all():
            raise ValueError("a return is missing or infinite")
        if values.min() == values.max():
            raise ValueError("a series does not vary")
    return (x - x.mean()) / x.std(), (y - y.mean()) / y.std()


def _correlations(x: np.ndarray, y: np.ndarray, max_lag: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Table of ``r`` and ``n``, and the root of the pairs' two sums of squares about the mean."""
    lags = np.arange(-max_lag, max_lag + 1)
    n = len(x) - np.abs(lags)
    # Where x leads its first n members meet the last n of y, where y leads the other way round.
    sum_x, squares_x = _sums(x, n, from_start=lags >= 0)
    sum_y, squares_y = _sums(y, n, from_start=lags < 0)
    spread = np.sqrt(squares_x * squares_y)
    r = np.full(len(lags), np.nan)
    np.divide(_cross_products(x, y, max_lag) - sum_x * sum_y / n, spread, out=r, where=spread > 0)
    return pd.DataFrame({"r": np.clip(r, -1, 1), "n": n}, pd.Index(lags, name="lag")), spread


def _sums(
    values: np.ndarray, n: np.ndarray, from_start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum, and sum of squares about the mean, of the first or the last n values, for every n."""
    total, squares = (
        np.where(from_start, np.cumsum(part)[n - 1], np.cumsum(part[::-1])[n - 1])
        for part in (values, values * values)
    )
    about_mean = squares - total * total / n
    # What rounding leaves of values that do not vary is 0.
    about_mean[about_mean < 1e-10 * squares] = 0
    return total, about_mean


def _tested_products(x: np.ndarray, y: np.ndarray, max_lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum of products of follower and the leader's own part at each lag, and its variance."""
    shared = np.mean(x * y)
    # In turn for the lags at which x leads, for lag 0 and for those at which y leads.
    first = np.stack([x - shared * y, x, x])
    second = np.stack([y, y, y - shared * x])
    lags = np.arange(-max_lag, max_lag + 1)
    at = 1 - np.sign(lags), lags + max_lag
    sums = _cross_products(first, second, max_lag)[at]
    variances = _cross_products(first**2, second**2, max_lag)[at]
    return sums, _floored(variances, len(x))


def _floored(variances: np.ndarray, n: int) -> np.ndarray:
    """Sums of squared products of unit series, kept above what a Fourier transform leaves of 0."""
    return np.maximum(variances, 1e-9 * n)


def _cross_products(x: np.ndarray, y: np.ndarray, max_lag: int) -> np.ndarray:
    """Sums of ``x[t] * y[t + lag]`` along the last axis, at lags from ``-max_lag``."""
    # Zeros beyond the end meet what the transform would wrap around.
    size = _smooth(x.shape[-1] + max_lag)
    spectrum = np.fft.rfft(x, size)
    np.conj(spectrum, out=spectrum)
    spectrum *= np.fft.rfft(y, size)
    circular = np.fft.irfft(spectrum, size)
    before, after = circular[..., size - max_lag :], circular[..., : max_lag + 1]
    return np.concatenate([before, after], axis=-1)


def _smooth(n: int) -> int:
    """A size from `n` on with small prime factors only, for which the transform is fast."""
    odd_parts = [3**i * 5**j for i in range(5) for j in range(4)]
    return min(odd << (ceil(n / odd) - 1).bit_length() for odd in odd_parts)


def _null_statistics(
    x: np.ndarray, y: np.ndarray, max_lag: int, draws: int, seed: int
) -> np.ndarray:
    """``|t|`` of unlinked series at every lag but 0, shape (draws, 2 * max_lag).

    Two such series share nothing on the same day, so no part of a leader is taken out.
    """
    n, rng = len(x), generator(seed)
    length_x, length_y = block_length(x), block_length(y)
    result = np.empty((draws, 2 * max_lag + 1))
    for part in np.array_split(result, batches(draws, n)):
        drawn_x = stationary_bootstrap(x, length_x, len(part), rng)
        drawn_y = stationary_bootstrap(y, length_y, len(part), rng)
        drawn_x -= drawn_x.mean(axis=1, keepdims=True)
        drawn_y -= drawn_y.mean(axis=1, keepdims=True)
        variances = _cross_products(drawn_x**2, drawn_y**2, max_lag)
        part[:] = _cross_products(drawn_x, drawn_y, max_lag) / np.sqrt(_floored(variances, n))
    return np.abs(np.delete(result, max_lag, axis=1))


def block_length(values: np.ndarray) -> float:
    """Mean length of the blocks that keep a series' own memory, that of its volatility included."""
    return max(optimal_block_length(values), optimal_block_length(values**2))


@dataclass(frozen=True)
class Peak:
    """The most telling lag on one side: farthest from the middle of its band in standard errors.

    ``p`` allows for every lag of both sides having been looked at.
    """

    lag: int
    r: float
    n: int
    p: float


@dataclass(frozen=True)
class Verdict:
    """What :func:`lead_lag` found.

    ``beyond`` holds the lags outside the simultaneous band, lag 0 left out; ``first_leads`` the
    strongest lag at which the first series leads, ``second_leads`` that of the second.
    """

    beyond: tuple[int, ...]
    first_leads: Peak
    second_leads: Peak


def verdict(table: pd.DataFrame) -> Verdict:
    """Read the table of :func:`lead_lag`.

    Raises
    ------
    ValueError
        When every lag of a side is undefined.
    """
    outside = (table["r"] < table["low"]) | (table["r"] > table["high"])
    lags = table.index
    return Verdict(
        beyond=tuple(lags[outside & (lags != 0)]),
        first_leads=_peak(table[lags > 0]),
        second_leads=_peak(table[lags < 0]),
    )


def _peak(side: pd.DataFrame) -> Peak:
    lag = side["t"].abs().idxmax()
    at = side.loc[lag]
    return Peak(lag=int(lag), r=float(at["r"]), n=int(at["n"]), p=float(at["p"]))


def rolling_cross_correlation(
    x: np.ndarray, y: np.ndarray, window: int = 250, step: int = 21, max_lag: int = 20
) -> tuple[np.ndarray, np.ndarray]:
    """Cross-correlation of the latest `window` pairs, again and again.

    At every lag it equals the rolling Pearson correlation of the lagged returns on that day.

    Returns
    -------
    ends : ndarray of int, shape (m,)
        Positions of the last return of each window, `step` apart, the last one that of the series;
        none where n is below ``window + max_lag``.
    r : ndarray, shape (2 * max_lag + 1, m)
        NaN where either series does not vary within the window.
    """
    ends = np.arange(len(x) - 1, window + max_lag - 2, -step)[::-1]
    # The leader's window ends `lag` returns before the follower's.
    begins = ends - (window - 1) - np.arange(max_lag + 1)[:, np.newaxis]
    units_x, units_y = (_unit_windows(values, window, begins) for values in (x, y))
    x_leads = np.einsum("lmi,mi->lm", units_x, units_y[0])
    y_leads = np.einsum("mi,lmi->lm", units_x[0], units_y[1:])
    return ends, np.clip(np.concatenate([y_leads[::-1], x_leads]), -1, 1)


def _unit_windows(values: np.ndarray, window: int, begins: np.ndarray) -> np.ndarray:
    """Windows of mean 0 and length 1, on an axis after those of `begins`."""
    if not begins.size:
        return np.empty((*begins.shape, window))
    windows = sliding_window_view(np.asarray(values, float), window)[begins]
    # Less its first value, a window that does not vary is exactly 0.
    windows = windows - windows[..., :1]
    windows -= windows.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return windows / np.sqrt(np.sum(windows * windows, axis=-1, keepdims=True))


def granger_tests(x: np.ndarray, y: np.ndarray, orders: Sequence[int] = (1, 5, 10)) -> pd.DataFrame:
    """Whether past returns of one series improve a forecast of the other from its own past.

    The follower is regressed on a constant and its own last p returns; the test is whether the
    residuals go with the leader's last p returns (Granger 1969), whose coefficients are jointly 0
    under the null hypothesis. The score (Lagrange multiplier) statistic is used, with a covariance
    after Newey & West (1987) from the residuals under that hypothesis: the Wald statistic, whose
    covariance comes from the larger model, rejects a true null far too often when volatility is
    shared. The bandwidth is that of Andrews (1991) for the residuals, rounded down. It is 0, which
    leaves the covariance of White (1980), where own past leaves no autocorrelation.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        n is at least ten times the largest order, and 20 more.
    orders : sequence of int
        Numbers of lags p.

    Returns
    -------
    DataFrame
        A row for each leader ("first", "second") and order: ``leader``, ``order``, ``n`` (rows of
        the regression), ``bandwidth``, ``statistic``, ``p`` (chi-squared, p degrees of freedom)
        and ``gain``, the share of the residual variance that the leader's past explains in the
        sample: p / n of it by chance where there is nothing to explain. ``statistic``,
        ``p`` and ``gain`` are NaN where the leader's past repeats the follower's.
    """
    x, y = _scaled(x, y, 10 * max(orders) + _LEAST)
    rows = [
        {"leader": name, "order": order, **_granger(leader, follower, order)}
        for name, leader, follower in (("first", x, y), ("second", y, x))
        for order in orders
    ]
    return pd.DataFrame(rows)


def _granger(leader: np.ndarray, follower: np.ndarray, order: int) -> dict[str, float]:
    own, others = _past(follower, order), _past(leader, order)
    basis = np.linalg.qr(np.column_stack([np.ones(len(own)), own]))[0]
    residuals = follower[order:] - basis @ (basis.T @ follower[order:])
    directions, scale = np.linalg.qr(others - basis @ (basis.T @ others))
    bandwidth = _bandwidth(residuals)
    found = {"n": len(residuals), "bandwidth": bandwidth}
    if np.abs(np.diag(scale)).min() < 1e-8 * sqrt(len(residuals)):
        return {**found, "statistic": np.nan, "p": np.nan, "gain": np.nan}
    scores = directions * residuals[:, np.newaxis]
    score = scores.sum(axis=0)
    statistic = float(score @ np.linalg.solve(_newey_west(scores, bandwidth), score))
    return {
        **found,
        "statistic": statistic,
        "p": chi_squared_tail(statistic, order),
        "gain": float(score @ score / (residuals @ residuals)),
    }


def _past(values: np.ndarray, order: int) -> np.ndarray:
    """The last `order` values before each one, shape (n - order, order)."""
    return sliding_window_view(values[:-1], order)


def _bandwidth(residuals: np.ndarray) -> int:
    """Bandwidth for the Bartlett kernel of Andrews (1991), from a first-order autoregression."""
    before, after = residuals[:-1], residuals[1:]
    slope = min(max(before @ after / (before @ before), -0.97), 0.97)
    return int(1.1447 * (4 * slope**2 * len(residuals) / (1 - slope**2) ** 2) ** (1 / 3))


def _newey_west(scores: np.ndarray, bandwidth: int) -> np.ndarray:
    """Covariance matrix of the sum of the scores (Newey & West 1987)."""
    covariance = scores.T @ scores
    for lag in range(1, bandwidth + 1):
        cross = scores[lag:].T @ scores[:-lag]
        covariance += (1 - lag / (bandwidth + 1)) * (cross + cross.T)
    return covariance


def chi_squared_tail(value: float, degrees: int) -> float:
    """Chance that a chi-squared variable with whole degrees of freedom exceeds `value`.

    The finite sums of Abramowitz & Stegun (1964), 26.4.4 and 26.4.5.
    """
    half = value / 2
    odd = degrees % 2
    powers = [i + odd / 2 for i in range(degrees // 2)]
    terms = sum(half**power / gamma(power + 1) for power in powers)
    return exp(-half) * terms + (erfc(sqrt(half)) if odd else 0)
