"""A loopback server that answers as the vendors do, from simulated prices, and fails on order."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

TODAY = date(2024, 3, 15)
"""The open day: a Friday, a week after New York's clocks changed."""
FIRST_DAY = date(2021, 1, 1)

NEW_YORK = "America/New_York"
# Symbol at Yahoo, kind, currency, time zone.
YAHOO = {
    "^RUT": ("INDEX", "", NEW_YORK),  # points, in no currency
    "IWM": ("ETF", "USD", NEW_YORK),
    "BTC-USD": ("CRYPTOCURRENCY", "USD", "UTC"),
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

PAGE = b"<!DOCTYPE html><html><body>Will be right back</body></html>"
SAME_EVERYWHERE: dict[str | None, tuple[Any, ...]] = {
    "429": (429, b"Too Many Requests"),
    "429 with seconds": (429, {}, {"Retry-After": "30"}),
    "418": (418, {"code": -1003, "msg": "banned"}, {"Retry-After": "3600"}),
    "500": (500, {"message": "Internal server error"}),
    "503 web page": (503, PAGE),
    "403": (403, PAGE),
    "web page": (200, PAGE, {"Content-Type": "text/html"}),
    "truncated": (200, b'{"chart": {"result": [{"meta": {"curr'),
    "cut off": (200, b"[[1", {"Content-Length": "5000"}),
    "empty body": (200, b""),
    "wrong shape": (200, {"data": "x", "chart": {"result": [1], "error": None}}),
    "huge": (200, b"[" + b" " * 21_000_000 + b"]"),
    "redirect": (302, b"", {"Location": "http://elsewhere.invalid/v8/finance/chart/IWM"}),
}


def prices(open_every_day: bool) -> pd.DataFrame:
    """Simulated o/h/l/c/v by day, today's among them."""
    days = pd.date_range(FIRST_DAY, TODAY, freq="D" if open_every_day else "B", unit="us")
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, len(days))))
    frame = pd.DataFrame(
        {
            "open": close * 0.99,
            "high": close * 1.02,
            "low": close * 0.97,
            "close": close,
            "volume": rng.integers(1_000, 9_000, len(days)).astype("float64"),
        },
        index=pd.DatetimeIndex(days, name="date"),
    )
    return frame.round(4)


def hourly_prices() -> pd.DataFrame:
    """Simulated o/h/l/c/v by the START of the hour."""
    hours = pd.date_range("2023-12-01", "2024-03-15 11:00", freq="h", tz="UTC", unit="us")
    close = np.round(100 + np.arange(len(hours)) * 0.01, 4)
    columns = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    return pd.DataFrame({**columns, "volume": close * 2}, index=hours)


COIN = prices(open_every_day=True)
FUND = prices(open_every_day=False)
COIN_HOURS = hourly_prices()


@dataclass(frozen=True)
class Request:
    host: str
    path: str
    query: dict[str, str]
    user_agent: str


class Upstream:
    """What the server was asked, and how it answers next.

    Attributes
    ----------
    fault
        One of `FAULTS`, or None.
    good_answers
        How many requests still go well before the fault.
    session_ends
        When New York's current session ends.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.requests: list[Request] = []
        self.fault: str | None = None
        self.good_answers = 0
        self.session_ends = datetime(2024, 3, 15, 20, tzinfo=UTC)
        self.page_size = 10_000
        self.patch_yahoo: dict[str, list[Any]] = {}
        self.closing = threading.Event()

    def fault_now(self) -> str | None:
        if self.fault and self.good_answers > 0:
            self.good_answers -= 1
            return None
        return self.fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # The usual one looks up the name of the address, which takes its time.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


@contextmanager
def serve() -> Iterator[Upstream]:
    server = _Server(("127.0.0.1", 0), _Handler)
    upstream = Upstream(f"http://127.0.0.1:{server.server_port}")
    server.upstream = upstream  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield upstream
    finally:
        upstream.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def log_message(self, *_args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        upstream: Upstream = self.server.upstream  # type: ignore[attr-defined]
        url = urlsplit(self.path)
        path, query = unquote(url.path), dict(parse_qsl(url.query, keep_blank_values=True))
        host, agent = self.headers["Host"], self.headers["User-Agent"]
        upstream.requests.append(Request(host, path, query, agent))
        fault = upstream.fault_now()
        try:
            if not self.spoil(upstream, fault):
                self.reply(*answer(upstream, path, query, fault))
        except (BrokenPipeError, ConnectionResetError):
            pass

    def reply(self, status: int, data: Any, headers: Mapping[str, str] | None = None) -> None:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def spoil(self, upstream: Upstream, fault: str | None) -> bool:
        """Answer a fault that looks the same at every vendor; False for any other."""
        if fault in SAME_EVERYWHERE:
            self.reply(*SAME_EVERYWHERE[fault])
        elif fault == "429 with a date":
            moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
            self.reply(429, {}, {"Retry-After": moment})
        elif fault == "hang":
            upstream.closing.wait()
        elif fault == "drip":
            self.send_response(200)
            self.end_headers()
            self.drip(upstream, b" ")
        elif fault == "drip headers":
            self.send_response(200)
            self.flush_headers()
            self.drip(upstream, b"x")
        else:
            return False
        return True

    def drip(self, upstream: Upstream, byte: bytes) -> None:
        while not upstream.closing.wait(0.05):
            self.wfile.write(byte)


def answer(
    upstream: Upstream, path: str, query: dict[str, str], fault: str | None
) -> tuple[int, Any]:
    if path.startswith("/v8/finance/chart/"):
        return yahoo(upstream, path.removeprefix("/v8/finance/chart/"), query, fault)
    if path.startswith("/products/"):
        return coinbase(path.split("/")[2], query, fault)
    if path == "/api/v3/klines":
        return binance(query, fault)
    if path == "/v4/timeseries/asset-metrics":
        return coin_metrics(upstream, query, fault)
    return 404, b"<html>nothing here</html>"


def bend(frame: pd.DataFrame, fault: str | None) -> list[dict[str, Any]]:
    """Rows of a frame as JSON has them, spoilt where the fault says so."""
    rows = frame.to_dict("records")
    if fault == "empty result":
        return []
    for row in rows:
        if fault == "null closes":
            row["close"] = None
        elif fault == "negative closes":
            row["close"] = -1.0
        elif fault == "texts for prices":
            row["close"] = "a lot"
    return rows


def yahoo(
    upstream: Upstream, symbol: str, query: dict[str, str], fault: str | None
) -> tuple[int, Any]:
    if symbol not in YAHOO:
        text = "No data found, symbol may be delisted"
        return 404, {"chart": {"result": None, "error": {"code": "Not Found", "description": text}}}
    if fault == "empty result":
        return 200, {"chart": {"result": [], "error": None}}
    kind, currency, zone = YAHOO[symbol]
    opens = timedelta() if zone == "UTC" else timedelta(hours=9, minutes=30)
    frame = COIN if zone == "UTC" else FUND
    stamps = (frame.index + opens).tz_localize(ZoneInfo(zone))
    seconds = np.array([int(stamp.timestamp()) for stamp in stamps])
    if "range" in query:
        chosen = seconds == seconds[-1]
    else:
        since, until = int(query["period1"]), int(query["period2"])
        if since > seconds[-1]:
            text = f"Data doesn't exist for startDate = {since}, endDate = {until}"
            error = {"code": "Bad Request", "description": text}
            return 400, {"chart": {"result": None, "error": error}}
        chosen = (seconds >= since) & (seconds < until)
    rows = bend(frame[chosen], fault)
    quote = {name: [row[name] for row in rows] for name in frame.columns}
    for name, values in upstream.patch_yahoo.items():
        quote[name][: len(values)] = values
    ends = int(upstream.session_ends.timestamp())
    period = {"timezone": "X", "start": ends - 23_400, "end": ends, "gmtoffset": 0}
    meta = {
        "currency": "EUR" if fault == "wrong currency" else currency,
        "symbol": "SPY" if fault == "other instrument" else symbol,
        "instrumentType": kind,
        "exchangeTimezoneName": zone,
        "timezone": "X",
        "gmtoffset": 0,
        "priceHint": 2,
        "currentTradingPeriod": {"pre": period, "regular": period, "post": period},
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "max"],
    }
    # Dividends make the adjusted close a different one.
    adjusted = [None if c is None or isinstance(c, str) else c * 0.9 for c in quote["close"]]
    indicators = {"quote": [quote], "adjclose": [{"adjclose": adjusted}]}
    result = {"meta": meta, "timestamp": seconds[chosen].tolist(), "indicators": indicators}
    return 200, {"chart": {"result": [result], "error": None}}


def coinbase(product: str, query: dict[str, str], fault: str | None) -> tuple[int, Any]:
    if product != "BTC-USD":
        return 404, {"message": "NotFound"}
    step = int(query["granularity"])
    first, last = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
    if (last - first).total_seconds() / step + 1 > 300:
        return 400, {"message": "granularity too small for the requested time range"}
    frame = COIN.tz_localize("UTC") if step == 86_400 else COIN_HOURS
    # Some candles may precede the start.
    early = first - timedelta(seconds=2 * step)
    frame = frame[(frame.index >= early) & (frame.index <= last)]
    rows = bend(frame, fault)
    order = ("low", "high", "open", "close", "volume")
    stamped = zip(frame.index, rows, strict=False)
    return 200, [[int(t.timestamp()), *(row[n] for n in order)] for t, row in stamped][::-1]


def binance(query: dict[str, str], fault: str | None) -> tuple[int, Any]:
    if query["symbol"] != "BTCUSDT":
        return 400, {"code": -1121, "msg": "Invalid symbol."}
    frame = COIN.tz_localize("UTC") if query["interval"] == "1d" else COIN_HOURS
    first, last = (
        pd.Timestamp(int(query[n]), unit="ms", tz="UTC") for n in ("startTime", "endTime")
    )
    frame = frame[(frame.index >= first) & (frame.index <= last)].iloc[: int(query["limit"])]
    rows = bend(frame, fault)
    answer = []
    for stamp, row in zip(frame.index, rows, strict=False):
        start = int(stamp.timestamp()) * 1000
        cells = [row[n] for n in ("open", "high", "low", "close", "volume")]
        texts = [None if cell is None else str(cell) for cell in cells]
        answer.append([start, *texts, start + 1, "0", 1, "0", "0", "0"])
    return 200, answer


def coin_metrics(upstream: Upstream, query: dict[str, str], fault: str | None) -> tuple[int, Any]:
    asset = query["assets"]
    if asset == "sol":
        return 403, {"error": {"type": "forbidden", "message": "Requested metric is not free"}}
    if asset != "btc":
        text = f"Bad parameter 'assets'. Value '{asset}' is not supported."
        return 400, {"error": {"type": "bad_parameter", "message": text}}
    frame = COIN[COIN.index <= query["end_time"]]
    if "start_time" in query:
        frame = frame[frame.index >= query["start_time"]]
    at = int(query.get("next_page_token", 0))
    page = frame.iloc[at : at + upstream.page_size]
    named = "eth" if fault == "other instrument" else asset
    data = [
        {"asset": named, "time": f"{day:%Y-%m-%d}T00:00:00.000000000Z", "CapMrktCurUSD": value}
        for day, row in zip(page.index, bend(page, fault), strict=False)
        for value in [None if row["close"] is None else str(row["close"])]
    ]
    answer: dict[str, Any] = {"data": data}
    if at + upstream.page_size < len(frame):
        token = f"next_page_token={at + upstream.page_size}"
        rest = "&".join(f"{key}={value}" for key, value in query.items() if "token" not in key)
        answer["next_page_url"] = (
            f"https://community-api.coinmetrics.io/v4/timeseries/asset-metrics?{rest}&{token}"
        )
    return 200, answer
