"""Every chart keeps the contract of components/chart.py."""

import re
import time
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.io.json import to_json_plotly

from components.card import card_class
from components.chart import INSTRUMENT, described, render, source_line
from components.plotting import (
    EmptyChartError,
    UnfinishedChartError,
    shown_span,
)
from components.registry import CHARTS
from data_sources.catalog import CATALOG
from data_sources.market import Market, open_market
from data_sources.sample import sample_series
from data_sources.series import Series, make_series
from settings import Settings
from sharing.view import inputs
from tests.unit.new_york_market import new_york_market
from view_state import ViewState, parse

SAMPLE = sample_series()
BUSY = ViewState(small_caps=("RUT", "IWN"), coins=("BTC", "ETH", "SOL"))
STATES = [
    ViewState(),
    BUSY,
    replace(BUSY, scale="price", method="spearman", lag=3),
    replace(BUSY, scale="z", method="ewma", frequency="w"),
    replace(BUSY, scale="drawdown", frequency="m", window=250, high=252, base=21, cooldown=0),
    ViewState(span=(date(2019, 1, 1), date(2022, 12, 31)), rally=500),
]
# Charts of the chosen series; the others are of all there are, whatever is chosen.
OF_THE_VIEW = {name: chart for name, chart in CHARTS.items() if chart.scope != "all"}
MARKET = open_market(Settings(data="sample"))
UNSHARED = ViewState(coins=("SOL",), span=(date(2015, 1, 1), date(2016, 1, 1)))
# With many events, one, none, and outcomes of none; with each leader; and a line without a value.
VIEWS = [
    *STATES,
    replace(BUSY, leader="crypto", horizon=365, base=20, cooldown=0),
    replace(BUSY, method="ewma", lag=-5, frequency="d", align="utc"),
    ViewState(base=1260),
    ViewState(span=(date(2016, 1, 1), date(2016, 12, 31))),
    ViewState(span=(date(2026, 3, 1), None), base=5, cooldown=0),
    UNSHARED,
]
IS_OF_KIND = {
    "date": lambda column: column.dtype.kind == "M",
    "number": lambda column: column.dtype.kind == "f",
    "integer": lambda column: column.dtype.kind == "i",
    "text": pd.api.types.is_string_dtype,
    "boolean": pd.api.types.is_bool_dtype,
}


def instrument(instrument_id: str):
    return next(one for one in CATALOG if one.id == instrument_id)


def series_of(instrument_id: str, closes: list[float], days: pd.DatetimeIndex) -> Series:
    return make_series(
        instrument(instrument_id),
        pd.DataFrame({"close": closes}, days),
        source=f"file {instrument_id}.csv",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def prepared(chart, state: ViewState, market: Market = MARKET):
    """The chart's frame, waited for."""
    series, deadline = inputs(chart, state, market), time.monotonic() + 60
    while True:
        try:
            return chart.prepare(series, state)
        except UnfinishedChartError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def tabled(chart, state: ViewState, market: Market = MARKET) -> pd.DataFrame | None:
    """The chart's table; None where there is nothing to draw."""
    try:
        return chart.table(prepared(chart, state, market))
    except EmptyChartError:
        return None


def decoded(values) -> np.ndarray:
    """The numbers in a trace's array, however it is written."""
    if isinstance(values, dict):
        return np.frombuffer(b64decode(values["bdata"]), "<f4")
    return np.array(values)


def trace(figure, uid: str):
    return next(one for one in figure["data"] if one["uid"] == uid)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", [name for name, chart in CHARTS.items() if chart.figure])
def test_figures_pass_plotlys_validators_and_are_pure(name, state) -> None:
    chart = CHARTS[name]
    frame = prepared(chart, state)
    for theme in ("light", "dark"):
        figure = chart.figure(frame, state, theme)
        written = to_json_plotly(figure)
        assert to_json_plotly(chart.figure(frame, state, theme)) == written
        go.Figure(figure)
        uids = [one["uid"] for one in figure["data"]]
        assert len(uids) == len(set(uids))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_every_view_has_a_sentence_and_a_table(chart, state) -> None:
    frame = prepared(chart, state)
    drawn = render(chart, inputs(chart, state, MARKET), state)
    assert drawn.status == "ready"
    assert drawn.finding.endswith(".")
    assert not re.search(r"\bnan\b", f"{drawn.finding} {drawn.details}")
    assert "Sample data: simulated between published turning points" in drawn.source
    assert len(chart.table(frame)) > 0


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_a_view_without_a_shared_day_is_told_so_and_never_fails(chart) -> None:
    drawn = render(chart, inputs(chart, UNSHARED, MARKET), UNSHARED)
    assert drawn.status in ("ready", "empty", *(["working"] if chart.is_slow else []))
    assert drawn.finding or drawn.message


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("overlay", "Solana has no prices in the dates shown."),
        (
            "rolling-correlation",
            "90-session correlation by UTC days is undefined in the dates shown: 0 shared",
        ),
        ("matrix", "90-session correlation by UTC days is undefined for every pair"),
    ],
)
def test_a_coin_younger_than_the_range_is_said_to_be(card, words) -> None:
    drawn = render(CHARTS[card], SAMPLE, UNSHARED)
    assert drawn.status == "ready"
    assert drawn.finding.startswith(words)


@pytest.mark.parametrize("market", ["sample", "New York closes"])
@pytest.mark.parametrize("state", VIEWS)
@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_every_column_is_described_once_and_of_its_kind(chart, state, market: str) -> None:
    table = tabled(chart, state, MARKET if market == "sample" else NEW_YORK)
    if table is None:
        return
    assert all(type(name) is str for name in (*table.index.names, *table.columns))
    flat = table.reset_index()
    assert flat.columns.is_unique
    found = described(chart, table)
    assert [name for name, _ in found] == list(flat.columns)
    for name, column in found:
        assert IS_OF_KIND[column.kind](flat[name]), (name, flat[name].dtype)
        if column.kind == "number":
            assert not np.isinf(flat[name]).any()
    named = {column.name for column in chart.columns if not column.is_pattern}
    assert named <= set(flat.columns)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_definitions_and_meanings_are_sentences_and_phrases(chart) -> None:
    assert chart.definition.endswith(".")
    assert 1 <= len(re.findall(r"\.(?= [A-Z0-9]|$| [pq] )", chart.definition)) <= 3
    for column in chart.columns:
        assert column.meaning
        assert not column.meaning.endswith(".")


def test_a_column_nobody_described_or_two_did_is_refused() -> None:
    chart = CHARTS["lead-lag-map"]
    table = pd.DataFrame({"lag -3": [0.5], "lag x": [0.5]}).rename_axis("date")
    with pytest.raises(ValueError, match="lead-lag-map: 0 descriptions of the column lag x"):
        described(chart, table)
    twice = replace(chart, columns=chart.columns * 2)
    with pytest.raises(ValueError, match="2 descriptions of the column date"):
        described(twice, table)


@pytest.mark.parametrize("name", ["RUT", "^RUT", "BTC-USD", "A.B_C-9", "0", "A" * 16])
def test_a_column_may_have_the_name_of_any_instrument_a_link_may_name(name: str) -> None:
    assert parse(f"s={name.replace('^', '%5E')}")[0].small_caps == (name,)
    assert re.fullmatch(INSTRUMENT, name)


def lines_and_columns(card: str, frame, table: pd.DataFrame):
    """Traces of a figure by uid, and the column that each draws."""
    if card == "overlay":
        return {f"overlay-{i}": table[i][line.index] for i, line in frame.lines.items()}
    if card == "rolling-correlation":
        names = {pair: " × ".join(pair) for pair in frame.lines}
        focus = next(iter(names.values()))
        lines = {f"line-{'-'.join(p)}": table[names[p]][frame.lines[p].index] for p in names}
        ends = {"band-low": "low", "band": "high"}
        band = {uid: table[f"{focus} 95% {end}"][frame.low.index] for uid, end in ends.items()}
        return lines | band
    if card == "event-paths":
        drawn = [name for name in ("mean", "median") if table[name].notna().any()]
        lines = {name: table[name] for name in drawn}
        paths = {f"path-{day:%Y-%m-%d}": table[f"{day:%Y-%m-%d}"] for day in frame.drawn}
        fan = table.filter(like="any_day").dropna()
        return lines | paths | {f"fan-{100 * at:.0f}": fan[f"any_day_{at:.0%}"] for at in frame.fan}
    titles = {
        "r": "r", "low": "95% low, all lags", "high": "95% high, all lags",
        "pointwise_low": "95% low, one lag", "pointwise_high": "95% high, one lag",
    }  # fmt: skip
    days = {"nyclose": "New York close", "utc": "UTC day", "": "days as in the file"}
    return {
        f"{uid}-{panel.days}": table.loc[days[panel.days], title]
        for panel in frame.panels
        for uid, title in titles.items()
    }


@pytest.mark.parametrize("state", [*STATES, replace(BUSY, base=20, cooldown=0), VIEWS[8]])
@pytest.mark.parametrize("card", ["overlay", "rolling-correlation", "event-paths", "lead-lag"])
def test_the_table_is_the_plotted_values(card: str, state: ViewState) -> None:
    """Up to float32, in which figures are drawn."""
    chart = CHARTS[card]
    frame = prepared(chart, state)
    figure, table = chart.figure(frame, state, "light"), chart.table(frame)
    expected = lines_and_columns(card, frame, table)
    assert expected
    for uid, column in expected.items():
        np.testing.assert_array_equal(decoded(trace(figure, uid)["y"]), column.to_numpy("f4"))
    uids = {one["uid"] for one in figure["data"]}
    if card == "event-paths":
        assert {"mean", "median"} & uids == {"mean", "median"} & set(expected)


def test_the_table_has_a_value_where_a_line_has_a_point_only() -> None:
    chart = CHARTS["overlay"]
    frame = chart.prepare(SAMPLE, BUSY)
    table = chart.table(frame)
    for name, line in frame.lines.items():
        pd.testing.assert_series_equal(
            table[name].dropna(), line, check_names=False, check_freq=False
        )


def test_the_whole_history_starts_where_both_kinds_do() -> None:
    long = series_of("RUT", [100.0] * 400, pd.bdate_range("2010-01-01", periods=400))
    short = series_of("BTC", [5.0] * 100, pd.date_range("2011-01-01", periods=100))
    series = {"RUT": long, "BTC": short}
    start, end = shown_span(series, ViewState())
    assert (start, end) == (short.close.index[0], long.close.index[-1])
    chosen = ViewState(span=(date(2010, 6, 1), None))
    assert shown_span(series, chosen)[0] == pd.Timestamp(2010, 6, 1)
    early = ViewState(span=(date(1999, 1, 1), None))
    assert shown_span(series, early)[0] == long.close.index[0]


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ((date(2031, 1, 1), None), "the data runs from"),
        ((date(1990, 1, 1), date(1990, 2, 1)), "the data runs from"),
    ],
)
@pytest.mark.parametrize("chart", OF_THE_VIEW.values(), ids=OF_THE_VIEW)
def test_a_range_without_data_says_what_there_is(chart, span, words) -> None:
    drawn = render(chart, SAMPLE, ViewState(span=span))
    assert drawn.status == "empty"
    assert words in drawn.message


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_no_series_at_all_is_no_failure(chart) -> None:
    drawn = render(chart, {}, ViewState())
    if chart.scope == "all":
        assert drawn.status in ("ready", "empty")
    else:
        assert (drawn.status, "Choose at least one" in drawn.message) == ("empty", True)


def climb(breakout: int, after: float) -> dict[str, Series]:
    """A small cap flat for 200 sessions that breaks out, and a coin that moves 10 days later."""
    sessions = pd.bdate_range("2020-01-01", periods=500)
    rut = np.where(np.arange(500) < breakout, 100.0 - np.arange(500) * 0.01, 101.0)
    days = pd.date_range(sessions[0], sessions[-1])
    coin = np.where(days > sessions[breakout] + pd.Timedelta(days=10), 10.0 * (1 + after), 10.0)
    return {
        "RUT": series_of("RUT", rut.tolist(), sessions),
        "BTC": series_of("BTC", coin.tolist(), days),
    }


def test_the_overlay_finds_the_breakout_and_what_followed() -> None:
    chart, state = CHARTS["overlay"], ViewState()
    frame = chart.prepare(climb(200, 0.5), state)
    event = frame.events.iloc[0]
    assert (len(frame.events), event["base_length"], event["close"]) == (1, 200, 101.0)
    assert [event[h] for h in (30, 90, 180, 365)] == pytest.approx([0.5, 0.5, 0.5, 0.5])
    assert chart.finding(frame, state).startswith(
        "Bitcoin was higher 180 days after 1 of 1 breakout of RUT (95% 21 to 100%), and "
        "180 days after "
    )


def test_a_young_breakout_is_not_yet_known() -> None:
    chart, state = CHARTS["overlay"], ViewState()
    frame = chart.prepare(climb(490, 0.5), state)
    assert chart.finding(frame, state) == (
        "The one breakout of RUT has no known outcome 180 days later (not yet)."
    )
    assert "180 days (not yet)" in chart.figure(frame, state, "light")["data"][-1]["customdata"][0]


def test_the_overlay_of_a_pair_that_never_meets_has_no_outcomes() -> None:
    series = climb(200, 0.5)
    late = series_of("BTC", [5.0] * 100, pd.date_range("2021-12-05", periods=100))
    chart, state = CHARTS["overlay"], ViewState(span=(date(2020, 1, 1), date(2021, 12, 31)))
    frame = chart.prepare(series | {"BTC": late}, state)
    assert chart.finding(frame, state) == (
        "The one breakout of RUT has no known outcome 180 days later (no price of BTC)."
    )


def test_rebasing_starts_where_every_line_has_begun() -> None:
    frame = CHARTS["overlay"].prepare(SAMPLE, BUSY)
    assert frame.base_day == SAMPLE["SOL"].close.index[0]
    assert {round(line[frame.base_day], 9) for line in frame.lines.values()} == {100.0}


def test_the_readout_is_the_last_window() -> None:
    chart, state = CHARTS["rolling-correlation"], ViewState(window=60)
    frame = chart.prepare(SAMPLE, state)
    closes = pd.concat([SAMPLE["RUT"].close, SAMPLE["BTC"].close], axis=1, join="inner")
    last = np.log(closes).diff().iloc[-60:].corr().iloc[0, 1]
    z, reach = np.arctanh(last), 1.959963984540054 / np.sqrt(57)
    assert chart.finding(frame, state).startswith(
        f"60-session correlation by UTC days on 21 Aug 2026 {last:.2f} "
        f"(95% {np.tanh(z - reach):.2f} to {np.tanh(z + reach):.2f}), N = 60, "
    )


def test_a_window_reaches_back_before_the_first_shown_day() -> None:
    chart = CHARTS["rolling-correlation"]
    frame = chart.prepare(SAMPLE, ViewState(span=(date(2020, 1, 2), None)))
    assert frame.lines["RUT", "BTC"].notna().all()


def test_the_matrix_counts_what_is_behind_a_cell() -> None:
    days = pd.bdate_range("2024-01-01", periods=200)
    rng = np.random.default_rng(3)
    rut, btc = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (2, 200)), axis=1))
    series = {
        "RUT": series_of("RUT", rut.tolist(), days),
        "BTC": series_of("BTC", btc.tolist(), days),
        "ETH": series_of("ETH", btc[-31:].tolist(), days[-31:]),
    }
    cells = CHARTS["matrix"].prepare(series, ViewState(coins=("BTC", "ETH"))).cells
    assert cells["n"].tolist() == [90, 30]
    assert cells["correlation"].notna().tolist() == [True, False]


def looked_at(series: dict, today: date) -> dict:
    return {i: replace(one, looked_at=today) for i, one in series.items()}


@pytest.mark.parametrize(
    ("today", "age"),
    [
        (date(2021, 11, 29), "today"),  # a file may be a day ahead
        (date(2021, 11, 30), "today"),
        (date(2021, 12, 1), "yesterday"),
        (date(2021, 12, 2), "2 days ago"),
        (date(2026, 11, 30), "1,826 days ago"),
    ],
)
def test_sources_are_named_with_their_last_day_and_age(today: date, age: str) -> None:
    assert source_line(looked_at(climb(200, 0.0), today), ages=True) == (
        f"Source: file RUT.csv, file BTC.csv to 30 Nov 2021 ({age}). "
        "Days are as the files have them."
    )


def test_sample_data_have_no_age() -> None:
    """They do not get older."""
    shown = {i: SAMPLE[i] for i in ("RUT", "BTC", "SOL")}
    assert source_line(shown) == (
        "Sample data: simulated between published turning points: RUT, BTC to 21 Aug 2026; "
        "SOL to 18 Sep 2025. Crypto days end at 00:00 UTC."
    )


@pytest.mark.parametrize(
    ("align", "coin", "end"),
    [
        ("nyclose", "Coinbase Exchange BTC-USD", "New York's close"),
        ("utc", "Yahoo Finance BTC-USD", "00:00 UTC"),
    ],
)
def test_what_is_out_of_date_says_why_first(align, coin: str, end: str) -> None:
    market = new_york_market(["BTC"], stale=["RUT", "IWN"])
    series = looked_at(market.series(["RUT", "IWN", "BTC"], align), date(2026, 8, 22))
    assert source_line(series, ages=True) == (
        "Stale RUT, IWN: Yahoo Finance has been asked too often (14:02 UTC), next try 14:32 UTC. "
        f"Source: Yahoo Finance ^RUT, {coin} to 21 Aug 2026 (yesterday); "
        f"Yahoo Finance IWN to 18 Sep 2025 (338 days ago). Crypto days end at {end}."
    )


def test_a_source_of_several_series_is_named_once_a_day() -> None:
    series = {i: replace(one, source="one table") for i, one in climb(200, 0.0).items()}
    assert source_line(looked_at(series, date(2021, 12, 1)), ages=True).startswith(
        "Source: one table to 30 Nov 2021 (yesterday). "
    )


def test_without_a_coin_nothing_is_said_of_crypto_days() -> None:
    market = new_york_market(["BTC"])
    line = source_line(looked_at(market.series(["RUT"]), date(2026, 8, 21)), ages=True)
    assert line == "Source: Yahoo Finance ^RUT to 21 Aug 2026 (today)."
    assert source_line({}) == ""


@pytest.mark.parametrize("state", [ViewState(), ViewState(span=(date(2031, 1, 1), None))])
def test_a_card_shows_that_something_in_it_is_stale(state: ViewState) -> None:
    """Drawn or empty."""
    chart = CHARTS["overlay"]
    for stale, name in (([], False), (["RUT"], True), (["IWN"], False)):
        series = new_york_market([], stale).series(["RUT", "BTC"])
        assert ("stale" in card_class(render(chart, series, state)).split()) is name


NEW_YORK = new_york_market(["BTC", "ETH", "SOL"])


@pytest.mark.parametrize("state", [*STATES, UNSHARED])
@pytest.mark.parametrize("card", ["rolling-correlation", "matrix"])
def test_a_correlation_names_the_end_of_the_days_it_was_made_of(card, state) -> None:
    """As the series have it: the view is another's wish."""
    ids, chart = (*state.small_caps, *state.coins), CHARTS[card]
    for align, words in (("nyclose", "at New York closes"), ("utc", "by UTC days")):
        series = NEW_YORK.series(ids, align)
        findings = {
            render(chart, series, replace(state, align=a)).finding for a in (None, "nyclose", "utc")
        }
        assert len(findings) == 1
        assert findings.pop().count(words) == 1
    nobodys = {i: replace(one, day_end="") for i, one in NEW_YORK.series(ids).items()}
    finding = render(chart, nobodys, state).finding
    assert "UTC" not in finding
    assert "New York" not in finding


def test_words_stand_where_they_read_well() -> None:
    state = ViewState(method="spearman", frequency="w", window=260, lag=-2)
    ids = (*state.small_caps, *state.coins)
    chart = CHARTS["rolling-correlation"]
    finding = render(chart, NEW_YORK.series(ids), state).finding
    assert finding.startswith(
        "52-week Spearman correlation of weekly returns at New York closes with crypto leading "
        "by 2 weeks on 21 Aug 2026 "
    )
    matrix = render(CHARTS["matrix"], NEW_YORK.series(ids), ViewState()).finding
    assert matrix.startswith("RUT × BTC at New York closes on 21 Aug 2026: 0.")
    overlay = render(CHARTS["overlay"], NEW_YORK.series(ids), ViewState()).finding
    assert overlay.endswith(" days shown whose outcome is known, all at New York closes.")
    overlay = render(CHARTS["overlay"], NEW_YORK.series(ids, "utc"), ViewState()).finding
    assert overlay.endswith(" days shown whose outcome is known, all by UTC days.")
    files = render(CHARTS["overlay"], climb(200, 0.5), ViewState()).finding
    assert files.endswith(" days shown whose outcome is known.")


def test_the_two_ends_of_a_day_are_two_correlations() -> None:
    """What was computed for one is not shown for the other."""
    chart = CHARTS["rolling-correlation"]
    new_york, utc = (
        chart.prepare(NEW_YORK.series(["RUT", "BTC"], align), ViewState()).lines["RUT", "BTC"]
        for align in ("nyclose", "utc")
    )
    assert (new_york - utc).abs().max() > 0.01


def test_coins_of_unlike_days_are_not_named_as_one() -> None:
    series = NEW_YORK.series(["RUT", "IWN", "BTC"]) | NEW_YORK.series(["ETH", "SOL"], "utc")
    finding = render(CHARTS["matrix"], series, BUSY).finding
    assert finding.startswith("90-session correlation: from ")


def test_a_value_that_is_not_of_today_is_dated() -> None:
    chart = CHARTS["rolling-correlation"]
    ended = ViewState(small_caps=("IWN",))
    past = ViewState(span=(None, date(2021, 6, 30)))
    for state, words in ((ended, "on 18 Sep 2025 "), (past, "on 30 Jun 2021 ")):
        assert words in chart.finding(chart.prepare(SAMPLE, state), state)
    matrix = CHARTS["matrix"]
    assert matrix.finding(matrix.prepare(SAMPLE, BUSY), BUSY).endswith(
        "They end between 18 Sep 2025 and 21 Aug 2026."
    )


def test_series_that_never_meet_are_each_rebased_at_their_own_start() -> None:
    early = series_of("RUT", [50.0] * 100, pd.bdate_range("2010-01-01", periods=100))
    late = series_of("BTC", [5.0] * 100, pd.date_range("2018-01-01", periods=100))
    state = ViewState(span=(date(2009, 1, 1), None))
    chart = CHARTS["overlay"]
    frame = chart.prepare({"RUT": early, "BTC": late}, state)
    assert [line.iloc[0] for line in frame.lines.values()] == [100.0, 100.0]
    figure = chart.figure(frame, state, "light")
    assert figure["layout"]["yaxis"]["title"]["text"] == "Each first day = 100, log"
    between = ViewState(span=(date(2015, 6, 1), date(2016, 6, 1)))
    assert render(chart, {"RUT": early, "BTC": late}, between).status == "empty"


def test_a_weekly_coin_has_no_outcomes_counted_in_days() -> None:
    series = climb(200, 0.5)
    weekly = series["BTC"].close[::7]
    series["BTC"] = series_of("BTC", weekly.tolist(), weekly.index)
    finding = CHARTS["overlay"].finding(CHARTS["overlay"].prepare(series, ViewState()), ViewState())
    assert finding == (
        "BTC has one close a week: breakouts are counted in sessions and need daily closes."
    )


def test_a_coin_that_did_not_exist_is_not_called_young() -> None:
    state = ViewState(
        coins=("SOL",), span=(date(2016, 1, 1), date(2020, 11, 1)), base=20, cooldown=0
    )
    chart = CHARTS["overlay"]
    frame = chart.prepare(SAMPLE, state)
    assert chart.finding(frame, state).endswith(" 180 days later (no price of SOL).")
    assert "no price" in chart.figure(frame, state, "light")["data"][-1]["customdata"][0]


def test_few_windows_make_no_percentile() -> None:
    state = ViewState(span=(date(2026, 7, 1), None))
    chart = CHARTS["rolling-correlation"]
    assert chart.finding(chart.prepare(SAMPLE, state), state).endswith(
        "N = 90; too few windows to compare it with."
    )


@pytest.mark.parametrize("name", [name for name, chart in CHARTS.items() if chart.figure])
def test_a_picture_of_sample_data_says_so_and_no_other_does(name) -> None:
    chart, note = CHARTS[name], "Sample data: simulated between published turning points"

    def notes(market: Market) -> list[str]:
        layout = chart.figure(prepared(chart, BUSY, market), BUSY, "light")["layout"]
        return [mark["text"].replace("<br>", " ") for mark in layout["annotations"]]

    assert notes(MARKET).count(note) == 1
    assert note not in notes(NEW_YORK)
