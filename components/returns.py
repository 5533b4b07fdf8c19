"""Returns of a pair: at which frequency, and which of them are no returns of one period."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, cast

import numpy as np
import pandas as pd

from analytics.alignment import (
    closes_by_period,
    is_one_period,
    lagged,
    log_returns,
    shared_closes,
)
from components.plotting import EmptyChartError
from data_sources.series import Series, sessions_between
from view_state import ViewState

Frequency = Literal["d", "w", "m"]
Pair = tuple[str, str]

PERIODS = {"d": "session", "w": "week", "m": "month"}
_FINEST_FIRST = ("d", "w", "m")
_SPACED = {"w": "one close a week", "m": "one close a month", "": "closes on irregular days"}


def spaced(one: Series) -> str:
    """How far apart the closes of a series stand, in words, where they are not daily."""
    return f"{one.id} has {_SPACED[one.spacing]}"


def daily_only(series: Mapping[str, Series], pair: Pair, why: str) -> None:
    """Refuse a pair of which a series has no daily closes, with the reason in words.

    Raises
    ------
    EmptyChartError
    """
    for one in (series[i] for i in pair if i in series):
        if one.spacing != "d":
            raise EmptyChartError(f"{spaced(one)}; {why}. Choose a series with daily closes.")


def pair_frequency(first: Series, second: Series, wanted: str) -> Frequency:
    """The frequency a pair can be correlated at: the one wanted, or that of its coarser series.

    Raises
    ------
    EmptyChartError
        When one of them has closes on irregular days.
    """
    for one in (first, second):
        if not one.spacing:
            raise EmptyChartError(
                f"{spaced(one)}: a correlation needs daily, weekly or monthly ones."
            )
    frequencies = (wanted, first.spacing, second.spacing)
    return cast("Frequency", max(frequencies, key=_FINEST_FIRST.index))


def paired_returns(series: Mapping[str, Series], pair: Pair, state: ViewState) -> pd.DataFrame:
    """Log returns of a pair at its frequency and the view's lag, whole history."""
    first, second = (series[i] for i in pair)
    frequency = pair_frequency(first, second, state.frequency)
    return returns(first, second, frequency, state.lag)


@lru_cache(maxsize=128)
def paired_closes(first: Series, second: Series, frequency: Frequency) -> pd.DataFrame:
    """Closes of two series a period apart, remembered; at least as coarse as both are."""
    spacing = pair_frequency(first, second, "d")
    if spacing == "d":
        return shared_closes(first.close, second.close, frequency)
    closes = closes_by_period(first.close, second.close, spacing)
    return shared_closes(closes["first"], closes["second"], frequency)


# Equal series have equal values (data_sources.series), so what was computed once stays true.
@lru_cache(maxsize=128)
def returns(first: Series, second: Series, frequency: Frequency, lag: int) -> pd.DataFrame:
    """Paired log returns of two series, remembered; those in `left_out` are not among them."""
    closes = paired_closes(first, second, frequency)
    found = log_returns(closes)
    usable = _usable(first, second, frequency)
    if usable.all():
        return lagged(found, lag)
    found[~usable] = np.nan
    return lagged(found, lag).dropna()


def _usable(first: Series, second: Series, frequency: Frequency) -> np.ndarray:
    days = pd.DatetimeIndex(paired_closes(first, second, frequency).index)
    doubtful = [move.day for one in (first, second) for move in one.moves]
    return is_one_period(days, frequency, doubtful)


@lru_cache(maxsize=128)
def own_holes(one: Series) -> tuple[tuple[pd.Timestamp, pd.Timestamp], ...]:
    """Last close before and first close after each hole in the daily closes of a series."""
    if one.spacing != "d":
        return ()
    days = pd.DatetimeIndex(one.frame.index)
    ends = np.flatnonzero(~is_one_period(days, "d")) + 1
    return tuple((days[at - 1], days[at]) for at in ends)


@lru_cache(maxsize=128)
def holes(first: Series, second: Series, frequency: Frequency) -> tuple[tuple[str, int], ...]:
    """Steps between the closes of a pair that make no return of one period.

    Returns
    -------
    tuple of (day, missing)
        The day after each hole, as text, and how many sessions, weeks or months are missing.
    """
    days = pd.DatetimeIndex(paired_closes(first, second, frequency).index)
    ends = np.flatnonzero(~is_one_period(days, frequency)) + 1
    return tuple(
        (f"{days[at]:%Y-%m-%d}", _missing(days[at - 1], days[at], frequency)) for at in ends
    )


def _missing(before: pd.Timestamp, after: pd.Timestamp, frequency: Frequency) -> int:
    if frequency == "d":
        return sessions_between(before, after)
    unit = {"w": "W", "m": "M"}[frequency]
    return int(after.to_period(unit).ordinal - before.to_period(unit).ordinal) - 1
