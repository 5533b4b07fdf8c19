"""The same claim under every definition, so that nobody can pick the flattering one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, product
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
from analytics.event_study import entry_dates, last_entry, same_era
from analytics.multiple_testing import resampled_false_discovery_rates
from analytics.resampling import moved_p_values, p_values

MOVES = 1000
_FEWEST = 2  # one event is an anecdote
_DAYS = np.random.default_rng(1).integers(10**6, size=MOVES)
_UNTESTED = np.full(MOVES, np.nan)


class Definition(NamedTuple):
    """A breakout rule, in sessions; `high` None is the highest close of all time."""

    base: int
    cooldown: int
    high: int | None


class Cell(NamedTuple):
    """One specification and what it found; the fields are columns of the curve.

    Attributes
    ----------
    signal, target : str
        Ids of the instrument that breaks out and of the one that is followed.
    base, cooldown, high
        The :class:`Definition`.
    horizon : int
        In calendar days.
    n : int
        Events with a known outcome.
    effective_n : float
        The number of separate events that would tell as much.
    effect : float
        Mean log return after events less that after any day.
    p : float
        Of the effect, two-sided.
    null_p : ndarray, shape (MOVES,)
        The two-sided p had all events been later, by the same days in every cell.
    """

    signal: str
    target: str
    base: int
    cooldown: int
    high: int | None
    horizon: int
    n: int
    effective_n: float
    effect: float
    p: float
    null_p: np.ndarray


def specification_cells(
    signals: Mapping[str, pd.Series],
    targets: Mapping[str, pd.Series],
    definitions: Sequence[Definition],
    horizons: Sequence[int],
    draws: int = DRAWS,
) -> Iterator[tuple[Cell, ...]]:
    """Cells of a specification curve, as they are finished.

    Parameters as in :func:`specification_curve`.

    Yields
    ------
    tuple of Cell
        All targets and horizons of one signal and one definition:
        ``len(signals) * len(definitions)`` times.
    """

    @cache
    def any_day(target: str, signal: str, days: int) -> pd.Series:
        events_of = signals[signal]
        return any_day_returns(same_era(targets[target], events_of), days, last_entry(events_of))

    for signal, definition in product(signals, definitions):
        events = breakouts(signals[signal], *definition).index
        cells = []
        for target in targets:
            entries = entry_dates(same_era(targets[target], signals[signal]), events)
            for days in horizons:
                found = _tested(any_day(target, signal, days), entries, days, draws)
                cells.append(Cell._make((signal, target, *definition, days, *found)))
        yield tuple(cells)


def tested_cell(
    signal: tuple[str, pd.Series],
    target: tuple[str, pd.Series],
    definition: Definition,
    horizon: int,
    draws: int = DRAWS,  # noqa: PT028 -- not a test of pytest
) -> Cell:
    """One specification alone, each instrument as its id and its closes."""
    ((cell,),) = specification_cells(dict([signal]), dict([target]), [definition], [horizon], draws)
    return cell


def curve_of(cells: Iterable[Cell]) -> pd.DataFrame:
    """Table of cells, which together are the family whose false discoveries are controlled.

    Returns
    -------
    DataFrame
        As :func:`specification_curve`.
    """
    curve = pd.DataFrame(cells, columns=list(Cell._fields)).astype({"high": float})
    null_p = np.array(curve.pop("null_p").tolist()).reshape(len(curve), MOVES)
    curve["q"] = resampled_false_discovery_rates(curve["p"].to_numpy(dtype=float), null_p)
    curve["is_testable"] = curve["n"] >= _FEWEST
    return curve.sort_values("effect", ignore_index=True, kind="stable")


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
        Number of resamples a cell. No p is below ``2 / (draws + 1)``.

    Returns
    -------
    DataFrame
        One row a :class:`Cell`, from the least effect to the greatest and those that cannot be
        tested last, with its fields (``high`` is NaN for all time), ``q`` (p adjusted by
        :func:`analytics.multiple_testing.resampled_false_discovery_rates`) and ``is_testable``.
        With fewer than two events a cell cannot be tested: its effect, p and q are NaN.
    """
    return curve_of(
        chain.from_iterable(specification_cells(signals, targets, definitions, horizons, draws))
    )


def _tested(
    any_day: pd.Series, entries: pd.DatetimeIndex, days: int, draws: int
) -> tuple[int, float, float, float, np.ndarray]:
    """Fields of a cell from ``n`` on."""
    rows, returns = event_rows(any_day, entries), any_day.to_numpy()
    effective_n = overlap(any_day.index[rows], days).effective_n
    if len(rows) < _FEWEST:
        return len(rows), effective_n, np.nan, np.nan, _UNTESTED
    (means,) = resampled_outcomes(any_day, rows, days, returns[None], draws)
    mean = float(returns[rows].mean())
    effect, p = mean - float(returns.mean()), p_values(means, mean).two_sided
    return len(rows), effective_n, effect, p, moved_p_values(means, returns, rows, _DAYS)
