"""One threshold for many tests."""

import numpy as np


def resampled_false_discovery_rates(p: np.ndarray, null_p: np.ndarray) -> np.ndarray:
    """P-values adjusted for the false discovery rate, by resampling all tests together.

    Of the tests whose adjusted value is at most q, no more than a share q is expected to be a
    false discovery. How many p-values are as small by chance is counted in the resamples, which
    depend on each other as the tests do; those beyond the most that chance explains in 95% of
    the resamples are taken for true (Yekutieli & Benjamini 1999, with their upper limit).

    Parameters
    ----------
    p : ndarray, shape (n,)
        NaN where there was no test: it stays NaN and does not count.
    null_p : ndarray, shape (n, m)
        The same p-values in each of m resamples in which there is nothing to find.

    Returns
    -------
    ndarray, shape (n,)
        The least q at which each test is a discovery.
    """
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    thresholds = p[order]
    found = np.searchsorted(thresholds, thresholds, side="right")
    resamples = np.sort(null_p[order], axis=0).T
    false = np.array([np.searchsorted(one, thresholds, side="right") for one in resamples])
    most = np.quantile(false, 0.95, axis=0, method="higher") if len(order) else 0
    true = np.maximum(found - most, 0)
    # Without a p as small there is no discovery, and none is false.
    rates = np.mean(false / np.maximum(false + true, 1), axis=0)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum.accumulate(rates[::-1])[::-1]
    return adjusted
