"""Returns after an event, by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from analytics.event_study import forward_returns, wilson_interval

FRIDAY, SATURDAY, MONDAY = (pd.Timestamp(f"2024-01-{day}") for day in ("05", "06", "08"))


def at(close: pd.Series, date: pd.Timestamp, days: int) -> float:
    return forward_returns(close, pd.DatetimeIndex([date]), [days]).iloc[0, 0]


@pytest.fixture
def coin() -> pd.Series:
    """Every day of January 2024, 100 on the 1st and 10 more each day."""
    return pd.Series(np.arange(100.0, 410.0, 10.0), pd.date_range("2024-01-01", "2024-01-31"))


@pytest.fixture
def index(coin: pd.Series) -> pd.Series:
    """The same without weekends."""
    return coin[coin.index.day_of_week < 5]


def test_one_row_a_date_and_one_column_a_horizon(coin: pd.Series) -> None:
    dates = pd.DatetimeIndex([FRIDAY, MONDAY])
    found = forward_returns(coin, dates, [1, 7])
    assert found.index.tolist() == dates.tolist()
    assert found.columns.tolist() == [1, 7]
    expected = [150 / 140 - 1, 210 / 140 - 1, 180 / 170 - 1, 240 / 170 - 1]
    assert found.to_numpy().ravel() == pytest.approx(expected)


def test_horizons_are_calendar_days(index: pd.Series) -> None:
    assert at(index, FRIDAY, 7) == pytest.approx(210 / 140 - 1)


def test_a_horizon_on_a_closed_day_takes_the_close_before_it(index: pd.Series) -> None:
    assert at(index, FRIDAY, 8) == pytest.approx(210 / 140 - 1)  # Saturday the 13th


def test_an_event_on_a_closed_day_starts_from_the_next_close(index: pd.Series) -> None:
    assert at(index, SATURDAY, 3) == pytest.approx(180 / 170 - 1)  # bought on Monday, not Friday


def test_a_close_up_to_a_week_old_will_do(coin: pd.Series) -> None:
    week = coin.drop(pd.date_range("2024-01-11", "2024-01-17"))
    assert at(week, FRIDAY, 12) == pytest.approx(
        190 / 140 - 1
    )  # the 17th, by the close of the 10th
    longer = coin.drop(pd.date_range("2024-01-11", "2024-01-18"))
    assert np.isnan(at(longer, FRIDAY, 13))


def test_a_start_more_than_a_week_away_is_unknown(coin: pd.Series) -> None:
    assert at(coin, pd.Timestamp("2023-12-25"), 10) == pytest.approx(130 / 100 - 1)
    assert np.isnan(at(coin, pd.Timestamp("2023-12-24"), 11))


def test_beyond_the_last_close_is_unknown(coin: pd.Series) -> None:
    assert at(coin, FRIDAY, 26) == pytest.approx(400 / 140 - 1)  # the 31st
    assert np.isnan(at(coin, FRIDAY, 27))


def test_an_event_after_the_last_close_is_unknown(index: pd.Series) -> None:
    assert np.isnan(at(index[:5], SATURDAY, 0))


def test_a_missing_close_is_unknown(coin: pd.Series) -> None:
    coin[MONDAY] = np.nan
    assert np.isnan(at(coin, FRIDAY, 3))
    assert np.isnan(at(coin, MONDAY, 3))


def test_no_closes_and_no_events_are_no_answers(coin: pd.Series) -> None:
    assert np.isnan(at(coin[:0], FRIDAY, 3))
    assert forward_returns(coin, pd.DatetimeIndex([]), [30, 90]).shape == (0, 2)


@pytest.mark.parametrize(
    ("hits", "n", "expected"),
    [
        (2, 4, (0.150, 0.850)),
        (4, 4, (0.510, 1.0)),
        (0, 10, (0.0, 0.278)),
        (81, 263, (0.255, 0.366)),
    ],
)
def test_wilson_interval_of_a_share(hits: int, n: int, expected: tuple[float, float]) -> None:
    """The last case is the worked example of Newcombe (1998), table I."""
    assert wilson_interval(hits, n) == pytest.approx(expected, abs=5e-4)
    by_statsmodels = proportion_confint(hits, n, method="wilson")
    assert wilson_interval(hits, n) == pytest.approx(by_statsmodels, abs=1e-12)


def test_wilson_interval_never_leaves_0_to_1() -> None:
    for n in np.linspace(1, 20, 50):
        assert wilson_interval(n, n)[1] <= 1
        assert wilson_interval(0, n)[0] >= 0
