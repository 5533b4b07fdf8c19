"""Paths around breakouts, their mean and median, and those around any day."""

from base64 import b64decode
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from components.charts.event_paths import CHART, EventPaths
from components.event_study import MOST_LABELLED
from tests.unit.components.event_world import (
    DAYS,
    FIRST,
    LAST,
    SECOND,
    coin,
    series_of,
    wandering,
    world,
)
from view_state import ViewState

STATE = ViewState()


def prepared(state: ViewState = STATE) -> EventPaths:
    return CHART.prepare(world(), state)


def traces(frame: EventPaths, state: ViewState) -> dict[str, dict]:
    figure = CHART.figure(frame, state, "light")
    go.Figure(figure)
    return {one["uid"]: one for one in figure["data"]}


def drawn(array) -> list[float]:
    return np.frombuffer(b64decode(array["bdata"]), "<f4").tolist()


def test_paths_are_100_on_the_day_of_entry() -> None:
    paths = prepared().paths
    assert (paths.index[0], paths.index[-1]) == (-120, 365)
    # The day of the breakout itself is day -1.
    days = [-120, -1, 0, 19, 20, 99, 100, 365]
    assert paths.loc[days, FIRST].tolist() == [100, 100, 100, 100, 200, 200, 50, 50]
    known = (LAST - SECOND).days - 1
    assert paths.loc[[0, 9, 10, 150, known], SECOND].tolist() == [100, 100, 300, 150, 150]
    assert paths[SECOND].last_valid_index() == known


def three_events() -> dict:
    """A third instrument's prices double, stay and halve within a year of three breakouts."""
    sessions = pd.bdate_range("2016-01-01", periods=1300)
    days = pd.date_range(sessions[0], sessions[-1])
    starts = [sessions[at] for at in (200, 500, 800)]
    cap = pd.Series(90.0, sessions)
    cap.iloc[0] = 100.0
    close = pd.Series(10.0, days)
    for place, (start, factor) in enumerate(zip(starts, (2, 1, 0.5), strict=True)):
        cap[start] = 110.0 + place
        close[start + pd.Timedelta(days=31) :] = close[start] * factor
    return {"RUT": series_of("RUT", cap), "BTC": series_of("BTC", close)}


def test_the_mean_is_of_logs_and_of_events_followed_to_the_horizon() -> None:
    frame = CHART.prepare(three_events(), STATE)
    assert frame.complete == 3
    # A doubling and a halving cancel.
    assert frame.mean.loc[[0, 29, 30, 180]].tolist() == pytest.approx([100, 100, 100, 100])
    assert frame.median.loc[[0, 30, 180]].tolist() == pytest.approx([100, 100, 100])
    assert frame.mean.last_valid_index() == 180
    assert prepared().complete == 2
    year = replace(STATE, horizon=365)
    running = CHART.prepare(world(), year)
    assert running.complete == 1
    pd.testing.assert_series_equal(running.mean, running.paths[FIRST], check_names=False)
    assert {"mean", "median"}.isdisjoint(traces(running, year))


def test_the_mean_stays_one_of_the_same_events() -> None:
    """Where the prices of one begin later, so does the line."""
    series = three_events()
    first = series["RUT"].close.index[200]
    late = series["BTC"].close[first - pd.Timedelta(days=50) :].rename("close")
    state = replace(STATE, span=(date(2016, 1, 1), None))
    frame = CHART.prepare(series | {"BTC": series_of("BTC", late)}, state)
    assert frame.complete == 3
    assert frame.mean.first_valid_index() == -51


def test_the_fan_is_of_every_day() -> None:
    frame, close = prepared(), coin()
    assert frame.fan.index.tolist() == list(range(-120, 366, 5))
    for offset in (-120, 30, 180, 365):
        then = (when + pd.Timedelta(days=offset) for when in DAYS)
        known = [
            100 * close[at] / close[when]
            for when, at in zip(DAYS, then, strict=True)
            if at in close
        ]
        expected = np.quantile(known, [0.05, 0.25, 0.5, 0.75, 0.95])
        assert frame.fan.loc[offset].tolist() == pytest.approx(expected)


def test_the_finding() -> None:
    low, median, high = prepared().fan.loc[180, [0.05, 0.5, 0.95]]
    assert CHART.finding(prepared(), STATE) == (
        "180 days after 2 breakouts of RUT BTC stood at a median of 87 (50 to 150; entry = 100, "
        f"N = 2), against a median of {median:.0f} after any day (90% of them {low:.0f} to "
        f"{high:.0f}); the latest, of 1 Dec 2020, is at 150 on day {(LAST - SECOND).days - 1}."
    )
    year = replace(STATE, horizon=365)
    assert CHART.finding(prepared(year), year).startswith(
        "365 days after the breakout of RUT of 8 Oct 2019 BTC stood at 50 (entry = 100, N = 1), "
        "against a median of "
    )
    late = replace(year, span=(date(2020, 6, 1), None))
    assert CHART.finding(prepared(late), late).startswith(
        "The one breakout of RUT has no known outcome 365 days later (not yet); 365 days on, BTC "
        "stood at a median of 150 "
    )
    later = replace(year, span=(date(2020, 11, 1), None))
    assert CHART.finding(prepared(later), later).startswith(
        "The one breakout of RUT has no known outcome 365 days later (not yet); no day in the "
        "dates shown has a close 365 days later; the latest, of 1 Dec 2020, is at "
    )
    none = replace(STATE, base=600)
    assert CHART.finding(prepared(none), none).startswith(
        "No breakout of RUT in the dates shown: no record close came after 600 sessions without "
        "one; 180 days on, BTC stood at a median of "
    )


def test_the_days_of_the_fan_are_named() -> None:
    """An entry is at most a week after the last close that could be a breakout."""
    early = series_of("RUT", world()["RUT"].close[:"2020-12-31"].rename("close"))
    for series, last in ((world(), f"{LAST:%-d %b %Y}"), ({"RUT": early}, "7 Jan 2021")):
        (note,) = CHART.details(CHART.prepare(world() | series, STATE), STATE)
        assert f"entered on every day between 1 Jan 2019 and {last};" in note.children


def test_days_chosen_that_are_no_event_are_counted() -> None:
    for events, words in (
        ((date(2020, 12, 1),), ""),
        ((date(2020, 12, 1), date(2020, 12, 2)), " 1 day chosen is no breakout under this rule"),
        ((date(2020, 1, 1), date(2020, 12, 2)), " 2 days chosen are no breakout under this rule"),
    ):
        state = replace(STATE, events=events)
        finding = CHART.finding(prepared(state), state)
        assert words in finding
        assert finding.endswith("left out.") is bool(words)


def test_chosen_paths_are_drawn_and_numbers_are_of_all() -> None:
    one = replace(STATE, events=(SECOND.date(),))
    both = traces(prepared(), STATE)
    assert {"path-2019-10-08", "path-2020-12-01"} < both.keys()
    alone = traces(prepared(one), one)
    assert "path-2019-10-08" not in alone
    assert alone["path-2020-12-01"]["line"] == both["path-2020-12-01"]["line"]
    assert CHART.finding(prepared(one), one) == CHART.finding(prepared(), STATE)
    # What is no event chooses nothing.
    wrong = replace(STATE, events=(date(2020, 1, 1),))
    assert traces(prepared(wrong), wrong).keys() == both.keys()


def test_paths_are_named_where_they_end_and_the_running_one_now() -> None:
    names = traces(prepared(), STATE)["path-labels"]
    known = (LAST - SECOND).days - 1
    named = dict(zip(names["text"], names["x"], strict=True))
    assert named == {"\u00a0Oct 2019": 365, "\u00a0now": known}
    ended = replace(STATE, span=(None, date(2021, 6, 1)))
    names = traces(prepared(ended), ended)["path-labels"]
    assert names["text"] == ["\u00a0Oct 2019", "\u00a0Dec 2020"]


def test_of_many_paths_only_those_chosen_are_named() -> None:
    often = ViewState(base=5, cooldown=0)
    frame = CHART.prepare(wandering(), often)
    days = frame.paths.columns
    assert len(days) > MOST_LABELLED
    assert "path-labels" not in traces(frame, often)
    some = replace(often, events=(days[3].date(), days[8].date()))
    names = traces(CHART.prepare(wandering(), some), some)["path-labels"]["text"]
    assert names == [f"\u00a0{day:%b %Y}" for day in days[[3, 8]]]


def test_the_table_is_what_is_drawn() -> None:
    frame = CHART.prepare(three_events(), STATE)
    lines, table = traces(frame, STATE), CHART.table(frame)
    assert table.index.tolist() == list(range(-120, 366))
    for uid, column in (("mean", "mean"), ("median", "median")):
        np.testing.assert_array_equal(drawn(lines[uid]["y"]), table[column].to_numpy("f4"))
    for when in frame.paths:
        column = table[f"{when:%Y-%m-%d}"].to_numpy("f4")
        np.testing.assert_array_equal(drawn(lines[f"path-{when:%Y-%m-%d}"]["y"]), column)
    fan = table["any_day_95%"].dropna()
    assert drawn(lines["fan-95"]["y"]) == fan.to_numpy("f4").tolist()
