"""The data page: every series, what is the matter with it, and what can be done."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from dash.development.base_component import Component

from data_sources.catalog import CATALOG
from data_sources.market import TERMS, Market, open_market
from data_sources.snapshot import Snapshot, Status
from pages import data
from settings import Settings
from tests.unit.pages.fake_live import NOW, SAMPLE, FakeLive, fetched, row

TODAY = date(2026, 8, 22)
BY_ID = {one.id: one for one in CATALOG}
HEADINGS = ["Series", "State", "Last day", "Age", "Rows", "First day", "Day ends", "Source"]


def text(part: object) -> str:
    """What a reader sees of a component, its parts separated by a space."""
    if isinstance(part, Component):
        if getattr(part, "aria-hidden", None) == "true":
            return ""
        return text(getattr(part, "children", None))
    if isinstance(part, list | tuple):
        return " ".join(filter(None, (text(one).strip() for one in part)))
    return "" if part is None else str(part)


def find(part: object, kind: str) -> list[Component]:
    if isinstance(part, list | tuple):
        return [one for child in part for one in find(child, kind)]
    if not isinstance(part, Component):
        return []
    here = [part] if type(part).__name__ == kind else []
    return here + find(getattr(part, "children", None), kind)


def rows(market: Market, today: date = TODAY) -> list[list[str]]:
    head, *body = find(data.series(market, today), "Tr")
    assert [text(cell) for cell in head.children] == HEADINGS
    return [[text(cell) for cell in one.children] for one in body]


@pytest.fixture
def live() -> FakeLive:
    return FakeLive()


def test_a_series_that_is_current(live: FakeLive) -> None:
    table = {cells[0]: cells[1:] for cells in rows(live.market)}
    assert table["RUT Russell 2000"] == [
        "Current", "21 Aug 2026", "yesterday", "3,000", "17 Sep 2014", "", "Yahoo Finance ^RUT",
    ]  # fmt: skip
    assert table["BTC Bitcoin"][5:] == ["UTC day", "Yahoo Finance BTC-USD"]


@pytest.mark.parametrize(
    ("today", "age"),
    [
        (date(2026, 8, 20), "today"),
        (date(2026, 8, 21), "today"),
        (date(2026, 8, 22), "yesterday"),
        (date(2026, 8, 23), "2 days"),
        (date(2029, 8, 21), "1,096 days"),
    ],
)
def test_age_is_counted_in_days(live: FakeLive, today: date, age: str) -> None:
    assert rows(live.market, today)[0][3] == age


def test_what_needs_attention_comes_first(live: FakeLive) -> None:
    eth, btc = live.snapshot.series["ETH"], live.snapshot.series["BTC"]
    live.put(
        row(replace(btc, stale="Yahoo Finance is down, next try 14:32 UTC.")),
        row(eth, error="Slow", failed_at=NOW, next_try=NOW + timedelta(minutes=1)),
        Status(BY_ID["VBR"], None),
        Status(BY_ID["IWM"], None, error="No such host", failed_at=NOW, next_try=NOW),
        Status(BY_ID["IJR"], None, error="Later", failed_at=NOW + timedelta(days=1)),
    )
    told = [cells[:2] for cells in rows(live.market)]
    assert told == [
        ["IJR iShares Core S&P Small-Cap ETF", "Failed Later Failed 24 Nov 2026, 09:12 UTC"],
        [
            "IWM iShares Russell 2000 ETF",
            "Failed No such host Failed 23 Nov 2026, 09:12 UTC Next try 23 Nov 2026, 09:12 UTC",
        ],
        ["BTC Bitcoin", "Stale since 21 Aug 2026 Yahoo Finance is down, next try 14:32 UTC."],
        [
            "ETH Ethereum",
            "Last try failed Slow Failed 23 Nov 2026, 09:12 UTC Next try 23 Nov 2026, 09:13 UTC",
        ],
        ["VBR Vanguard Small-Cap Value ETF", "Waiting"],
        ["RUT Russell 2000", "Current"],
        ["IWN iShares Russell 2000 Value ETF", "Current"],
    ]
    marks = [text(one.children) for one in find(data.series(live.market), "Span") if one.children]
    assert {"✕", "!", "…", "✓"} <= set(marks)
    counts = "7 series: 2 failed, 1 stale, 1 last try failed, 1 waiting, 2 current."
    assert counts in text(data.series(live.market))


def test_closes_at_new_york_stand_under_their_coin(live: FakeLive) -> None:
    btc = replace(live.snapshot.series["BTC"], day_end="nyclose", source="Coinbase Exchange")
    live.put(
        Status(btc.instrument, btc, is_new_york=True),
        Status(BY_ID["ETH"], None, is_new_york=True),
    )
    table = rows(live.market)
    names = [cells[0] for cells in table]
    assert names == [
        "ETH Ethereum", "ETH at New York's close",
        "RUT Russell 2000", "IWN iShares Russell 2000 Value ETF",
        "BTC Bitcoin", "BTC at New York's close",
    ]  # fmt: skip
    assert table[1] == ["ETH at New York's close", "Waiting", "", "", "", "", "New York close", ""]
    assert table[5][6:] == ["New York close", "Coinbase Exchange"]


def test_closes_at_new_york_that_do_not_reach_the_present_yet(live: FakeLive) -> None:
    btc = replace(live.snapshot.series["BTC"], day_end="nyclose")
    live.put(Status(btc.instrument, btc, is_new_york=True, is_filling=True))
    table = rows(live.market)
    assert [cells[:2] for cells in table[:2]] == [
        ["BTC Bitcoin", "Current"],
        ["BTC at New York's close", "Being filled"],
    ]


def test_a_store_that_is_empty_and_sources_that_all_fail(live: FakeLive) -> None:
    live.change(series={}, statuses=())
    assert rows(live.market) == []
    assert "There is no series." in text(data.series(live.market))
    fetching = [one for one in CATALOG if one.sources]
    live.change(statuses=tuple(Status(one, None, error="Down", failed_at=NOW) for one in fetching))
    assert len(rows(live.market)) == len(fetching)
    assert {cells[1].split()[0] for cells in rows(live.market)} == {"Failed"}


def test_what_nothing_fetches_is_left_out(live: FakeLive) -> None:
    assert not [one for one in rows(live.market) if one[0].startswith("WALCL")]


def test_the_sample_says_who_can_show_live_data() -> None:
    market = Market(lambda: SAMPLE)
    shown = text(data.content(market, needs_token=True))
    assert "Sample data: simulated between published turning points. Nothing is fetched." in shown
    assert "Whoever runs this dashboard can show live prices" in shown
    assert {cells[1] for cells in rows(market)} == {"Simulated"}
    assert not find(data.content(market, needs_token=True), "Button")
    assert "Sources and their terms" not in shown


def test_files_say_who_can_show_live_data(tmp_path) -> None:
    days = pd.bdate_range("2024-01-01", periods=30)
    lines = "".join(f"{day:%Y-%m-%d},{100 + day.day}\n" for day in days)
    (tmp_path / "RUT.csv").write_text("date,close\n" + lines)
    market = open_market(Settings(data="files", files=tmp_path))
    shown = text(data.content(market, needs_token=False))
    assert "Prices are read from a folder; nothing is fetched." in shown
    assert "Whoever runs this dashboard can show live prices" in shown
    assert rows(market)[0][1] == "As in its file"
    assert not find(data.content(market, needs_token=False), "Button")


def test_while_the_sample_stands_in(live: FakeLive) -> None:
    live.change(series=SAMPLE.series, is_sample=True)
    assert "The charts show sample data until" in text(data.series(live.market))


def test_a_refresh_asks_for_the_token_only_where_there_is_one(live: FakeLive) -> None:
    for needs_token in (True, False):
        page = data.content(live.market, needs_token=needs_token)
        assert [one.id for one in find(page, "Button")] == ["refresh"]
        assert [one.id for one in find(page, "TextInput")] == ["token"] * needs_token


def test_every_source_has_its_terms(live: FakeLive) -> None:
    shown = text(data.content(live.market, needs_token=False))
    for name, terms in TERMS.items():
        assert f"{name} {terms}" in shown


def test_what_a_source_says_is_text(live: FakeLive) -> None:
    live.put(Status(BY_ID["IWM"], None, error="<script>alert(1)</script>", failed_at=NOW))
    cell = find(data.series(live.market), "Td")[0]
    assert text(cell).startswith("Failed <script>alert(1)</script>")
    json.dumps(cell.to_plotly_json(), default=lambda one: one.to_plotly_json())


def test_a_snapshot_without_statuses_shows_what_it_holds() -> None:
    snapshot = Snapshot({"RUT": fetched(BY_ID["RUT"])}, (), is_sample=False, label="x")
    assert len(rows(Market(lambda: snapshot))) == 1
