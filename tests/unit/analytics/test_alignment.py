"""One calendar before any return, and which of two series a lag lets lead."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.alignment import (
    closes_by_period,
    is_one_period,
    lagged,
    log_returns,
    observations,
    shared_closes,
)
from analytics.correlation import rolling_pearson


def closes(**by_day: float) -> pd.Series:
    """Closes on days written like d2024_01_05."""
    days = pd.DatetimeIndex([day[1:].replace("_", "-") for day in by_day])
    return pd.Series(list(by_day.values()), days, dtype=float)


def every_day(first: str, last: str) -> pd.Series:
    days = pd.date_range(first, last)
    return pd.Series(np.arange(1.0, len(days) + 1), days)


def weekdays(first: str, last: str) -> pd.Series:
    days = pd.bdate_range(first, last)
    return pd.Series(np.arange(1.0, len(days) + 1), days)


def dates(frame: pd.DataFrame) -> list[str]:
    return frame.index.strftime("%Y-%m-%d").tolist()


def test_a_coin_compounds_over_the_weekend() -> None:
    index = closes(d2024_01_05=100, d2024_01_08=100)  # Friday, Monday
    coin = closes(d2024_01_05=100, d2024_01_06=150, d2024_01_07=120, d2024_01_08=180)
    returns = log_returns(shared_closes(index, coin))
    assert dates(returns) == ["2024-01-08"]
    assert returns["first"].tolist() == [0]
    assert returns["second"].tolist() == pytest.approx([np.log(1.8)])


def test_a_day_either_side_lacks_is_bridged_never_filled() -> None:
    first = closes(d2024_01_02=10, d2024_01_03=11, d2024_01_05=20)
    second = closes(d2024_01_02=1, d2024_01_04=3, d2024_01_05=4)
    shared = shared_closes(first, second)
    assert dates(shared) == ["2024-01-02", "2024-01-05"]
    assert shared.to_numpy().tolist() == [[10, 1], [20, 4]]
    assert log_returns(shared).to_numpy().tolist() == [pytest.approx([np.log(2), np.log(4)])]


def test_a_missing_close_is_no_session() -> None:
    first = closes(d2024_01_02=10, d2024_01_03=np.nan, d2024_01_04=12)
    second = closes(d2024_01_02=1, d2024_01_03=2, d2024_01_04=np.nan)
    assert dates(shared_closes(first, second)) == ["2024-01-02"]


def test_a_session_missing_at_the_end_of_a_week_leaves_the_one_before() -> None:
    first = closes(d2024_01_11=10, d2024_01_12=np.nan, d2024_01_16=12)
    second = closes(d2024_01_11=1, d2024_01_12=2, d2024_01_16=3)
    assert dates(shared_closes(first, second, "w")) == ["2024-01-11", "2024-01-16"]


@pytest.mark.parametrize("frequency", ["d", "w", "m"])
def test_nothing_shared_is_an_empty_frame(frequency: str) -> None:
    shared = shared_closes(closes(d2024_01_02=10), closes(d2024_01_03=1), frequency)
    assert shared.shape == (0, 2)
    assert log_returns(shared).shape == (0, 2)


def test_a_week_ends_on_its_last_shared_session() -> None:
    index = weekdays("2024-03-18", "2024-04-05").drop(pd.Timestamp("2024-03-29"))  # Good Friday
    shared = shared_closes(index, every_day("2024-03-18", "2024-04-05"), "w")
    assert dates(shared) == ["2024-03-22", "2024-03-28", "2024-04-05"]


def test_a_week_across_new_year_is_one_week() -> None:
    """ISO week 1 of 2025 runs from Monday 2024-12-30 to Sunday 2025-01-05."""
    index = weekdays("2024-12-23", "2025-01-10").drop(pd.Timestamp("2025-01-01"))
    shared = shared_closes(index, every_day("2024-12-23", "2025-01-10"), "w")
    assert dates(shared) == ["2024-12-27", "2025-01-03", "2025-01-10"]


def test_weeks_start_on_monday() -> None:
    days = every_day("2024-01-01", "2024-01-15")  # a Monday and a Monday
    assert dates(shared_closes(days, days, "w")) == ["2024-01-07", "2024-01-14", "2024-01-15"]


def test_weeks_before_1970_are_weeks_too() -> None:
    days = every_day("1969-12-22", "1970-01-06")
    assert dates(shared_closes(days, days, "w")) == ["1969-12-28", "1970-01-04", "1970-01-06"]


def test_a_month_ends_on_its_last_shared_session() -> None:
    index, coin = weekdays("2023-12-01", "2024-03-05"), every_day("2023-12-01", "2024-03-05")
    shared = shared_closes(index, coin, "m")
    assert dates(shared) == ["2023-12-29", "2024-01-31", "2024-02-29", "2024-03-05"]
    assert shared["second"].tolist() == coin[shared.index].tolist()


def test_the_same_month_of_another_year_is_another_month() -> None:
    first = closes(d2023_01_31=1, d2024_01_31=2)
    assert dates(shared_closes(first, first, "m")) == ["2023-01-31", "2024-01-31"]


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(
    st.sets(st.integers(0, 400)),
    st.sets(st.integers(0, 400)),
    st.sampled_from(["%G-%V", "%Y-%m"]),
)
def test_weeks_and_months_are_those_of_the_calendar(first, second, period: str) -> None:
    start = pd.Timestamp("2020-12-01")
    series = []
    for days in (first, second):
        numbers = np.array(sorted(days), dtype=float)
        series.append(pd.Series(numbers, start + pd.to_timedelta(numbers, unit="D")))
    shared = shared_closes(*series, "w" if period == "%G-%V" else "m")
    last_of = {}
    for day in sorted(first & second):
        last_of[(start + pd.Timedelta(days=day)).strftime(period)] = day
    assert shared["first"].tolist() == shared["second"].tolist() == list(last_of.values())


def test_returns_are_logs_dated_by_the_later_close() -> None:
    frame = shared_closes(*[closes(d2024_01_02=1, d2024_01_03=np.e, d2024_01_04=1)] * 2)
    returns = log_returns(frame)
    assert dates(returns) == ["2024-01-03", "2024-01-04"]
    assert returns["first"].tolist() == pytest.approx([1, -1])


def planted(lead: int) -> pd.DataFrame:
    """Returns in which the second column does what the first did `lead` rows before."""
    values = np.random.default_rng(0).normal(size=800)
    first, second = values[100:-100], values[100 - lead : len(values) - 100 - lead]
    index = pd.bdate_range("2020-01-01", periods=len(first))
    return pd.DataFrame({"first": first, "second": second}, index)


@pytest.mark.parametrize("lead", [-7, -1, 0, 1, 5])
def test_a_planted_lead_of_the_first_series_shows_at_its_positive_lag_only(lead: int) -> None:
    for lag in range(-10, 11):
        x, y = lagged(planted(lead), lag).to_numpy().T
        r = rolling_pearson(x, y, len(x))[-1]
        assert r == pytest.approx(1) if lag == lead else abs(r) < 0.15


@pytest.mark.parametrize(
    ("lag", "pairs"), [(2, [[1, 30], [2, 40]]), (-2, [[3, 10], [4, 20]]), (0, None)]
)
def test_a_pair_is_dated_by_its_later_member(lag: int, pairs: list | None) -> None:
    index = pd.date_range("2024-01-01", periods=4)
    frame = pd.DataFrame({"first": [1, 2, 3, 4], "second": [10, 20, 30, 40]}, index)
    found = lagged(frame, lag)
    assert found.to_numpy().tolist() == (pairs or frame.to_numpy().tolist())
    assert found.index.tolist() == index[abs(lag) :].tolist()


@pytest.mark.parametrize("lag", [3, -3, 9, -9])
def test_a_lag_as_long_as_the_data_leaves_nothing(lag: int) -> None:
    assert lagged(planted(0)[:3], lag).shape == (0, 2)


@pytest.mark.parametrize(
    ("window", "frequency", "n"),
    [(90, "d", 90), (90, "w", 18), (126, "m", 6), (252, "m", 12), (5, "m", 0)],
)
def test_a_window_in_sessions_holds_this_many_returns(window: int, frequency: str, n: int) -> None:
    assert observations(window, frequency) == n


# --- holes


@pytest.mark.parametrize(
    ("before", "after", "is_one"),
    [
        ("2024-03-28", "2024-04-02", True),  # Easter in Europe, Thursday to Tuesday
        ("2025-12-23", "2025-12-29", True),  # Christmas in Frankfurt
        ("2001-09-10", "2001-09-17", False),  # a week without a session
        ("2026-01-30", "2026-06-01", False),
    ],
)
def test_a_step_that_a_weekend_or_holidays_explain_makes_a_return(
    before: str, after: str, is_one: bool
) -> None:
    assert is_one_period(pd.DatetimeIndex([before, after]), "d").tolist() == [is_one]


def test_weeks_and_months_may_not_miss_one() -> None:
    weeks = pd.DatetimeIndex(["2024-01-05", "2024-01-12", "2024-01-26"])
    months = pd.DatetimeIndex(["2024-01-31", "2024-02-05", "2024-04-30"])
    assert is_one_period(weeks, "w").tolist() == [True, False]
    assert is_one_period(months, "m").tolist() == [True, False]


def test_a_doubtful_day_spoils_the_step_it_lies_in() -> None:
    """A coin's on a Sunday, that of the session after."""
    days = pd.DatetimeIndex(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"])
    sunday = pd.Timestamp("2024-01-07")
    assert is_one_period(days, "d", [sunday]).tolist() == [True, False, True]
    assert is_one_period(days, "d", [days[0]]).all()
    assert is_one_period(days, "d", [pd.Timestamp("2025-01-01")]).all()


@pytest.mark.parametrize("lag", [1, 3, -2])
def test_no_pair_reaches_across_a_missing_return(lag: int) -> None:
    days = pd.bdate_range("2024-01-01", periods=12)
    values = np.arange(12.0)
    returns = pd.DataFrame({"first": values, "second": values}, days)
    returns.iloc[5] = np.nan
    found = lagged(returns, lag)
    for position, (x, y) in enumerate(found.to_numpy()):
        ends = sorted((position, position + abs(lag)))
        if ends[0] <= 5 <= ends[1]:
            assert np.isnan([x, y]).all()
        else:
            assert {x, y} == set(map(float, ends))


# --- one close a week or month


def test_weeks_are_paired_whichever_day_dates_them() -> None:
    """A week dated by its Monday has Friday's close: it is paired with the coin's Friday."""
    coin = every_day("2024-01-01", "2024-01-28")
    mondays = closes(d2024_01_01=10, d2024_01_08=11, d2024_01_15=12, d2024_01_22=13)
    found = closes_by_period(mondays, coin, "w")
    assert dates(found) == ["2024-01-05", "2024-01-12", "2024-01-19", "2024-01-26"]
    assert found["second"].tolist() == [5, 12, 19, 26]
    for shift in (4, 6):  # dated by Friday or Sunday
        shifted = mondays.set_axis(mondays.index + pd.Timedelta(days=shift))
        again = closes_by_period(shifted, coin, "w")
        assert again.to_numpy().tolist() == found.to_numpy().tolist()


def test_months_are_paired_by_their_last_weekday() -> None:
    first_of_month = closes(d2024_01_01=10, d2024_02_01=11, d2024_03_01=12)
    found = closes_by_period(first_of_month, every_day("2024-01-01", "2024-03-31"), "m")
    assert dates(found) == ["2024-01-31", "2024-02-29", "2024-03-29"]
    assert found["first"].tolist() == [10, 11, 12]


def test_two_weekly_series_are_dated_by_the_later_day() -> None:
    mondays, fridays = closes(d2024_01_01=1, d2024_01_08=2), closes(d2024_01_05=3, d2024_01_12=4)
    found = closes_by_period(mondays, fridays, "w")
    assert dates(found) == ["2024-01-05", "2024-01-12"]
    assert found.to_numpy().tolist() == [[1, 3], [2, 4]]
