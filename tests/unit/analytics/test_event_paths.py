"""Entries, paths and excursions, by hand and against a plain reading."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.event_study import (
    entry_dates,
    excursions,
    forward_returns,
    last_entry,
    paths,
    same_era,
)

examples = settings(max_examples=60, derandomize=True, deadline=None, database=None)


def january(*days: int) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([f"2024-01-{day:02}" for day in days])


@pytest.fixture
def coin() -> pd.Series:
    """Every day of January 2024, 100 on the 1st and 10 more each day."""
    return pd.Series(np.arange(100.0, 410.0, 10.0), pd.date_range("2024-01-01", "2024-01-31"))


@pytest.fixture
def index(coin: pd.Series) -> pd.Series:
    """The same without weekends."""
    return coin[coin.index.day_of_week < 5]


# --- entries


def test_the_entry_is_the_first_close_after_the_event(coin: pd.Series, index: pd.Series) -> None:
    """The 5th is a Friday."""
    assert entry_dates(coin, january(5, 6)).tolist() == january(6, 7).tolist()
    assert entry_dates(index, january(5, 6)).tolist() == january(8, 8).tolist()


def test_a_missing_close_is_no_entry(coin: pd.Series) -> None:
    coin["2024-01-06"] = np.nan
    assert entry_dates(coin, january(5)).tolist() == january(7).tolist()


def test_an_event_on_the_last_day_has_no_entry_yet(coin: pd.Series) -> None:
    assert entry_dates(coin, january(30, 31)).isna().tolist() == [False, True]


def test_no_entry_more_than_a_week_after_the_event(coin: pd.Series) -> None:
    closed = coin.drop(pd.date_range("2024-01-06", "2024-01-12"))
    assert entry_dates(closed, january(5, 6)).isna().tolist() == [True, False]


def test_an_event_before_the_first_close_is_no_event_of_this_series(coin: pd.Series) -> None:
    events = pd.DatetimeIndex(["2023-12-31", "2024-01-01"])
    assert entry_dates(coin, events).isna().tolist() == [True, False]


def test_no_events_and_no_closes_have_no_entries(coin: pd.Series) -> None:
    assert len(entry_dates(coin, coin.index[:0])) == 0
    assert entry_dates(coin[:0], january(5)).isna().tolist() == [True]


def test_an_era_begins_with_the_series_the_events_come_from(coin: pd.Series) -> None:
    assert same_era(coin, coin["2024-01-10":]).index[0] == january(10)[0]
    assert same_era(coin["2024-01-10":], coin).index[0] == january(10)[0]


def test_an_era_ends_a_week_after_the_series_the_events_come_from(coin: pd.Series) -> None:
    """The last event there can be is entered then at the latest."""
    ended = coin[:"2024-01-10"]
    closed = coin.drop(pd.date_range("2024-01-11", "2024-01-16"))
    assert last_entry(ended) == entry_dates(closed, ended.index[-1:])[0] == january(17)[0]


# --- paths


def test_a_path_is_one_on_its_day_and_relative_around_it(coin: pd.Series) -> None:
    found = paths(coin, january(5, 11), before=2, after=3)
    assert found.columns.tolist() == [-2, -1, 0, 1, 2, 3]
    assert found.index.tolist() == january(5, 11).tolist()
    assert found.iloc[0].tolist() == pytest.approx(np.array([120, 130, 140, 150, 160, 170]) / 140)
    assert found.iloc[1, 2] == 1


def test_a_path_ends_with_the_data_on_both_sides(coin: pd.Series) -> None:
    found = paths(coin, january(2, 30), before=3, after=3)
    assert found.isna().to_numpy().tolist() == [
        [True, True] + [False] * 5,
        [False] * 5 + [True] * 2,
    ]


def test_a_closed_day_has_the_last_close_for_up_to_a_week(index: pd.Series) -> None:
    found = paths(index, january(5), before=0, after=3).iloc[0]
    assert found.tolist() == pytest.approx([1, 1, 1, 170 / 140])
    closed = index.drop(pd.date_range("2024-01-08", "2024-01-14"), errors="ignore")
    found = paths(closed, january(5), before=0, after=10).iloc[0]
    assert found.isna().tolist() == [False] * 8 + [True] * 2 + [False]


def test_a_missing_close_is_no_close(coin: pd.Series) -> None:
    coin["2024-01-06"] = np.nan
    assert paths(coin, january(5), 0, 2).iloc[0].tolist() == pytest.approx([1, 1, 160 / 140])


def test_no_date_no_path(coin: pd.Series) -> None:
    dates = pd.DatetimeIndex([pd.NaT, "2023-06-01", "2024-01-05"])
    assert paths(coin, dates, 1, 1).isna().all(axis=1).tolist() == [True, True, False]
    assert paths(coin, dates[:0], 1, 1).shape == (0, 3)
    assert paths(coin[:0], dates, 1, 1).isna().all(axis=None)


calendars = st.sets(st.integers(0, 60), min_size=2).map(
    lambda days: pd.Timestamp("2024-01-01") + pd.to_timedelta(sorted(days), unit="D")
)


@examples
@given(calendars, st.sampled_from(["ns", "us", "s"]))
def test_a_path_passes_through_the_forward_returns(dates: pd.DatetimeIndex, unit: str) -> None:
    close = pd.Series(np.exp(np.sin(np.arange(len(dates)))), dates.as_unit(unit))
    days = [1, 5, 20]
    expected = 1 + forward_returns(close, close.index, days)
    np.testing.assert_allclose(paths(close, close.index, 0, 20)[days], expected)


# --- excursions


def test_run_up_drawdown_and_days_to_the_peak() -> None:
    close = pd.Series([50, 100, 80, 150, 60, 120, 500.0], pd.date_range("2024-01-01", periods=7))
    (found,) = excursions(close, january(2), days=4).to_dict("records")
    assert found == pytest.approx(
        {"run_up": 0.5, "drawdown": 60 / 150 - 1, "days_to_peak": 2, "days_known": 4}
    )


def test_a_fall_from_the_first_day_is_a_drawdown_without_a_run_up() -> None:
    close = pd.Series([100, 90, 70, 80.0], pd.date_range("2024-01-01", periods=4))
    (found,) = excursions(close, january(1), days=3).to_dict("records")
    assert found == pytest.approx(
        {"run_up": 0, "drawdown": -0.3, "days_to_peak": 0, "days_known": 3}
    )


def test_a_year_still_running_is_known_so_far(coin: pd.Series) -> None:
    found = excursions(coin, january(21), days=365).iloc[0]
    assert found["days_known"] == 10
    assert found["days_to_peak"] == 10
    assert found["run_up"] == pytest.approx(400 / 300 - 1)
    assert found["drawdown"] == 0


def test_a_gap_hides_its_days_only(coin: pd.Series) -> None:
    gap = coin.drop(pd.date_range("2024-01-06", "2024-01-20"))
    found = excursions(gap, january(5), days=20).iloc[0]
    assert found["days_known"] == 20
    assert found["run_up"] == pytest.approx(340 / 140 - 1)


def test_no_entry_no_excursion(coin: pd.Series) -> None:
    dates = pd.DatetimeIndex([pd.NaT, "2024-01-30"])
    assert excursions(coin, dates).isna().all(axis=1).tolist() == [True, False]
    assert excursions(coin, dates[:0]).shape == (0, 4)
