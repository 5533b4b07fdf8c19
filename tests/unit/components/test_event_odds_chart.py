"""The test of what followed breakouts, its words, and what is drawn of it."""

from dataclasses import replace
from datetime import date
from math import expm1, log

import numpy as np
import plotly.graph_objects as go
import pytest

from analytics.event_odds import Overlap
from analytics.resampling import PValues
from components.chart import render
from components.charts.event_odds import CHART, EventOdds
from tests.unit.components.event_world import any_day, wandering, world
from tests.unit.components.test_breakouts import texts
from view_state import ViewState

STATE = ViewState()
YEAR = ViewState(horizon=365)


def prepared(state: ViewState = STATE) -> EventOdds:
    return CHART.prepare(world(), state)


def traces(frame: EventOdds, state: ViewState) -> dict[str, dict]:
    figure = CHART.figure(frame, state, "light")
    go.Figure(figure)
    return {one["uid"]: one for one in figure["data"]}


def words(frame: EventOdds, state: ViewState) -> list[str]:
    """What is said under the chart, without the table."""
    return ["".join(texts(item)) for item in CHART.details(frame, state)[1:]]


def test_the_finding() -> None:
    one = prepared().odds[180]
    logs = np.log1p(any_day(180))
    # Two breakouts: 5 for 10, and 7.5 for 5.
    difference = (log(0.5) + log(1.5)) / 2 - logs.mean()
    assert one.mean_difference == pytest.approx(difference)
    low, high = (round(100 * expm1(edge)) for edge in one.interval)
    assert CHART.finding(prepared(), STATE) == (
        "BTC was higher 180 days after 1 of 2 breakouts of RUT (50%, 95% 9 to 91%); after any day "
        f"{(logs > 0).mean():.0%}. The mean difference of {round(100 * expm1(difference)):+d}% "
        f"(95% {low} to {high:+d}%) cannot be told from chance (p = {one.p.two_sided:.2f}, N = 2)."
    ).replace("-", "−")


def told(p: float, **odds: object) -> str:
    """The finding, had the test come out like this."""
    frame = prepared()
    one = replace(frame.odds[180], p=PValues(p, p / 2, 1), **odds)
    return CHART.finding(replace(frame, odds=frame.odds | {180: one}), STATE)


def test_no_more_is_claimed_than_p_allows() -> None:
    chance, few = "cannot be told from chance", "stands out, but so few breakouts cannot tell it"
    real = "is unlikely to be chance alone, had this rule been the only one to choose from"
    assert f"{few} from chance (p < 0.001, N = 2)." in told(0.0002)
    assert f"{few} from chance (p = 0.050, N = 2" in told(0.05, overlap=Overlap(0.0, 4.9))
    assert f"{real} (p < 0.001, N = 2" in told(0.0002, overlap=Overlap(0.0, 5.0))
    assert f"{real} (p = 0.050, N = 2" in told(0.05, overlap=Overlap(0.0, 5.0))
    assert f"{chance} (p = 0.051, N = 2)." in told(0.051)
    assert f"{chance} (p = 1.00, N = 2)." in told(1.0)
    assert "(p = 0.30, N = 2, effective N = 1.4)." in told(0.3, overlap=Overlap(1.0, 1.4))


def test_one_breakout_is_no_test() -> None:
    any_year = (np.array(any_day(365)) > 0).mean()
    assert CHART.finding(prepared(YEAR), YEAR) == (
        "BTC was not higher 365 days after the breakout of RUT of 8 Oct 2019 (−50%); after any day "
        f"it was higher {any_year:.0%} of the time; 1 more has no known outcome. One breakout "
        "cannot be told from chance (N = 1)."
    )


def test_no_breakout_leaves_any_day() -> None:
    share = f"{(np.array(any_day(180)) > 0).mean():.0%}"
    none = replace(STATE, base=600)
    assert CHART.finding(prepared(none), none) == (
        "No breakout of RUT in the dates shown: no record close came after 600 sessions without "
        f"one; BTC was higher 180 days after {share} of all days."
    )
    assert "breakouts" not in traces(prepared(none), none)
    late = replace(YEAR, span=(date(2020, 6, 1), None))
    share = f"{(np.array(any_day(365, '2020-06-01')) > 0).mean():.0%}"
    assert CHART.finding(prepared(late), late) == (
        "The one breakout of RUT has no known outcome 365 days later (not yet); BTC was higher "
        f"after {share} of all days."
    )
    later = replace(YEAR, span=(date(2020, 11, 1), None))
    assert CHART.finding(prepared(later), later) == (
        "No day in the dates shown has an outcome 365 days later: choose a shorter horizon or a "
        "longer range."
    )
    words(prepared(later), later)
    assert len(traces(prepared(later), later)["any-day"]["median"]) == 4  # no box without days


def test_a_range_too_short_for_any_outcome_is_empty() -> None:
    drawn = render(CHART, world(), replace(STATE, span=(date(2020, 6, 1), date(2020, 6, 20))))
    assert drawn.status == "empty"
    assert drawn.message == "No day in the dates shown is 30 days old: choose a longer range."


def test_boxes_and_points_are_what_they_say() -> None:
    frame = prepared()
    lines = traces(frame, STATE)
    logs = np.log1p(any_day(90))
    box = lines["any-day"]
    keys = ("lowerfence", "q1", "median", "q3", "upperfence")
    expected = np.quantile(logs, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert [box[key][2] for key in keys] == pytest.approx(expected)
    # 30, 60 and 90 days: a doubling and a trebling; 180: as above; 365: the first only.
    points = lines["breakouts"]["y"]
    assert np.expm1(points).tolist() == pytest.approx([1, 2, 1, 2, 1, 2, -0.5, 0.5, -0.5])
    assert lines["breakouts"]["customdata"][1] == "30 days after 1 Dec 2020: +200%"
    assert lines["breakout-names"]["text"][:2] == ["2019", "2020"]
    assert lines["mean-breakouts"]["y"][3] == pytest.approx((log(0.5) + log(1.5)) / 2)
    assert lines["mean-any-day"]["y"][2] == pytest.approx(logs.mean())


def test_n_stands_in_the_title_and_under_every_horizon() -> None:
    layout = CHART.figure(prepared(), STATE, "light")["layout"]
    assert layout["title"]["text"] == "N = 2 breakouts of RUT, 180 days"
    assert layout["xaxis"]["ticktext"] == [
        *(f"{days}<br>N = 2" for days in (30, 60, 90, 180)),
        "365<br>N = 1",
    ]
    year = CHART.figure(prepared(YEAR), YEAR, "light")["layout"]
    assert year["title"]["text"] == "N = 1 breakout of RUT, 365 days"


def test_the_axis_reads_in_percent() -> None:
    axis = CHART.figure(prepared(), STATE, "light")["layout"]["yaxis"]
    labels = dict(zip(axis["ticktext"], axis["tickvals"], strict=True))
    assert labels["0%"] == 0
    assert labels["+100%"] == pytest.approx(log(2))
    assert labels["−50%"] == pytest.approx(log(0.5))
    assert all(axis["range"][0] <= tick <= axis["range"][1] for tick in axis["tickvals"])


def test_what_so_few_can_show() -> None:
    frame = prepared()
    share = (np.array(any_day(180)) > 0).mean()
    one = frame.odds[180]
    low, high = (
        f"{round(100 * expm1(one.mean_difference - edge)):+d}%".replace("-", "−")
        for edge in reversed(one.interval)
    )
    _, chance, overlap, rule = words(frame, STATE)
    assert chance == (
        f"By chance alone 2 of 2 rises happen {share**2:.0%} of the time ({share:.0%} to the power "
        f"of 2), and a mean difference has to be about {low} or less, or {high} or more, to stand "
        "out (5%, two-sided)."
    )
    count = len(any_day(180))
    assert overlap == (
        f"The {count} days compared with hold {(count - 1 + 180) / 180:.0f} separate spans of 180 "
        "days, and tell no more than that."
    )
    assert rule == "This is one rule of many: the specification curve shows the others."
    # How often chance gives two of two is p, where there are two of two.
    month = replace(STATE, horizon=30)
    assert words(frame, month)[1].startswith("A mean difference has to be about ")
    # Of one breakout there is no test.
    assert len(words(prepared(YEAR), YEAR)) == 3


def test_one_span_is_one() -> None:
    state = replace(YEAR, span=(date(2019, 1, 1), date(2020, 1, 20)))
    assert " hold 1 separate span of 365 days, " in words(prepared(state), state)[1]


def test_short_horizons_are_warned_of() -> None:
    for days in (30, 60, 90, 180, 365):
        state = replace(STATE, horizon=days)
        said = any("come in lively times" in text for text in words(prepared(state), state))
        assert said is (days <= 90)


def test_years_name_points_only_where_they_tell_which() -> None:
    often = ViewState(base=20, cooldown=30)
    frame = CHART.prepare(wandering(), often)
    days = frame.study.events.index
    assert len(days) <= 12
    assert not days.year.is_unique
    assert "breakouts" in traces(frame, often)
    assert "breakout-names" not in traces(frame, often)


def test_overlap_is_warned_of_with_the_effective_n() -> None:
    often = ViewState(base=20, cooldown=0)
    frame = CHART.prepare(wandering(), often)
    one = frame.odds[180]
    assert one.overlap.share > 0
    count = len(one.after_event)
    warning = words(frame, often)[1]  # and nothing of odds that need separate ones
    assert warning.startswith(
        f"Horizons overlap: {round(one.overlap.share * count)} of {count} breakouts share part of "
        f"their 180 days with another, and the {count} tell as much as "
        f"{one.overlap.effective_n:.1f} separate ones. "
    )
    assert f", N = {count}, effective N = {one.overlap.effective_n:.1f})." in CHART.finding(
        frame, often
    )


def test_the_numbers_under_the_chart() -> None:
    frame = prepared()
    table = CHART.details(frame, STATE)[0].children.children
    cells = [["".join(texts(cell)) for cell in row.children] for row in table.children[1].children]
    any_year = f"{(np.array(any_day(365)) > 0).mean():.0%}"
    one = frame.odds[365]
    p = [f"p = {frame.odds[days].p_hits:.{3 if days < 90 else 2}f}" for days in (30, 60, 90, 180)]
    assert [row[:3] for row in cells] == [
        ["30", "2", f"100%34 to 100%{p[0]}"],
        ["60", "2", f"100%34 to 100%{p[1]}"],
        ["90", "2", f"100%34 to 100%{p[2]}"],
        ["180", "2", f"50%9 to 91%{p[3]}"],
        ["365", "1", "0%0 to 79%"],
    ]
    difference = f"{round(100 * expm1(one.mean_difference)):+d}%".replace("-", "−")
    assert cells[4][3] == any_year
    assert cells[4][5:] == [difference, "–"]
    assert [row.className for row in table.children[1].children] == [*[None] * 3, "focus", None]


def test_the_table_holds_the_test() -> None:
    table = CHART.table(prepared())
    assert table.index.tolist() == [30, 60, 90, 180, 365]
    row = table.loc[180]
    assert (row["n"], row["share_of_rises"]) == (2, 0.5)
    assert (row["2019-10-08"], row["2020-12-01"]) == pytest.approx((-0.5, 0.5))
    assert row["mean"] == pytest.approx(0.75**0.5 - 1)
    assert row["any_day_50%"] == pytest.approx(np.median(any_day(180)))
    assert np.isnan(table.loc[365, "2020-12-01"])
    assert np.isnan(table.loc[365, "p"])
