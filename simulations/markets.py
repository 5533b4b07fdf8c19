"""Small caps and coins that have nothing to do with each other's future."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

DAYS = 4300  # the coin's history, about twelve years
_BEFORE = 3650  # the small caps have ten years more
_START = pd.Timestamp("2014-09-17")
_ALPHA, _BETA = 0.10, 0.88
_WARM_UP = 500
_BATCH = 50
SMALL_CAP, COIN = (0.0003, 0.013), (0.001, 0.035)  # mean and deviation of a day's log return


@dataclass(frozen=True)
class Null:
    """A market without any lead: returns of one day may correlate, of different days never.

    Volatility comes in spells, GARCH(1,1) with alpha 0.10 and beta 0.88; with `tails`, returns of
    one day share a shock that makes them Student t of that many degrees of freedom.
    ``is_one_volatility`` lets the squares of the first series drive the variance of all.
    ``is_calming`` lets the coins' deviation fall from 1.6 to 0.4 times the usual, and their drift
    with its square.
    """

    correlation: float = 0.4
    tails: int | None = 5
    is_one_volatility: bool = False
    is_calming: bool = False


NULLS = {
    "nothing shared": Null(correlation=0, tails=None),
    "same-day correlation, fat tails": Null(),
    "a coin that calms down": Null(is_calming=True),
    "one volatility for both": Null(is_one_volatility=True),
}


def markets(
    rng: np.random.Generator, null: Null, count: int, small_caps: int = 1, coins: int = 1
) -> Iterator[tuple[list[pd.Series], list[pd.Series]]]:
    """Closes of small caps, on weekdays, and of coins, on all days and from ten years later.

    Small caps correlate with each other by 0.9 and coins by 0.6.
    """
    total = small_caps + coins
    correlations = np.full((total, total), null.correlation)
    correlations[:small_caps, :small_caps] = 0.9
    correlations[small_caps:, small_caps:] = 0.6
    np.fill_diagonal(correlations, 1)
    dates = pd.date_range(_START - pd.Timedelta(days=_BEFORE), periods=_BEFORE + DAYS, name="date")
    is_weekday = dates.day_of_week < 5
    scale = np.linspace(1.6, 0.4, DAYS) if null.is_calming else np.ones(DAYS)
    for done in range(0, count, _BATCH):
        for days in _shocks(rng, null, correlations, min(_BATCH, count - done)):
            first, second = days[:, :small_caps].T, days[_BEFORE:, small_caps:].T
            yield (
                [_closes(dates, values, *SMALL_CAP)[is_weekday] for values in first],
                [_closes(dates[_BEFORE:], v * scale, COIN[0] * scale**2, COIN[1]) for v in second],
            )


def _shocks(
    rng: np.random.Generator, null: Null, correlations: np.ndarray, count: int
) -> np.ndarray:
    """Unit-variance daily shocks, (count, days, series)."""
    days, root = _BEFORE + DAYS + _WARM_UP, np.linalg.cholesky(correlations)
    values = rng.standard_normal((days, count, len(root))) @ root.T
    if null.tails:
        values *= np.sqrt((null.tails - 2) / rng.chisquare(null.tails, (days, count, 1)))
    variance = np.ones(values.shape[1:])
    for today in values:
        today[:] *= np.sqrt(variance)
        squares = today[:, :1] ** 2 if null.is_one_volatility else today**2
        variance = (1 - _ALPHA - _BETA) + _ALPHA * squares + _BETA * variance
    return values[_WARM_UP:].swapaxes(0, 1)


def _closes(
    dates: pd.DatetimeIndex, returns: np.ndarray, mean: np.ndarray | float, deviation: float
) -> pd.Series:
    return pd.Series(np.exp(np.cumsum(mean + deviation * returns)), dates)


def with_rallies(close: pd.Series, events: pd.DatetimeIndex, rally: float, days: int) -> pd.Series:
    """Closes with `rally`, a log return, added evenly over the days after each event's entry."""
    added = np.zeros(len(close))
    for row in close.index.searchsorted(events) + 1:
        added[row + 1 : row + 1 + days] += rally / days
    return close * np.exp(np.cumsum(added))
