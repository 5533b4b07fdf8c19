"""The same claim under every definition, so that nobody can pick the flattering one."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from analytics.breakouts import breakouts
from analytics.event_odds import (
    DRAWS,
    any_day_returns,
    event_rows,
    overlap,
    resampled_outcomes,
)
from analytics.event_study import entry_dates, same_era
from analytics.multiple_testing import benjamini_hochberg
from analytics.resampling import p_values

_FEWEST = 2  # one event is an anecdote


class Definition(NamedTuple):
    """A breakout rule, in sessions; `high` None is the highest close of all time."""

    base: int
    cooldown: int
    high: int | None


def specification_curve(
    signals: Mapping[str, pd.Series],
    targets: Mapping[str, pd.Series],
    definitions: Sequence[Definition],
    horizons: Sequence[int],
    draws: int = DRAWS,
) -> pd.DataFrame:
    """Effect of breakouts on what followed, under every combination of choices.

    Every cell is the test of :func:`analytics.event_odds.odds`, and the same input gives the same
    numbers. The false discovery rate is controlled over all cells that can be tested, two-sided.

    Parameters
    ----------
    signals, targets : mapping of id to Series
        Closes of the instruments that break out and of those that are followed, each on its own
        calendar, without NaN.
    definitions : sequence of Definition
        Breakout rules.
    horizons : sequence of int
        In calendar days.
    draws : int
        Number of resamples a cell.

    Returns
    -------
    DataFrame
        One row a cell, from the least effect to the greatest and those that cannot be tested
        last: ``signal``, ``target``, ``base``, ``cooldown``, ``high``, ``horizon``, ``n`` (events
        with a known outcome), ``effective_n``, ``effect`` (mean log return after events less that
        after any day), ``p`` and ``p_higher``, ``q`` (p adjusted by Benjamini & Hochberg 1995),
        ``is_testable``. With fewer than two events a cell cannot be tested: its effect, p and q
        are NaN.
    """

    @cache
    def any_day(target: str, signal: str, days: int) -> pd.Series:
        return any_day_returns(same_era(targets[target], signals[signal]), days)

    cells = []
    for signal, definition in product(signals, definitions):
        events = breakouts(signals[signal], *definition).index
        for target in targets:
            entries = entry_dates(same_era(targets[target], signals[signal]), events)
            for days in horizons:
                tested = _tested(any_day(target, signal, days), entries, days, draws)
                cells.append((signal, target, *definition, days, *tested))
    columns = ["signal", "target", *Definition._fields, "horizon", *_Cell._fields]
    curve = pd.DataFrame(cells, columns=columns)
    curve["q"] = benjamini_hochberg(curve["p"].to_numpy(dtype=float))
    curve["is_testable"] = curve["n"] >= _FEWEST
    return curve.sort_values("effect", ignore_index=True, kind="stable")


class _Cell(NamedTuple):
    n: int
    effective_n: float
    effect: float = np.nan
    p: float = np.nan
    p_higher: float = np.nan


def _tested(any_day: pd.Series, entries: pd.DatetimeIndex, days: int, draws: int) -> _Cell:
    rows, returns = event_rows(any_day, entries), any_day.to_numpy()
    shared = overlap(any_day.index[rows], days)
    if len(rows) < _FEWEST:
        return _Cell(len(rows), shared.effective_n)
    (means,) = resampled_outcomes(any_day, rows, days, returns[None], draws)
    mean = returns[rows].mean()
    p = p_values(means, mean)
    return _Cell(len(rows), shared.effective_n, mean - returns.mean(), p.two_sided, p.higher)
