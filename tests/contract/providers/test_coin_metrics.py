"""What only Coin Metrics does: baskets of coins, pages, and assets that are not free."""

from datetime import date

import pandas as pd
import pytest

from data_sources.catalog import resolve
from data_sources.errors import BadResponse, NoData, UnknownSymbol
from data_sources.providers import coin_metrics
from settings import Access
from tests.upstream import TODAY, Upstream
from tests.upstream_vendors import SUPPLY


def symbol_of(instrument_id: str) -> str:
    instrument = resolve(instrument_id)
    assert instrument is not None
    (source,) = instrument.sources
    return source.removeprefix("coin_metrics:")


def caps(upstream: Upstream) -> pd.DataFrame:
    """Market capitalisation of every coin on offer, on the days on which all have one."""
    coins = {coin: upstream.days(coin.upper())["close"] * supply for coin, supply in SUPPLY.items()}
    return pd.DataFrame(coins).iloc[:-1].dropna()


@pytest.fixture
def long(upstream: Upstream) -> Upstream:
    """A history from before all coins have begun."""
    upstream.first_day = date(2014, 1, 1)
    return upstream


def test_the_catalogs_basket_is_the_sum_of_its_coins(long: Upstream, access: Access) -> None:
    frame = coin_metrics.daily(symbol_of("ALTS"), None, access, TODAY)
    expected = caps(long)[["eth", "xrp", "ltc", "doge"]].sum(axis=1)
    pd.testing.assert_series_equal(frame["close"], expected, check_names=False, check_freq=False)
    # Ether is the last to begin.
    assert frame.index[0] == pd.Timestamp("2015-08-08")


def test_the_catalogs_dominance_is_a_percentage_of_all_five(long: Upstream, access: Access) -> None:
    frame = coin_metrics.daily(symbol_of("BTCDOM"), None, access, TODAY)
    held = caps(long)
    expected = 100 * held["btc"] / held.sum(axis=1)
    pd.testing.assert_series_equal(frame["close"], expected, check_names=False, check_freq=False)


def test_a_history_of_five_coins_is_one_chain_of_pages(long: Upstream, access: Access) -> None:
    coin_metrics.daily(symbol_of("BTCDOM"), None, access, TODAY)
    first, *others = long.requests
    assert first.query["assets"] == "btc,doge,eth,ltc,xrp"
    assert (first.query["page_size"], len(others)) == ("10000", 1)
    assert others[0].query.items() >= first.query.items()


@pytest.mark.parametrize("size", [500, 1169, 1170])
def test_pages_may_end_anywhere(upstream: Upstream, access: Access, size: int) -> None:
    upstream.page_size = size
    frame = coin_metrics.daily("ltc+btc", None, access, TODAY)
    expected = caps(upstream)["ltc"] + caps(upstream)["btc"]
    pd.testing.assert_series_equal(frame["close"], expected, check_names=False, check_freq=False)
    # Two coins with 1,169 days each.
    assert len(upstream.requests) == -(-2 * 1169 // size)
    assert {f"http://{request.host}" for request in upstream.requests} == {upstream.base_url}


@pytest.mark.parametrize("symbol", ["btc+eth+doge", "btc/btc+eth"])
def test_a_day_on_which_a_coin_is_missing_is_absent(
    upstream: Upstream, access: Access, symbol: str
) -> None:
    whole = coin_metrics.daily(symbol, None, access, TODAY)
    upstream.missing_caps = {("eth", "2024-03-01"), ("btc", "2022-07-04"), ("xrp", "2024-03-05")}
    frame = coin_metrics.daily(symbol, None, access, TODAY)
    gaps = pd.to_datetime(["2022-07-04", "2024-03-01"])
    pd.testing.assert_frame_equal(frame, whole.drop(gaps))


@pytest.mark.parametrize("symbol", ["eth", "btc+eth", "btc/btc+eth"])
def test_a_coin_without_any_value_leaves_no_data(
    upstream: Upstream, access: Access, symbol: str
) -> None:
    upstream.missing_caps = {("eth", "2024-03-14")}
    with pytest.raises(NoData):
        coin_metrics.daily(symbol, date(2024, 3, 14), access, TODAY)


@pytest.mark.parametrize("symbol", ["sol", "eth+sol", "sol/btc+sol"])
def test_an_asset_that_is_not_free_is_not_offered(access: Access, symbol: str) -> None:
    with pytest.raises(UnknownSymbol, match="Coin Metrics does not offer"):
        coin_metrics.daily(symbol, None, access, TODAY)


@pytest.mark.parametrize("wrong", ["0", "-5", "inf"])
@pytest.mark.parametrize("symbol", ["eth", "btc+eth", "btc/btc+eth"])
def test_one_wrong_value_is_not_hidden_by_the_sum(
    access: Access, monkeypatch: pytest.MonkeyPatch, symbol: str, wrong: str
) -> None:
    values = {"btc": "1000", "eth": wrong}
    rows = [
        {"asset": asset, "time": "2024-03-14T00:00:00Z", coin_metrics.METRIC: value}
        for asset, value in values.items()
        if asset in symbol
    ]
    monkeypatch.setattr(coin_metrics, "get_json", lambda *_args: {"data": rows})
    with pytest.raises(BadResponse, match="wrong values of"):
        coin_metrics.daily(symbol, None, access, TODAY)


def test_pages_that_repeat_themselves_come_to_an_end(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"asset": "btc", "time": "2024-03-14T00:00:00Z", coin_metrics.METRIC: "1"}
    answer = {"data": [row], "next_page_url": "https://x.invalid/?next_page_token=1"}
    monkeypatch.setattr(coin_metrics, "get_json", lambda *_args: answer)
    with pytest.raises(BadResponse, match="days twice or out of order"):
        coin_metrics.daily("btc", None, access, TODAY)


@pytest.mark.parametrize("asset", [None, ["btc"], "eth"])
def test_rows_of_anything_else_are_refused(
    access: Access, monkeypatch: pytest.MonkeyPatch, asset: object
) -> None:
    row = {"asset": asset, "time": "2024-03-14T00:00:00Z", coin_metrics.METRIC: "1"}
    monkeypatch.setattr(coin_metrics, "get_json", lambda *_args: {"data": [row]})
    with pytest.raises(BadResponse, match="another coin"):
        coin_metrics.daily("btc", None, access, TODAY)
