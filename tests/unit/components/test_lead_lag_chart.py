"""Cross-correlation by lag: its numbers, its words and what it draws."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analytics.lead_lag import lead_lag
from components.chart import at_new_york, render
from components.charts.lead_lag import CHART, leads
from components.plotting import day, p_value
from data_sources.catalog import CATALOG
from data_sources.series import Series, make_series
from sharing.view import inputs
from tests.unit.new_york_market import new_york_market
from tests.unit.real_data import closes
from view_state import ViewState

DAYS = pd.bdate_range("2018-01-02", periods=1001)


def prices(instrument_id: str, returns: np.ndarray, day_end: str = "") -> Series:
    """A series with these log returns on the first of `DAYS`."""
    close = 100 * np.exp(np.append(0, np.cumsum(returns)))
    return series_of(instrument_id, pd.Series(close, DAYS[: len(close)]), day_end)


def series_of(instrument_id: str, close: pd.Series, day_end: str = "") -> Series:
    instrument = next(one for one in CATALOG if one.id == instrument_id)
    return make_series(
        instrument,
        close.to_frame("close"),
        source=f"file {instrument_id}.csv",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        day_end=day_end,
    )


def noise(*shape: int, seed: int = 1) -> np.ndarray:
    return 0.01 * np.random.default_rng(seed).standard_normal(shape)


def follower(x: np.ndarray, strengths: Mapping[int, float], seed: int = 2) -> np.ndarray:
    """Noise with shares of `x` so many rows earlier; later, where the number is negative."""
    return noise(len(x), seed=seed) + sum(
        strength * np.roll(x, lag) for lag, strength in strengths.items()
    )


X = noise(1000)
UNRELATED = {"RUT": prices("RUT", X), "BTC": prices("BTC", noise(1000, seed=2))}
UNRELATED_RETURNS = tuple(np.diff(np.log(one.close.to_numpy())) for one in UNRELATED.values())
VIEW = ViewState()


def pair(day_end: str, strengths: Mapping[int, float]) -> dict[str, Series]:
    return {
        "RUT": prices("RUT", X),
        "BTC": prices("BTC", follower(X, strengths), day_end),
    }


def later(sign: int = 1, day_end: str = "utc", lead: int | None = None) -> dict[str, Series]:
    """News before New York's close, and after it: the coin of the same day has that already.

    A fifth of the variance comes after it. The coin at New York's close has it a day later, as the
    small cap. With `lead`, the small cap besides leads the coin by so many sessions.
    """
    before, after, own, other = np.array([[1], [0.5], [0.4], [0.4]]) * noise(4, 1000, seed=6)
    rest = own + (2 * np.roll(other, lead) if lead else 0)
    return {
        "RUT": prices("RUT", before + np.roll(after, 1) + other),
        "BTC": prices("BTC", before + sign * after + rest, day_end),
        at_new_york("BTC"): prices("BTC", before + np.roll(after, 1) + own, "nyclose"),
    }


def utc_only(series: Mapping[str, Series]) -> dict[str, Series]:
    return {i: one for i, one in series.items() if i != at_new_york("BTC")}


def prepared(series: Mapping[str, Series], state: ViewState = VIEW):
    return CHART.prepare(series, state)


def drawn(series: Mapping[str, Series], state: ViewState = VIEW):
    """Traces by uid, and the layout."""
    figure = CHART.figure(prepared(series, state), state, "light")
    go.Figure(figure)
    return {one["uid"]: one for one in figure["data"]}, figure["layout"]


def said(series: Mapping[str, Series], state: ViewState = VIEW) -> str:
    return CHART.finding(prepared(series, state), state)


def numbers(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(b64decode(array["bdata"]), "<f4")


# --- numbers


def test_r_is_the_correlation_of_the_returns_so_many_sessions_apart() -> None:
    frame = prepared(UNRELATED)
    table = frame.panels[0].table
    y = noise(1000, seed=2)
    assert table["r"][0] == pytest.approx(np.corrcoef(X, y)[0, 1])
    assert table["r"][7] == pytest.approx(np.corrcoef(X[:-7], y[7:])[0, 1])
    assert table["r"][-7] == pytest.approx(np.corrcoef(X[7:], y[:-7])[0, 1])
    assert table["n"][[-7, 0, 60]].tolist() == [993, 1000, 940]


def test_bands_are_those_of_the_analytics() -> None:
    expected = lead_lag(*UNRELATED_RETURNS, 60)
    found = prepared(UNRELATED).panels[0].table
    pd.testing.assert_frame_equal(found.drop(columns="whole"), expected, rtol=1e-9)


def test_the_workbench_s_method_frequency_lag_and_window_change_nothing() -> None:
    other = ViewState(method="ewma", frequency="m", lag=12, window=500, align="utc")
    pd.testing.assert_frame_equal(
        prepared(UNRELATED, other).panels[0].table, prepared(UNRELATED).panels[0].table
    )
    assert "daily log returns" in said(UNRELATED, other)


def test_only_sessions_both_have_count() -> None:
    weekends = UNRELATED["BTC"].close.reindex(pd.date_range(DAYS[0], DAYS[-1])).interpolate()
    series = UNRELATED | {"BTC": series_of("BTC", weekends)}
    pd.testing.assert_frame_equal(
        prepared(series).panels[0].table, prepared(UNRELATED).panels[0].table
    )


# --- the era

ERA = ViewState(span=(date(2019, 1, 1), date(2019, 12, 31)))


def test_an_era_takes_the_returns_of_its_days() -> None:
    inside = (DAYS[1:] >= "2019-01-01") & (DAYS[1:] <= "2019-12-31")
    frame = prepared(UNRELATED, ERA)
    x, y = (values[inside] for values in UNRELATED_RETURNS)
    table = frame.panels[0].table
    assert table["n"][0] == inside.sum() == 261
    assert table["r"][5] == pytest.approx(np.corrcoef(x[:-5], y[5:])[0, 1])
    assert table["whole"][5] == pytest.approx(prepared(UNRELATED).panels[0].table["r"][5])
    assert "; N = 261 daily log returns, 1 Jan 2019 to 31 Dec 2019; " in said(UNRELATED, ERA)


def test_what_is_said_of_an_era_that_is_over_stays() -> None:
    until_2020 = {i: series_of(i, one.close[:"2020-02-01"]) for i, one in UNRELATED.items()}
    assert said(until_2020, ERA) == said(UNRELATED, ERA)


def test_the_whole_history_is_drawn_beside_an_era_only() -> None:
    traces, _ = drawn(UNRELATED, ERA)
    whole = numbers(traces["whole-"]["y"])
    expected = prepared(UNRELATED).panels[0].table["r"].to_numpy("f4")
    assert np.isnan(whole[60])  # its spike at lag 0 would hide the rest
    np.testing.assert_array_equal(np.delete(whole, 60), np.delete(expected, 60))
    assert "whole-" not in drawn(UNRELATED)[0]
    same = ViewState(span=(DAYS[0].date(), DAYS[-1].date()))
    assert "whole-" not in drawn(UNRELATED, same)[0]


@pytest.mark.parametrize(("last", "status"), [(80, "ready"), (79, "empty")])
def test_too_few_returns_ask_for_a_longer_era(last: int, status: str) -> None:
    state = ViewState(span=(None, DAYS[last].date()))
    shown = render(CHART, UNRELATED, state)
    assert shown.status == status
    if status == "empty":
        assert shown.message == (
            "RUT and BTC share 79 daily returns in the chosen dates; at least 80 are needed. "
            "Choose a longer era."
        )


@pytest.mark.parametrize("still", ["RUT", "BTC"])
def test_a_price_that_does_not_move_is_named(still: str) -> None:
    series = UNRELATED | {still: prices(still, np.zeros(1000))}
    shown = render(CHART, series, ViewState())
    assert shown.message == (
        f"The price of {still} does not move in the chosen dates. Choose a longer era."
    )


def test_a_price_that_hardly_moves_leaves_no_lag_to_judge() -> None:
    """Its one return meets nothing at any lag at which it leads."""
    series = UNRELATED | {"RUT": prices("RUT", np.append(np.zeros(999), 0.1))}
    shown = render(CHART, series, ViewState())
    assert shown.message == "Prices hardly move in the chosen dates. Choose a longer era."


def test_lags_that_are_undefined_are_not_counted() -> None:
    """The small cap moves in its last 30 returns only: it can lead by less than 30 only."""
    quiet = np.append(np.zeros(970), X[:30])
    series = UNRELATED | {"RUT": prices("RUT", quiet)}
    table = prepared(series).panels[0].table
    assert table.index[table["r"].isna()].tolist() == list(range(30, 61))
    assert " of 89 lags " in said(series)
    shown = render(CHART, series, ViewState())
    assert (shown.status, "nan" in shown.finding) == ("ready", False)


# --- words


def test_no_lead_beyond_chance() -> None:
    table = prepared(UNRELATED).panels[0].table
    lag = table["p"].drop(index=0).idxmin()
    who = f"{'small caps lead' if lag > 0 else 'crypto leads'} by {abs(lag)} sessions"
    r, same = (f"{table['r'][at]:.2f}".replace("-", "−") for at in (lag, 0))
    assert said(UNRELATED) == (
        "No lead beyond chance: at none of 120 lags does the correlation of RUT and BTC leave the "
        f"simultaneous 95% band (strongest: {who}, r = {r}, p = {table['p'][lag]:.2f}; N = 1,000 "
        f"daily log returns, 3 Jan 2018 to 2 Nov 2021; same-day r = {same}, which is no lead). "
        "When the coin's days end is not known: after New York's close, that by itself can make "
        "crypto seem to lead by one session (lag −1)."
    )


def test_a_lead_is_named_with_its_lag_r_p_and_n() -> None:
    text = said(pair("nyclose", {3: 0.7}))
    r = np.corrcoef(X[:-3], follower(X, {3: 0.7})[3:])[0, 1]
    assert text.startswith(
        "Beyond chance at 1 of 120 lags of RUT and BTC at New York closes, outside the "
        f"simultaneous 95% band: small caps lead by 3 sessions, r = {r:.2f}, p < 0.001; N = 1,000 "
    )
    assert "New York's close" not in text


def test_several_leads_are_named_the_farthest_first_and_the_rest_counted() -> None:
    strengths = {2: 0.3, 9: 0.9, -20: -0.7, 40: 0.5}
    text = said(pair("nyclose", strengths))
    assert "at 4 of 120 lags" in text
    order = [text.index(words) for words in ("by 9 sessions", "by 20 sessions", "by 40 sessions")]
    assert order == sorted(order)
    assert "crypto leads by 20 sessions, r = −0." in text
    assert "by 2 sessions" not in text
    assert "; and 1 more; N = " in text


def test_the_later_close_of_utc_days_alone_is_no_lead() -> None:
    text = said(utc_only(later()))
    assert text.startswith(
        "No lead beyond what the end of the day makes: of 120 lags of RUT and BTC by UTC days only "
        "lag −1 leaves the simultaneous 95% band: crypto leads by 1 session, r = 0."
    )
    assert text.endswith(
        " UTC days end 3 to 4 hours after New York's close, which by itself can make crypto seem "
        "to lead by one session (at lag −1, by up to a fifth of the same-day r)."
    )
    # What ends with New York's session, what nobody knows the end of, and what has the other sign.
    for series in (later(day_end="nyclose"), later(day_end=""), later(sign=-1)):
        assert said(utc_only(series)).startswith("Beyond chance at 1 of 120 lags")


def test_a_lead_of_crypto_too_strong_for_the_later_close_is_a_lead() -> None:
    """r is about 0.5 at lag −1 and 0.1 on the same day, which accounts for 0.02 of it."""
    y = noise(1000, seed=2)
    x = 0.5 * np.roll(y, 1) + 0.1 * y + 0.86 * noise(1000, seed=3)
    utc = {"RUT": prices("RUT", x), "BTC": prices("BTC", y, "utc")}
    r = prepared(utc).panels[0].table["r"]
    assert r[[-1, 0]].tolist() == pytest.approx([0.5, 0.1], abs=0.06)
    assert said(utc).startswith("Beyond chance at 1 of 120 lags of RUT and BTC by UTC days")
    both = utc | {at_new_york("BTC"): prices("BTC", y, "nyclose")}
    assert (
        "later (the same N and dates), 1 lag leaves its band: crypto leads by 1 session, "
        in said(both)
    )
    assert "later close" not in said(both)


def test_the_strongest_lead_may_be_that_of_crypto() -> None:
    """The two series exchanged, as are their lags."""
    exchanged = {"RUT": prices("RUT", noise(1000, seed=2)), "BTC": prices("BTC", X)}
    lags = [
        int(prepared(series).panels[0].table["t"].drop(index=0).abs().idxmax())
        for series in (UNRELATED, exchanged)
    ]
    assert lags[0] == -lags[1]
    for lag, series in zip(lags, (UNRELATED, exchanged), strict=True):
        assert f"(strongest: {leads(lag)}, r = " in said(series)


def test_a_lead_is_held_against_what_the_same_day_carries_over() -> None:
    """What follows three days after and goes along the same day would show as much at lag 3."""
    series = pair("nyclose", {0: 1, 3: 0.7})
    row = prepared(series).panels[0].table.loc[3]
    assert row["carried"] == pytest.approx(0.16, abs=0.05)
    assert f"by 3 sessions, r = {row['r']:.2f} ({row['carried']:.2f} without a lead)" in said(
        series
    )


UNMOVED = {
    "BTC": UNRELATED["BTC"],
    at_new_york("BTC"): prices("BTC", noise(1000, seed=5), "nyclose"),
}


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (UNRELATED | UNMOVED, "no lag leaves its band."),
        (
            later(),
            (
                "only lag −1 leaves its band, and their later close alone makes that: crypto leads "
                "by 1 session, r = …, p < 0.001."
            ),
        ),
        (
            UNMOVED | pair("utc", {5: 0.6}),
            "1 lag leaves its band: small caps lead by 5 sessions, r = …, p < 0.001.",
        ),
        (
            later(lead=3),
            (
                "2 lags leave their band: small caps lead by 3 sessions, r = …, p < 0.001; crypto "
                "leads by 1 session, r = …, p < 0.001; lag −1 is what their later close makes by "
                "itself."
            ),
        ),
    ],
)
def test_both_ends_of_the_day_are_told(series: Mapping[str, Series], words: str) -> None:
    text = said(series)
    first, second = text.split(
        " By UTC days, which end 3 to 4 hours later (the same N and dates), "
    )
    assert first.startswith(
        "No lead beyond chance: at none of 120 lags does the correlation of RUT"
    )
    assert "at New York closes" in first
    assert re.sub(r"r = 0\.\d\d", "r = …", second) == words


@pytest.mark.parametrize(
    ("p", "words"),
    [(0.0005, "p < 0.001"), (0.001, "p = 0.001"), (0.0495, "p = 0.050"), (0.177, "p = 0.18")],
)
def test_a_p_value_has_the_digits_that_matter(p: float, words: str) -> None:
    assert p_value(p) == words


def test_a_lag_is_told_by_who_leads() -> None:
    assert leads(1) == "small caps lead by 1 session"
    assert leads(-2) == "crypto leads by 2 sessions"


# --- picture


def test_two_ends_of_the_day_are_two_panels_on_one_scale() -> None:
    traces, layout = drawn(later())
    assert (traces["r-nyclose"]["yaxis"], traces["r-utc"]["yaxis"]) == ("y", "y2")
    assert layout["yaxis"]["range"] == layout["yaxis2"]["range"]
    # One above the other, New York's close on top, the axis of lags below both.
    assert layout["yaxis"]["domain"][0] > layout["yaxis2"]["domain"][1]
    assert layout["xaxis"]["anchor"] == "y2"
    assert "New York close" in layout["yaxis"]["title"]["text"]
    assert "UTC day" in layout["yaxis2"]["title"]["text"]
    alone = drawn(UNRELATED)[1]
    assert alone["xaxis"]["anchor"] == "y"
    assert alone["yaxis"]["domain"] == [0, 1]
    assert "yaxis2" not in alone


def test_each_name_stands_in_the_legend_once() -> None:
    """Also where only the lower panel has what it names."""
    traces, _ = drawn(later())
    shown = [one["name"] for one in traces.values() if one["showlegend"]]
    assert shown == ["95%, all lags", "95%, one lag", "Outside"]


def test_an_era_that_new_york_closes_do_not_reach_has_utc_days_only() -> None:
    series = later()
    late = series[at_new_york("BTC")].close[DAYS[300] :]
    series[at_new_york("BTC")] = series_of("BTC", late, "nyclose")
    early = ViewState(span=(None, DAYS[200].date()))
    assert [panel.days for panel in prepared(series, early).panels] == ["utc"]
    assert said(series, early).endswith(
        f" New York closes of BTC begin on {day(DAYS[300])}: too few in these dates. UTC days end "
        "3 to 4 hours after New York's close, which by itself can make crypto seem to lead by one "
        "session (at lag −1, by up to a fifth of the same-day r)."
    )
    assert "New York closes" not in said(utc_only(series), early)


def test_both_ends_of_the_day_are_compared_on_the_same_dates() -> None:
    series = later()
    late = series[at_new_york("BTC")].close[DAYS[300] : DAYS[900]]
    series[at_new_york("BTC")] = series_of("BTC", late, "nyclose")
    panels = prepared(series).panels
    assert [panel.days for panel in panels] == ["nyclose", "utc"]
    assert [panel.span for panel in panels] == 2 * [(DAYS[301], DAYS[900])]
    assert [panel.table["n"][0] for panel in panels] == [600, 600]
    x, y = (np.diff(np.log(series[i].close[DAYS[300] : DAYS[900]])) for i in ("RUT", "BTC"))
    assert panels[1].table["r"][0] == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert "later (the same N and dates), " in said(series)
    missing = late.drop(DAYS[600])
    series[at_new_york("BTC")] = series_of("BTC", missing, "nyclose")
    about = f"daily log returns, {day(DAYS[301])} to {day(DAYS[900])}"
    assert f"; N = 599 {about}; " in said(series)
    assert f"later (N = 600 {about}), " in said(series)
    # Beside it the whole history by UTC days.
    assert panels[1].table["whole"][0] == pytest.approx(
        prepared(utc_only(series)).panels[0].table["r"][0]
    )


@pytest.mark.parametrize("align", ["", "nyclose", "utc"])
def test_the_card_has_both_ends_whatever_the_view_says_and_the_pair_alone(align: str) -> None:
    state = ViewState(small_caps=("RUT", "IWN"), coins=("BTC", "ETH", "SOL"), align=align)
    series = inputs(CHART, state, new_york_market(["BTC", "ETH"]))
    assert list(series) == ["RUT", "BTC", at_new_york("BTC")]
    assert [panel.days for panel in prepared(series, state).panels] == ["nyclose", "utc"]


@pytest.mark.parametrize(
    ("apart", "count", "spaced"),
    [(3, 1001, "closes on irregular days"), (7, 60, "one close a week")],
)
def test_prices_that_are_not_daily_are_refused(apart: int, count: int, spaced: str) -> None:
    days = pd.date_range("2015-01-02", periods=count, freq=f"{apart}D")
    sparse = {i: series_of(i, one.close[:count].set_axis(days)) for i, one in UNRELATED.items()}
    shown = render(CHART, sparse, VIEW)
    assert shown.status == "empty"
    assert shown.message == (
        f"RUT has {spaced}; leads are judged by daily closes. Choose a series with daily closes."
    )


def test_lags_outside_the_band_have_a_form_of_their_own() -> None:
    series = pair("nyclose", {0: 1, 3: 0.7})
    traces, _ = drawn(series)
    assert traces["beyond-nyclose"]["x"] == [3]
    assert traces["beyond-nyclose"]["marker"]["symbol"] == "diamond"
    bars = traces["r-nyclose"]["marker"]["color"]
    blue, orange = "rgba(47,129,216,", "rgba(224,123,26,"
    assert bars[60 + 3] == f"{blue}1)"
    assert bars[60 + 4].startswith(blue)
    assert bars[60 - 4].startswith(orange)
    assert len({bars[60], bars[60 + 3], bars[60 + 4], bars[60 - 4]}) == 4
    assert "beyond-" not in drawn(UNRELATED)[0]


def test_the_same_day_does_not_set_the_scale_and_is_written_out() -> None:
    strong, _ = drawn(pair("utc", {0: 3}))
    layout = drawn(pair("utc", {0: 3}))[1]
    assert layout["yaxis"]["range"][1] < 0.2
    assert strong["same-day-utc"]["text"] == ["same day 0.95 ↑"]
    assert drawn(pair("utc", {0: -3}))[0]["same-day-utc"]["text"] == ["same day −0.95 ↓"]
    weak = drawn(UNRELATED)[0]["same-day-"]["text"][0]
    assert weak.endswith(tuple("0123456789"))


def test_bands_and_bars_are_drawn_as_they_are_tabled() -> None:
    series = later()
    traces, _ = drawn(series, ERA)
    table = CHART.table(prepared(series, ERA))
    assert table.index.names == ["crypto day", "lag"]
    assert len(table) == 242
    for days, name in (("nyclose", "New York close"), ("utc", "UTC day")):
        for uid, column in (
            ("r", "r"),
            ("low", "95% low, all lags"),
            ("high", "95% high, all lags"),
            ("pointwise_low", "95% low, one lag"),
            ("pointwise_high", "95% high, one lag"),
        ):
            np.testing.assert_array_equal(
                numbers(traces[f"{uid}-{days}"]["y"]), table.loc[name, column].to_numpy("f4")
            )


def test_a_pointer_is_told_r_band_p_and_n() -> None:
    frame = prepared(UNRELATED)
    row = frame.panels[0].table.loc[-5]
    traces, _ = drawn(UNRELATED)
    assert traces["r-"]["customdata"][55] == (
        f"r = {row.r:.3f}, {p_value(row.p)}<br>band {row.low:.3f} to {row.high:.3f}, N = 995"
    ).replace("-", "−")
    assert traces["r-"]["customdata"][60].endswith("the same day<br>N = 1,000")


# --- real prices


def test_small_caps_do_not_lead_bitcoin() -> None:
    series = {
        "RUT": series_of("RUT", closes("RUT")),
        "BTC": series_of("BTC", closes("BTC-USD"), "utc"),
    }
    assert said(series, replace(VIEW, span=(None, date(2026, 8, 21)))) == (
        "No lead beyond chance: at none of 120 lags does the correlation of RUT and BTC by UTC "
        "days leave the simultaneous 95% band (strongest: small caps lead by 35 sessions, "
        "r = 0.05, p = 0.18; N = 2,999 daily log returns, 18 Sep 2014 to 21 Aug 2026; "
        "same-day r = 0.25, which is no lead). UTC days end 3 to 4 hours after New York's close, "
        "which by itself can make crypto seem to lead by one session (at lag −1, by up to a fifth "
        "of the same-day r)."
    )
