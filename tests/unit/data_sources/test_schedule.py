"""When a day is expected, when a series is due, and how long to leave alone what failed."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sources.catalog import resolve
from data_sources.errors import (
    BadResponse,
    NoData,
    RateLimited,
    RefusedUpdate,
    SourceError,
    SourceUnavailable,
    UnknownSymbol,
)
from data_sources.schedule import (
    expected_day,
    expected_session,
    gravest,
    is_behind,
    is_due,
    wait,
)
from data_sources.store import Head

NOW = datetime(2024, 5, 22, 14, tzinfo=UTC)
EXPECTED = date(2024, 5, 21)
BEFORE = date(2024, 5, 20)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

UNAVAILABLE = SourceUnavailable("Yahoo", "cannot be reached")
UNKNOWN = UnknownSymbol("Yahoo", "FOO")
REFUSED = RefusedUpdate("Yahoo", "it ends too soon")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+00:00")


def head(
    as_of: date | None = None, fetched: timedelta = DAY, next_try: timedelta | None = None
) -> Head:
    """Of a copy fetched so long ago, with a next try so far ahead."""
    return Head(
        instrument=None,
        hash="0" * 64 if as_of else None,
        source="somewhere" if as_of else None,
        as_of=as_of,
        fetched_at=NOW - fetched if as_of else None,
        last_error=None if next_try is None else "no answer",
        failed_at=None if next_try is None else NOW - HOUR,
        next_try=None if next_try is None else NOW + next_try,
        failures=0 if next_try is None else 1,
    )


# --- the day that sources should have


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2024-05-21 20:29", "2024-05-20"),
        ("2024-05-21 20:30", "2024-05-21"),  # summer: New York closes at 20:00 UTC
        ("2024-01-10 21:29", "2024-01-09"),
        ("2024-01-10 21:30", "2024-01-10"),
        ("2024-05-22 00:00", "2024-05-21"),
        ("2024-05-25 12:00", "2024-05-24"),  # Saturday
        ("2024-05-27 21:00", "2024-05-24"),  # Memorial Day
        ("2024-11-29 18:29", "2024-11-27"),
        ("2024-11-29 18:30", "2024-11-29"),  # a half-day after Thanksgiving
    ],
)
def test_a_session_is_expected_half_an_hour_after_its_close(now: str, day: str) -> None:
    assert expected_session(moment(now)) == date.fromisoformat(day)
    for name in ("RUT", "SPY"):
        assert expected_day(resolve(name), moment(now)) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2024-05-22 00:09", "2024-05-20"),
        ("2024-05-22 00:10", "2024-05-21"),
        ("2024-05-22 23:59", "2024-05-21"),
        ("2024-05-27 12:00", "2024-05-26"),  # a Sunday before a holiday
        ("2024-03-01 00:10", "2024-02-29"),
    ],
)
def test_a_utc_day_is_expected_ten_minutes_after_midnight(now: str, day: str) -> None:
    for name in ("BTC", "BTCDOM"):
        assert expected_day(resolve(name), moment(now)) == date.fromisoformat(day)


# --- what is due


@pytest.mark.parametrize(
    ("known", "due"),
    [
        pytest.param(None, True, id="unheard of"),
        pytest.param(head(), True, id="wanted, never tried"),
        pytest.param(head(next_try=MINUTE), False, id="never had, next try ahead"),
        pytest.param(head(next_try=timedelta(0)), True, id="never had, next try now"),
        pytest.param(head(BEFORE, next_try=MINUTE), False, id="late, next try ahead"),
        pytest.param(head(BEFORE, MINUTE, next_try=-MINUTE), True, id="late, next try past"),
        pytest.param(head(EXPECTED, MINUTE, next_try=-MINUTE), True, id="current, asked for"),
        pytest.param(head(EXPECTED), False, id="current"),
        pytest.param(head(EXPECTED + DAY), False, id="newer than expected"),
        pytest.param(head(BEFORE), True, id="late"),
        pytest.param(head(BEFORE, timedelta(0)), False, id="late and just asked"),
        pytest.param(head(BEFORE, 29 * MINUTE), False, id="late, asked 29 minutes ago"),
        pytest.param(head(BEFORE, 30 * MINUTE), True, id="late, asked 30 minutes ago"),
        pytest.param(head(BEFORE, 31 * MINUTE), True, id="late, asked 31 minutes ago"),
    ],
)
def test_what_is_due(known: Head | None, due: bool) -> None:
    assert is_due(known, EXPECTED, NOW) == due


def test_a_copy_is_behind_when_more_than_two_days_are_missing() -> None:
    found = [is_behind(EXPECTED - days * DAY, EXPECTED) for days in (-1, 0, 1, 2, 3)]
    assert found == [False, False, False, False, True]
    assert is_behind(None, EXPECTED)


# --- how long to wait

UP_TO_AN_HOUR = [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(
    ("problem", "waits"),
    [
        (UNAVAILABLE, UP_TO_AN_HOUR),
        (BadResponse("Yahoo", "sent a web page instead of data"), UP_TO_AN_HOUR),
        (NoData("Yahoo", "IWM"), UP_TO_AN_HOUR),
        (RateLimited("Yahoo", None), [30, 60, 120, 240, 360, 360]),
        (REFUSED, [60, 120, 240, 360, 360]),
        (UNKNOWN, [1440, 1440]),
    ],
)
@pytest.mark.parametrize(("end", "factor"), [(0, 0.8), (1, 1.2)])
def test_the_wait_doubles_up_to_a_longest_give_or_take_a_fifth(
    monkeypatch: pytest.MonkeyPatch,
    problem: SourceError,
    waits: list[int],
    end: int,
    factor: float,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda *ends: ends[end])
    found = [wait(problem, failures) / MINUTE for failures in range(len(waits))]
    assert found == pytest.approx([factor * minutes for minutes in waits], rel=1e-9)
    assert wait(problem, 10**6) / MINUTE == pytest.approx(factor * waits[-1])


def test_waits_are_not_all_alike() -> None:
    random.seed(7)
    for problem in (UNAVAILABLE, RateLimited("Yahoo", 60)):
        seconds = [wait(problem, 0).total_seconds() for _ in range(100)]
        assert max(seconds) - min(seconds) > 9


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.floats(0, 1e12) | st.integers(0, 200_000), st.integers(0, 10**6))
def test_what_a_source_asks_for_is_granted_up_to_a_day_and_never_cut_short(
    retry_after: float, failures: int
) -> None:
    found = wait(RateLimited("Yahoo", retry_after), failures).total_seconds()
    # Times are whole microseconds.
    assert min(retry_after, 86_400) - 1e-6 <= found
    assert 5 <= found <= 1.2 * min(max(retry_after, 5), 86_400) + 1e-6


@pytest.mark.parametrize("retry_after", [float("nan"), float("inf"), -1.0, 0.0, 1e300])
def test_whatever_a_source_asks_for_there_is_a_wait(retry_after: float) -> None:
    found = wait(RateLimited("Yahoo", retry_after), 0)
    assert timedelta(seconds=5) <= found <= 1.2 * DAY


# --- what several sources said


@pytest.mark.parametrize(
    "problems",
    [
        [UNAVAILABLE],
        [UNKNOWN, UNAVAILABLE],
        [REFUSED, UNAVAILABLE, UNKNOWN],
        [RateLimited("Coinbase", 3600), UNAVAILABLE],
        [RateLimited("Coinbase", None), UNAVAILABLE],
    ],
)
def test_hope_is_where_the_wait_is_shortest(problems: list[SourceError]) -> None:
    assert gravest(problems) is UNAVAILABLE
    assert gravest(problems[::-1]) is UNAVAILABLE


def test_a_pause_is_shorter_than_a_day_without_the_symbol() -> None:
    limited = RateLimited("Coinbase", None)
    assert gravest([UNKNOWN, limited]) is limited
    assert gravest([UNKNOWN, UNKNOWN]) is UNKNOWN
