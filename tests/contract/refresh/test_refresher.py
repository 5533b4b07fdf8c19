"""The refresher against vendors that answer, fail and come back; nothing good is ever lost."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

from data_sources import refresh
from data_sources.catalog import CATALOG, Instrument
from data_sources.errors import NotPossible, StoreUnavailable, TooSoon
from data_sources.live import Live
from data_sources.new_york import session_closes
from data_sources.refresh import Refresher
from data_sources.series import make_series
from data_sources.store import Store, open_store
from settings import Access, Settings
from tests.contract.conftest import SOME, Clock, only
from tests.upstream import NOW, VENDORS, Upstream, serve
from tests.upstream import settings as settings_for

pytestmark = pytest.mark.xdist_group("clock")
FETCHED = [one.id for one in CATALOG if one.sources]
HOURLY = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LINK")
FIRST_DAY = date(2023, 3, 1)
WEEKEND = timedelta(days=3)


@dataclass
class World:
    """Vendors, a store, a refresher, and the time they share."""

    upstream: Upstream
    settings: Settings
    clock: Clock
    store: Store
    refresher: Refresher

    def work(self) -> None:
        """Let the refresher do everything that is due."""
        for _ in range(200):
            if not self.refresher.work():
                return
        pytest.fail("the refresher finds no end")

    def pass_time(self, amount: timedelta, *, at_vendors: bool = True) -> None:
        self.clock.now += amount
        if at_vendors:
            self.upstream.now = self.clock.now

    def copies(self) -> dict[str, pd.DataFrame]:
        return {name: one.frame for name, one in self.store.get(self.store.heads()).items()}

    def live(self) -> Live:
        """What pages see, without a refresher of its own."""
        return Live(self.settings, self.clock)


@contextmanager
def world_in(folder: Path, catalog: tuple[Instrument, ...] = SOME) -> Iterator[World]:
    clock = Clock(NOW)
    url = f"sqlite:///{folder}/store.db"
    with (
        only(catalog),
        serve() as upstream,
        closing(open_store(url, clock)) as store,
    ):
        upstream.first_day = FIRST_DAY
        settings = settings_for(upstream, database_url=url, refresh=False, timeout=1)
        yield World(upstream, settings, clock, store, Refresher(store, settings, clock))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Nothing has been fetched yet."""
    with world_in(tmp_path) as one:
        yield one


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    """The same, with the whole catalog."""
    with world_in(tmp_path, CATALOG) as one:
        yield one


def fetched(folder: Path, catalog: tuple[Instrument, ...]) -> Path:
    """The folder, with a store that everything was fetched into."""
    with world_in(folder, catalog) as one:
        one.work()
    return folder


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetched(tmp_path_factory.mktemp("some"), SOME)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetched(tmp_path_factory.mktemp("everything"), CATALOG)


@pytest.fixture
def full(some: Path, tmp_path: Path) -> Iterator[World]:
    """Everything has just been fetched."""
    copytree(some, tmp_path / "full")
    with world_in(tmp_path / "full") as one:
        yield one


@pytest.fixture
def whole(everything: Path, tmp_path: Path) -> Iterator[World]:
    """The same, with the whole catalog."""
    copytree(everything, tmp_path / "whole")
    with world_in(tmp_path / "whole", CATALOG) as one:
        yield one


@pytest.fixture
def loaded(full: World) -> World:
    """A weekend and a session have passed since everything was fetched."""
    full.pass_time(WEEKEND)
    return full


def keeps(after: pd.DataFrame, before: pd.DataFrame) -> bool:
    """Whether every close that was known still is, on its day and to the last bit."""
    return after["close"].reindex(before.index).equals(before["close"])


def status(world: World, name: str):
    found = world.live().status(name)
    assert found is not None
    return found


# --- good days ------------------------------------------------------------------------------


def test_a_first_load_fetches_everything_once(empty: World) -> None:
    world = empty
    world.work()
    copies = world.copies()
    assert set(copies) == {*FETCHED, *(f"{coin}@nyclose" for coin in HOURLY)}
    assert world.upstream.count("yahoo") == len(FETCHED) - 2
    assert world.upstream.count("coin_metrics") == 2
    assert world.upstream.count("binance") == 0
    assert max(world.upstream.most_in_flight.values()) == 1
    assert world.store.heads()["RUT"].source == "Yahoo Finance ^RUT"
    expected = world.upstream.days("BTC").loc[:"2024-03-14"]
    pd.testing.assert_series_equal(
        copies["BTC"]["close"], expected["close"], check_names=False, check_freq=False
    )
    world.upstream.reset_counts()
    world.work()
    assert world.upstream.count() == 0


def test_coins_at_new_york_are_the_hours_that_ended_with_the_session(world: World) -> None:
    world.work()
    got = world.copies()["ETH@nyclose"]["close"]
    closes = session_closes(FIRST_DAY, NOW.date())
    assert list(got.index) == list(closes.index)
    for day in (got.index[0], pd.Timestamp("2023-11-24"), got.index[-1]):
        start = (closes[day] - pd.Timedelta(hours=1)).to_pydatetime()
        assert got[day] == world.upstream.hours("ETH", start, start)["close"].iloc[0]
    assert world.store.heads()["ETH@nyclose"].source == "Coinbase Exchange ETH-USD"


def test_a_new_day_is_one_small_request_a_series(whole: World) -> None:
    loaded = whole
    loaded.pass_time(WEEKEND)
    before = loaded.copies()
    loaded.work()
    assert loaded.upstream.count() == len(FETCHED) + len(HOURLY)
    assert max(loaded.upstream.most_in_flight.values()) == 1
    for request in loaded.upstream.requests:
        if request.vendor == "yahoo":
            age = loaded.clock.now.timestamp() - int(request.query["period1"])
            assert age < 14 * 86_400, request
    after = loaded.copies()
    for name, frame in before.items():
        coin_day = name in (*HOURLY, "ALTS", "BTCDOM")
        assert len(after[name]) == len(frame) + (3 if coin_day else 1), name
        assert keeps(after[name], frame), name


def test_a_late_vendor_is_asked_again_but_not_at_once(loaded: World) -> None:
    loaded.work()
    loaded.upstream.faults = {"yahoo": "frozen"}
    loaded.pass_time(timedelta(days=1))
    loaded.upstream.reset_counts()
    loaded.work()
    assert loaded.upstream.count("yahoo", "IWM") == 1
    assert status(loaded, "IWM").series.stale == ""
    loaded.pass_time(timedelta(minutes=29))
    loaded.work()
    assert loaded.upstream.count("yahoo", "IWM") == 1
    loaded.pass_time(timedelta(minutes=2))
    loaded.work()
    assert loaded.upstream.count("yahoo", "IWM") == 2
    loaded.pass_time(timedelta(hours=8))
    assert "nothing newer at the source" in status(loaded, "IWM").series.stale


# --- faults ---------------------------------------------------------------------------------

LIMITS = ("429", "429 with seconds", "429 with a date", "418")
DEAD = ("500", "503 web page", "403", "hang", "drip", "drip headers")
NONSENSE = (
    *("web page", "truncated", "cut off", "empty body", "wrong shape", "texts for prices"),
    *("huge", "redirect", "empty result", "null closes", "negative closes"),
    *("wrong currency", "other instrument"),
)


@pytest.mark.parametrize("fault", [*LIMITS, *DEAD])
def test_a_vendor_that_turns_everybody_away_is_left_alone(loaded: World, fault: str) -> None:
    before = loaded.copies()
    loaded.upstream.faults = {"yahoo": fault}
    loaded.work()
    assert loaded.upstream.count("yahoo") == 1
    pause = loaded.store.pauses()["yahoo"]
    assert pause.is_wish == (fault in LIMITS)
    told = status(loaded, "IWM")
    assert told.series.stale.startswith("Yahoo Finance ")
    day = "" if pause.until.date() == loaded.clock.now.date() else f"{pause.until:%-d %b} "
    when = f" (21:30 UTC), next try {day}{pause.until:%H:%M} UTC."
    assert told.series.stale.endswith(when)
    for name, frame in before.items():
        assert keeps(loaded.copies()[name], frame), name
    loaded.pass_time(pause.until - loaded.clock.now - timedelta(seconds=1))
    loaded.work()
    assert loaded.upstream.count("yahoo") == 1
    loaded.upstream.faults = {}
    loaded.pass_time(timedelta(seconds=2))
    loaded.work()
    assert loaded.store.heads()["IWM"].as_of >= date(2024, 3, 18)
    assert "yahoo" not in loaded.store.pauses()
    assert status(loaded, "IWM").series.stale == ""


def test_a_wish_for_a_pause_is_granted(loaded: World) -> None:
    loaded.upstream.faults = {"yahoo": "429 with seconds"}
    loaded.work()
    wished = loaded.store.pauses()["yahoo"].until - loaded.clock.now
    assert timedelta(seconds=30) <= wished <= timedelta(seconds=36)


def test_a_storm_costs_one_request_and_waits_longer_each_time(whole: World) -> None:
    loaded = whole
    loaded.pass_time(WEEKEND)
    loaded.upstream.faults = dict.fromkeys(VENDORS, "429")
    waits = []
    for _ in range(5):
        loaded.upstream.reset_counts()
        loaded.work()
        assert loaded.upstream.count("yahoo") == 1
        until = loaded.store.pauses()["yahoo"].until
        waits.append(until - loaded.clock.now)
        loaded.pass_time(waits[-1] + timedelta(seconds=1))
    assert all(later > sooner for sooner, later in pairwise(waits[:4]))
    assert waits[-1] <= timedelta(hours=7.2)


@pytest.mark.parametrize("fault", NONSENSE)
def test_nonsense_is_refused_a_series_at_a_time(loaded: World, fault: str) -> None:
    before = loaded.copies()["IWM"]
    loaded.upstream.faults = {"yahoo:IWM": fault}
    loaded.work()
    told = status(loaded, "IWM")
    assert told.error.startswith("Yahoo Finance ")
    assert told.series.stale.startswith(told.error)
    assert told.next_try > loaded.clock.now
    assert loaded.copies()["IWM"].equals(before)
    assert loaded.store.heads()["IWN"].as_of == date(2024, 3, 18)
    loaded.upstream.faults = {}
    loaded.pass_time(timedelta(hours=26))
    loaded.work()
    assert len(loaded.copies()["IWM"]) == len(before) + 2


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("shrunk", "its history shrank from"),
        ("jump", "closes at"),
        ("future", "has nothing on|is in the future|its history|it ends on|repeats"),
    ],
)
def test_what_is_less_believable_than_the_copy_is_refused(
    loaded: World, fault: str, sentence: str
) -> None:
    before = loaded.copies()["BTC"]
    loaded.upstream.faults = {"yahoo:BTC-USD": fault}
    loaded.work()
    after = loaded.copies()["BTC"]
    assert keeps(after, before)
    if len(after) == len(before):
        assert pd.Series([status(loaded, "BTC").error]).str.contains(sentence).all()
    expected = loaded.upstream.days("BTC")["close"].reindex(after.index)
    assert (abs(after["close"] / expected - 1) < 1e-9).all()


def test_a_restated_history_is_fetched_whole(loaded: World) -> None:
    before = loaded.copies()["IWM"]
    loaded.upstream.faults = {"yahoo:IWM": "restated"}
    loaded.work()
    after = loaded.copies()["IWM"]
    assert loaded.upstream.count("yahoo", "IWM") == 2
    assert len(after) == len(before) + 1
    assert (after["close"].iloc[: len(before)] == before["close"] / 2).all()
    assert status(loaded, "IWM").error == ""


def test_a_clock_that_is_behind_refuses_the_future_and_loses_nothing(whole: World) -> None:
    loaded = whole
    loaded.pass_time(WEEKEND)
    before = loaded.copies()
    loaded.clock.now -= timedelta(days=30)
    loaded.work()
    after = loaded.copies()
    assert all(after[name].equals(frame) for name, frame in before.items())


def test_a_clock_that_was_ahead_is_forgotten(whole: World) -> None:
    before = whole.copies()
    whole.clock.now += timedelta(days=30)
    whole.work()
    assert all(keeps(whole.copies()[name], frame) for name, frame in before.items())
    whole.clock.now = whole.upstream.now
    whole.pass_time(timedelta(days=2))
    whole.work()
    assert whole.store.heads()["BTC"].as_of == date(2024, 3, 16)
    got = whole.copies()["BTC"]["close"]
    assert got.equals(whole.upstream.days("BTC")["close"].reindex(got.index))


def test_hours_that_were_restated_are_not_mixed_with_those_before(loaded: World) -> None:
    before = loaded.copies()["BTC@nyclose"]
    loaded.upstream.faults = {"coinbase": "restated"}
    loaded.work()
    assert loaded.copies()["BTC@nyclose"].equals(before)
    told = next(one for one in loaded.live().snapshot().statuses if one.is_new_york)
    assert "does not repeat the hours of BTC-USD" in told.series.stale
    loaded.upstream.faults = {}
    loaded.pass_time(told.next_try - loaded.clock.now)
    loaded.work()
    after = loaded.copies()["BTC@nyclose"]
    assert len(after) == len(before) + 1
    assert keeps(after, before)


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_name_that_cannot_be_looked_up_is_a_vendor_out_of_reach(
    loaded: World, monkeypatch: pytest.MonkeyPatch, *, is_slow: bool
) -> None:
    before, look_up = loaded.copies(), socket.getaddrinfo

    def failing(host: str, *arguments: object, **options: object) -> object:
        if host != "vendor.invalid":
            return look_up(host, *arguments, **options)
        time.sleep(2 * is_slow)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    nowhere = Access(base_url="https://vendor.invalid", timeout=0.5, min_interval=0)
    settings = loaded.settings.model_copy(update=dict.fromkeys(VENDORS, nowhere))
    lost = replace(loaded, refresher=Refresher(loaded.store, settings, loaded.clock))
    lost.work()
    assert loaded.upstream.count() == 0
    said = "did not answer within 0.5 seconds" if is_slow else "cannot be reached"
    assert loaded.store.pauses()["yahoo"].reason == f"Yahoo Finance {said}"
    assert said in status(loaded, "IWM").series.stale
    assert all(loaded.copies()[name].equals(frame) for name, frame in before.items())
    loaded.pass_time(timedelta(minutes=3))
    loaded.work()
    assert loaded.store.heads()["IWM"].as_of == date(2024, 3, 18)


# --- fall-back and the way home -------------------------------------------------------------


def test_without_yahoo_coins_come_from_the_next_source(world: World) -> None:
    world.upstream.faults = {"yahoo": "500"}
    world.work()
    heads = world.store.heads()
    assert heads["BTC"].source == "Coinbase Exchange BTC-USD"
    assert "RUT" not in heads or heads["RUT"].hash is None
    seen = Live(world.settings.model_copy(update={"data": "auto"}), world.clock).snapshot()
    assert seen.is_sample
    assert "Yahoo Finance is out of order (HTTP 500)" in seen.problems[0]
    assert all(one.is_sample for one in seen.series.values())


def test_without_yahoo_and_coinbase_they_come_from_binance(world: World) -> None:
    world.upstream.faults = {"yahoo": "500", "coinbase": "hang"}
    world.work()
    heads = world.store.heads()
    assert heads["ETH"].source == "Binance ETHUSDT"
    assert heads["ETH@nyclose"].source == "Binance ETHUSDT"


def test_a_dead_vendor_is_followed_by_the_next_and_takes_over_again(full: World) -> None:
    loaded, first = full, full.copies()["BTC"]
    loaded.pass_time(timedelta(days=1))
    loaded.upstream.faults = {"yahoo": "500"}
    loaded.work()
    assert loaded.store.heads()["BTC"].source == "Yahoo Finance BTC-USD"
    for _ in range(3):
        loaded.pass_time(timedelta(days=1))
        loaded.work()
    head = loaded.store.heads()["BTC"]
    assert head.source == "Yahoo Finance BTC-USD, then Coinbase Exchange BTC-USD"
    loaded.upstream.reset_counts()
    loaded.pass_time(timedelta(days=1))
    loaded.work()
    assert loaded.upstream.count("coinbase", "BTC-USD") == 2  # one for days, one for hours
    head = loaded.store.heads()["BTC"]
    spliced = loaded.copies()["BTC"]
    assert (spliced["close"].iloc[: len(first)] == first["close"]).all()
    assert head.as_of == date(2024, 3, 19)
    loaded.upstream.faults = {}
    loaded.pass_time(timedelta(days=1))
    loaded.work()
    head = loaded.store.heads()["BTC"]
    assert (head.source, head.as_of) == ("Yahoo Finance BTC-USD", date(2024, 3, 20))
    expected = loaded.upstream.days("BTC").loc[:"2024-03-20"]
    assert (loaded.copies()["BTC"]["close"] == expected["close"]).all()


def test_a_source_full_of_gaps_gives_way_for_hours(world: World) -> None:
    world.upstream.faults = {"coinbase:XRP-USD": "empty result"}
    world.work()
    head = world.store.heads()["XRP@nyclose"]
    assert (head.source, head.as_of) == ("Binance XRPUSDT", NOW.date())
    assert world.store.heads()["BTC@nyclose"].source == "Coinbase Exchange BTC-USD"


def test_vendors_that_differ_a_little_still_follow_each_other(full: World) -> None:
    """The copy is a tenth of a percent off what the next vendor says."""
    yahoo = full.store.get(["BTC"])["BTC"]
    apart = make_series(
        yahoo.instrument, yahoo.frame * 1.001, source=yahoo.source, fetched_at=NOW, day_end="utc"
    )
    full.store.put(apart)
    full.upstream.faults = {"yahoo": "500"}
    for _ in range(5):
        full.pass_time(timedelta(days=1))
        full.work()
    head = full.store.heads()["BTC"]
    assert (head.as_of, head.last_error) == (date(2024, 3, 19), None)
    assert keeps(full.copies()["BTC"], apart.frame)


def test_hours_that_were_fetched_are_not_given_up_for_a_failure(full: World) -> None:
    before = full.copies()["BTC@nyclose"]
    for fault in ("500", "429", "web page"):
        full.upstream.faults = {"coinbase": fault}
        full.pass_time(timedelta(days=4))
        full.work()
        assert full.copies()["BTC@nyclose"].equals(before)
    assert full.store.heads()["BTC@nyclose"].source == "Coinbase Exchange BTC-USD"
    assert full.live().status("BTC").series.day_end == "utc"
    full.upstream.faults = {}
    full.pass_time(timedelta(days=1))
    full.work()
    assert keeps(full.copies()["BTC@nyclose"], before)
    assert "BTC" in full.live().snapshot().new_york


def test_what_nobody_foresaw_stops_no_other_series(
    loaded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = refresh.daily_update

    def stumbling(source, *arguments):
        if source.symbol == "^RUT":
            raise KeyError("x")
        return daily(source, *arguments)

    monkeypatch.setattr(refresh, "daily_update", stumbling)
    loaded.work()
    assert status(loaded, "RUT").error == "Yahoo Finance sent something unexpected for ^RUT"
    assert loaded.store.heads()["IWM"].as_of == date(2024, 3, 18)


def test_only_one_refresher_works_at_a_time(loaded: World) -> None:
    assert loaded.store.lease("refresher", "another", 60)
    assert not loaded.refresher.work()
    assert loaded.upstream.count() == 0
    loaded.pass_time(timedelta(seconds=61))
    assert loaded.refresher.work()


def test_a_source_that_is_left_alone_may_yet_have_the_coin(loaded: World) -> None:
    loaded.store.pause("yahoo", "away", loaded.clock.now + timedelta(minutes=2), is_wish=False)
    loaded.store.pause("binance", "away", loaded.clock.now + timedelta(days=2), is_wish=False)
    live = loaded.live()
    live.add("LTC", "coin")
    loaded.upstream.offers = lambda vendor, name: vendor == "yahoo" or name != "LTC"  # type: ignore[method-assign]
    loaded.work()
    head = loaded.store.heads()["LTC"]
    assert head.last_error == "Coinbase Exchange does not offer LTC-USD"
    assert head.next_try == loaded.clock.now + timedelta(minutes=2)


def test_a_missing_last_hour_is_not_asked_for_in_a_hurry(full: World) -> None:
    full.pass_time(timedelta(days=3))
    monday = datetime(2024, 3, 18, 19, tzinfo=UTC)
    full.upstream.faults = {"coinbase": "frozen"}
    full.upstream._served["coinbase", "BTC-USD"] = monday
    full.upstream.reset_counts()
    for _ in range(10):
        full.refresher.work()
    assert full.upstream.count("coinbase", "BTC-USD") <= 2


# --- symbols --------------------------------------------------------------------------------


def test_an_added_symbol_is_fetched_and_kept_current(loaded: World) -> None:
    live = loaded.live()
    assert live.add("avuv", "small_cap") == "AVUV"
    assert live.add("AVAX-USD", "coin") == "AVAX"
    live.look()
    assert live.status("AVUV").series is None
    loaded.work()
    live.look()
    assert live.status("AVUV").series.source == "Yahoo Finance AVUV"
    assert live.snapshot().series["AVAX"].instrument.kind == "coin"
    assert "AVAX" in live.snapshot().new_york
    loaded.pass_time(timedelta(days=1))
    loaded.work()
    assert loaded.store.heads()["AVUV"].as_of == date(2024, 3, 19)


def test_an_unknown_symbol_is_remembered_for_a_day(loaded: World) -> None:
    loaded.work()
    live = loaded.live()
    for _ in range(3):
        assert live.add("nosuch", "small_cap") == "NOSUCH"
        loaded.work()
        loaded.pass_time(timedelta(hours=6))
    live.look()
    assert live.status("NOSUCH").error == "Yahoo Finance does not offer NOSUCH"
    assert loaded.upstream.count("yahoo", "NOSUCH") == 1
    loaded.pass_time(timedelta(hours=14))
    loaded.work()
    live.look()
    assert live.status("NOSUCH") is None


def test_a_symbol_in_another_currency_is_refused(loaded: World) -> None:
    live = loaded.live()
    live.add("SHEL.L", "small_cap")
    loaded.work()
    live.look()
    assert live.status("SHEL.L").error.endswith("in another currency than USD")
    assert "SHEL.L" not in live.snapshot().series


def test_symbols_are_refused_in_words(loaded: World) -> None:
    live = loaded.live()
    with pytest.raises(NotPossible, match="is a coin"):
        live.add("DOT-USD", "small_cap")
    with pytest.raises(NotPossible, match="cannot be a symbol"):
        live.add("<script>", "small_cap")
    off = Live(loaded.settings.model_copy(update={"any_symbol": False}), loaded.clock)
    with pytest.raises(NotPossible, match="turned off"):
        off.add("AVUV", "small_cap")


def test_refreshing_now_asks_everybody_but_those_who_want_a_pause(loaded: World) -> None:
    loaded.upstream.faults = {"yahoo": "429", "coinbase": "500"}
    loaded.work()
    loaded.upstream.faults = {}
    loaded.upstream.reset_counts()
    live = loaded.live()
    live.refresh_now()
    with pytest.raises(TooSoon):
        live.refresh_now()
    loaded.work()
    assert loaded.upstream.count("yahoo") == 0
    assert loaded.upstream.count("coinbase") > 0
    assert loaded.upstream.count("coin_metrics") == 2


# --- the store in trouble -------------------------------------------------------------------


def spoil_blob(store: Store, hash_: str) -> None:
    with store._engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE blobs SET bytes = zeroblob(200) WHERE hash = ?", (hash_,)
        )


def test_a_damaged_copy_is_never_shown_and_is_fetched_again(full: World) -> None:
    world = full
    watching = world.live()
    hash_ = world.store.heads()["RUT"].hash
    spoil_blob(world.store, hash_)
    started_later = world.live()
    assert "RUT" not in started_later.snapshot().series
    started_later.look()
    assert "damaged" in started_later.status("RUT").error
    watching.look()
    assert watching.snapshot().series["RUT"].content_hash == hash_
    world.work()
    assert world.store.check() == []
    started_later.look()
    assert started_later.snapshot().series["RUT"].content_hash == hash_


def test_a_store_that_goes_away_leaves_what_was_read(full: World) -> None:
    world = full
    live = world.live()
    before = live.snapshot()
    path = Path(world.settings.database_url.removeprefix("sqlite:///"))
    live.close()
    for file in path.parent.glob("store.db*"):
        file.rename(file.with_name(f"gone-{file.name}"))
    path.mkdir()
    live.look()
    assert live.snapshot().series.keys() == before.series.keys()
    world.clock.advance(days=10)
    live.look()
    assert "not been asked since" in live.snapshot().series["RUT"].stale
    assert "price store cannot be used" in live.snapshot().problems[0]


def test_pages_ask_no_vendor(world: World, page_of: Callable[[Settings], object]) -> None:
    world.upstream.fault = "hang"
    client = page_of(world.settings)
    for path in ("/", "/data", "/status", "/?c=SOL&s=IWN", "/readyz"):
        assert client.get(path).status_code in (200, 503)
    client.post("/symbols", json={"symbol": "AVUV", "kind": "small_cap"})
    assert world.upstream.requests == []


def test_a_store_that_keeps_nothing_does_not_become_a_storm(
    loaded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stop(threading.Event):
        waited = 0.0

        def wait(self, timeout: float | None = None) -> bool:
            self.waited += timeout or 0
            if self.waited >= 600:
                self.set()
            return self.is_set()

    def put(_store: Store, _series: object) -> None:
        raise StoreUnavailable("database or disk is full")

    monkeypatch.setattr(Store, "put", put)
    loaded.refresher.run(Stop())
    assert 1 <= loaded.upstream.count() <= 10


def test_pages_wait_for_no_vendor_that_hangs(
    world: World, page_of: Callable[[Settings], object]
) -> None:
    world.upstream.fault = "hang"
    patient = Access(base_url=world.upstream.base_url, timeout=20, min_interval=0)
    update = {"refresh": True, "data": "auto", **dict.fromkeys(VENDORS, patient)}
    client = page_of(world.settings.model_copy(update=update))
    live = client.application.extensions["market"].live
    live.start()
    deadline = time.monotonic() + 10
    while not world.upstream.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    for path in ("/", "/data", "/status", "/?c=SOL&s=IWN"):
        began = time.monotonic()
        assert client.get(path).status_code == 200
        assert time.monotonic() - began < 5
    assert world.upstream.count() == 1
    world.upstream.closing.set()
    live.close()


def test_a_refresher_that_hangs_ends_when_it_can_and_does_not_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing gives up waiting for it; starting again starts others, whose end is not its own."""
    monkeypatch.setattr("data_sources.live.SECONDS_TO_STOP", 0.1)
    monkeypatch.setattr("data_sources.live.SECONDS_BETWEEN_LOOKS", 0.01)
    may_go = threading.Event()
    begun: list[threading.Thread] = []

    def hang(_refresher: Refresher, stop: threading.Event) -> None:
        begun.append(threading.current_thread())
        may_go.wait(20)
        stop.wait(20)

    monkeypatch.setattr(Refresher, "run", hang)
    live = Live(world.settings.model_copy(update={"refresh": True}), world.clock)
    live.start()
    wait_for(lambda: len(begun) == 1)
    live.close()
    live.start()
    live.start()  # what runs is not started twice
    wait_for(lambda: len(begun) == 2)
    first, second = begun
    assert first.is_alive()
    may_go.set()
    first.join(10)
    assert not first.is_alive()
    assert second.is_alive()
    live.close()
    second.join(10)
    assert not second.is_alive()
    assert len(begun) == 2


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def page_of() -> Callable[[Settings], object]:
    from app import create_app  # noqa: PLC0415 - only these tests need the whole house

    return lambda settings: create_app(settings).server.test_client()
