"""Rolling correlation, its interval, and what a constant correlation would look like.

All kernels share one contract. Input: two float arrays of equal length ``n`` and a window of at
least 2 observations. Output: an array of length ``n`` whose element ``i`` uses observations up to
and including ``i`` only. Undefined is NaN, never 0: before the first full window, where a pair in
the window is missing (NaN), and where either series does not vary within the window.
"""

from statistics import NormalDist
from typing import Literal

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

Method = Literal["pearson", "spearman", "ewma"]


def rolling_correlation(
    x: np.ndarray, y: np.ndarray, window: int, method: Method = "pearson"
) -> np.ndarray:
    """Rolling correlation by the named method; see the module docstring for the contract."""
    kernel = {"pearson": rolling_pearson, "spearman": rolling_spearman, "ewma": ewma_correlation}
    return kernel[method](x, y, window)


def rolling_pearson(x: np.ndarray, y: np.ndarray, window: int) -> np.ndarray:
    """Rolling Pearson correlation, O(n log window).

    Accurate to about 1e-14, times the distance of a window's mean from the series' median in
    standard deviations of the window where that is large.
    """
    return rolling_pearson_surface(x, y, range(window, window + 1))[0]


def rolling_pearson_surface(x: np.ndarray, y: np.ndarray, windows: range) -> np.ndarray:
    """Rolling Pearson correlation for consecutive windows, each one step from the one before.

    Means and co-moments of neighbouring blocks are merged (Chan, Golub & LeVeque 1983), never
    subtracted: nothing cancels, and a constant window has a variance of exactly 0.

    Returns
    -------
    ndarray, shape (len(windows), n)
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    surface = np.empty((len(windows), len(x)))
    missing = np.isnan(x) | np.isnan(y)
    if missing.all() or windows.start > len(x):
        surface.fill(np.nan)
        return surface
    values = np.stack([_centred(x, missing), _centred(y, missing)])
    moments = _window_moments(values, windows.start)
    scratch = np.empty((5, len(x)))
    has_gaps = missing.any()
    with np.errstate(invalid="ignore", divide="ignore"):
        for row, window in zip(surface, windows, strict=True):
            row[: window - 1] = np.nan
            if window > len(x):
                continue
            if window > windows.start:
                moments = _extended(moments, values[:, window - 1 :], window, scratch)
            _, _, xx, yy, xy = moments
            spread = np.multiply(xx, yy, out=scratch[0, : len(xx)])
            np.divide(xy, np.sqrt(spread, out=spread), out=row[window - 1 :])
            if has_gaps:
                row[window - 1 :][sliding_window_view(missing, window).any(axis=1)] = np.nan
    return np.clip(surface, -1, 1, out=surface)


def _centred(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Values less their median, over a power of two near the largest; missing ones become 0."""
    less = np.where(missing, 0.0, values - np.median(values[~missing]))
    return np.ldexp(less, -np.frexp(np.abs(less).max())[1])


def _window_moments(values: np.ndarray, window: int) -> np.ndarray:
    """Moments (mean x, mean y, xx, yy, xy about the means) of every full window, by doubling."""
    count = values.shape[1] - window + 1
    span, block = 1, np.concatenate([values, np.zeros((3, values.shape[1]))])
    done, result = 0, np.empty(0)
    while True:
        if window & span:
            part = block[:, done : done + count]
            result = _merged(result, done, part, span) if done else part.copy()
            done += span
        if done == window:
            return result
        block = _merged(block[:, :-span], span, block[:, span:], span)
        span *= 2


def _merged(left: np.ndarray, n_left: int, right: np.ndarray, n_right: int) -> np.ndarray:
    """Moments of two neighbouring blocks as those of one."""
    apart = right[:2] - left[:2]
    total = left + right
    total[:2] = left[:2] + apart * (n_right / (n_left + n_right))
    apart *= np.sqrt(n_left * n_right / (n_left + n_right))
    total[2:4] += apart * apart
    total[4] += apart[0] * apart[1]
    return total


def _extended(
    moments: np.ndarray, values: np.ndarray, window: int, scratch: np.ndarray
) -> np.ndarray:
    """Moments of windows one observation longer, in place: `values` are the ones that enter."""
    count = values.shape[1]
    moments = moments[:, :count]
    apart, part = scratch[:2, :count], scratch[2:, :count]
    np.subtract(values, moments[:2], out=apart)
    moments[:2] += np.multiply(apart, 1 / window, out=part[:2])
    apart *= np.sqrt((window - 1) / window)
    np.multiply(apart, apart, out=part[:2])
    np.multiply(apart[0], apart[1], out=part[2])
    moments[2:] += part
    return moments


def rolling_spearman(x: np.ndarray, y: np.ndarray, window: int) -> np.ndarray:
    """Rolling Spearman correlation: Pearson on the ranks within each window, ties averaged.

    Ranks are updated as an observation leaves and another enters, O(window) a step.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    result = np.full(len(x), np.nan)
    if window > len(x):
        return result
    rank_x, rank_y = _rolling_centred_ranks(x, window), _rolling_centred_ranks(y, window)
    missing = np.isnan(x) | np.isnan(y)
    complete = ~sliding_window_view(missing, window).any(axis=1)
    covariance = np.einsum("ij,ij->i", rank_x, rank_y)
    variance = np.einsum("ij,ij->i", rank_x, rank_x) * np.einsum("ij,ij->i", rank_y, rank_y)
    defined = complete & (variance > 0)
    result[window - 1 :][defined] = covariance[defined] / np.sqrt(variance[defined])
    return np.clip(result, -1, 1)


def _rolling_centred_ranks(values: np.ndarray, window: int) -> np.ndarray:
    """Average ranks within each window less their mean; shape (n - window + 1, window).

    Columns hold a ring buffer (observation ``t`` sits in column ``t % window``): the order within
    a row does not matter to a correlation as long as both series share it.
    """
    first = values[:window]
    ring = first.copy()
    ranks = np.empty((len(values) - window + 1, window))
    ranks[0] = pd.Series(first).rank() - 1
    for step, new in enumerate(values[window:], start=1):
        column = (step - 1) % window
        old = ring[column]
        row = ranks[step]
        ring[column] = np.nan
        above_new, ties_new = ring > new, ring == new
        # An observation above the one that leaves moves down, above the one that enters, up.
        row[:] = ranks[step - 1] - ((ring > old) + (ring == old) / 2)
        row += above_new + ties_new / 2
        # Counted from below: whatever is missing from the window is below nothing.
        row[column] = (ring < new).sum() + ties_new.sum() / 2
        ring[column] = new
    return ranks - (window - 1) / 2


def ewma_correlation(x: np.ndarray, y: np.ndarray, window: int) -> np.ndarray:
    """Exponentially weighted correlation about zero (RiskMetrics, J.P. Morgan 1996).

    The decay is :func:`ewma_lambda`, chosen so that the effective number of observations equals
    `window`. A missing pair leaves the state unchanged and is itself undefined; the first
    ``window - 1`` pairs are warm-up.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    missing = np.isnan(x) | np.isnan(y)
    products = pd.DataFrame({"xx": x * x, "yy": y * y, "xy": x * y})
    products[missing] = np.nan
    weighted = products.ewm(alpha=1 - ewma_lambda(window), ignore_na=True).mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (weighted["xy"] / np.sqrt(weighted["xx"] * weighted["yy"])).to_numpy()
    warm = np.cumsum(~missing) >= window
    return np.clip(np.where(warm & ~missing, r, np.nan), -1, 1)


def ewma_lambda(window: int) -> float:
    """Decay whose effective number of observations (1 + lambda) / (1 - lambda) is `window`."""
    return (window - 1) / (window + 1)


def fisher_interval(
    r: np.ndarray | float, n: int, method: Method = "pearson", level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Confidence interval of a correlation by Fisher's z.

    The standard error of z is ``1 / sqrt(n - 3)`` (Fisher 1921); for Spearman's rho
    ``sqrt(1.06 / (n - 3))`` (Fieller, Hartley & Pearson 1957). For an exponentially weighted
    correlation `n` is the effective number of observations. Observations are taken as independent
    pairs: volatility clustering makes the true interval wider, which docs/numbers.md measures.

    Returns
    -------
    low, high : ndarray
        NaN where `r` is NaN, and everywhere when ``n <= 3``.
    """
    r = np.asarray(r, float)
    if n <= 3:
        return np.full_like(r, np.nan), np.full_like(r, np.nan)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(
        (1.06 if method == "spearman" else 1.0) / (n - 3)
    )
    with np.errstate(divide="ignore"):
        z = np.arctanh(r)
    return np.tanh(z - reach), np.tanh(z + reach)


def percentile_of_last(values: np.ndarray) -> float:
    """Share of the defined values, in percent, that are not above the last defined one."""
    defined = values[~np.isnan(values)]
    return float(100 * np.mean(defined <= defined[-1])) if len(defined) else np.nan
