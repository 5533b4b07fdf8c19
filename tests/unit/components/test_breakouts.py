"""The table of breakouts, and what the charts of the evidence page share."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from components.chart import render
from components.charts import breakouts, cycles, event_odds, event_paths
from components.event_study import chosen, event_line, signed, spread, study, why_unknown
from tests.unit.components.event_world import (
    FIRST,
    LAST,
    SECOND,
    SESSIONS,
    any_day,
    coin,
    cut,
    series_of,
    wandering,
    world,
)
from tests.unit.real_data import closes
from view_state import ViewState, parse

STATE = ViewState()
CHARTS = [one.CHART for one in (breakouts, event_paths, event_odds, cycles)]
OFTEN = ViewState(base=20, cooldown=0)


def texts(part) -> list[str]:
    """Everything written in a component, in order."""
    if part is None:
        return []
    if isinstance(part, str):
        return [part]
    if isinstance(part, list | tuple):
        return [text for one in part for text in texts(one)]
    return texts(getattr(part, "children", None))


def rows_of(frame, state) -> list[list[str]]:
    table = breakouts.details(frame, state)[0].children
    return [
        ["".join(texts(cell)) for cell in row.children]
        for section in table.children[1:]
        for row in section.children
    ]


def test_every_number_of_a_row() -> None:
    frame = breakouts.prepare(world(), STATE)
    first, second = (row for _, row in frame.rows.iterrows())
    assert list(frame.rows.index) == [FIRST, SECOND]
    assert (first["base_length"], first["close"]) == (200, 110)
    assert first["entry"] == pd.Timestamp(2019, 10, 9)
    assert [first[h] for h in (30, 60, 90, 180, 365)] == [1, 1, 1, -0.5, -0.5]
    assert (first["run_up"], first["drawdown"]) == (1, -0.75)
    assert (first["days_to_peak"], first["days_known"]) == (20, 365)
    assert first["trend"] == pytest.approx(110 / ((199 * 99 + 110) / 200) - 1)
    assert [second[h] for h in (30, 60, 90, 180)] == [2, 2, 2, 0.5]
    assert np.isnan(second[365])
    assert (second["run_up"], second["drawdown"], second["days_to_peak"]) == (2, -0.5, 10)
    assert second["days_known"] == (LAST - SECOND).days - 1
    assert second["trend"] == pytest.approx(120 / ((199 * 105 + 120) / 200) - 1)


def test_the_rows_as_written() -> None:
    first, second, after, all_days = rows_of(breakouts.prepare(world(), STATE), STATE)
    assert first == [
        "8 Oct 2019", "200", "110.00", "9 Oct 2019", "+100%", "+100%", "+100%", "−50%", "−50%",
        "+100%", "−75%", "20", "–", "+11%",
    ]  # fmt: skip
    assert second[7:12] == ["+50%", "not yet", "+200% so far", "−50% so far", "10 so far"]
    # Medians of 1 and 2, and of -0.5 and 0.5; two of two and one of two rose.
    # Of tripling and doubling the middle is 6 ** 0.5, of 1.5 and 0.5 it is 0.75 ** 0.5.
    assert after[2:7] == [*["+145%100% up"] * 3, "−13%50% up", "−50%0% up"]
    for cell, days in zip(all_days[2:7], (30, 60, 90, 180, 365), strict=True):
        known = np.array(any_day(days))
        assert cell == f"{signed(np.median(known))}{(known > 0).mean():.0%} up"


def test_the_finding() -> None:
    frame = breakouts.prepare(world(), STATE)
    median = signed(float(np.median(any_day(180))))
    assert breakouts.finding(frame, STATE) == (
        "2 breakouts of RUT, from 8 Oct 2019 to 1 Dec 2020; 180 days after the entry BTC stood "
        f"between −50% and +50% (N = 2), against a median of {median} after any day."
    )
    year = replace(STATE, horizon=365)
    assert "BTC stood at −50% (N = 1), against" in breakouts.finding(frame, year)
    late = replace(year, span=(date(2020, 6, 1), None))
    assert breakouts.finding(breakouts.prepare(world(), late), late) == (
        "The one breakout of RUT has no known outcome 365 days later (not yet)."
    )


def test_the_correlation_is_that_of_the_day() -> None:
    series, state = wandering(), replace(OFTEN, window=40)
    rows = breakouts.prepare(series, state).rows
    logs = np.log(pd.concat([one.close for one in series.values()], axis=1, join="inner")).diff()
    when = rows.index[-1]
    last = logs[:when].iloc[-40:]
    assert rows.loc[when, "correlation"] == pytest.approx(last.corr().iloc[0, 1])


def test_a_date_opens_the_workbench_around_it() -> None:
    state = replace(STATE, window=45, events=(FIRST.date(),))
    table = breakouts.details(breakouts.prepare(world(), state), state)[0].children
    first, second = (row.children[0].children for row in table.children[1].children)
    linked = [parse(link.href.removeprefix("/"))[0] for _, link in (first, second)]
    assert linked[0] == replace(state, span=(date(2018, 10, 8), date(2020, 10, 8)))
    assert linked[1] == replace(state, span=(date(2019, 12, 1), None))
    assert [getattr(box, "aria-checked") for box, _ in (first, second)] == ["true", "false"]
    assert [getattr(box, "data-event") for box, _ in (first, second)] == [
        "2019-10-08",
        "2020-12-01",
    ]


def test_a_button_shows_all_paths_while_some_are_chosen() -> None:
    for events, hidden in (((), True), ((FIRST.date(),), False), ((date(2020, 1, 1),), True)):
        state = replace(STATE, events=events)
        note = breakouts.details(breakouts.prepare(world(), state), state)[1]
        assert note.children[1].hidden is hidden


def test_without_a_breakout_it_is_said_what_to_change() -> None:
    state = replace(STATE, base=600, high=252)
    drawn = render(breakouts.CHART, world(), state)
    assert drawn.status == "ready"
    assert drawn.details == []
    assert drawn.finding == (
        "No breakout of RUT in the dates shown: no 252-session high came after 600 sessions "
        "without one. Choose a shorter base or a longer range."
    )


def test_the_other_way_round() -> None:
    """A coin trades on Saturdays; the small cap is entered on the Monday after."""
    days = pd.date_range("2019-01-01", periods=700)
    saturday = pd.Timestamp(2019, 10, 5)
    close = pd.Series(99.0, days).where(days != days[0], 100.0)
    close[saturday] = 110
    sessions = pd.bdate_range("2019-01-01", periods=500)
    cap = pd.Series(50.0, sessions).where(sessions <= "2019-10-07", 60.0)
    series = {"RUT": series_of("RUT", cap), "BTC": series_of("BTC", close)}
    state = replace(STATE, leader="crypto")
    frame = breakouts.prepare(series, state)
    (row,) = frame.rows.to_dict("records")
    assert row["base_length"] == (saturday - days[0]).days
    assert row["entry"] == pd.Timestamp(2019, 10, 7)
    assert [row[h] for h in (30, 60, 90, 180, 365)] == pytest.approx([0.2] * 5)
    note = "".join(texts(breakouts.details(frame, state)[1]))
    assert "A record is the highest close since 1 Jan 2019" in note
    assert "126 of them are four months" in note
    mirrored = breakouts.details(breakouts.prepare(world(), STATE), STATE)[1]
    assert "four months" not in "".join(texts(mirrored))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_nothing_after_the_end_of_the_range_is_used(chart) -> None:
    """A link with dates gives the same numbers next year."""
    series, end = wandering(), pd.Timestamp(2020, 9, 30)
    known, ended = cut(series, end), replace(OFTEN, span=(None, end.date()))
    then = chart.table(chart.prepare(known, OFTEN))
    now = chart.table(chart.prepare(series, ended))
    assert len(then) > 1
    pd.testing.assert_frame_equal(then, now)
    assert chart.finding(chart.prepare(known, ended), ended) == chart.finding(
        chart.prepare(series, ended), ended
    )


def test_breakouts_are_found_in_all_history_and_kept_from_the_start() -> None:
    state = replace(STATE, span=(date(2020, 1, 1), None))
    frame = breakouts.prepare(world(), state)
    assert frame.rows["base_length"].to_dict() == {SECOND: 300}
    assert frame.any_day[180].dropna().tolist() == pytest.approx(any_day(180, "2020-01-01"))


def test_days_before_the_signal_has_prices_are_no_comparison() -> None:
    series = world()
    late = series["RUT"].close["2019-03-01":].rename("close")
    seen = study(series | {"RUT": series_of("RUT", late)}, STATE)
    assert seen.era.index[0] == pd.Timestamp(2019, 3, 1)
    assert seen.close.index[0] == pd.Timestamp(2019, 1, 1)


def test_a_signal_that_ends_early_ends_the_comparison() -> None:
    series = world()
    early = series["RUT"].close[:"2020-12-31"].rename("close")
    frame = breakouts.prepare(series | {"RUT": series_of("RUT", early)}, STATE)
    # An entry is at most a week after the last close that could be a breakout.
    assert frame.any_day.index[-1] == pd.Timestamp(2021, 1, 7)


@pytest.mark.parametrize("chart", CHARTS[:3], ids=lambda chart: chart.id)
def test_a_pair_without_common_days_says_so(chart) -> None:
    late = coin()["2021-03-01":]
    series = world() | {"BTC": series_of("BTC", late)}
    drawn = render(chart, series, replace(STATE, span=(date(2019, 1, 1), date(2020, 1, 1))))
    assert drawn.status == "empty"
    assert drawn.message == (
        "RUT and BTC have no prices together in the dates shown: RUT has them from 1 Jan 2019 to "
        f"{SESSIONS[-1].day} {SESSIONS[-1]:%b %Y}, BTC from 1 Mar 2021 to {LAST.day} {LAST:%b %Y}."
    )


def test_a_breakout_before_the_coin_has_no_outcome() -> None:
    """And none is made up."""
    late = coin()["2019-11-01":]
    series = world() | {"BTC": series_of("BTC", late)}
    state = replace(STATE, span=(date(2019, 1, 1), None))
    first, _, *_ = rows_of(breakouts.prepare(series, state), state)
    assert first[3:12] == ["–", *["no price"] * 5, "–", "–", "–"]


@pytest.mark.parametrize(
    ("end", "last", "words"),
    [
        (None, None, "not yet"),
        (date(2021, 6, 1), None, "after the dates shown"),
        (date(2031, 1, 1), None, "not yet"),  # the dates shown hold it, prices do not
        (None, "2021-09-01", "not yet"),  # the coin's last day is one of the last
        (None, "2021-03-01", "no price"),  # the coin ended and goes on no more
        (date(2021, 6, 1), "2021-03-01", "no price"),
        (None, "2020-12-01", "no price"),  # before its entry
    ],
)
def test_why_an_outcome_is_unknown(end, last, words) -> None:
    series = world()
    if last:
        series["BTC"] = series_of("BTC", coin()[:last])
    state = replace(STATE, span=(date(2020, 6, 1), end), horizon=365)
    seen = study(series, state)
    assert why_unknown(seen, SECOND, 365, state) == words
    named = words.replace("price", "price of BTC")
    assert breakouts.finding(breakouts.prepare(series, state), state) == (
        f"The one breakout of RUT has no known outcome 365 days later ({named})."
    )


def test_an_entry_may_still_come() -> None:
    """On the last day, and not in a gap of the coin."""
    for until, words in ((SECOND, "not yet"), (SECOND + pd.Timedelta(days=6), "no price")):
        series = cut(world(), until)
        close = series["BTC"].close
        series["BTC"] = series_of("BTC", close[(close.index <= SECOND) | (close.index > until)])
        rest = pd.Series(10.0, [until + pd.Timedelta(days=9)])
        if until > SECOND:
            series["BTC"] = series_of("BTC", pd.concat([close[:SECOND], rest]))
        seen = study(series, STATE)
        assert pd.isna(seen.entries[-1])
        assert why_unknown(seen, SECOND, 365, STATE) == words


def test_at_most_forty_can_be_chosen() -> None:
    others = pd.date_range("2000-01-01", periods=39).date
    for days, is_full in ((others[:38], False), (others, True)):
        state = replace(STATE, events=(*days, FIRST.date()))
        table = breakouts.details(breakouts.prepare(world(), state), state)[0].children
        boxes = [row.children[0].children[0] for row in table.children[1].children]
        assert [box.disabled for box in boxes] == [False, is_full]


def test_a_signal_that_ended_before_the_range_says_so() -> None:
    early = world()["RUT"].close[:"2020-01-01"].rename("close")
    series = world() | {"RUT": series_of("RUT", early)}
    drawn = render(breakouts.CHART, series, replace(STATE, span=(date(2020, 6, 1), None)))
    assert drawn.status == "empty"
    assert drawn.message.startswith("RUT and BTC have no prices together in the dates shown: ")


def test_a_coin_that_begins_after_the_last_entry_says_so() -> None:
    early = world()["RUT"].close[:"2020-01-01"].rename("close")
    series = {
        "RUT": series_of("RUT", early),
        "BTC": series_of("BTC", coin()["2020-01-20":]),
    }
    drawn = render(event_odds.CHART, series, replace(STATE, span=(date(2019, 1, 1), None)))
    assert drawn.status == "empty"
    assert drawn.message.startswith("RUT and BTC have no prices together in the dates shown: ")


def test_days_that_are_no_event_are_not_chosen() -> None:
    seen = study(world(), STATE)
    state = replace(STATE, events=(date(2019, 10, 8), date(2019, 10, 9)))
    assert list(chosen(seen.events, state)) == [FIRST]


@pytest.mark.parametrize(
    ("fraction", "words"),
    [(0.004, "0%"), (-0.004, "0%"), (-0.256, "−26%"), (12.344, "+1,234%"), (np.nan, "–")],
)
def test_percentages(fraction: float, words: str) -> None:
    assert signed(fraction) == words


@pytest.mark.parametrize(
    ("heights", "moved"),
    [
        ([], []),
        ([3.0], [3.0]),
        ([0.0, 0.0, 10.0], [-1.0, 1.0, 10.0]),
        ([2.0, 0.0, 1.0], [3.0, -1.0, 1.0]),  # in their order
        ([5.0, 0.0], [5.0, 0.0]),
        ([0.0, 0.0, 1.5], [-1.5, 0.5, 2.5]),  # two that were moved meet a third
    ],
)
def test_labels_make_room_for_each_other(heights, moved) -> None:
    assert spread(heights, 2.0) == pytest.approx(moved)


def test_no_two_events_look_alike() -> None:
    assert len({tuple(event_line(position).values()) for position in range(40)}) == 40


def test_real_prices() -> None:
    """The answers of SOURCES.md: breakouts of RUT since 2014 and BTC 180 days after them.

    Those returns start on the day itself; an entry a day later moves them by some percent.
    """
    series = {
        "RUT": series_of("RUT", closes("RUT").dropna()),
        "BTC": series_of("BTC", closes("BTC-USD").dropna()),
    }
    rows = breakouts.prepare(series, STATE).rows
    assert rows["base_length"].to_dict() == {
        pd.Timestamp(2014, 12, 26): 207,
        pd.Timestamp(2016, 11, 14): 353,
        pd.Timestamp(2020, 11, 13): 555,
        pd.Timestamp(2021, 11, 2): 162,
        pd.Timestamp(2025, 9, 18): 968,
    }
    known = [1.56, 2.01, -0.39, -0.37]
    assert np.log1p(rows[180].iloc[1:]).tolist() == pytest.approx(np.log1p(known), abs=0.05)
    assert event_odds.finding(event_odds.prepare(series, STATE), STATE).startswith(
        "BTC was higher 180 days after 2 of 5 breakouts of RUT (40%, 95% 12 to 77%); after any "
        "day 64%. The mean difference of −7% "
    )
