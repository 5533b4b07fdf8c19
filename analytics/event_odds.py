"""Whether what followed events differs from what follows any day."""

import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.event_study import forward_returns, wilson_interval
from analytics.resampling import PValues, accepted, p_values, resampled_means

DRAWS = 10_000
_UNTOLD = PValues(np.nan, np.nan, np.nan)


class Overlap(NamedTuple):
    """How far the horizons of events share days.

    `share` is the share of events whose horizon has days in common with another's, and
    `effective_n` the number of separate events that would tell as much.
    """

    share: float
    effective_n: float


@dataclass(frozen=True)
class Odds:
    """Returns over one horizon after events, against those after any day.

    Returns are logs, so that a doubling and a halving weigh the same. What cannot be told is NaN:
    with fewer than two events there are no p-values and no interval of the difference, without
    an event nothing but the distribution of any day.

    Attributes
    ----------
    after_event, any_day : Series
        Log returns by entry date; their lengths are N and the number of days compared with.
    overlap : Overlap
        Of the horizons of the events.
    mean_difference, median_difference : float
        Of after the events less any day.
    interval : (float, float)
        95% interval of the difference of the means, by the resamples.
    hit_rate, any_day_hit_rate : float
        Share of the events, and of all days, followed by a rise.
    hit_interval : (float, float)
        95% interval of the hit rate: Wilson's, for the effective N.
    p : PValues
        Of the difference of the means.
    p_hits : float
        One-sided, of a hit rate as high as this.
    """

    after_event: pd.Series
    any_day: pd.Series
    overlap: Overlap
    mean_difference: float
    interval: tuple[float, float]
    median_difference: float
    hit_rate: float
    hit_interval: tuple[float, float]
    any_day_hit_rate: float
    p: PValues
    p_hits: float


def any_day_returns(close: pd.Series, days: int, until: pd.Timestamp | None = None) -> pd.Series:
    """Log returns over `days` calendar days from every close whose outcome is known.

    The last of them begins at `until`, when there is one; later closes are outcomes only.
    """
    close = close.dropna()
    return np.log1p(forward_returns(close, close[:until].index, [days])[days].dropna())


def overlap(dates: pd.DatetimeIndex, days: int) -> Overlap:
    """Overlap of the horizons of `days` calendar days that begin on these dates.

    Returns over horizons that share a fraction c of their days correlate by about c, so the mean
    of N of them varies as much as that of ``N^2 / sum of c`` separate ones, the sum running over
    all pairs of events, each with itself included (Kolari & Pynnonen 2010 for correlated events;
    Boudoukh, Israel & Richardson 2019 for overlap). NaT is left out; NaN without dates.
    """
    dates = dates.dropna()
    if not len(dates):
        return Overlap(np.nan, np.nan)
    apart = np.abs(np.subtract.outer(_day_numbers(dates), _day_numbers(dates)))
    common = np.maximum(0, 1 - apart / days)
    share = np.mean(np.count_nonzero(common, axis=1) > 1)
    return Overlap(float(share), float(len(dates) ** 2 / common.sum()))


def event_rows(any_day: pd.Series, entries: pd.DatetimeIndex) -> np.ndarray:
    """Rows of `any_day` on which events were entered, increasing.

    Entries without a known outcome are left out, and two on one day are one.
    """
    rows = np.unique(any_day.index.get_indexer(entries))
    return rows[rows >= 0]


def resampled_outcomes(
    any_day: pd.Series, rows: np.ndarray, days: int, outcomes: np.ndarray, draws: int
) -> np.ndarray:
    """Mean outcomes, (k, draws), had the events in `rows` fallen on other days of `any_day`.

    The draws are seeded with the returns and the rows: the same data give the same draws,
    whichever of the k outcomes are asked for.
    """
    apart = np.diff(_day_numbers(any_day.index[rows])) >= days
    seed = zlib.crc32(any_day.to_numpy().tobytes() + rows.tobytes())
    return resampled_means(outcomes, rows, apart, draws, np.random.default_rng(seed))


def odds(
    close: pd.Series,
    entries: pd.DatetimeIndex,
    days: int,
    draws: int = DRAWS,
    *,
    until: pd.Timestamp | None = None,
) -> Odds:
    """Compare the returns after events with those after any day.

    Intervals and p-values come from moving the events over all days with a known outcome, as
    :mod:`analytics.resampling` does; the interval holds every difference that the events would
    not reject at 5%, two-sided.

    Parameters
    ----------
    close : Series
        Positive closes of the era in which there could be events, on a sorted date index:
        :func:`analytics.event_study.same_era`.
    entries : DatetimeIndex
        From :func:`analytics.event_study.entry_dates`, NaT included or not. Those without a known
        outcome are left out, and two on one day are one.
    days : int
        Horizon in calendar days.
    draws : int
        Number of resamples.
    until : Timestamp or None
        Last day on which there could be an entry, where that is not the last close.
    """
    any_day = any_day_returns(close, days, until)
    rows = event_rows(any_day, entries)
    after = any_day.iloc[rows]
    is_rise = any_day.to_numpy() > 0
    shared = overlap(after.index, days)
    hit_rate, hit_interval = np.nan, (np.nan, np.nan)
    if len(rows):
        hit_rate = float(is_rise[rows].mean())
        hit_interval = wilson_interval(hit_rate * shared.effective_n, shared.effective_n)
    difference = float(after.mean() - any_day.mean())
    interval, p, p_hits = (np.nan, np.nan), _UNTOLD, np.nan
    if len(rows) > 1:
        outcomes = np.stack([any_day.to_numpy(), is_rise])
        means, hits = resampled_outcomes(any_day, rows, days, outcomes, draws)
        low, high = accepted(means)
        interval = (float(after.mean()) - high, float(after.mean()) - low)
        p, p_hits = p_values(means, after.mean()), p_values(hits, hit_rate).higher
    return Odds(
        after_event=after,
        any_day=any_day,
        overlap=shared,
        mean_difference=difference,
        interval=interval,
        median_difference=float(after.median() - any_day.median()),
        hit_rate=hit_rate,
        hit_interval=hit_interval,
        any_day_hit_rate=float(is_rise.mean()) if len(is_rise) else np.nan,
        p=p,
        p_hits=p_hits,
    )


def _day_numbers(dates: pd.DatetimeIndex) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]").astype(int)
