"""After events against any day: by hand, against a plain loop, and on real prices."""

from itertools import chain

import numpy as np
import pandas as pd
import pytest

from analytics.breakouts import breakouts
from analytics.event_odds import any_day_returns, event_rows, odds, overlap, resampled_outcomes
from analytics.event_study import entry_dates, forward_returns, same_era, wilson_interval
from tests.unit.real_data import closes


def walk(days: int, seed: int = 0, drift: float = 0.0) -> pd.Series:
    steps = np.random.default_rng(seed).normal(drift, 0.03, days)
    return pd.Series(np.exp(steps.cumsum()), pd.date_range("2015-01-01", periods=days))


def spaced(close: pd.Series, *rows: int) -> pd.DatetimeIndex:
    return close.index[list(rows)]


# --- overlap


def test_horizons_that_share_no_day_count_fully() -> None:
    dates = pd.DatetimeIndex(["2020-01-01", "2020-01-31", "2020-04-01"])
    assert overlap(dates, 30) == (0, 3)


def test_horizons_that_share_half_their_days_count_for_less() -> None:
    """Two of three share half: 3^2 / (3 + 2 * 0.5)."""
    dates = pd.DatetimeIndex(["2020-01-01", "2020-01-16", "2021-01-01"])
    assert overlap(dates, 30) == pytest.approx((2 / 3, 9 / 4))


def test_overlap_of_one_event_and_of_none() -> None:
    dates = pd.DatetimeIndex(["2020-01-01"])
    assert overlap(dates, 30) == (0, 1)
    assert np.isnan(overlap(dates[:0], 30)).all()


def test_no_date_overlaps_nothing() -> None:
    assert overlap(pd.DatetimeIndex([pd.NaT, "2020-01-01"]), 30) == (0, 1)


def test_the_mean_varies_as_that_of_the_effective_number() -> None:
    steps = np.random.default_rng(0).normal(size=(20_000, 200))
    sums = steps.cumsum(axis=1)
    rows = np.array([5, 20, 30, 31, 120])
    dates = pd.date_range("2020-01-01", periods=200)[rows]
    mean = (sums[:, rows + 40] - sums[:, rows]).mean(axis=1)
    assert mean.var() == pytest.approx(40 / overlap(dates, 40).effective_n, rel=0.03)


# --- odds


def test_the_comparison_is_with_every_day_whose_outcome_is_known() -> None:
    close = walk(400)
    found = odds(close, spaced(close, 10, 150, 380), 30, draws=10)
    assert found.any_day.index.tolist() == close.index[:370].tolist()
    expected = np.log(close.to_numpy()[30:] / close.to_numpy()[:-30])
    assert found.any_day.to_numpy() == pytest.approx(expected)
    assert found.after_event.index.tolist() == spaced(close, 10, 150).tolist()
    assert found.mean_difference == pytest.approx(expected[[10, 150]].mean() - expected.mean())
    assert found.median_difference == pytest.approx(
        np.median(expected[[10, 150]]) - np.median(expected)
    )
    assert found.any_day_hit_rate == np.mean(expected > 0)


def test_returns_are_those_of_the_table_in_logs() -> None:
    close = walk(300).drop(pd.date_range("2015-03-01", "2015-03-12"))
    expected = np.log1p(forward_returns(close, close.index, [30])[30].dropna())
    pd.testing.assert_series_equal(any_day_returns(close, 30), expected)


def test_closes_after_the_last_possible_entry_are_outcomes_only() -> None:
    close = walk(200)
    until = close.index[120]
    found = odds(close, spaced(close, 10, 110, 150), 30, draws=10, until=until)
    assert found.any_day.index.tolist() == close.index[:121].tolist()
    assert found.after_event.index.tolist() == spaced(close, 10, 110).tolist()
    assert found.any_day.iloc[-1] == pytest.approx(np.log(close.iloc[150] / close.iloc[120]))


def test_two_events_on_one_day_are_one_and_unknown_ones_none() -> None:
    any_day = any_day_returns(walk(100), 10)
    entries = pd.DatetimeIndex(["2015-02-01", "2015-01-05", "2015-02-01", pd.NaT, "2015-04-09"])
    assert event_rows(any_day, entries).tolist() == [4, 31]


def test_hit_rate_and_its_interval_for_separate_events() -> None:
    close = pd.Series(np.exp(np.sin(np.arange(400) / 15)), walk(400).index)
    found = odds(close, spaced(close, 0, 60, 150, 300), 20, draws=10)
    hits = (found.after_event > 0).sum()
    assert 0 < hits < 4
    assert found.hit_rate == hits / 4
    assert found.hit_interval == pytest.approx(wilson_interval(hits, 4))


def test_overlapping_events_have_a_wider_hit_interval() -> None:
    close = walk(400, drift=0.01)
    rows = [0, 1, 2, 3, 200]
    found = odds(close, spaced(close, *rows), 20, draws=10)
    assert found.hit_rate == 1
    assert found.overlap.effective_n < 2
    assert found.hit_interval[0] < wilson_interval(5, 5)[0]


def test_the_resamples_are_those_of_a_plain_loop() -> None:
    """Three clusters, moved by hand: the order of the clusters and the first day at random."""
    close, horizon, rng = walk(900, seed=3), 60, np.random.default_rng(8)
    clusters = [[100, 130], [300], [500, 510, 560]]
    returns = any_day_returns(close, horizon).tolist()
    n, means = len(returns), []
    for _ in range(4000):
        day, picked = rng.integers(n), []
        for i in rng.permutation(3):
            picked += [returns[(day + row - clusters[i][0]) % n] for row in clusters[i]]
            day += (clusters[(i + 1) % 3][0] - clusters[i][0]) % n
        means.append(np.mean(picked))
    found = odds(close, spaced(close, *chain(*clusters)), horizon)
    after = found.after_event.mean()
    assert found.p.higher == pytest.approx(np.mean(np.array(means) >= after), abs=0.03)
    assert found.p.two_sided == 2 * min(found.p.higher, found.p.lower)
    low, high = np.quantile(means, [0.025, 0.975]) - np.mean(returns)
    expected = (found.mean_difference - high, found.mean_difference - low)
    assert found.interval == pytest.approx(expected, abs=0.02)


def test_a_jump_after_every_event_and_nowhere_else() -> None:
    steps = np.random.default_rng(0).normal(0, 0.01, 2000)
    rows = np.array([100, 450, 900, 1300, 1750])
    steps[rows + 5] += 0.5
    close = pd.Series(np.exp(steps.cumsum()), pd.date_range("2015-01-01", periods=2000))
    found = odds(close, close.index[rows], 30)
    assert found.p.higher < 0.01
    assert found.p.lower > 0.99
    assert found.p_hits < 0.05
    low, high = found.interval
    assert 0 < low < found.mean_difference < high
    assert found.mean_difference == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("seed", range(12))
def test_the_interval_leaves_out_0_exactly_when_p_rejects_it(seed: int) -> None:
    """Three events among the best or the worst days: some are rejected and some are not."""
    close = walk(1000, seed)
    returns = any_day_returns(close, 60)
    best = returns.index[np.argsort(returns.to_numpy())[:: -200 if seed % 2 else 200][:3]]
    found = odds(close, best, 60, draws=999)
    assert (found.p.two_sided <= 0.05) == (not found.interval[0] <= 0 <= found.interval[1])


def test_upside_down_higher_is_lower() -> None:
    close = walk(2000)
    entries = spaced(close, 100, 450, 900)
    found, turned = odds(close, entries, 60), odds(1 / close, entries, 60)
    assert found.mean_difference == pytest.approx(-turned.mean_difference)
    assert found.p.higher == pytest.approx(turned.p.lower, abs=0.02)
    assert found.p.two_sided == pytest.approx(turned.p.two_sided, abs=0.04)


def test_the_same_data_give_the_same_draws() -> None:
    close = walk(1000)
    first, second = (odds(c, spaced(c, 50, 300, 700), 30) for c in (close, close.copy()))
    assert (first.p, first.interval) == (second.p, second.interval)


@pytest.mark.parametrize("rows", [(), (50,)])
def test_fewer_than_two_events_have_no_p_value_and_no_interval(rows: tuple[int, ...]) -> None:
    close = walk(300)
    found = odds(close, spaced(close, *rows), 30)
    assert np.isnan([*found.p, *found.interval, found.p_hits]).all()
    told = [found.mean_difference, found.median_difference, found.hit_rate, *found.hit_interval]
    assert np.isnan(told).tolist() == [not rows] * 5
    assert 0 < found.any_day_hit_rate < 1


@pytest.mark.parametrize("days", [0, 1, 30])
def test_nothing_known_is_nothing_told(days: int) -> None:
    close = walk(days)
    found = odds(close, close.index[:2], 30)
    assert len(found.any_day) == len(found.after_event) == 0
    assert np.isnan([found.mean_difference, found.any_day_hit_rate, found.p.two_sided]).all()


# --- real prices


@pytest.fixture(scope="module")
def rut() -> pd.Series:
    return closes("RUT")


@pytest.fixture(scope="module")
def btc() -> pd.Series:
    return closes("BTC-USD")


def test_four_breakouts_cannot_be_told_from_any_day(rut: pd.Series, btc: pd.Series) -> None:
    """Since 2014 there are five, and Bitcoin rose over 180 days after two of them."""
    era = same_era(btc, rut)
    found = odds(era, entry_dates(era, breakouts(rut).index), 180)
    assert len(found.after_event) == 5
    assert found.overlap == (0, 5)
    assert found.hit_rate == 0.4
    assert found.any_day_hit_rate == pytest.approx(0.64, abs=0.01)
    assert found.p.two_sided > 0.5
    assert found.interval[0] < 0 < found.interval[1]


def test_in_reverse_the_entries_are_sessions_of_the_small_caps(
    rut: pd.Series, btc: pd.Series
) -> None:
    era = same_era(rut, btc)
    entries = entry_dates(era, breakouts(btc).index)
    found = odds(era, entries, 180)
    assert len(found.after_event) == 7
    assert found.after_event.index.isin(rut.index).all()
    assert found.any_day.index[0] == btc.index[0]


def test_events_whose_horizons_overlap_are_moved_together() -> None:
    """Days 0, 10 and 500 may be turned round the circle; 0 and 10 never change places with 500."""
    days = pd.date_range("2020-01-01", periods=1000)
    any_day, rows = pd.Series(np.zeros(1000), days), np.array([0, 10, 500])
    another_order = np.isin(np.arange(1000), [0, 490, 500]).astype(float)
    for horizon, is_met in ((30, False), (5, True)):
        (means,) = resampled_outcomes(any_day, rows, horizon, another_order[None], 40_000)
        assert (means.max() == 1) == is_met
