"""What holds for every vendor: good answers are one frame, bad ones one of five errors."""

import re
import socket
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from data_sources.catalog import resolve
from data_sources.errors import (
    BadResponse,
    NoData,
    RateLimited,
    SourceError,
    SourceUnavailable,
    UnknownSymbol,
)
from data_sources.providers import PROVIDERS
from data_sources.series import make_series
from settings import Access, Settings
from tests.upstream import FAULTS, TODAY, Upstream
from tests.upstream_vendors import SUPPLY

pytestmark = pytest.mark.xdist_group("clock")
QUICK = 0.25
LATE = QUICK + 1
START = datetime(2024, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One entry point of one vendor, and how many requests a whole history takes it."""

    provider: str
    symbol: str
    unknown: str
    requests: int
    columns: tuple[str, ...] = ("open", "high", "low", "close", "volume")
    by_hour: bool = False

    def ask(self, access: Access, symbol: str | None = None) -> pd.DataFrame:
        provider = PROVIDERS[self.provider]
        if self.by_hour:
            assert provider.hourly is not None
            return provider.hourly(symbol or self.symbol, START, START + timedelta(days=13), access)
        return provider.daily(symbol or self.symbol, None, access, TODAY)

    def expected(self, upstream: Upstream) -> pd.DataFrame:
        """Days that are over, as a good answer has them."""
        if self.provider != "coin_metrics":
            return upstream.days("BTC", self.provider).iloc[:-1]
        btc, eth = (
            upstream.days(coin.upper())[["close"]].iloc[:-1] * SUPPLY[coin]
            for coin in ("btc", "eth")
        )
        return {"btc": btc, "btc+eth": btc + eth, "btc/btc+eth": 100 * btc / (btc + eth)}[
            self.symbol
        ]


# 1,169 days are on the server; Coinbase is asked for those since it opened in 2015.
CASES = {
    "yahoo": Case("yahoo", "BTC-USD", "NOPE-USD", 1),
    "coinbase": Case("coinbase", "BTC-USD", "NOPE-USD", 12),
    "binance": Case("binance", "BTCUSDT", "NOPEUSDT", 2),
    "coin_metrics": Case("coin_metrics", "btc", "nope", 1, ("close",)),
    "coin_metrics sum": Case("coin_metrics", "btc+eth", "btc+nope", 1, ("close",)),
    "coin_metrics share": Case("coin_metrics", "btc/btc+eth", "btc/btc+nope", 1, ("close",)),
    "coinbase hourly": Case("coinbase", "BTC-USD", "NOPE-USD", 2, by_hour=True),
    "binance hourly": Case("binance", "BTCUSDT", "NOPEUSDT", 1, by_hour=True),
}
DAILY = [name for name, case in CASES.items() if not case.by_hour]
HOURLY = [name for name, case in CASES.items() if case.by_hour]

EXPECTED: dict[str, type[SourceError]] = {
    "429": RateLimited,
    "429 with seconds": RateLimited,
    "429 with a date": RateLimited,
    "418": RateLimited,
    "500": SourceUnavailable,
    "503 web page": SourceUnavailable,
    "403": SourceUnavailable,
    "web page": BadResponse,
    "truncated": BadResponse,
    "cut off": BadResponse,
    "empty body": BadResponse,
    "wrong shape": BadResponse,
    "texts for prices": BadResponse,
    "huge": BadResponse,
    "redirect": BadResponse,
    "empty result": NoData,
    "null closes": NoData,
    "negative closes": BadResponse,
    "wrong currency": BadResponse,
    "other instrument": BadResponse,
    "hang": SourceUnavailable,
    "drip": SourceUnavailable,
    "drip headers": SourceUnavailable,
}
# Only Yahoo says in which currency; the exchanges do not name what they answer for.
NAMED = {name for name, case in CASES.items() if case.provider in ("yahoo", "coin_metrics")}
SLOW = ("hang", "drip", "drip headers")
# One of each vendor: waiting takes the time.
PLAIN = {"yahoo", "coinbase", "binance", "coin_metrics"}
ONLY_AT = {"wrong currency": {"yahoo"}, "other instrument": NAMED, **dict.fromkeys(SLOW, PLAIN)}


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def case(name: str) -> Case:
    return CASES[name]


def test_every_fault_has_an_error() -> None:
    assert tuple(EXPECTED) == FAULTS


@pytest.mark.parametrize(
    ("name", "fault"),
    [(name, fault) for name in CASES for fault in FAULTS if name in ONLY_AT.get(fault, CASES)],
)
def test_a_failure_is_one_request_and_one_typed_error(
    upstream: Upstream, access: Access, case: Case, fault: str
) -> None:
    upstream.fault = fault
    began = time.monotonic()
    with pytest.raises(EXPECTED[fault]) as caught:
        case.ask(access.model_copy(update={"timeout": QUICK}) if fault in SLOW else access)
    assert time.monotonic() - began < LATE
    assert type(caught.value) is EXPECTED[fault]
    assert str(caught.value).startswith(PROVIDERS[case.provider].name + " ")
    assert "\n" not in str(caught.value)
    if fault in ("empty result", "null closes", "negative closes", "texts for prices"):
        assert len(upstream.requests) <= case.requests
    else:
        assert len(upstream.requests) == 1


@pytest.mark.parametrize("fault", ["429", "500", "web page", "truncated", "redirect", "hang"])
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.requests > 1])
def test_a_failure_half_way_gives_no_half_history(
    upstream: Upstream, access: Access, case: Case, fault: str
) -> None:
    upstream.fault, upstream.good_answers = fault, 1
    with pytest.raises(EXPECTED[fault]):
        case.ask(access.model_copy(update={"timeout": 1}) if fault == "hang" else access)
    assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    ("fault", "wait"), [("429", None), ("429 with seconds", 30), ("429 with a date", 90)]
)
def test_a_source_says_how_long_to_wait(
    upstream: Upstream, access: Access, case: Case, fault: str, wait: float | None
) -> None:
    upstream.fault = fault
    with pytest.raises(RateLimited) as caught:
        case.ask(access)
    assert caught.value.retry_after == (wait if wait is None else pytest.approx(wait, abs=2))


def test_an_unknown_symbol_is_not_asked_for_twice(
    upstream: Upstream, access: Access, case: Case
) -> None:
    with pytest.raises(UnknownSymbol, match=f"does not offer {re.escape(case.unknown)}$"):
        case.ask(access, case.unknown)
    assert len(upstream.requests) == 1


def test_a_refused_connection_is_unavailable(access: Access, case: Case) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(SourceUnavailable, match="cannot be reached"):
            case.ask(access.model_copy(update={"base_url": f"http://127.0.0.1:{port}"}))


def test_a_name_nobody_knows_is_unavailable(
    access: Access, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        case.ask(access.model_copy(update={"base_url": "http://nowhere.invalid"}))


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_a_slow_look_up_of_the_name_counts(
    access: Access, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: time.sleep(2))
    began = time.monotonic()
    with pytest.raises(SourceUnavailable, match=r"did not answer within 0\.25 seconds"):
        case.ask(access.model_copy(update={"base_url": "http://nowhere.invalid", "timeout": QUICK}))
    assert time.monotonic() - began < LATE


def test_a_whole_history_takes_few_requests_that_name_their_sender(
    upstream: Upstream, access: Access, case: Case
) -> None:
    case.ask(access)
    assert len(upstream.requests) == case.requests
    assert {request.user_agent for request in upstream.requests} == {"Bellwether test"}
    assert {f"http://{request.host}" for request in upstream.requests} == {upstream.base_url}


def test_requests_keep_their_distance(upstream: Upstream, access: Access, case: Case) -> None:
    began = time.monotonic()
    case.ask(access.model_copy(update={"min_interval": 0.05}))
    assert time.monotonic() - began >= 0.05 * (case.requests - 1)
    assert len(upstream.requests) == case.requests


@pytest.mark.parametrize("name", DAILY)
def test_daily_frames_are_the_same_from_every_vendor(
    upstream: Upstream, access: Access, case: Case
) -> None:
    frame = case.ask(access)
    expected = case.expected(upstream)[list(case.columns)]
    pd.testing.assert_frame_equal(frame, expected, check_freq=False, rtol=1e-14, atol=0)
    instrument = resolve("BTC")
    assert instrument is not None
    fetched_at = datetime(2024, 3, 15, tzinfo=UTC)
    series = make_series(instrument, frame, source=case.provider, fetched_at=fetched_at)
    assert series.as_of == pd.Timestamp("2024-03-14")


@pytest.mark.parametrize("name", DAILY)
def test_only_the_days_from_start_are_asked_for(
    upstream: Upstream, access: Access, case: Case
) -> None:
    start = date(2024, 3, 10)
    frame = PROVIDERS[case.provider].daily(case.symbol, start, access, TODAY)
    assert list(frame.index) == list(pd.date_range(start, "2024-03-14"))
    (asked,) = upstream.requests
    seconds = int(datetime(2024, 3, 10, tzinfo=UTC).timestamp())
    first = {
        # Sessions in the east begin a day earlier.
        "yahoo": ("period1", str(seconds - 86_400)),
        "coinbase": ("start", "2024-03-10T00:00:00+00:00"),
        "binance": ("startTime", f"{seconds}000"),
        "coin_metrics": ("start_time", "2024-03-10"),
    }
    assert first[case.provider] in asked.query.items()


@pytest.mark.parametrize("name", DAILY)
@pytest.mark.parametrize("days_ahead", [0, 1])
def test_a_day_not_over_yet_is_no_data(access: Access, case: Case, days_ahead: int) -> None:
    start = TODAY + timedelta(days=days_ahead)
    with pytest.raises(NoData):
        PROVIDERS[case.provider].daily(case.symbol, start, access, TODAY)


@pytest.mark.parametrize("name", HOURLY)
def test_hourly_bars_are_stamped_with_their_end(
    upstream: Upstream, access: Access, case: Case
) -> None:
    frame = case.ask(access)
    hour = timedelta(hours=1)
    expected = upstream.hours("BTC", START - hour, START + timedelta(days=13) - hour)
    ends = pd.date_range(START, START + timedelta(days=13), freq="h", unit="us", name="time")
    expected = expected.set_axis(ends)
    pd.testing.assert_frame_equal(frame, expected, check_freq=False)


@pytest.mark.parametrize("name", HOURLY)
def test_the_hour_still_running_is_left_out(upstream: Upstream, access: Access, case: Case) -> None:
    now = datetime.now(UTC)
    hourly = PROVIDERS[case.provider].hourly
    assert hourly is not None
    # The server has no candles that late: what counts is what it is asked for.
    with pytest.raises(NoData):
        hourly(case.symbol, now - timedelta(hours=3), now + timedelta(days=5), access)
    (asked,) = upstream.requests
    if case.provider == "coinbase":
        last_start = datetime.fromisoformat(asked.query["end"])
    else:
        last_start = datetime.fromtimestamp(int(asked.query["endTime"]) / 1000, UTC)
        last_start = last_start.replace(minute=0, second=0, microsecond=0)
    assert last_start + timedelta(hours=1) <= now
    asked_before = len(upstream.requests)
    with pytest.raises(NoData):
        hourly(case.symbol, now + timedelta(hours=1), now + timedelta(hours=5), access)
    assert len(upstream.requests) == asked_before


@pytest.mark.parametrize("name", HOURLY)
def test_a_moment_without_a_time_zone_is_a_mistake(access: Access, case: Case) -> None:
    hourly = PROVIDERS[case.provider].hourly
    assert hourly is not None
    with pytest.raises(TypeError):
        hourly(case.symbol, datetime(2024, 3, 1), datetime(2024, 3, 2), access)  # noqa: DTZ001


def test_registry_names_vendors_terms_and_ways_in() -> None:
    assert set(PROVIDERS) == {"yahoo", "coinbase", "binance", "coin_metrics"}
    defaults = Settings.model_fields
    for key, provider in PROVIDERS.items():
        assert provider.terms.endswith(".")
        assert defaults[key].default.base_url.startswith("https://")
        assert defaults[key].default.timeout <= 30
        assert defaults[key].default.min_interval > 0
    assert len({defaults[key].default.base_url for key in PROVIDERS}) == len(PROVIDERS)


def test_asking_again_gives_the_same(access: Access, case: Case) -> None:
    pd.testing.assert_frame_equal(case.ask(access), case.ask(access))
