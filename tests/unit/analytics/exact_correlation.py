"""Rolling correlations by their definition, in exact arithmetic: slow, and rounded only once."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import compress

import numpy as np


def rolling_pearson(x: np.ndarray, y: np.ndarray, window: int) -> np.ndarray:
    return _per_window(x, y, window, _pearson)


def rolling_spearman(x: np.ndarray, y: np.ndarray, window: int) -> np.ndarray:
    return _per_window(x, y, window, lambda x, y: _pearson(_ranks(x), _ranks(y)))


def ewma_correlation(x: np.ndarray, y: np.ndarray, window: int) -> np.ndarray:
    """Sum of decayed products over the pairs seen so far, about zero."""
    decay = Fraction(window - 1, window + 1)
    result = np.full(len(x), np.nan)
    present = ~(np.isnan(x) | np.isnan(y))
    xx = yy = xy = Fraction(0)
    pairs = zip(_whole(x[present]), _whole(y[present]), strict=True)
    at = compress(range(len(x)), present)
    for seen, (i, (a, b)) in enumerate(zip(at, pairs, strict=True), start=1):
        xx, yy, xy = decay * xx + a * a, decay * yy + b * b, decay * xy + a * b
        if seen >= window:
            result[i] = _ratio(xy, xx * yy)
    return result


KERNELS = {"pearson": rolling_pearson, "spearman": rolling_spearman, "ewma": ewma_correlation}


def _per_window(x, y, window, correlation) -> np.ndarray:
    result = np.full(len(x), np.nan)
    for end in range(window, len(x) + 1):
        in_x, in_y = x[end - window : end], y[end - window : end]
        if not np.isnan(in_x).any() and not np.isnan(in_y).any():
            result[end - 1] = correlation(_whole(in_x), _whole(in_y))
    return result


def _whole(values: np.ndarray) -> list[int]:
    """Values as whole multiples of 2**-1074, which every float is."""
    parts = [value.as_integer_ratio() for value in values.tolist()]
    return [above * (2**1074 // below) for above, below in parts]


def _ranks(values: Sequence[int]) -> list[int]:
    """Twice the average rank, which is whole."""
    return [sum((other < value) + (other <= value) for other in values) for value in values]


def _pearson(x: Sequence[int], y: Sequence[int]) -> float:
    n, sum_x, sum_y = len(x), sum(x), sum(y)
    xx = n * sum(a * a for a in x) - sum_x * sum_x
    yy = n * sum(b * b for b in y) - sum_y * sum_y
    xy = n * sum(a * b for a, b in zip(x, y, strict=True)) - sum_x * sum_y
    return _ratio(xy, xx * yy)


def _ratio(xy: int | Fraction, variances: int | Fraction) -> float:
    if not variances:
        return math.nan
    size = math.sqrt(xy * xy / variances)
    return size if xy > 0 else -size
