"""Three cycles, aligned at their breakouts."""

from base64 import b64decode
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from components.chart import render
from components.charts.cycles import CHART
from tests.unit.components.event_world import series_of, world
from view_state import ViewState

STATE = ViewState()
SESSIONS = pd.bdate_range("2015-01-01", "2025-12-31")
STARTS = {
    "2016–17": pd.Timestamp(2016, 11, 14),
    "2020–21": pd.Timestamp(2020, 11, 13),  # a Friday
    "Since 2022": pd.Timestamp(2025, 9, 18),
}


def series(starts=STARTS) -> dict:
    """A small cap that rises to a record on each start, a coin that doubles 60 days later."""
    days = pd.date_range(SESSIONS[0], SESSIONS[-1])
    cap, coin = pd.Series(90.0, SESSIONS), pd.Series(10.0, days)
    cap.iloc[0] = 100.0
    for place, start in enumerate(starts.values()):
        cap[start:] = 99.0 + place
        cap[start] = 110.0 + place
        coin[start + pd.Timedelta(days=61) :] = coin[start] * 2
    return {"RUT": series_of("RUT", cap), "BTC": series_of("BTC", coin)}


def test_each_cycle_is_100_at_the_first_close_after_its_breakout() -> None:
    frame = CHART.prepare(series(), STATE)
    assert frame.starts == STARTS
    rut, btc = frame.paths["RUT"], frame.paths["BTC"]
    assert (rut.index[0], rut.index[-1]) == (-120, 540)
    assert rut.loc[0].tolist() == btc.loc[0].tolist() == [100, 100, 100]
    # The coin's entry is the day after, the small cap's the next session: Monday, day 0 of it.
    assert btc.loc[[-120, 59, 60, 540], "2020–21"].tolist() == [100, 100, 200, 200]
    assert rut.loc[-3, "2020–21"] == pytest.approx(100 * 111 / 100)
    assert rut.loc[-4, "2020–21"] == pytest.approx(100 * 99 / 100)
    assert btc["Since 2022"].last_valid_index() == 103


def test_the_finding_gives_both_in_every_cycle() -> None:
    state = replace(STATE, horizon=90)
    assert CHART.finding(CHART.prepare(series(), state), state) == (
        "90 days after the entry (= 100): RUT 100 and BTC 200 after the breakout of RUT of 14 Nov "
        "2016; RUT 100 and BTC 200 after 13 Nov 2020; RUT 100 and BTC 200 after 18 Sep 2025 "
        "(N = 3, which illustrates and tests nothing)."
    )
    later = CHART.finding(CHART.prepare(series(), STATE), STATE)
    assert "RUT 100 on day 103 and BTC 200 on day 103 after 18 Sep 2025" in later


def test_a_cycle_without_a_breakout_is_named() -> None:
    one = {"2020–21": STARTS["2020–21"]}
    finding = CHART.finding(CHART.prepare(series(one), STATE), STATE)
    assert finding.endswith("(N = 1, which illustrates and tests nothing). RUT had no breakout in "
                            "2016–17.")  # fmt: skip
    late = CHART.finding(CHART.prepare(series({"": pd.Timestamp(2024, 3, 4)}), STATE), STATE)
    assert late.endswith(" RUT had no breakout in 2016–17 or 2020–21.")


def test_no_cycle_at_all_is_an_empty_state() -> None:
    drawn = render(CHART, series(), replace(STATE, span=(None, date(2016, 6, 1))))
    assert drawn.status == "empty"
    assert drawn.message == (
        "No breakout of RUT in 2016–17 or 2020–21 or since: choose a shorter base or a later end."
    )


def test_the_first_of_a_cycle_and_the_latest_of_all_count() -> None:
    more = {
        "a": pd.Timestamp(2016, 3, 1),
        "b": pd.Timestamp(2017, 3, 1),
        "c": pd.Timestamp(2020, 3, 2),
        "d": pd.Timestamp(2021, 3, 1),
    }
    frame = CHART.prepare(series(more), STATE)
    assert list(frame.starts.values()) == [more["a"], more["c"]]
    more |= {"e": pd.Timestamp(2023, 3, 1), "f": pd.Timestamp(2025, 3, 3)}
    frame = CHART.prepare(series(more), STATE)
    assert list(frame.starts.values()) == [more["a"], more["c"], more["f"]]


def test_neither_a_choice_nor_the_start_of_the_range_hides_a_cycle() -> None:
    state = replace(STATE, events=(date(2020, 11, 13),), span=(date(2022, 1, 1), None))
    assert CHART.prepare(series(), state).starts == STARTS


def test_small_cap_above_coin_whoever_leads() -> None:
    swapped = world() | {"BTC": series_of("BTC", world()["RUT"].close.rename("close"))}
    for leader in ("smallcaps", "crypto"):
        state = replace(STATE, leader=leader)
        figure = CHART.figure(CHART.prepare(swapped, state), state, "dark")
        go.Figure(figure)
        axes = {one["uid"].split("-")[1]: one["yaxis"] for one in figure["data"]}
        assert axes == {"RUT": "y", "BTC": "y2"}
        above, below = (figure["layout"][name] for name in ("yaxis", "yaxis2"))
        assert above["title"]["text"].startswith("RUT, ")
        assert below["title"]["text"].startswith("BTC, ")
        assert above["domain"][0] > below["domain"][1]


def test_lines_are_named_where_they_end() -> None:
    def names(state) -> list[str]:
        data = CHART.figure(CHART.prepare(series(), state), state, "light")["data"]
        return next(one for one in data if one["uid"] == "cycle-BTC-names")["text"]

    old = ["\u00a02016–17", "\u00a02020–21"]
    assert names(STATE) == [*old, "\u00a0now"]
    # A range that ends is not the present.
    assert names(replace(STATE, span=(None, date(2025, 11, 1)))) == [*old, "\u00a0Sep 2025"]


def test_a_path_that_is_over_is_not_now() -> None:
    for start, label in (((2024, 7, 9), "now"), ((2024, 7, 8), "Jul 2024")):
        one = {"Since 2022": pd.Timestamp(*start)}
        data = CHART.figure(CHART.prepare(series(one), STATE), STATE, "light")["data"]
        names = next(one for one in data if one["uid"] == "cycle-BTC-names")
        assert names["text"] == [f"\u00a0{label}"]
        assert (names["x"][0] == 540) is (label != "now")


def test_which_breakouts_are_meant_is_said() -> None:
    (note,) = CHART.details(CHART.prepare(series(), STATE), STATE)
    assert note.children == (
        "Breakouts of RUT: the first of 2016 or 2017, the first of 2020 or 2021 and the latest "
        "since 2022, wherever the range begins."
    )


def test_the_table_is_what_is_drawn() -> None:
    frame = CHART.prepare(series(), STATE)
    table = CHART.table(frame)
    data = CHART.figure(frame, STATE, "light")["data"]
    drawn = next(one for one in data if one["uid"] == "cycle-BTC-2020–21")["y"]
    decoded = np.frombuffer(b64decode(drawn["bdata"]), "<f4")
    np.testing.assert_array_equal(decoded, table["BTC 2020-11-13"].to_numpy("f4"))
