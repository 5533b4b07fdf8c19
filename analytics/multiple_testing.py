"""One threshold for many tests."""

import numpy as np


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """P-values adjusted for the false discovery rate (Benjamini & Hochberg 1995).

    Of the tests whose adjusted value is at most q, no more than a share q is expected to be a
    false discovery, for independent tests and for ones that tend to err together.

    Parameters
    ----------
    p : ndarray, shape (n,)
        NaN where there was no test: it stays NaN and does not count.

    Returns
    -------
    ndarray, shape (n,)
        The least q at which each test is a discovery.
    """
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested])]
    ranked = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(1, np.minimum.accumulate(ranked[::-1])[::-1])
    return adjusted
