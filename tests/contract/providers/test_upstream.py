"""The server that stands in for the vendors: the whole catalog, time, faults and counts."""

import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import requests

from data_sources.catalog import CATALOG
from data_sources.errors import BadResponse, NoData, RateLimited, SourceUnavailable
from data_sources.providers import PROVIDERS
from settings import Access
from tests.upstream import PLAUSIBLE_FAULTS, TODAY, VENDORS, Upstream, serve, settings

ROOT = Path(__file__).parents[3]
SOURCES = {
    *(source for instrument in CATALOG for source in instrument.sources),
    *("yahoo:AVUV", "yahoo:AVAX-USD", "coinbase:AVAX-USD", "binance:AVAXUSDT"),
}
START = date(2023, 12, 1)
COIN_SOURCES = ["yahoo:BTC-USD", "coinbase:BTC-USD", "binance:BTCUSDT", "coin_metrics:btc"]


def daily(
    upstream: Upstream, source: str, start: date | None = START, timeout: float = 5
) -> pd.DataFrame:
    """What the provider of a source makes of the server's answers."""
    vendor, symbol = source.split(":")
    access: Access = getattr(settings(upstream, timeout=timeout), vendor)
    return PROVIDERS[vendor].daily(symbol, start, access, upstream.today)


def test_every_source_of_the_catalog_has_prices_of_its_own(upstream: Upstream) -> None:
    closes = {source: daily(upstream, source)["close"] for source in SOURCES}
    for source, close in closes.items():
        vendor, symbol = source.split(":")
        of_coin = symbol.endswith(("-USD", "USDT")) or vendor == "coin_metrics"
        assert len(close) == (105 if of_coin else 72), source
    instruments = {tuple(close) for close in closes.values()}
    coins = [i for i in CATALOG if len(i.sources) == 3]
    # A coin has the same prices at three vendors.
    assert len(instruments) == len(SOURCES) - 2 * len(coins) - 2


def test_another_server_has_the_same_prices(upstream: Upstream) -> None:
    with serve() as other:
        pd.testing.assert_frame_equal(daily(upstream, "yahoo:IWM"), daily(other, "yahoo:IWM"))


def test_histories_begin_when_told_and_when_there_was_something(upstream: Upstream) -> None:
    upstream.first_day = date(2014, 1, 1)
    first = {s: daily(upstream, s, None).index[0].date() for s in (*COIN_SOURCES, "yahoo:^RUT")}
    assert first == {
        "yahoo:BTC-USD": date(2014, 1, 1),
        "coinbase:BTC-USD": date(2015, 1, 26),
        "binance:BTCUSDT": date(2017, 8, 17),
        "coin_metrics:btc": date(2014, 1, 1),
        "yahoo:^RUT": date(2014, 1, 2),
    }
    before = daily(upstream, "yahoo:^RUT", None).loc["2021":]
    upstream.first_day = date(2021, 1, 1)
    pd.testing.assert_frame_equal(daily(upstream, "yahoo:^RUT", None), before)


@pytest.mark.parametrize("source", [*COIN_SOURCES, "yahoo:IWM", "coin_metrics:eth+xrp"])
def test_a_day_that_passes_brings_one_new_bar(upstream: Upstream, source: str) -> None:
    upstream.today = date(2024, 3, 13)
    before = daily(upstream, source)
    upstream.today += timedelta(days=1)
    after = daily(upstream, source)
    assert len(after) == len(before) + 1
    pd.testing.assert_frame_equal(after.iloc[:-1], before)


def test_new_york_rests_on_weekends_and_holidays(upstream: Upstream) -> None:
    upstream.today = date(2024, 2, 20)
    days = daily(upstream, "yahoo:IWM", date(2024, 2, 15)).index
    # 19 February was Presidents' Day.
    assert list(days) == list(pd.to_datetime(["2024-02-15", "2024-02-16", "2024-02-20"]))
    upstream.today = date(2023, 11, 24)
    assert upstream.session_ends == datetime(2023, 11, 24, 18, tzinfo=UTC)


@pytest.mark.parametrize("source", ["coinbase:ETH-USD", "binance:ETHUSDT"])
def test_days_are_made_of_their_hours(upstream: Upstream, source: str) -> None:
    upstream.first_day = date(2015, 1, 1)
    vendor, symbol = source.split(":")
    hourly = PROVIDERS[vendor].hourly
    assert hourly is not None
    day = datetime(2018, 2, 6, tzinfo=UTC)
    access: Access = getattr(settings(upstream), vendor)
    hours = hourly(symbol, day + timedelta(hours=1), day + timedelta(days=1), access)
    bar = daily(upstream, source, day.date()).iloc[0]
    assert bar.name == pd.Timestamp("2018-02-06")
    assert len(hours) == 24
    assert bar["open"] == hours["open"].iloc[0]
    assert bar["close"] == hours.loc["2018-02-07 00:00", "close"]
    assert (bar["high"], bar["low"]) == (hours["high"].max(), hours["low"].min())
    assert bar["volume"] == hours["volume"].sum()


def test_a_coins_open_day_is_not_final(upstream: Upstream) -> None:
    open_day = upstream.days("BTC").iloc[-1]
    upstream.today += timedelta(days=1)
    over = upstream.days("BTC").iloc[-2]
    assert open_day.name == over.name
    assert open_day["close"] != over["close"]


def test_all_faults_that_look_plausible_are_tried_here() -> None:
    assert PLAUSIBLE_FAULTS == ("restated", "shrunk", "jump", "future", "frozen", "slow")


@pytest.mark.parametrize("source", [*COIN_SOURCES, "yahoo:IWM"])
def test_a_restated_history_is_another_one_altogether(upstream: Upstream, source: str) -> None:
    before = daily(upstream, source)
    upstream.fault = "restated"
    after = daily(upstream, source)
    pd.testing.assert_series_equal(after["close"], before["close"] / 2)


@pytest.mark.parametrize("source", [*COIN_SOURCES, "yahoo:IWM"])
def test_a_shrunk_history_has_its_end_only(upstream: Upstream, source: str) -> None:
    before = daily(upstream, source)
    upstream.fault = "shrunk"
    after = daily(upstream, source)
    assert len(after) in (29, 30)
    pd.testing.assert_frame_equal(after, before.iloc[-len(after) :])


@pytest.mark.parametrize("source", [*COIN_SOURCES, "yahoo:IWM"])
def test_a_jump_is_in_the_last_close(upstream: Upstream, source: str) -> None:
    before = daily(upstream, source)["close"]
    upstream.fault = "jump"
    after = daily(upstream, source)["close"]
    assert after.iloc[-1] == pytest.approx(100 * before.iloc[-1])
    pd.testing.assert_series_equal(after.iloc[:-1], before.iloc[:-1])


@pytest.mark.parametrize("source", [*COIN_SOURCES, "yahoo:IWM"])
def test_days_to_come_never_get_through(upstream: Upstream, source: str) -> None:
    before = daily(upstream, source)
    upstream.fault = "future"
    try:
        after = daily(upstream, source)
    except BadResponse:
        assert source == "binance:BTCUSDT"
    else:
        assert 0 < len(before) - len(after) <= 5
        pd.testing.assert_frame_equal(after, before.iloc[: len(after)])


@pytest.mark.parametrize("source", [*COIN_SOURCES, "yahoo:IWM"])
def test_a_frozen_vendor_has_what_it_had(upstream: Upstream, source: str) -> None:
    upstream.today = date(2024, 3, 13)
    before = daily(upstream, source)
    vendor, _ = source.split(":")
    upstream.faults[vendor] = "frozen"
    upstream.today += timedelta(days=1)
    pd.testing.assert_frame_equal(daily(upstream, source), before)
    with pytest.raises(NoData):
        daily(upstream, source, before.index[-1].date() + timedelta(days=1))
    upstream.faults.clear()
    assert len(daily(upstream, source)) == len(before) + 1


@pytest.mark.parametrize("source", COIN_SOURCES)
def test_a_slow_vendor_answers_well(upstream: Upstream, source: str) -> None:
    before = daily(upstream, source)
    upstream.fault, upstream.delay = "slow", 0.1
    began = time.monotonic()
    pd.testing.assert_frame_equal(daily(upstream, source), before)
    assert time.monotonic() - began >= 0.1
    upstream.delay = 30
    with pytest.raises(SourceUnavailable, match="did not answer"):
        daily(upstream, source, timeout=0.3)


@pytest.mark.parametrize("vendor", ["coinbase", "binance"])
def test_hours_have_the_same_faults(upstream: Upstream, vendor: str) -> None:
    symbol = {"coinbase": "BTC-USD", "binance": "BTCUSDT"}[vendor]
    access: Access = getattr(settings(upstream), vendor)
    hourly = PROVIDERS[vendor].hourly
    assert hourly is not None

    def closes(fault: str | None) -> pd.Series:
        upstream.fault = fault
        return hourly(symbol, upstream.now - timedelta(days=8), upstream.now, access)["close"]

    good = closes(None)
    assert good.index[-1] == pd.Timestamp("2024-03-15 21:00", tz="UTC")
    pd.testing.assert_series_equal(closes("restated"), good / 2)
    pd.testing.assert_series_equal(closes("shrunk"), good.iloc[-30:])
    jumped = closes("jump")
    assert jumped.iloc[-1] == pytest.approx(100 * good.iloc[-1])
    pd.testing.assert_series_equal(jumped.iloc[:-1], good.iloc[:-1])
    upstream.now += timedelta(hours=5)
    late = closes("frozen")
    assert late.index[-1] == good.index[-1]
    assert closes(None).index[-1] == good.index[-1] + timedelta(hours=5)


def test_faults_are_of_one_vendor_or_one_symbol(upstream: Upstream) -> None:
    upstream.faults = {
        "coinbase": "429",
        "yahoo:IWM": "500",
        "yahoo:SPY": "418",
        "yahoo": "503 web page",
    }
    with pytest.raises(RateLimited):
        daily(upstream, "coinbase:BTC-USD")
    with pytest.raises(SourceUnavailable, match="HTTP 500"):
        daily(upstream, "yahoo:IWM")
    with pytest.raises(RateLimited):
        daily(upstream, "yahoo:SPY")
    with pytest.raises(SourceUnavailable, match="HTTP 503"):
        daily(upstream, "yahoo:^RUT")
    assert len(daily(upstream, "binance:BTCUSDT"))


def test_requests_are_counted_with_their_time_and_company(upstream: Upstream) -> None:
    upstream.fault, upstream.delay = "slow", 0.6
    began = time.monotonic()
    sources = ["coinbase:BTC-USD"] * 3 + ["coinbase:ETH-USD"] * 2 + ["coin_metrics:eth+xrp"]
    start = TODAY - timedelta(days=5)
    threads = [threading.Thread(target=daily, args=(upstream, s, start)) for s in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert upstream.count() == 6
    assert upstream.count("coinbase") == 5
    assert upstream.count("coinbase", "ETH-USD") == 2
    assert upstream.count("coin_metrics", "eth,xrp") == 1
    assert upstream.count(symbol="BTC-USD") == 3
    assert upstream.most_in_flight == {
        "coinbase": 5,
        ("coinbase", "BTC-USD"): 3,
        ("coinbase", "ETH-USD"): 2,
        "coin_metrics": 1,
        ("coin_metrics", "eth,xrp"): 1,
    }
    assert all(began < request.at < began + 2 for request in upstream.requests)
    upstream.reset_counts()
    assert upstream.count() == 0
    daily(upstream, "coinbase:BTC-USD", start)
    assert upstream.most_in_flight == {"coinbase": 1, ("coinbase", "BTC-USD"): 1}


def test_a_client_that_hangs_up_is_no_longer_in_flight(upstream: Upstream) -> None:
    upstream.fault = "hang"
    with pytest.raises(SourceUnavailable):
        daily(upstream, "binance:BTCUSDT", timeout=0.2)
    deadline = time.monotonic() + 5
    while upstream._in_flight["binance"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert time.monotonic() < deadline


def test_settings_point_everything_at_the_server(upstream: Upstream) -> None:
    ours = settings(upstream, refresh=False, yahoo=Access(base_url="http://x", min_interval=3))
    assert (ours.data, ours.refresh) == ("live", False)
    for vendor in ("coinbase", "binance", "coin_metrics"):
        access = getattr(ours, vendor)
        assert (access.base_url, access.timeout) == (upstream.base_url, 2)
        assert access.min_interval == 0
    assert ours.yahoo.base_url == "http://x"
    assert settings(upstream, timeout=1, min_interval=0.1).binance == Access(
        base_url=upstream.base_url, timeout=1, min_interval=0.1
    )


def test_a_fault_that_does_not_exist_is_a_mistake_of_the_test() -> None:
    def misspell() -> None:
        with serve() as upstream:
            upstream.fault = "492"
            daily(upstream, "binance:BTCUSDT")

    with pytest.raises(ValueError, match="no such fault: 492"):
        misspell()


def test_the_program_prints_settings_and_serves_faults() -> None:
    command = [sys.executable, "-m", "tests.upstream", "--fault", "yahoo:^VIX=429"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            lines = dict(program.stdout.readline().strip().split("=", 1) for _ in VENDORS)
            assert list(lines) == [f"BELLWETHER_{vendor.upper()}__BASE_URL" for vendor in VENDORS]
            (base_url,) = set(lines.values())
            chart = f"{base_url}/v8/finance/chart/"
            assert requests.get(chart + "^VIX", timeout=5).status_code == 429
            since = {"period1": 0, "period2": int(time.time()), "interval": "1d"}
            answer = requests.get(chart + "BTC-USD", since, timeout=5).json()
            last = answer["chart"]["result"][0]["timestamp"][-1]
            assert 0 <= time.time() - last < 86_400
        finally:
            program.terminate()
