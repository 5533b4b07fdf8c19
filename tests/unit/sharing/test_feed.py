"""Events with their views, and the Atom document they make."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from components.chart import render
from components.registry import CHARTS
from data_sources.catalog import CATALOG, Instrument, resolve
from data_sources.market import Market, open_market
from data_sources.series import Series, make_series
from data_sources.snapshot import Snapshot
from settings import Settings
from sharing.feed import Entry, Event, atom, events
from sharing.view import available, inputs
from view_state import LONGEST_LABEL, LONGEST_TITLE, Mark, ViewState, parse, to_query

SAMPLE = open_market(Settings(data="sample"))
NOW = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)
A = "{http://www.w3.org/2005/Atom}"
HOSTILE = 'R&D <b>"2000"</b> ]]>\x00\x0b\u202e\'\ufffe'


def market(series: Mapping[str, Series], new_york: Mapping[str, Series] | None = None) -> Market:
    return Market(lambda: Snapshot(series, (), is_sample=False, label="", new_york=new_york or {}))


def made(instrument: Instrument | str, closes: np.ndarray, days: pd.DatetimeIndex) -> Series:
    one = resolve(instrument, CATALOG) if isinstance(instrument, str) else instrument
    assert one
    frame = pd.DataFrame({"close": closes}, days)
    end = "utc" if one.kind == "coin" else ""
    return make_series(one, frame, source="test", fetched_at=NOW, day_end=end)


def coupled(ids: tuple[str, ...] = ("RUT", "RUJ", "BTC", "ETH")) -> dict[str, Series]:
    """Four years of sessions: unrelated, then together, then opposed."""
    rng = np.random.default_rng(8)
    days = pd.bdate_range("2018-01-01", periods=1000, name="date")
    common = rng.standard_normal(1000)
    link = np.repeat([0.0, 0.9, -0.9], [300, 350, 350])
    made_of = {}
    for i in ids:
        mine = 0.3 * rng.standard_normal(1000)
        weight = np.sign(link) if i in ("BTC", "ETH") else np.ones(1000)
        noise = rng.standard_normal(1000)
        shock = np.where(link == 0, noise, weight * common + mine)
        made_of[i] = made(i, 100 * np.exp(np.cumsum(0.01 * shock)), days)
    return made_of


def expected_breakouts(close: pd.Series, start: pd.Timestamp) -> list[tuple[pd.Timestamp, int]]:
    """Day and base length of records after 126 sessions without one, and 60 apart."""
    found, top, last, latest = [], -math.inf, 0, -math.inf
    for at, price in enumerate(close):
        if at and price > top:
            if at - last >= 126 and at - latest >= 60:
                found.append((close.index[at], at - last))
                latest = at
            last = at
        top = max(top, price)
    return [one for one in found if one[0] >= start]


def expected_regimes(first: pd.Series, second: pd.Series) -> list[tuple[str, str, str, float]]:
    """Day, first day of the run, regime and correlation by looking back 21 windows, every day."""
    both = np.log(pd.concat([first, second], axis=1, join="inner")).diff().iloc[1:]
    r = both.iloc[:, 0].rolling(90).corr(both.iloc[:, 1]).dropna()
    found, regime = [], None
    for at in range(20, len(r)):
        strength = np.arctanh(r.iloc[at - 20 : at + 1]) * math.sqrt(87)
        if (strength > 3.2905).all():
            now = "positive"
        elif (strength < -3.2905).all():
            now = "negative"
        elif regime in ("positive", "negative"):
            side = 1 if regime == "positive" else -1
            now = "none" if (strength.abs() < 3.2905).all() else regime
            now = now if (side * strength <= 0.6745).all() else regime
        else:
            now = "none" if (strength.abs() <= 3.2905).all() else regime
        if regime is not None and now != regime:
            days = r.index[[at, at - 20]].strftime("%Y-%m-%d")
            found.append((*days, now, r.iloc[at]))
        regime = now
    return found


def keys(found: list[Event], kind: str) -> list[str]:
    return [one.key for one in found if one.key.startswith(kind)]


# --- events


def test_breakouts_of_the_sample_are_found_by_hand_too() -> None:
    series = SAMPLE.series(("RUT", "BTC"), "utc")
    start = max(one.close.index[0] for one in series.values())
    expected = expected_breakouts(series["RUT"].close, start)
    assert len(expected) >= 3
    found = events(SAMPLE, 1000)
    assert keys(found, "breakout:") == [f"breakout:RUT:{on:%Y-%m-%d}" for on, _ in expected[::-1]]
    by_key = {one.key: one for one in found}
    for on, length in expected:
        one = by_key[f"breakout:RUT:{on:%Y-%m-%d}"]
        close = series["RUT"].close
        assert one.day == on.date()
        assert f"closed at {close[on]:,.2f} on " in one.summary
        assert f"previous record of {close[: on - timedelta(days=1)].max():,.2f} " in one.summary
        assert f" {length} sessions after " in one.summary


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_regimes_of_the_sample_are_found_by_hand_too(coin: str) -> None:
    series = SAMPLE.series(("RUT", coin), "utc")
    expected = expected_regimes(series["RUT"].close, series[coin].close)
    assert expected
    found = keys(events(SAMPLE, 1000), f"regime:RUT:{coin}:")
    assert found == [f"regime:RUT:{coin}:{on}:{regime}" for on, _, regime, _ in expected[::-1]]


def test_a_breakout_is_told_in_words() -> None:
    one = next(e for e in events(SAMPLE) if e.key == "breakout:RUT:2025-09-18")
    assert one.title == "Russell 2000 breakout on 18 Sep 2025"
    assert one.summary == (
        "Russell 2000 closed at 2,467.70 on 18 Sep 2025, above its previous record of 2,442.74 "
        "and 968 sessions after its last record close: the 4th breakout by this rule since there "
        "are prices of Bitcoin, 17 Sep 2014."
    )
    assert one.state == ViewState(
        span=(date(2023, 9, 18), date(2025, 9, 18)),
        align="utc",
        title=one.title,
        marks=(Mark(date(2025, 9, 18), None, "RUT breakout"),),
    )


def test_a_regime_is_told_with_its_numbers() -> None:
    series = coupled()
    found = events(market(series), 1000)
    expected = expected_regimes(series["RUJ"].close, series["ETH"].close)
    assert [regime for _, _, regime, _ in expected][:1] == ["positive"]
    assert expected[-1][2] == "negative"
    on, since, _, r = expected[0]
    one = next(e for e in found if e.key == f"regime:RUJ:ETH:{on}:positive")
    low, high = (np.tanh(np.arctanh(r) + side * 1.959964 / math.sqrt(87)) for side in (-1, 1))
    day, first = (f"{pd.Timestamp(d).day} {pd.Timestamp(d):%b %Y}" for d in (on, since))
    assert one.title == f"Russell 2000 Value × Ethereum: correlation turned positive, {day}"
    assert one.summary == (
        "The 90-session correlation by UTC days of Russell 2000 Value and Ethereum was "
        f"{r:.2f} on {day} (95% {low:.2f} to {high:.2f}), N = 90: positive since {first}, "
        "without a clear sign before (told at 99.9%)."
    )
    assert one.state.pair == ("RUJ", "ETH")
    assert one.state.marks == (Mark(date.fromisoformat(on), None, "RUJ × ETH: positive"),)
    last = next(e for e in found if e.key == f"regime:RUJ:ETH:{expected[-1][0]}:negative")
    assert "correlation turned negative" in last.title
    assert "(95% −0." in last.summary


def test_newest_first_and_no_more_than_asked_for() -> None:
    every = events(market(coupled()), 1000)
    days = [one.day for one in every]
    assert days == sorted(days, reverse=True)
    assert len({one.key for one in every}) == len(every) > 8
    assert events(market(coupled()), 5) == every[:5]
    assert events(market(coupled()), 0) == []


def test_breakouts_once_and_regimes_of_every_pair() -> None:
    found = events(market(coupled()), 1000)
    pairs = {tuple(one.key.split(":")[1:3]) for one in found if one.key.startswith("regime:")}
    assert pairs == {(s, c) for s in ("RUT", "RUJ") for c in ("BTC", "ETH")}
    breakouts = [one for one in found if one.key.startswith("breakout:")]
    assert breakouts
    assert {one.state.coins for one in breakouts} == {("BTC",)}
    without = coupled()
    del without["BTC"]
    others = [one for one in events(market(without), 1000) if one.key.startswith("breakout:")]
    assert {one.key for one in others} == {one.key for one in breakouts}
    assert {one.state.coins for one in others} == {("ETH",)}


@pytest.mark.parametrize("missing", [("RUT", "RUJ"), ("BTC", "ETH"), ("RUT", "RUJ", "BTC", "ETH")])
def test_without_a_pair_there_is_no_event(missing: tuple[str, ...]) -> None:
    assert events(market({i: s for i, s in coupled().items() if i not in missing})) == []


def test_series_that_share_no_day_or_hardly_any_have_no_event() -> None:
    series = coupled(("RUT", "BTC"))
    for shift in (5000, 1500, 1399):
        later = series["BTC"].frame.shift(shift, freq="D")
        coin = made("BTC", later["close"].to_numpy(), pd.DatetimeIndex(later.index))
        assert events(market({"RUT": series["RUT"], "BTC": coin})) == []


def test_an_event_is_by_utc_days_even_where_new_york_closes_are_to_be_had() -> None:
    series = coupled()
    other = coupled(("BTC", "RUT"))["BTC"]
    there = market(series, {"BTC": replace(other, day_end="nyclose")})
    assert events(there, 1000) == events(market(series), 1000)
    for one in events(there, 1000):
        state, notices = parse(to_query(one.state), available(there))
        assert (state, notices) == (one.state, ())


def test_what_was_told_stays_told() -> None:
    """Data that end on an earlier day have the same events up to it, to the letter."""
    whole = events(market(coupled()), 1000)
    for rows in (350, 421, 700, 760, 999):
        cut = {
            i: make_series(s.instrument, s.frame[:rows], source="", fetched_at=NOW, day_end="utc")
            for i, s in coupled().items()
        }
        last = cut["RUT"].as_of.date()
        expected = [one for one in whole if one.day <= last]
        assert events(market(cut), 1000) == expected


@pytest.mark.parametrize("source", [SAMPLE, market(coupled())], ids=["sample", "made"])
def test_every_event_fits_a_link(source: Market) -> None:
    for one in events(source, 1000):
        assert 0 < len(one.title) <= LONGEST_TITLE
        assert all(0 < len(mark.label) <= LONGEST_LABEL for mark in one.state.marks)
        assert one.state.title == one.title
        assert one.state.span[1] == one.day == one.state.marks[0].first
        assert "\n" not in one.summary
        assert one.summary.endswith(".")
        assert parse(to_query(one.state), available(source)) == (one.state, ())


def test_a_leap_day_has_a_view_that_begins_a_day_earlier() -> None:
    days = pd.bdate_range("2022-01-03", "2024-02-29", name="date")
    closes = np.r_[100.0, np.full(len(days) - 2, 90.0), 101.0]
    found = events(market({i: made(i, closes, days) for i in ("RUT", "BTC")}))
    assert [one.key for one in found] == ["breakout:RUT:2024-02-29"]
    assert found[0].state.span == (date(2022, 2, 28), date(2024, 2, 29))


@pytest.mark.parametrize("source", [SAMPLE, market(coupled())], ids=["sample", "made"])
def test_the_view_shows_what_the_event_says(source: Market) -> None:
    """The read-out of the workbench ends with the same numbers."""
    chart = CHARTS["rolling-correlation"]
    for one in events(source, 4):
        drawn = render(chart, inputs(chart, one.state, source), one.state)
        assert drawn.status == "ready"
        if one.key.startswith("regime:"):
            numbers = one.summary.partition(" was ")[2].partition("(")[2].partition("):")[0]
            assert f"({numbers.partition(')')[0]})" in drawn.finding


def test_names_too_long_or_hostile_still_make_a_link() -> None:
    days = pd.bdate_range("2020-01-01", periods=300, name="date")
    closes = np.r_[100.0, np.full(298, 90.0), 101.0]
    coin = made("BTC", closes, days)
    for name, begins in (
        (HOSTILE, 'R&D <b>"2000"</b> ]]> \' breakout on '),
        ("Long " * 40, "RUT breakout on "),
        ("\x00\u200b", "RUT breakout on "),
    ):
        small_cap = made(Instrument("RUT", name, "small_cap"), closes, days)
        (one,) = events(market({"RUT": small_cap, "BTC": coin}))
        assert one.title.startswith(begins)
        assert parse(to_query(one.state)) == (one.state, ())


# --- the document


def entry(event: Event, **changes: object) -> Entry:
    usual = Entry(
        event=event,
        link=f"https://a.example/?v=1&frozen={'x' * 22}",
        id=f"tag:a.example,2026:{event.key}",
        published=NOW,
    )
    return replace(usual, **changes)


def document(entries: list[Entry], *, is_sample: bool = False) -> ET.Element:
    raw = atom(entries, base_url="https://a.example/", is_sample=is_sample, updated=NOW)
    assert raw.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    return ET.fromstring(raw)


def test_the_document_has_what_atom_asks_for() -> None:
    told = [entry(one) for one in events(SAMPLE)]
    feed = document(told)
    assert {child.tag for child in feed.iter()} == {
        A + name
        for name in (
            *("feed", "title", "id", "updated", "link", "author", "name", "entry"),
            *("published", "summary"),
        )
    }
    assert feed.tag == A + "feed"
    assert feed.findtext(A + "id") == "https://a.example/breakouts.xml"
    assert feed.findtext(f"{A}author/{A}name") == "Bellwether"
    assert feed.findtext(A + "updated") == "2026-03-04T05:06:07Z"
    links = {link.get("rel"): link.get("href") for link in feed.findall(A + "link")}
    assert links == {
        "self": "https://a.example/breakouts.xml",
        "alternate": "https://a.example/",
    }
    found = feed.findall(A + "entry")
    assert len(found) == len(told) > 0
    for one, given in zip(found, told, strict=True):
        assert one.findtext(A + "title") == given.event.title
        assert one.findtext(A + "id") == given.id
        assert one.findtext(A + "updated") == one.findtext(A + "published")
        assert one.findtext(A + "published") == "2026-03-04T05:06:07Z"
        (link,) = one.findall(A + "link")
        assert (link.get("rel"), link.get("href")) == ("alternate", given.link)
        summary = one.find(A + "summary")
        assert summary is not None
        assert (summary.get("type"), summary.text) == ("text", given.event.summary)
    for parent in (feed, *found):
        for required in ("title", "id", "updated"):
            assert len(parent.findall(A + required)) == 1


def test_sample_data_are_called_so_in_the_title_and_in_every_entry() -> None:
    told = [entry(one) for one in events(SAMPLE)]
    real, sample = document(told), document(told, is_sample=True)
    assert "Sample data" not in ET.tostring(real, encoding="unicode")
    assert (sample.findtext(A + "title") or "").endswith("(Sample data)")
    for summary in sample.iter(A + "summary"):
        assert (summary.text or "").endswith(
            " Sample data: simulated between published turning points."
        )


def test_hostile_text_is_text() -> None:
    event = replace(events(SAMPLE)[0], title=HOSTILE, summary=f"{HOSTILE}\ud800\n& so on")
    link = "https://a.example/?a=\"><script>&b='é"
    feed = document([entry(event, link=link, id="tag:a.example,2026:<&>")])
    found = feed.find(A + "entry")
    assert found is not None
    assert found.findtext(A + "title") == 'R&D <b>"2000"</b> ]]> \''
    assert found.findtext(A + "summary") == 'R&D <b>"2000"</b> ]]> \' & so on'
    assert found.findtext(A + "id") == "tag:a.example,2026:<&>"
    shown = found.find(A + "link")
    assert shown is not None
    assert shown.get("href") == link
    assert feed.find(f".//{A}script") is None


def test_times_are_in_utc_whatever_zone_they_come_in() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-5)))
    feed = document([entry(events(SAMPLE)[0], published=there)])
    assert feed.findtext(f"{A}entry/{A}published") == "2026-03-04T05:06:07Z"


def test_a_feed_of_nothing_is_a_feed() -> None:
    feed = document([])
    assert feed.findtext(A + "id") == "https://a.example/breakouts.xml"
    assert feed.find(A + "entry") is None


@pytest.mark.parametrize("base", ["https://a.example", "https://a.example/"])
def test_the_address_of_the_feed_has_one_slash(base: str) -> None:
    raw = atom([], base_url=base, is_sample=False, updated=NOW)
    assert ET.fromstring(raw).findtext(A + "id") == "https://a.example/breakouts.xml"
