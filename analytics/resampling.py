"""What a set of events would have shown had it fallen on other days.

The null hypothesis is that the days of the events say nothing about what followed. Under it the
same number of events, with the same spacing, could as well have begun on any other day. Events
whose horizons overlap are moved as one cluster, so that a resample overlaps as much as the events
do; between clusters the order is shuffled, and the whole is turned round a circle on which the
last day is followed by the first (circular as in Politis & Romano 1994).

The outcomes themselves are never shuffled: whatever volatility clustering and overlap they have,
every resample has. Were every rotation of the events as likely as any other, the test would be
exact for any outcomes and any number of events. Events are not laid out on a circle, so it is not
quite; docs/simulations.md states how often a true null is rejected.
"""

from typing import NamedTuple

import numpy as np


def resampled_means(
    outcomes: np.ndarray,
    rows: np.ndarray,
    is_apart: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Mean outcomes of `draws` rearrangements of the events.

    Parameters
    ----------
    outcomes : ndarray, shape (k, n)
        k outcomes (say a return and whether it is positive) of an event on each of n days.
    rows : ndarray of int, shape (N,)
        The days of the events, increasing, N at least 1.
    is_apart : ndarray of bool, shape (N - 1,)
        Whether the horizon of an event is over when the next begins.
    draws : int
        Number of rearrangements.
    rng : Generator
        Source of the order of the clusters and of the first day.

    Returns
    -------
    ndarray, shape (k, draws)
        The mean over all days is their expectation.
    """
    n = outcomes.shape[1]
    first = np.append(0, np.flatnonzero(is_apart) + 1)
    # From the first event of a cluster to that of the next: the cluster and the gap after it.
    lengths = np.diff(rows[first], append=rows[0] + n)
    # Twice round, so that no day below 2n has to be wrapped.
    sums = np.tile(_sums_from_every_day(outcomes, np.split(rows, first[1:])), 2)
    sums = sums.reshape(len(outcomes), -1)
    order = rng.permuted(np.tile(np.arange(len(first)), (draws, 1)), axis=1)
    day = rng.integers(n, size=draws)
    totals = np.zeros((len(outcomes), draws))
    for cluster in np.ascontiguousarray(order.T):
        at = cluster * (2 * n) + day
        totals += sums.take(at, axis=1)
        day += lengths.take(cluster)
    return totals / len(rows)


def _sums_from_every_day(outcomes: np.ndarray, clusters: list[np.ndarray]) -> np.ndarray:
    """Summed outcomes of each cluster, were its first event on each day: (k, clusters, n)."""
    n, twice = outcomes.shape[1], np.tile(outcomes, 2)
    sums = np.zeros((len(outcomes), len(clusters), n))
    for i, cluster in enumerate(clusters):
        for offset in cluster - cluster[0]:
            sums[:, i] += twice[:, offset : offset + n]
    return sums


class PValues(NamedTuple):
    """How often chance does as much: in either direction, as high, and as low."""

    two_sided: float
    higher: float
    lower: float


def p_values(resampled: np.ndarray, observed: float) -> PValues:
    """P-values of an observed mean among resampled ones.

    The observed arrangement counts as one of the resamples, so that p is never 0 and a true null
    is not rejected too often (Phipson & Smyth 2010). The two-sided p is twice the smaller
    one-sided one, which is fair to skewed outcomes.
    """
    # Equal means that were summed in another order are equal.
    margin = 1e-12 * np.abs(resampled).max()
    as_high = int(np.count_nonzero(resampled >= observed - margin))
    as_low = int(np.count_nonzero(resampled <= observed + margin))
    higher, lower = (1 + as_high) / (1 + len(resampled)), (1 + as_low) / (1 + len(resampled))
    return PValues(min(1.0, 2 * min(higher, lower)), higher, lower)


def moved_p_values(
    resampled: np.ndarray, outcomes: np.ndarray, rows: np.ndarray, days: np.ndarray
) -> np.ndarray:
    """Two-sided :func:`p_values` had all events been later by so many days, round the circle.

    Parameters
    ----------
    resampled : ndarray, shape (draws,)
        Mean outcomes of rearrangements of the events.
    outcomes : ndarray, shape (n,)
        Outcome of an event on each of n days.
    rows : ndarray of int, shape (N,)
        The days of the events.
    days : ndarray of int, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
    """
    means = outcomes.take(rows + days[:, np.newaxis], mode="wrap").mean(axis=1)
    margin, draws = 1e-12 * np.abs(resampled).max(), len(resampled)
    ordered = np.sort(resampled)
    as_high = draws - np.searchsorted(ordered, means - margin, side="left")
    as_low = np.searchsorted(ordered, means + margin, side="right")
    return np.minimum(1, 2 * (1 + np.minimum(as_high, as_low)) / (1 + draws))


def accepted(resampled: np.ndarray, size: float = 0.05) -> tuple[float, float]:
    """Least and greatest mean whose two-sided :func:`p_values` is above `size`.

    Infinite where there are too few resamples for any mean to be rejected.
    """
    draws = len(resampled)
    # As many resamples may lie on or beyond a mean that is rejected.
    beyond = int(size / 2 * (1 + draws) + 1e-9) - 1
    if beyond < 0:
        return -np.inf, np.inf
    ordered = np.partition(resampled, [beyond, draws - 1 - beyond])
    return float(ordered[beyond]), float(ordered[draws - 1 - beyond])
