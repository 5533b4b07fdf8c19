"""What the end of a coin's day does to its correlation: the numbers that docs/numbers.md states.

An equity index and a coin are simulated by the hour, day and night and through weekends, with one
true correlation. The index is sampled at the closes of New York's sessions from 2015 to 2025, the
coin at different ends of a day. What is measured is the correlation of their daily returns.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.alignment import lagged, log_returns, shared_closes
from data_sources.new_york import at_close, session_closes

TRUTH = 0.50
LAGS = (-1, 0, 1)
HISTORIES = 170
HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)
HOURS = pd.date_range("2015-01-01", "2026-01-02", freq="h", tz="UTC", unit="us")
CLOSES = session_closes(date(2015, 1, 1), date(2025, 12, 31))
MIDNIGHTS = pd.Series((CLOSES.index + DAY).tz_localize("UTC"), CLOSES.index)

NEW_YORK, AN_HOUR_LATE = "New York's close", "an hour after New York's close"
UTC, UTC_MIDWEEK = "00:00 UTC", "00:00 UTC, returns of one day only"


def histories() -> Iterator[tuple[pd.Series, pd.DataFrame]]:
    """The index at its closes, the coin by the hour: correlated Brownian motions of the logs."""
    rng = np.random.default_rng(1)
    at_the_closes = HOURS.get_indexer(pd.DatetimeIndex(CLOSES))
    for _ in range(HISTORIES):
        steps, rest = rng.standard_normal((2, len(HOURS)))
        index = np.exp(0.002 * np.cumsum(steps))
        coin = np.exp(0.007 * np.cumsum(TRUTH * steps + np.sqrt(1 - TRUTH**2) * rest))
        yield pd.Series(index[at_the_closes], CLOSES.index), pd.DataFrame({"close": coin}, HOURS)


def by_utc_day(hourly: pd.DataFrame) -> pd.Series:
    """Daily candles: each ends at 00:00 UTC and is dated by the day that ended."""
    candles = hourly["close"][hourly.index.hour == 0]
    return candles.set_axis(candles.index.tz_localize(None) - DAY)


def midweek(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Sessions of which this return and the one before are over one day, no weekend in them."""
    return days[2:][days[2:] - days[:-2] == 2 * DAY]


def correlations(index: pd.Series, coin: pd.Series, *, one_day: bool = False) -> list[float]:
    returns = log_returns(shared_closes(index, coin))
    pairs = [lagged(returns, lag) for lag in LAGS]
    if one_day:
        pairs = [pair[pair.index.isin(midweek(CLOSES.index))] for pair in pairs]
    return [np.corrcoef(pair.to_numpy().T)[0, 1] for pair in pairs]


@pytest.fixture(scope="module")
def measured() -> dict[str, np.ndarray]:
    """Correlations by the coin's day end: a row for each history, a column for each lag."""
    found: dict[str, list[list[float]]] = {}
    for index, hourly in histories():
        for day_end, coin in [
            (NEW_YORK, at_close(hourly, CLOSES)["close"]),
            (AN_HOUR_LATE, at_close(hourly, CLOSES + HOUR)["close"]),
            (UTC, by_utc_day(hourly)),
        ]:
            found.setdefault(day_end, []).append(correlations(index, coin))
        one_day = correlations(index, by_utc_day(hourly), one_day=True)
        found.setdefault(UTC_MIDWEEK, []).append(one_day)
    return {day_end: np.array(rows) for day_end, rows in found.items()}


def by_arithmetic(coin_ends: pd.Series, *, one_day: bool = False) -> list[float]:
    """True correlation times the time both returns cover, over the mean length of the two."""
    index, coin = (pd.DatetimeIndex(ends).to_numpy() for ends in (CLOSES, coin_ends))
    kept = CLOSES.index.isin(midweek(CLOSES.index)) if one_day else np.arange(len(CLOSES)) >= 2
    at = np.flatnonzero(kept)
    found = []
    for lag in LAGS:
        i, c = (at, at + lag) if lag <= 0 else (at - lag, at)
        start = np.maximum(index[i - 1], coin[c - 1])
        both = np.maximum((np.minimum(index[i], coin[c]) - start) / HOUR, 0).sum()
        lengths = [((ends[k] - ends[k - 1]) / HOUR).sum() for ends, k in ((index, i), (coin, c))]
        found.append(TRUTH * both / np.sqrt(np.prod(lengths)))
    return found


def test_the_simulations_are_not_luck(measured: dict[str, np.ndarray]) -> None:
    for day_end, rows in measured.items():
        assert (rows.std(axis=0, ddof=1) / np.sqrt(HISTORIES) < 0.002).all(), day_end


def test_new_yorks_close_recovers_the_truth(measured: dict[str, np.ndarray]) -> None:
    assert measured[NEW_YORK].mean(axis=0) == pytest.approx([0, TRUTH, 0], abs=0.006)


def test_utc_days_hide_a_part_of_it_and_let_the_coin_seem_to_lead(
    measured: dict[str, np.ndarray],
) -> None:
    """At lag -1, never at +1.

    A UTC day dated d ends three or four hours after New York's close of d. Those hours belong to
    the coin's return of d and to the index's of d + 1: the coin's earlier return goes with the
    index's later one.
    """
    assert measured[UTC].mean(axis=0) == pytest.approx([0.053, 0.447, 0], abs=0.006)
    assert measured[UTC_MIDWEEK].mean(axis=0) == pytest.approx([0.077, 0.423, 0], abs=0.006)


def test_an_hour_late_is_measurably_wrong(measured: dict[str, np.ndarray]) -> None:
    late = measured[AN_HOUR_LATE].mean(axis=0)
    assert late == pytest.approx([0.014, 0.486, 0], abs=0.006)
    assert late[1] < measured[NEW_YORK].mean(axis=0)[1] - 0.01
    assert late[0] > measured[NEW_YORK].mean(axis=0)[0] + 0.01


def test_the_hours_both_returns_cover_explain_it(measured: dict[str, np.ndarray]) -> None:
    for day_end, expected in [
        (NEW_YORK, by_arithmetic(CLOSES)),
        (AN_HOUR_LATE, by_arithmetic(CLOSES + HOUR)),
        (UTC, by_arithmetic(MIDNIGHTS)),
        (UTC_MIDWEEK, by_arithmetic(MIDNIGHTS, one_day=True)),
    ]:
        assert measured[day_end].mean(axis=0) == pytest.approx(expected, abs=0.006), day_end


def test_the_documented_table_is_what_is_measured(measured: dict[str, np.ndarray]) -> None:
    text = (Path(__file__).parents[3] / "docs" / "numbers.md").read_text(encoding="utf-8")
    table = re.search(
        r"^\| the coin's day ends at \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE
    )
    assert table
    documented = {}
    for line in table[1].splitlines():
        day_end, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        documented[day_end] = [float(cell) for cell in cells]
    assert list(documented) == list(measured)
    for day_end, row in documented.items():
        assert row == pytest.approx(measured[day_end].mean(axis=0), abs=0.006), day_end
