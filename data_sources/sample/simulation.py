"""Random daily paths that pass through given levels, in NumPy."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_SPELL = 20
"""Days over which a calm or a stormy spell fades to a third."""

_SPELL_STRENGTH = 0.35
"""Standard deviation of log volatility within a year."""

_RETURN_TIME = 60
"""Days over which a walk returns two thirds of the way to its mean."""

_BREAKOUT_STEP = 0.0125
"""Log return by which a new record can exceed the old one and still be its first breach."""


def shocks(random: np.random.RandomState, years: Ints) -> Floats:
    """Draw standardised daily shocks whose volatility comes in spells.

    Parameters
    ----------
    random
        Source of randomness; RandomState because NumPy promises never to change its stream.
    years
        Number of the year each day falls in, from 0.

    Returns
    -------
    Floats
        One shock a day, of mean 0 and standard deviation 1 within each year.
    """
    fading = np.exp(-np.arange(5 * _SPELL) / _SPELL)
    spells = np.convolve(random.standard_normal(years.size + fading.size - 1), fading, "valid")
    spells *= _SPELL_STRENGTH / np.sqrt(np.sum(fading**2))
    return standardise(np.exp(spells) * random.standard_normal(years.size), years)


def standardise(values: Floats, years: Ints) -> Floats:
    """Shift and scale values to mean 0 and standard deviation 1 within each year."""
    days = np.bincount(years)
    centred = values - (np.bincount(years, values) / days)[years]
    return centred / np.sqrt(np.bincount(years, centred**2) / days)[years]


def follow(leader: Floats, own: Floats, correlation: Floats, years: Ints) -> Floats:
    """Mix a leader's shocks into a follower's own.

    A year is too short for chance to bring a simulated correlation near the one asked for, so
    the accidental correlation of the follower's own shocks is first regressed out, by year.

    Parameters
    ----------
    leader
        Standardised shocks of the leader, NaN on days it does not trade, such as weekends.
    own
        Standardised shocks of the follower, who trades every day.
    correlation
        Wanted correlation, per day, of the two returns between the days both trade.
    years
        Number of the year each day falls in, from 0.

    Returns
    -------
    Floats
        Shocks of standard deviation near 1.
    """
    trades = ~np.isnan(leader)
    share = float(trades.mean())
    shock = np.where(trades, leader, 0.0)
    own = own - _slope(own, leader, years)[years] * shock
    # What the follower does while the leader rests dilutes the correlation of their returns.
    loading = correlation / np.sqrt(share)
    mixed: Floats = loading * shock + np.sqrt(1 - share * loading**2) * own
    return mixed


def _slope(own: Floats, leader: Floats, years: Ints) -> Floats:
    """Regression slope, by year, of the follower's returns on the leader's."""
    days = np.arange(leader.size)
    trading = np.flatnonzero(~np.isnan(leader))
    next_trading = trading[np.minimum(np.searchsorted(trading, days), trading.size - 1)]
    covariance = np.bincount(years, own * leader[next_trading])
    variance = np.bincount(years[trading], leader[trading] ** 2, minlength=covariance.size)
    slope: Floats = covariance / variance
    return slope


def mean_reverting_walk(returns: Floats) -> Floats:
    """Add up returns while pulling the sum back to zero, so that it cannot stray far."""
    fading = np.exp(-np.arange(min(returns.size, 6 * _RETURN_TIME)) / _RETURN_TIME)
    return np.convolve(returns, fading)[: returns.size]


def bridge(walk: Floats, knots: Ints, levels: Floats) -> Floats:
    """Tilt a walk between knots so that it passes through the levels exactly.

    Parameters
    ----------
    walk
        Log path, one value a day.
    knots
        Positions in the walk, ascending, the first and the last day among them.
    levels
        Wanted log price at each knot.
    """
    return walk + np.interp(np.arange(walk.size), knots, levels - walk[knots])


def ceilings(levels: Floats) -> Floats:
    """Highest log price allowed between each knot and the next.

    A path sets no record the levels do not tell of; and a level that only just sets one is the
    first close above the old record, so nothing before it may exceed that.
    """
    records = np.maximum.accumulate(levels)
    step = levels[1:] - records[:-1]
    return np.where((step > 0) & (step < _BREAKOUT_STEP), records[:-1], records[1:])


def reflect(path: Floats, knots: Ints, limits: Floats) -> Floats:
    """Mirror what rises above the limit back below it, leaving the knots alone."""
    stretch = np.searchsorted(knots, np.arange(path.size), side="right") - 1
    mirrored = 2 * limits[np.minimum(stretch, limits.size - 1)] - path
    mirrored[knots] = path[knots]
    return np.minimum(path, mirrored)


def realised_shocks(path: Floats, knots: Ints, years: Ints) -> Floats:
    """Standardised daily moves of a path around the straight lines between its knots."""
    lines = np.interp(np.arange(path.size), knots, path[knots])
    return standardise(np.diff(path - lines, prepend=0.0), years)
