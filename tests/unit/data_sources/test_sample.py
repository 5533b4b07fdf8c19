"""The sample passes through the published levels and moves as the markets did."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sources.new_york import session_closes
from data_sources.sample import paths, sample_series
from data_sources.series import Series

WAYPOINTS = paths.read_waypoints()
SESSIONS = session_closes(WAYPOINTS.index[0].date(), WAYPOINTS.index[-1].date()).index
COINS = ("BTC", "ETH", "SOL", "XRP")
BREAKOUTS = [("2016-11-14", 353), ("2020-11-13", 555), ("2021-11-02", 162), ("2025-09-18", 968)]
PUBLISHED_CORRELATION = {
    2014: -0.02, 2015: 0.03, 2016: -0.01, 2017: 0.10, 2018: 0.07, 2019: -0.09, 2020: 0.45,
    2021: 0.27, 2022: 0.58, 2023: 0.14, 2024: 0.44, 2025: 0.46, 2026: 0.42,
}  # fmt: skip


def breakouts(closes: pd.Series, base: int = 126) -> list[tuple[str, int]]:
    """Closes above every earlier one, at least ``base`` sessions after the last record."""
    found = []
    record, last = -np.inf, 0
    for at, close in enumerate(closes):
        if close > record:
            if at - last >= base:
                found.append((f"{closes.index[at]:%Y-%m-%d}", at - last))
            record, last = close, at
    return found


def correlation_by_year(one: pd.Series, other: pd.Series) -> dict[int, float]:
    """Correlation of log returns between the days both have a price, by calendar year."""
    returns = np.log(pd.concat({"one": one, "other": other}, axis=1, join="inner")).diff()
    return {year: r["one"].corr(r["other"]) for year, r in returns.groupby(returns.index.year)}


@pytest.mark.parametrize("name", WAYPOINTS.columns)
def test_passes_through_every_waypoint_exactly(sample: dict[str, Series], name: str) -> None:
    known = WAYPOINTS[name].dropna()
    closes = sample[name].close
    assert closes[known.index].tolist() == known.tolist()
    assert (closes.index[0], closes.index[-1]) == (known.index[0], known.index[-1])


def test_coins_trade_every_day_and_the_rest_on_sessions(sample: dict[str, Series]) -> None:
    for name, series in sample.items():
        days = pd.date_range(*series.frame.index[[0, -1]]) if name in COINS else SESSIONS
        assert series.frame.index.equals(days[days <= series.as_of]), name


def test_is_marked_as_sample(sample: dict[str, Series]) -> None:
    for series in sample.values():
        assert series.is_sample
        assert series.source == "Sample data: simulated between published turning points"
        assert series.fetched_at.utcoffset() is not None


def test_is_the_same_on_every_call(sample: dict[str, Series]) -> None:
    again = sample_series()
    assert {n: s.content_hash for n, s in again.items()} == {
        n: s.content_hash for n, s in sample.items()
    }


def test_has_exactly_the_published_breakouts(sample: dict[str, Series]) -> None:
    assert breakouts(sample["RUT"].close) == BREAKOUTS


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_has_the_published_breakouts_whatever_the_seed(seed: int) -> None:
    closes = paths.sample_paths(WAYPOINTS[["RUT"]], SESSIONS, seed)["RUT"]
    assert breakouts(closes) == BREAKOUTS


def test_yearly_correlation_is_near_the_published_one(sample: dict[str, Series]) -> None:
    found = correlation_by_year(sample["RUT"].close, sample["BTC"].close)
    assert found == pytest.approx(PUBLISHED_CORRELATION, abs=0.10)


@pytest.mark.parametrize("name", WAYPOINTS.columns)
def test_yearly_volatility_is_near_the_published_one(sample: dict[str, Series], name: str) -> None:
    returns = np.log(sample[name].close).diff()
    found = returns.groupby(returns.index.year).std() * np.sqrt(365 if name in COINS else 252)
    published = pd.read_csv(paths.Path(paths.__file__).with_name("yearly.csv"), index_col="year")
    expected = published[name].dropna()
    # Less than a month of 2017 says little about a year.
    full = [year for year in expected.index if (returns.index.year == year).sum() > 30]
    assert found[full].to_dict() == pytest.approx(expected[full].to_dict(), rel=0.3)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("RUT", "IWN", 0.97),
        ("RUT", "GSPC", 0.86),
        ("BTC", "ETH", 0.82),
        ("BTC", "SOL", 0.67),
        ("BTC", "XRP", 0.65),
    ],
)
def test_instruments_move_together(
    sample: dict[str, Series], one: str, other: str, expected: float
) -> None:
    closes = pd.concat([sample[one].close, sample[other].close], axis=1, join="inner")
    assert np.log(closes).diff().corr().iloc[0, 1] == pytest.approx(expected, abs=0.06)


def test_looks_like_prices(sample: dict[str, Series]) -> None:
    for name, series in sample.items():
        returns = np.log(series.close).diff().dropna()
        assert returns.abs().min() > 0, f"{name} stands still"
        assert returns.is_unique, f"{name} repeats itself"
        assert returns.abs().max() < 0.35, f"{name} jumps"
        assert abs(returns.autocorr()) < 0.1, f"{name} can be foretold"
        assert returns.kurt() > 0.3, f"{name} has no large days"


def test_is_made_in_milliseconds() -> None:
    def seconds() -> float:
        start = time.perf_counter()
        paths.sample_paths(WAYPOINTS, SESSIONS)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.060
