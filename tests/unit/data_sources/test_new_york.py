"""New York's sessions end when they do, and a coin is sampled exactly then."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sources import new_york
from data_sources.new_york import at_close, last_complete_session, session_closes

NEW_YORK = ZoneInfo("America/New_York")
MAY = session_closes(date(2024, 5, 20), date(2024, 5, 31))  # Memorial Day on the 27th


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


def bars(closes: dict[str, float]) -> pd.DataFrame:
    """Hourly prices by the UTC end of the bar."""
    ends = pd.DatetimeIndex(list(closes), tz="UTC", name="time").as_unit("us")
    values = np.array(list(closes.values()), dtype=float)
    return pd.DataFrame({"open": values + 1, "close": values, "volume": 1.0}, ends)


def sampled(hourly: pd.DataFrame, closes: pd.Series = MAY) -> dict[str, float]:
    found = at_close(hourly, closes)["close"]
    return dict(zip(found.index.strftime("%Y-%m-%d"), found.tolist(), strict=True))


# --- when sessions end


@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2024-03-08", "21:00"),  # New York goes to summer time on the 10th
        ("2024-03-11", "20:00"),
        ("2024-11-01", "20:00"),  # and back on the 3rd
        ("2024-11-04", "21:00"),
        ("2024-11-29", "18:00"),  # the day after Thanksgiving
        ("2024-07-03", "17:00"),
        ("2024-12-24", "18:00"),
        ("2010-01-04", "21:00"),
        ("2026-11-23", "21:00"),
    ],
)
def test_a_session_ends_at_its_close(day: str, close: str) -> None:
    only = session_closes(date.fromisoformat(day), date.fromisoformat(day))
    assert only.tolist() == [moment(f"{day} {close}")]
    assert only.index.tolist() == [pd.Timestamp(day)]


@pytest.mark.parametrize(
    "day",
    [
        "2024-12-25",
        "2024-03-29",  # Good Friday
        "2018-12-05",  # mourning for George H. W. Bush
        "2025-01-09",  # and for Jimmy Carter
        "2012-10-29",  # Hurricane Sandy
        "2022-06-20",  # Juneteenth, observed
        "2024-05-25",
        "2024-05-26",
    ],
)
def test_a_day_without_a_session_is_absent(day: str) -> None:
    assert session_closes(date.fromisoformat(day), date.fromisoformat(day)).empty


def test_every_close_is_four_in_the_afternoon_or_one_on_half_days() -> None:
    """Since 2013: 3 July, Christmas Eve and the day after Thanksgiving are half-days."""
    closes = session_closes(date(2013, 1, 1), date(2026, 11, 23))
    assert len(closes) == 3495
    for day, close in closes.items():
        half = f"{day:%m-%d}" in ("07-03", "12-24") or (
            (day.month, day.weekday()) == (11, 4) and 23 <= day.day <= 29
        )
        local = datetime(day.year, day.month, day.day, 13 if half else 16, tzinfo=NEW_YORK)
        assert close == local, day


def test_days_have_no_time_zone_and_moments_are_in_utc() -> None:
    assert (MAY.index.name, str(MAY.index.dtype)) == ("date", "datetime64[us]")
    assert str(MAY.dtype) == "datetime64[us, UTC]"
    assert MAY.index.freq is None


def test_both_ends_are_included_and_need_not_be_sessions() -> None:
    days = session_closes(date(2024, 5, 24), date(2024, 5, 28)).index
    assert days.strftime("%d").tolist() == ["24", "28"]
    assert len(session_closes(date(2024, 5, 25), date(2024, 5, 27))) == 0
    assert len(session_closes(date(2024, 5, 28), date(2024, 5, 24))) == 0


def test_the_calendar_is_made_once_and_again_when_its_range_is_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    original = exchange_calendars.get_calendar

    def counted(name: str, **span: str):
        made.append(name)
        return original(name, **span)

    monkeypatch.setattr(exchange_calendars, "get_calendar", counted)
    new_york._closes.cache_clear()
    session_closes(date(2010, 1, 1), date(2015, 1, 1))
    session_closes(date(2026, 1, 1), date(2049, 12, 31))
    last_complete_session(datetime.now(UTC), timedelta(0))
    assert made == ["XNYS"]
    beyond = session_closes(date(2049, 12, 30), date(2050, 1, 4)).index
    assert beyond.strftime("%Y-%m-%d").tolist() == [
        "2049-12-30", "2049-12-31", "2050-01-03", "2050-01-04",
    ]  # fmt: skip
    assert len(made) == 2


def test_importing_does_not_load_the_exchange_calendar() -> None:
    check = "import sys, data_sources.new_york; sys.exit('exchange_calendars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


# --- which session is over


@pytest.mark.parametrize(
    ("now", "minutes", "day"),
    [
        ("2024-05-21 19:59", 0, "2024-05-20"),
        ("2024-05-21 20:00", 0, "2024-05-21"),
        ("2024-05-21 20:29", 30, "2024-05-20"),
        ("2024-05-21 20:30", 30, "2024-05-21"),
        ("2024-05-25 12:00", 30, "2024-05-24"),  # Saturday
        ("2024-05-27 23:00", 30, "2024-05-24"),  # Memorial Day
        ("2024-05-28 12:00", 30, "2024-05-24"),
        ("2024-05-26 12:00", 60 * 24 * 2, "2024-05-23"),
        ("2024-11-29 17:59", 0, "2024-11-27"),  # a half-day after Thanksgiving
        ("2024-11-29 18:00", 0, "2024-11-29"),
        ("2024-11-29 18:30", 31, "2024-11-27"),
        ("2024-01-01 00:00", 0, "2023-12-29"),
    ],
)
def test_a_session_is_over_when_the_delay_is(now: str, minutes: int, day: str) -> None:
    found = last_complete_session(moment(now), timedelta(minutes=minutes))
    assert type(found) is date
    assert found == date.fromisoformat(day)


def test_a_clock_in_another_time_zone_tells_the_same_time() -> None:
    for hour, day in [(15, date(2024, 5, 20)), (16, date(2024, 5, 21))]:
        now = datetime(2024, 5, 21, hour, tzinfo=NEW_YORK)
        assert last_complete_session(now, timedelta(0)) == day


# --- sampling


def test_takes_the_bar_that_ended_at_the_close() -> None:
    hourly = bars({"2024-05-20 19:00": 1, "2024-05-20 20:00": 2, "2024-05-20 21:00": 3})
    found = at_close(hourly, MAY)
    assert sampled(hourly) == {"2024-05-20": 2}
    assert found.columns.tolist() == ["close"]
    assert found["close"].dtype == float
    assert (found.index.name, str(found.index.dtype)) == ("date", "datetime64[us]")


def test_takes_another_hour_in_winter_and_on_a_half_day() -> None:
    closes = session_closes(date(2024, 11, 1), date(2024, 11, 29))
    days = ("2024-11-01", "2024-11-04", "2024-11-29")
    hourly = bars({f"{day} {hour}:00": hour for day in days for hour in range(15, 24)})
    assert sampled(hourly, closes) == dict(zip(days, (20, 21, 18), strict=True))


def test_a_session_without_its_bar_is_absent_whatever_is_around_it() -> None:
    hourly = bars(
        {
            "2024-05-20 20:00": 1,
            "2024-05-21 19:00": 2,
            "2024-05-21 21:00": 3,
            "2024-05-22 20:00": 4,
            "2024-05-23 20:00": np.nan,
        }
    )
    assert sampled(hourly) == {"2024-05-20": 1, "2024-05-22": 4}


@pytest.mark.parametrize("time", ["19:59", "20:01", "20:30", "19:59:59.999999"])
def test_a_bar_that_ended_at_another_minute_is_never_used(time: str) -> None:
    assert sampled(bars({f"2024-05-20 {time}": 1})) == {}


def test_bars_on_days_without_a_session_are_not_used() -> None:
    weekend = ("2024-05-25", "2024-05-26", "2024-05-27")
    assert sampled(bars({f"{day} 20:00": 1 for day in weekend})) == {}


def test_nothing_to_sample_is_an_empty_frame() -> None:
    for hourly, closes in [(bars({}), MAY), (bars({"2024-05-20 20:00": 1}), MAY[:0])]:
        found = at_close(hourly, closes)
        assert found.shape == (0, 1)
        assert (found.index.name, str(found.index.dtype)) == ("date", "datetime64[us]")


MINUTES = st.one_of(
    st.integers(0, 13 * 24 - 1).map(lambda hour: 60 * hour), st.integers(0, 13 * 24 * 60 - 1)
)
AT_A_CLOSE = st.sampled_from(((MAY - moment("2024-05-19 00:00")) // timedelta(minutes=1)).tolist())


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.sets(MINUTES | AT_A_CLOSE), st.sampled_from(MAY.index.tolist()))
def test_knows_nothing_from_after_the_close(minutes: set[int], day: pd.Timestamp) -> None:
    ends = moment("2024-05-19 00:00") + pd.to_timedelta(sorted(minutes), unit="min").as_unit("us")
    hourly = pd.DataFrame({"close": np.arange(1.0, len(ends) + 1)}, ends)
    found = at_close(hourly, MAY)
    expected = {}
    for session, close in MAY.items():
        known = hourly[hourly.index <= close]
        if len(known) and known.index[-1] == close:
            expected[session] = known["close"].iloc[-1]
    assert found["close"].to_dict() == expected

    later = hourly.index > MAY[day]
    shown = found[:day]
    pd.testing.assert_frame_equal(at_close(hourly[~later], MAY), shown)
    changed = hourly.assign(close=hourly["close"].where(~later, -1.0))
    pd.testing.assert_frame_equal(at_close(changed, MAY)[:day], shown)
