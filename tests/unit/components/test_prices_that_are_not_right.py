"""Holes, spacings, doubtful moves, old data: what is counted, and what the reader is told."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from components.chart import render, values
from components.present import dated
from components.registry import CHARTS
from components.returns import holes, returns
from data_sources.catalog import CATALOG
from data_sources.series import Series, make_series, sessions_between
from view_state import ViewState

DAYS = pd.bdate_range("2024-01-01", "2026-11-30")
VIEW = ViewState()
RETURNS = ("rolling-correlation", "matrix", "lead-lag", "lead-lag-map", "granger")


def series_of(instrument_id: str, close: pd.Series, today: date | None = None) -> Series:
    made = make_series(
        next(one for one in CATALOG if one.id == instrument_id), close.to_frame("close"),
        source=f"file {instrument_id}.csv", fetched_at=datetime(2026, 12, 1, tzinfo=UTC),
    )  # fmt: skip
    return replace(made, looked_at=today)


def walk(seed: int, volatility: float, days: pd.DatetimeIndex = DAYS) -> pd.Series:
    moves = np.random.default_rng(seed).normal(0.0003, volatility, len(days))
    return pd.Series(100 * np.exp(np.cumsum(moves)), days)


def pair(rut: pd.Series | None = None, today: date | None = date(2026, 12, 1)) -> dict[str, Series]:
    coin = walk(2, 0.03, pd.date_range(DAYS[0], DAYS[-1]))
    cap = walk(1, 0.012) if rut is None else rut
    return {"RUT": series_of("RUT", cap, today), "BTC": series_of("BTC", coin, today)}


# --- holes

HOLE = walk(1, 0.012).drop(DAYS[(DAYS > "2025-08-29") & (DAYS < "2026-06-01")])
GAP = "1 return across a gap of 187 sessions is left out."


def test_sessions_that_are_missing_are_those_of_new_york() -> None:
    assert sessions_between(pd.Timestamp("2025-08-29"), pd.Timestamp("2026-06-01")) == 187
    assert sessions_between(pd.Timestamp("2024-01-05"), pd.Timestamp("2024-01-08")) == 0
    assert sessions_between(pd.Timestamp("1999-08-27"), pd.Timestamp("1999-09-10")) == 9


def test_the_return_across_a_hole_is_left_out_of_the_returns() -> None:
    whole, gone = pair(), pair(HOLE)
    kept = returns(whole["RUT"], whole["BTC"], "d", 0)
    found = returns(gone["RUT"], gone["BTC"], "d", 0)
    assert pd.Timestamp("2026-06-01") not in found.index
    pd.testing.assert_frame_equal(found, kept.loc[found.index])
    assert holes(gone["RUT"], gone["BTC"], "d") == (("2026-06-01", 187),)
    assert holes(whole["RUT"], whole["BTC"], "d") == ()


@pytest.mark.parametrize("card", RETURNS)
def test_it_is_counted_on_every_chart_of_returns_and_in_its_files(card: str) -> None:
    drawn = render(CHARTS[card], pair(HOLE), VIEW)
    assert drawn.status == "ready"
    assert drawn.cautions == (GAP,)
    found, _, _ = values(CHARTS[card], pair(HOLE), VIEW)
    assert found is not None
    assert found.cautions == (GAP,)
    assert render(CHARTS[card], pair(), VIEW).cautions == ()


def test_a_hole_is_not_drawn_over_and_no_breakout_is_said_to_be_absent_from_it() -> None:
    """Both the small cap's and the coin's, within the dates that both have."""
    drawn = render(CHARTS["overlay"], pair(HOLE), VIEW)
    assert drawn.cautions == (
        "RUT has no closes between 29 Aug 2025 and 1 Jun 2026: nothing is known of it there.",
    )
    line = drawn.figure["data"][0]
    assert line["name"] == "RUT"
    assert line["x"][line["x"].index("2025-08-29") :][:3] == [
        "2025-08-29",
        "2025-08-30",
        "2026-06-01",
    ]
    found = CHARTS["overlay"].table(CHARTS["overlay"].prepare(pair(HOLE), VIEW))
    assert pd.Timestamp("2025-08-30") not in found["RUT"].dropna().index
    assert render(CHARTS["event-odds"], pair(HOLE), VIEW).cautions == drawn.cautions
    later = replace(VIEW, span=(date(2026, 7, 1), None))
    assert render(CHARTS["overlay"], pair(HOLE), later).cautions == ()


def test_a_hole_outside_the_dates_shown_is_not_spoken_of() -> None:
    state = replace(VIEW, span=(None, date(2025, 8, 1)))
    assert render(CHARTS["matrix"], pair(HOLE), state).cautions == ()


def test_several_holes_and_pairs_are_told_apart() -> None:
    series = pair(HOLE.drop(DAYS[100:120]))
    series["IWM"] = series_of("IWM", walk(3, 0.012))
    state = replace(VIEW, small_caps=("RUT", "IWM"))
    (text,) = render(CHARTS["matrix"], series, state).cautions
    assert text == "RUT × BTC: 2 returns across gaps of up to 187 sessions are left out."


# --- spacing


def weekly(close: pd.Series, label: str = "W-MON") -> pd.Series:
    """Each week's last close, dated by its Monday as Yahoo does."""
    last = close.resample("W-SUN").last()
    return last.set_axis(last.index - pd.Timedelta(days=6 if label == "W-MON" else 2))


@pytest.mark.parametrize("label", ["W-MON", "W-FRI"])
def test_a_weekly_series_is_correlated_by_weeks_and_the_finding_says_so(label: str) -> None:
    daily, series = pair(), pair(weekly(walk(1, 0.012), label))
    assert series["RUT"].spacing == "w"
    chart = CHARTS["rolling-correlation"]
    drawn = render(chart, series, VIEW)
    assert drawn.finding.startswith("18-week correlation of weekly returns ")
    assert "session" not in drawn.finding
    # The same as weekly returns of the daily series.
    by_week = chart.prepare(daily, replace(VIEW, frequency="w"))
    found = chart.prepare(series, VIEW)
    assert found.n == by_week.n == 18
    ours, theirs = (one.lines["RUT", "BTC"].dropna() for one in (found, by_week))
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_what_counts_sessions_refuses_weeks_and_says_why() -> None:
    series = pair(weekly(walk(1, 0.012)))
    for card in ("breakouts", "event-paths", "event-odds", "cycles", "lead-lag", "granger"):
        drawn = render(CHARTS[card], series, VIEW)
        assert drawn.status == "empty"
        assert drawn.message.startswith("RUT has one close a week; "), card
    overlay = render(CHARTS["overlay"], series, VIEW)
    assert overlay.status == "ready"
    assert overlay.finding == (
        "RUT has one close a week: breakouts are counted in sessions and need daily closes."
    )


def test_irregular_days_cannot_be_correlated() -> None:
    sparse = walk(1, 0.012)[::13]
    drawn = render(CHARTS["rolling-correlation"], pair(sparse), VIEW)
    assert (drawn.status, drawn.message) == (
        "empty",
        "RUT has closes on irregular days: a correlation needs daily, weekly or monthly ones.",
    )


@pytest.mark.parametrize(
    ("days", "spacing"),
    [
        (DAYS, "d"),
        (pd.date_range("2024-01-01", "2024-12-31"), "d"),
        (DAYS.delete(range(100, 300)), "d"),  # a hole is no other spacing
        (pd.date_range("2020-01-06", periods=60, freq="W-MON"), "w"),
        (pd.date_range("2015-01-31", periods=60, freq="ME"), "m"),
        (pd.date_range("2015-01-01", periods=60, freq="BME"), "m"),
        (pd.date_range("2000-01-01", periods=60, freq="QS"), ""),
        (pd.bdate_range("2024-01-01", periods=300)[::2], ""),
    ],
)
def test_a_series_knows_its_spacing(days: pd.DatetimeIndex, spacing: str) -> None:
    assert series_of("RUT", pd.Series(np.arange(1.0, len(days) + 1), days)).spacing == spacing


# --- doubtful moves


def split() -> pd.Series:
    """A 1:10 reverse split on 16 Jun 2026 that nobody adjusted."""
    close = walk(1, 0.012)
    close["2026-06-16":] *= 10
    return close


TOLD = "RUT: the close of 16 Jun 2026 is "


@pytest.mark.parametrize("card", ["overlay", *RETURNS, "breakouts", "event-odds"])
def test_a_likely_split_is_named_wherever_it_would_count(card: str) -> None:
    (text,) = render(CHARTS[card], pair(split()), VIEW).cautions
    assert text.startswith(TOLD)
    assert text.endswith(", like a 1:10 reverse split. It is left out of all statistics.")


def test_a_likely_split_makes_no_breakout_and_no_return_until_it_is_accepted() -> None:
    state = replace(VIEW, base=5, cooldown=0)
    day = pd.Timestamp("2026-06-16")
    series, overlay = pair(split()), CHARTS["overlay"]
    assert day not in overlay.prepare(series, state).events.index
    assert day not in returns(series["RUT"], series["BTC"], "d", 0).index
    # All else is as without it.
    plain = pair()
    kept = returns(plain["RUT"], plain["BTC"], "d", 0).drop(day)
    np.testing.assert_allclose(returns(series["RUT"], series["BTC"], "d", 0), kept, atol=1e-12)
    events = overlay.prepare(plain, state).events.index
    assert overlay.prepare(series, state).events.index.tolist() == events.tolist()
    accepted = replace(series["RUT"], accepted=frozenset({day.date()}))
    believed = {**series, "RUT": accepted}
    assert render(overlay, believed, state).cautions == ()
    assert day in returns(accepted, series["BTC"], "d", 0).index
    assert day in overlay.prepare(believed, state).events.index


def test_a_spike_is_told_once() -> None:
    close = walk(1, 0.012)
    close["2026-06-16"] *= 10
    (text,) = render(CHARTS["matrix"], pair(close), VIEW).cautions
    assert text.endswith(
        " times the close before, and back the next day. It is left out of all statistics."
    )
    assert text.count("2026") == 1


def test_a_coin_that_changes_its_unit_makes_no_rally() -> None:
    series = pair()
    close = series["BTC"].close.copy()
    close["2026-06-16":] *= 100
    frame = CHARTS["overlay"].prepare({**series, "BTC": series_of("BTC", close)}, VIEW)
    assert not (frame.rallies["gain"] > 20).any()


# --- dates that are off


def test_markets_that_close_on_sundays_are_doubted() -> None:
    """Midnights of Berlin that were turned into UTC."""
    close = walk(1, 0.012)
    off = close.set_axis(close.index - pd.Timedelta(days=1))
    (text,) = render(CHARTS["matrix"], pair(off), VIEW).cautions
    assert text == (
        "20% of RUT's closes are dated on a Saturday or Sunday, when markets are closed: its dates "
        "may be a day off."
    )


# --- now


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 11, 30), "now"),
        (date(2026, 12, 1), "now"),
        (date(2026, 12, 3), "now"),
        (date(2026, 12, 4), "on 30 Nov 2026, 4 days ago"),
        (date(2027, 8, 2), "on 30 Nov 2026, 245 days ago"),
        (None, "on 30 Nov 2026"),
    ],
)
def test_now_is_said_of_what_is_fresh_today(today: date | None, words: str) -> None:
    series = list(pair(today=today).values())
    assert dated(DAYS[-1], series, VIEW) == words
    finding = render(CHARTS["rolling-correlation"], pair(today=today), VIEW).finding
    assert finding.startswith(f"90-session correlation {words}{',' if ',' in words else ''} ")


def test_a_day_that_was_chosen_is_not_called_old() -> None:
    state = replace(VIEW, span=(None, date(2026, 3, 31)))
    assert dated(pd.Timestamp("2026-03-31"), list(pair().values()), state) == "on 31 Mar 2026"


def test_a_pair_is_as_old_as_the_older_of_the_two() -> None:
    series = pair(walk(1, 0.012)[:"2026-03-31"])
    assert dated(pd.Timestamp("2026-03-31"), list(series.values()), VIEW) == (
        "on 31 Mar 2026, 245 days ago"
    )


@pytest.mark.parametrize(
    ("today", "is_now"), [(date(2026, 12, 14), True), (date(2026, 12, 15), False)]
)
def test_a_week_is_of_now_until_the_next_should_be_there(today: date, is_now: bool) -> None:
    series = series_of("RUT", weekly(walk(1, 0.012)), today)
    assert (dated(series.as_of, [series], VIEW) == "now") is is_now


def test_an_outcome_that_will_never_come_is_not_awaited() -> None:
    """The data ended before it was due, and it was due long ago."""
    day = pd.Timestamp("2026-01-15")
    close = pd.Series(100 - 0.001 * np.arange(len(DAYS)), DAYS)
    close[day:] += 10
    old = {
        i: series_of(i, one.close[:"2026-03-31"], date(2026, 12, 1))
        for i, one in pair(close).items()
    }
    overlay = CHARTS["overlay"]
    assert overlay.prepare(old, VIEW).events.index.tolist() == [day]
    assert render(overlay, old, VIEW).finding == (
        "The one breakout of RUT has no known outcome 180 days later (no price of BTC)."
    )
    soon = {i: replace(one, looked_at=date(2026, 4, 1)) for i, one in old.items()}
    assert "(not yet)" in render(overlay, soon, VIEW).finding
