"""The heat map of lag and time: its cells, what it calls noise, and its words."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from components.chart import Chart, render
from components.charts.granger import CHART as GRANGER
from components.charts.lead_lag_map import CHART
from data_sources.series import DayEnd, Series
from sharing.view import inputs
from tests.unit.components.test_lead_lag_chart import (
    DAYS,
    UNRELATED,
    UNRELATED_RETURNS,
    X,
    follower,
    noise,
    numbers,
    prices,
    series_of,
)
from tests.unit.new_york_market import new_york_market
from view_state import ViewState

VIEW = ViewState(window=100)
ERA = replace(VIEW, span=(date(2019, 1, 1), date(2019, 12, 31)))


def drawn(series: Mapping[str, Series], state: ViewState):
    figure = CHART.figure(CHART.prepare(series, state), state, "light")
    go.Figure(figure)
    return figure["data"][0], figure["layout"]


def said(series: Mapping[str, Series], state: ViewState) -> str:
    return CHART.finding(CHART.prepare(series, state), state)


def test_a_cell_is_the_correlation_of_the_window_before_its_day() -> None:
    r = CHART.prepare(UNRELATED, VIEW).r
    x, y = UNRELATED_RETURNS
    assert r.index.tolist() == list(range(-20, 21))
    assert r.columns[-1] == DAYS[1000]
    last = slice(-100, None)
    assert r.iloc[20, -1] == pytest.approx(np.corrcoef(x[last], y[last])[0, 1])
    # The leader's window ends so many sessions before.
    assert r.loc[4].iloc[-1] == pytest.approx(np.corrcoef(x[-104:-4], y[last])[0, 1])
    assert r.loc[-4].iloc[-1] == pytest.approx(np.corrcoef(x[last], y[-104:-4])[0, 1])


@pytest.mark.parametrize(("count", "step"), [(1000, 5), (1300, 21)])
def test_columns_stand_closer_in_a_short_history(count: int, step: int) -> None:
    days = pd.bdate_range("2018-01-02", periods=count + 1)
    series = {
        i: series_of(i, pd.Series(np.exp(np.append(0, noise(count, seed=seed).cumsum())), days))
        for seed, i in enumerate(("RUT", "BTC"))
    }
    at = days.get_indexer(CHART.prepare(series, VIEW).r.columns)
    assert set(np.diff(at)) == {step}
    assert at[-1] == count


def test_the_finding_counts_the_cells_beyond_noise() -> None:
    r = CHART.prepare(UNRELATED, VIEW).r.drop(index=0)
    beyond, cells = int((r.abs() > 0.196).to_numpy().sum()), r.size
    assert cells == 40 * 177
    assert said(UNRELATED, VIEW) == (
        "Noise reaches ±0.20: 95% of windows of 100 unrelated returns stay within, and of 7,080 "
        f"cells of RUT × BTC in the era {beyond:,} ({beyond / cells:.1%}) are beyond it, where "
        "chance alone would leave 5%. The same day (lag 0) is not counted; neighbouring cells "
        "share returns, so patches are no evidence."
    )


def test_a_lead_fills_its_row() -> None:
    series = {"RUT": prices("RUT", X), "BTC": prices("BTC", follower(X, {3: 1}))}
    r = CHART.prepare(series, VIEW).r
    assert r.loc[3].min() > 0.4
    assert r.drop(index=3).abs().max().max() < 0.5


def test_an_era_counts_the_windows_that_end_in_it_and_is_framed() -> None:
    r = CHART.prepare(UNRELATED, ERA).r.drop(index=0)
    inside = r.loc[:, "2019-01-01":"2019-12-31"]
    beyond = int((inside.abs() > 0.196).to_numpy().sum())
    assert f" {inside.size:,} cells of RUT × BTC in the era {beyond} (" in said(UNRELATED, ERA)
    cells, layout = drawn(UNRELATED, ERA)
    (frame,) = layout["shapes"]
    assert (frame["x0"], frame["x1"]) == (f"{inside.columns[0]:%Y-%m-%d}", "2019-12-31")
    # The whole shared history is drawn all the same.
    assert len(cells["x"]) == r.shape[1] > inside.shape[1]
    assert drawn(UNRELATED, VIEW)[1]["shapes"] == []


def test_what_is_said_of_an_era_that_is_over_stays() -> None:
    for last in ("2020-02-03", "2020-02-04", "2020-02-07"):
        until = {i: series_of(i, one.close[:last]) for i, one in UNRELATED.items()}
        assert said(until, ERA) == said(UNRELATED, ERA)


def test_cells_within_noise_are_faint_and_colours_are_equal_both_ways() -> None:
    cells, _ = drawn(UNRELATED, VIEW)
    assert (cells["zmin"], cells["zmax"]) == (pytest.approx(-0.588), pytest.approx(0.588))
    at, inks = zip(*cells["colorscale"], strict=True)
    values = [cells["zmin"] + share * (cells["zmax"] - cells["zmin"]) for share in at]
    assert values == pytest.approx([-0.588, -0.196, -0.196, 0, 0.196, 0.196, 0.588])
    alphas = [float(ink.removesuffix(")").split(",")[-1]) for ink in inks]
    assert 3 * max(alphas[2:5]) < min(*alphas[:2], *alphas[5:])
    short = drawn(UNRELATED, replace(VIEW, window=5))[0]
    assert short["zmax"] == 1


def test_the_colour_axis_names_noise_and_ends() -> None:
    bar = drawn(UNRELATED, VIEW)[0]["colorbar"]
    assert bar["ticktext"] == ["−0.59", "−0.20", "0.00", "0.20", "0.59"]


def test_cells_are_drawn_as_they_are_tabled() -> None:
    cells, _ = drawn(UNRELATED, VIEW)
    table = CHART.table(CHART.prepare(UNRELATED, VIEW))
    assert cells["z"]["shape"] == "41,177"
    np.testing.assert_array_equal(numbers(cells["z"]).reshape(41, 177), table.to_numpy("f4").T)
    assert table.columns[[0, -1]].tolist() == ["lag -20", "lag 20"]
    assert table.index.name == "date"


@pytest.mark.parametrize(
    ("align", "words"),
    [("", "at New York closes"), ("nyclose", "at New York closes"), ("utc", "by UTC days")],
)
@pytest.mark.parametrize("chart", [CHART, GRANGER])
def test_the_crypto_day_is_that_of_the_view_and_the_pair_s_alone(
    chart: Chart, align: DayEnd, words: str
) -> None:
    """What else is chosen has no New York closes and is stale: neither matters here."""
    state = replace(VIEW, small_caps=("RUT", "IWN"), coins=("BTC", "SOL"), align=align)
    series = inputs(chart, state, new_york_market(["BTC"], stale=["IWN"]))
    assert list(series) == ["RUT", "BTC"]
    shown = render(chart, series, state)
    assert f"BTC {words}" in shown.finding or f"RUT {words}" in shown.finding
    assert (shown.is_stale, shown.source.count("Crypto days end")) == (False, 1)


@pytest.mark.parametrize("chart", [CHART, GRANGER])
def test_new_york_closes_that_are_too_few_say_since_when_and_what_to_choose(chart: Chart) -> None:
    few = UNRELATED["BTC"].close[DAYS[890] :]
    series = UNRELATED | {"BTC": series_of("BTC", few, "nyclose")}
    message = render(chart, series, VIEW).message
    assert " at New York closes, which begin on 1 Jun 2021," in message
    assert message.endswith(" or, on the workbench, UTC days.")


def test_a_window_without_movement_is_a_gap() -> None:
    still = np.append(np.zeros(300), X[300:])
    series = UNRELATED | {"RUT": prices("RUT", still)}
    r = CHART.prepare(series, VIEW).r
    gaps = int(r.drop(index=0).isna().to_numpy().sum())
    assert gaps > 0
    assert f" {40 * r.shape[1] - gaps:,} cells" in said(series, VIEW)
    assert "nan" not in said(series, VIEW)


def test_an_era_before_the_first_window_says_so() -> None:
    state = replace(VIEW, span=(None, DAYS[60].date()))
    assert said(UNRELATED, state) == (
        "Noise reaches ±0.20: 95% of windows of 100 unrelated returns stay within; no such window "
        "of RUT × BTC ends in the era."
    )


def test_a_window_longer_than_the_history_asks_for_a_shorter_one() -> None:
    short = {i: series_of(i, one.close[:131]) for i, one in UNRELATED.items()}
    assert render(CHART, short, VIEW).status == "ready"  # 130 returns: ends of 125 and 130
    shown = render(CHART, short, replace(VIEW, window=110))
    assert shown.status == "empty"
    assert shown.message == (
        "RUT and BTC do not share enough returns for two windows of 110 sessions and 20 lags. "
        "Choose a shorter window."
    )
