"""What only Yahoo does: sessions of an exchange, adjusted closes, yfinance's habits."""

import threading
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import yfinance
from yfinance.data import YfData

from data_sources.errors import BadResponse, NoData, UnknownSymbol
from data_sources.providers import yahoo
from settings import Access
from tests.upstream import TODAY, Upstream


@pytest.mark.parametrize("symbol", ["IWM", "^RUT"])
def test_days_are_those_of_the_exchange_summer_and_winter(
    upstream: Upstream, access: Access, symbol: str
) -> None:
    frame = yahoo.daily(symbol, None, access, TODAY)
    pd.testing.assert_frame_equal(frame, upstream.days(symbol), check_freq=False)


@pytest.mark.parametrize("start", [date(2024, 1, 16), date(2023, 7, 4)])
def test_sessions_that_begin_on_the_utc_day_before_keep_their_day(
    upstream: Upstream, access: Access, start: date
) -> None:
    frame = yahoo.daily("^AXJO", start, access, TODAY)
    expected = upstream.days("^AXJO").loc[pd.Timestamp(start) :]
    assert frame.index[0].date() == start
    pd.testing.assert_frame_equal(frame, expected, check_freq=False)


def test_closes_are_as_quoted_not_adjusted_for_dividends(
    upstream: Upstream, access: Access
) -> None:
    frame = yahoo.daily("IWM", None, access, TODAY)
    assert frame["close"].tolist() == upstream.days("IWM")["close"].tolist()


def test_a_price_in_pence_is_refused(upstream: Upstream, access: Access) -> None:
    with pytest.raises(BadResponse, match=r"quotes SHEL\.L in another currency than USD"):
        yahoo.daily("SHEL.L", None, access, TODAY)
    assert upstream.count("yahoo", "SHEL.L") == 1


@pytest.mark.parametrize(
    ("minutes_since_close", "last"),
    [(-240, date(2024, 3, 14)), (10, date(2024, 3, 14)), (40, TODAY)],
)
def test_a_session_counts_half_an_hour_after_its_close(
    upstream: Upstream,
    access: Access,
    monkeypatch: pytest.MonkeyPatch,
    minutes_since_close: int,
    last: date,
) -> None:
    now = upstream.session_ends + timedelta(minutes=minutes_since_close)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return now.astimezone(tz)

    monkeypatch.setattr(yahoo, "datetime", Clock)
    frame = yahoo.daily("IWM", date(2024, 3, 11), access, TODAY)
    assert frame.index[-1].date() == last


def test_an_evening_asked_for_alone_is_the_session_just_over(access: Access) -> None:
    frame = yahoo.daily("IWM", TODAY, access, TODAY)
    assert list(frame.index) == [pd.Timestamp(TODAY)]


@pytest.mark.parametrize("start", [None, date(2024, 3, 11)])
def test_the_first_call_for_a_symbol_is_one_request_too(
    upstream: Upstream, access: Access, start: date | None
) -> None:
    yahoo._yfinance()
    YfData.cache_get.cache_clear()
    yfinance.cache.get_tz_cache().store("IWM", None)
    yahoo.daily("IWM", start, access, TODAY)
    yahoo.daily("IWM", start, access, TODAY)
    assert upstream.count() == 2


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Australia/Sydney"])
@pytest.mark.parametrize("symbol", ["IWM", "^AXJO", "BTC-USD"])
def test_what_yfinance_remembers_as_the_time_zone_does_not_matter(
    upstream: Upstream, access: Access, symbol: str, zone: str
) -> None:
    yahoo._yfinance()
    yfinance.cache.get_tz_cache().store(symbol, zone)
    frame = yahoo.daily(symbol, date(2024, 3, 12), access, TODAY)
    expected = upstream.days(symbol.removesuffix("-USD")).loc["2024-03-12":]
    pd.testing.assert_frame_equal(frame, expected.loc[: frame.index[-1]], check_freq=False)


def test_a_number_of_a_security_is_no_symbol(upstream: Upstream, access: Access) -> None:
    with pytest.raises(UnknownSymbol):
        yahoo.daily("US4642876555", None, access, TODAY)
    assert upstream.count() == 0


def test_neither_cookie_nor_crumb_is_asked_for(upstream: Upstream, access: Access) -> None:
    yahoo.daily("^RUT", None, access, TODAY)
    assert {request.path for request in upstream.requests} == {"/v8/finance/chart/^RUT"}
    assert all("crumb" not in request.query for request in upstream.requests)


def test_days_without_a_close_are_dropped(upstream: Upstream, access: Access) -> None:
    upstream.patch_yahoo = {name: [None, None] for name in ("open", "high", "low", "close")}
    upstream.patch_yahoo["volume"] = [None, None]
    frame = yahoo.daily("IWM", None, access, TODAY)
    pd.testing.assert_frame_equal(frame, upstream.days("IWM").iloc[2:], check_freq=False)


def test_zeros_of_early_indices_are_missing_values(upstream: Upstream, access: Access) -> None:
    upstream.patch_yahoo = {name: [0.0, 0.0] for name in ("open", "high", "low")}
    frame = yahoo.daily("^RUT", None, access, TODAY)
    assert frame["close"].tolist() == upstream.days("^RUT")["close"].tolist()
    assert frame[["open", "high", "low"]].isna().sum().tolist() == [2, 2, 2]


def test_days_after_the_last_one_are_no_data(upstream: Upstream, access: Access) -> None:
    with pytest.raises(NoData):
        yahoo.daily("BTC-USD", TODAY + timedelta(days=3), access, TODAY + timedelta(days=9))
    assert len(upstream.requests) == 1


def test_threads_take_turns_and_never_mix_up_answers(upstream: Upstream, access: Access) -> None:
    frames: dict[str, pd.DataFrame] = {}

    def fetch(symbol: str) -> None:
        frames[symbol] = yahoo.daily(symbol, None, access, TODAY)

    threads = [threading.Thread(target=fetch, args=[s]) for s in ("IWM", "BTC-USD", "^RUT")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert frames["IWM"].equals(upstream.days("IWM"))
    assert frames["^RUT"].equals(upstream.days("^RUT"))
    assert frames["BTC-USD"].equals(upstream.days("BTC").iloc[:-1])
    assert upstream.most_in_flight["yahoo"] == 1


def test_only_warnings_from_inside_yfinance_are_silenced(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def history(*_args: object, **_options: object) -> pd.DataFrame:
        warnings.warn("of ours", FutureWarning, stacklevel=1)
        return pd.DataFrame()

    monkeypatch.setattr(yfinance.Ticker, "history", history)
    with pytest.raises(Exception, match="unknown form") as caught:
        yahoo.daily("IWM", None, access, TODAY)
    assert isinstance(caught.value.__cause__, FutureWarning)


def test_caches_stay_out_of_the_home_folder() -> None:
    assert Path(yfinance.cache._TzDBManager.get_location()).name.startswith("bellwether-")


def test_now_has_a_time_zone() -> None:
    assert yahoo._first_open_day({"exchangeTimezoneName": "UTC"}, TODAY) == TODAY
    past = {"regular": {"end": datetime(2024, 3, 15, 20, tzinfo=UTC).timestamp()}}
    meta = {"exchangeTimezoneName": "America/New_York", "currentTradingPeriod": past}
    assert yahoo._first_open_day(meta, TODAY) == date(2024, 3, 16)
