"""The stationary bootstrap (Politis & Romano 1994), the block length it needs, an interval from it.

Series are float arrays without NaN.
"""

import hashlib
from math import ceil

import numpy as np

# Numbers worked on at once: few enough to stay in the processor's cache.
_CACHED = 32_000


def content_seed(*series: np.ndarray) -> int:
    """Seed made from the values: the same data draw the same numbers, on any machine."""
    digest = hashlib.sha256()
    for values in series:
        digest.update(np.ascontiguousarray(values, "<f8").tobytes())
    return int.from_bytes(digest.digest()[:8], "little")


def generator(seed: int) -> np.random.Generator:
    """The one generator behind every draw: among numpy's the fastest."""
    return np.random.Generator(np.random.SFC64(seed))


def optimal_block_length(values: np.ndarray) -> float:
    """Mean block length with which the stationary bootstrap of a mean errs least.

    The rule of Politis & White (2004) as corrected by Patton, Politis & White (2009):
    autocovariances under a flat-top window, as wide as twice the lag from which on five
    autocorrelations in a row are insignificant.

    Parameters
    ----------
    values : ndarray, shape (n,)
        At least 20 observations.

    Returns
    -------
    float
        From 1, for values without memory or variation, to ``ceil(min(3 sqrt(n), n / 3))``.
    """
    if values.min() == values.max():
        return 1.0
    n = len(values)
    centred = values - values.mean()
    run = 5
    widest = int(np.ceil(np.sqrt(n))) + run
    products = np.array([centred[lag:] @ centred[: n - lag] for lag in range(widest + 1)]) / n
    small = np.abs(products[1:]) < 2 * np.sqrt(np.log10(n) / n) * products[0]
    quiet = [lag for lag in range(1, widest - run + 2) if small[lag - 1 : lag - 1 + run].all()]
    width = min(2 * quiet[0], widest) if quiet else widest
    lags = np.arange(1, width + 1)
    weighted = np.minimum(1, 2 * (1 - lags / width)) * products[lags]
    long_run_variance = products[0] + 2 * weighted.sum()
    length = np.cbrt(n * (2 * lags @ weighted / long_run_variance) ** 2)
    return float(np.clip(length, 1, np.ceil(min(3 * np.sqrt(n), n / 3))))


def stationary_bootstrap(
    values: np.ndarray, block_length: float, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Resamples of a series in blocks that wrap around its end.

    Lengths of blocks are geometric with mean `block_length`, at least 1; every position is as
    likely as any other to begin one.

    Parameters
    ----------
    values : ndarray, shape (..., n)
        Series of one length that are drawn together.

    Returns
    -------
    ndarray, shape (..., draws, n)
    """
    n = values.shape[-1]
    uniform = rng.random((draws, n))
    uniform[:, 1:] *= block_length
    # Where this is below 1 a block begins, and given that it does it is uniform again.
    at = np.flatnonzero(uniform < 1)
    shift = (n * uniform.ravel()[at]).astype(int) - at % n
    positions = np.repeat(shift, np.diff(at, append=uniform.size)).reshape(draws, n)
    positions += np.arange(n)
    return values.take(positions, axis=-1, mode="wrap")


def batches(draws: int, n: int) -> int:
    """Number of parts in which to work on so many draws of `n` observations."""
    return ceil(draws * n / _CACHED)


def critical_value(statistics: np.ndarray, level: float) -> float:
    """Value that a statistic of the null hypothesis exceeds with a chance of ``1 - level``.

    The order statistic of the draws beyond which a p-value that counts the data as a draw of its
    own (Davison & Hinkley 1997) is at most ``1 - level``; the largest where there are too few.
    """
    rank = min(ceil(level * (len(statistics) + 1)), len(statistics))
    return float(np.partition(statistics, rank - 1)[rank - 1])


def correlation_interval(
    x: np.ndarray,
    y: np.ndarray,
    *,
    level: float = 0.95,
    draws: int = 2000,
    seed: int | None = None,
) -> tuple[float, float]:
    """Confidence interval of a Pearson correlation that heavy tails and spells do not mislead.

    Symmetric in Fisher's z and studentised: its reach is a standard error from squared influence
    values (White 1980), times the quantile of ``|z* - z| / error*`` when days are drawn together in
    blocks. Its length is that of :func:`optimal_block_length` for the influence values, of which a
    correlation is in large samples the mean.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        At least 20 pairs.
    seed : int or None
        None for :func:`content_seed`.

    Returns
    -------
    low, high : float
        NaN where a series does not vary; the correlation itself where it is 1 or -1.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if any(values.min() == values.max() for values in (x, y)):
        return np.nan, np.nan
    r, influence = _influence(x, y)
    if abs(r) == 1:
        return float(r), float(r)
    rng = generator(content_seed(x, y) if seed is None else seed)
    block_length = optimal_block_length(influence)
    z, error = _fisher(r, influence)
    distances = np.empty(draws)
    for part in np.array_split(distances, batches(draws, len(x))):
        drawn = stationary_bootstrap(np.stack([x, y]), block_length, len(part), rng)
        drawn_z, drawn_error = _fisher(*_influence(*drawn))
        with np.errstate(invalid="ignore"):
            part[:] = np.abs(drawn_z - z) / drawn_error
    reach = critical_value(distances, level) * error
    return float(np.tanh(z - reach)), float(np.tanh(z + reach))


def _influence(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation along the last axis, and what each pair contributes to its error."""
    with np.errstate(invalid="ignore"):  # a draw may be one day, again and again
        x, y = _scaled(x), _scaled(y)
        r = np.clip(np.mean(x * y, axis=-1), -1, 1)
        return r, x * y - r[..., np.newaxis] * (x * x + y * y) / 2


def _scaled(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True))


def _fisher(r: np.ndarray, influence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fisher's z and its standard error."""
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.sum(influence * influence, axis=-1)) / influence.shape[-1]
        return np.arctanh(r), error / (1 - r * r)
