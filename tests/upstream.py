"""A loopback server that answers as the vendors do, from simulated prices, and fails on order.

For trials by hand: ``python -m tests.upstream --port 9100 --fault yahoo=429``.
"""

import argparse
import json
import select
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pandas as pd

from settings import Access, Settings
from tests import upstream_prices as prices
from tests.upstream_vendors import addressee, answer

VENDORS = ("yahoo", "coinbase", "binance", "coin_metrics")

NOW = datetime(2024, 3, 15, 21, 30, tzinfo=UTC)
"""A Friday, a week after New York's clocks changed, when its session is over."""
TODAY = NOW.date()
FIRST_DAY = date(2021, 1, 1)

# From when vendors have prices.
BEGINS = {
    "coinbase": date(2015, 1, 26),
    "binance": date(2017, 8, 17),
}

FAULTS = (
    "429",
    "429 with seconds",
    "429 with a date",
    "418",
    "500",
    "503 web page",
    "403",
    "web page",
    "truncated",
    "cut off",
    "empty body",
    "wrong shape",
    "texts for prices",
    "huge",
    "redirect",
    "empty result",
    "null closes",
    "negative closes",
    "wrong currency",
    "other instrument",
    "hang",
    "drip",
    "drip headers",
)
PLAUSIBLE_FAULTS = (
    "restated",  # all prices halved, as after a split
    "shrunk",  # only the last 30 bars
    "jump",  # the last close times 100
    "future",  # the bars of the last five days dated 30 days ahead
    "frozen",  # nothing newer than what was served before
    "slow",  # a good answer after `Upstream.delay`
)
"""Good answers by their form: only one who knows what was there before notices."""

PAGE = b"<!DOCTYPE html><html><body>Will be right back</body></html>"
Reply = tuple[int, bytes, Mapping[str, str]]
SAME_EVERYWHERE: Mapping[str, Reply] = {
    "429": (429, b"Too Many Requests", {}),
    "429 with seconds": (429, b"{}", {"Retry-After": "30"}),
    "418": (418, b'{"code": -1003, "msg": "banned"}', {"Retry-After": "3600"}),
    "500": (500, b'{"message": "Internal server error"}', {}),
    "503 web page": (503, PAGE, {}),
    "403": (403, PAGE, {}),
    "web page": (200, PAGE, {"Content-Type": "text/html"}),
    "truncated": (200, b'{"chart": {"result": [{"meta": {"curr', {}),
    "cut off": (200, b"[[1", {"Content-Length": "5000"}),
    "empty body": (200, b"", {}),
    "wrong shape": (200, b'{"data": "x", "chart": {"result": [1], "error": null}}', {}),
    "huge": (200, b"[" + b" " * 21_000_000 + b"]", {}),
    "redirect": (302, b"", {"Location": "http://elsewhere.invalid/v8/finance/chart/IWM"}),
}
NO_ANSWER = ("hang", "drip", "drip headers")


@dataclass(frozen=True)
class Request:
    """One request: `symbol` is as the vendor has it, of Coin Metrics "btc,eth"."""

    vendor: str
    symbol: str
    host: str
    path: str
    query: dict[str, str]
    user_agent: str
    at: float = field(default_factory=time.monotonic)


class Upstream:
    """What the server was asked, and how it answers next.

    Attributes
    ----------
    now
        When it is, for the prices; `today` is its day. Time passes only when told.
    first_day
        When histories begin, at the earliest.
    fault
        One of `FAULTS` and `PLAUSIBLE_FAULTS`, at every vendor; None for good answers.
    faults
        Others by vendor ("yahoo") or symbol ("yahoo:IWM"); a symbol's comes first.
    good_answers
        How many requests still go well before a fault.
    delay
        Seconds that a "slow" answer takes.
    page_size
        Most rows Coin Metrics sends at once.
    patch_yahoo
        What the first values of Yahoo's columns are instead.
    missing_caps
        What Coin Metrics lacks: an asset and a day, ("eth", "2024-03-01").
    requests
        Everything that was asked.
    most_in_flight
        Most requests waiting for an answer at the same time, by vendor and by (vendor, symbol).
    crashes
        Mistakes of this server; leaving `serve` raises the first.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.now = NOW
        self.first_day = FIRST_DAY
        self.fault: str | None = None
        self.faults: dict[str, str] = {}
        self.good_answers = 0
        self.delay = 1.0
        self.page_size = 10_000
        self.patch_yahoo: dict[str, list[Any]] = {}
        self.missing_caps: set[tuple[str, str]] = set()
        self.requests: list[Request] = []
        self.most_in_flight: Counter[str | tuple[str, str]] = Counter()
        self.crashes: list[Exception] = []
        self.closing = threading.Event()
        self._in_flight: Counter[str | tuple[str, str]] = Counter()
        self._served: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    @property
    def today(self) -> date:
        """The UTC day of `now`; setting it sets `now` to 21:30 of that day."""
        return self.now.date()

    @today.setter
    def today(self, day: date) -> None:
        self.now = datetime.combine(day, time_of_day(21, 30), UTC)

    @property
    def session_ends(self) -> datetime:
        """When New York's current session ends, or ended last."""
        return prices.session_ends("IWM", self.now)

    def days(self, name: str, vendor: str = "yahoo") -> pd.DataFrame:
        """Daily prices of an instrument (a coin's ticker or a symbol of Yahoo), today's too."""
        return prices.days(name, self._begins(vendor), self.now)

    def hours(self, coin: str, first: datetime, last: datetime) -> pd.DataFrame:
        """Prices of the hours that start from `first` to `last`, by their START."""
        return prices.hours(coin, first, last)

    def count(self, vendor: str | None = None, symbol: str | None = None) -> int:
        """How many requests there were, of a vendor and for a symbol."""
        return sum(
            vendor in (None, request.vendor) and symbol in (None, request.symbol)
            for request in list(self.requests)
        )

    def reset_counts(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self.requests.clear()
            self.most_in_flight.clear()

    @contextmanager
    def answering(self, request: Request) -> Iterator[str | None]:
        """Count a request until its answer is ready; gives the fault to answer with."""
        keys = request.vendor, (request.vendor, request.symbol)
        with self._lock:
            self.requests.append(request)
            self._in_flight.update(keys)
            for key in keys:
                self.most_in_flight[key] = max(self.most_in_flight[key], self._in_flight[key])
            fault = self._fault_now(*keys[1])
        try:
            yield fault
        except (BrokenPipeError, ConnectionResetError):
            pass
        except Exception as crash:
            self.crashes.append(crash)
            raise
        finally:
            with self._lock:
                self._in_flight.subtract(keys)

    def _fault_now(self, vendor: str, symbol: str) -> str | None:
        fault = self.faults.get(f"{vendor}:{symbol}") or self.faults.get(vendor) or self.fault
        if fault not in (None, *FAULTS, *PLAUSIBLE_FAULTS):
            self.crashes.append(ValueError(f"no such fault: {fault}"))
        if fault and self.good_answers > 0:
            self.good_answers -= 1
            return None
        return fault

    def offers(self, vendor: str, name: str) -> bool:
        """Whether a vendor has an instrument yet."""
        instrument = prices.INSTRUMENTS.get(name)
        return instrument is not None and (
            max(instrument.begins, self._begins(vendor)) < self.today
        )

    def history(self, vendor: str, symbol: str, name: str, fault: str | None) -> pd.DataFrame:
        """Daily prices as the vendor has them."""
        now = self._shown_at(vendor, symbol, fault)
        frame = prices.days(name, self._begins(vendor), now)
        ends = prices.sessions(name, frame.index[0].date(), now)
        newest = ends.index[ends <= now][-1]
        if vendor == "coin_metrics" or fault == "frozen":
            frame = frame.loc[:newest]
        if fault == "shrunk":
            frame = frame.iloc[-30:]
        return spoilt(frame, newest, fault)

    def candles(
        self,
        vendor: str,
        symbol: str,
        coin: str,
        *,
        step: timedelta,
        span: tuple[datetime, datetime],
        fault: str | None,
    ) -> pd.DataFrame:
        """Prices by the day or by the hour as the vendor has them, by their START in UTC."""
        if step == prices.DAY:
            frame = self.history(vendor, symbol, coin, fault).tz_localize("UTC")
            return frame.loc[span[0] : span[1]]
        now = self._shown_at(vendor, symbol, fault)
        newest = now.replace(minute=0, second=0, microsecond=0) - prices.HOUR
        begins = max(self._begins(vendor), prices.COINS[coin].begins)
        first = datetime.combine(begins, time_of_day(), UTC)
        if fault == "shrunk":
            first = newest - 29 * prices.HOUR
        last = newest if fault == "frozen" else now
        frame = prices.hours(coin, max(first, span[0]), min(last, span[1]))
        return spoilt(frame, pd.Timestamp(newest), fault)

    def _begins(self, vendor: str) -> date:
        return max(self.first_day, BEGINS.get(vendor, date.min))

    def _shown_at(self, vendor: str, symbol: str, fault: str | None) -> datetime:
        if fault == "frozen":
            return self._served.get((vendor, symbol), self.now)
        self._served[vendor, symbol] = self.now
        return self.now


def spoilt(frame: pd.DataFrame, newest: pd.Timestamp, fault: str | None) -> pd.DataFrame:
    """Bars of a history with something wrong; `newest` is the last one that is over."""
    if fault == "restated":
        return frame * [0.5, 0.5, 0.5, 0.5, 2]
    if fault == "jump":
        return frame.assign(close=frame["close"].where(frame.index < newest, frame["close"] * 100))
    return frame


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # The usual one looks up the name of the address, which takes its time.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


@contextmanager
def serve(port: int = 0) -> Iterator[Upstream]:
    """Serve all four vendors on one port of this computer; 0 is any that is free."""
    # New York's calendar takes a second to make: nobody's time-out should count it.
    prices.session_ends("IWM", NOW)
    server = _Server(("127.0.0.1", port), _Handler)
    upstream = Upstream(f"http://127.0.0.1:{server.server_port}")
    server.upstream = upstream  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield upstream
    finally:
        upstream.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
    if upstream.crashes:
        raise upstream.crashes[0]


def settings(
    upstream: Upstream, *, timeout: float = 2, min_interval: float = 0, **more: Any
) -> Settings:
    """Settings of live data from this server; `more` are other settings, or others than these."""
    access = Access(base_url=upstream.base_url, timeout=timeout, min_interval=min_interval)
    return Settings(**{"data": "live", **dict.fromkeys(VENDORS, access), **more})


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def log_message(self, *_args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        upstream: Upstream = self.server.upstream  # type: ignore[attr-defined]
        url = urlsplit(self.path)
        path, query = unquote(url.path), dict(parse_qsl(url.query, keep_blank_values=True))
        vendor, symbol = addressee(path, query)
        host, agent = self.headers["Host"], self.headers["User-Agent"]
        request = Request(vendor, symbol, host, path, query, agent)
        reply = None
        with upstream.answering(request) as fault:
            reply = self.spoilt(upstream, fault) if fault else None
            if reply is None and fault not in NO_ANSWER:
                status, data = answer(upstream, vendor, symbol, query, fault)
                # JSON has no NaN; vendors send null.
                reply = status, json.dumps(data).replace("NaN", "null").encode(), {}
        # No longer in flight once its answer is on the way: the next request may come at once.
        if reply is not None:
            with suppress(BrokenPipeError, ConnectionResetError):
                self.send(*reply)

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def spoilt(self, upstream: Upstream, fault: str) -> Reply | None:
        """What a fault that looks the same at every vendor answers, if it is one and does."""
        if fault == "slow":
            self.wait(upstream, upstream.delay)
        elif fault == "hang":
            self.wait(upstream, inf)
        elif fault == "drip":
            self.send_response(200)
            self.end_headers()
            self.drip(upstream, b" ")
        elif fault == "drip headers":
            self.send_response(200)
            self.flush_headers()
            self.drip(upstream, b"x")
        elif fault == "429 with a date":
            moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
            return 429, b"{}", {"Retry-After": moment}
        return SAME_EVERYWHERE.get(fault)

    def wait(self, upstream: Upstream, seconds: float) -> None:
        """Let time pass, as long as somebody waits for the answer."""
        until = time.monotonic() + seconds
        while not upstream.closing.is_set() and (left := until - time.monotonic()) > 0:
            # A request has been read to its end: what there is to read is that they hung up.
            if select.select([self.connection], [], [], min(left, 0.02))[0]:
                raise ConnectionResetError

    def drip(self, upstream: Upstream, byte: bytes) -> None:
        while not upstream.closing.wait(0.05):
            self.wfile.write(byte)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser("python -m tests.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first-day", type=date.fromisoformat, default=date(2014, 1, 1))
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="VENDOR[:SYMBOL]=FAULT",
        help=f"vendors: {', '.join(VENDORS)}; faults: {', '.join((*FAULTS, *PLAUSIBLE_FAULTS))}",
    )
    options = parser.parse_args()
    with serve(options.port) as upstream:
        upstream.first_day = options.first_day
        upstream.now = datetime.now(UTC)
        upstream.faults = dict(fault.rsplit("=", 1) for fault in options.fault)
        for vendor in VENDORS:
            sys.stdout.write(f"BELLWETHER_{vendor.upper()}__BASE_URL={upstream.base_url}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)
                upstream.now = datetime.now(UTC)


if __name__ == "__main__":
    main()
