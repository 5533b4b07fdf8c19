"""How the four vendors answer: their addresses, shapes and refusals, on simulated prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd

from tests import upstream_prices as prices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.upstream import Upstream

# Coins in existence, in round numbers: what Coin Metrics gives away, in its names.
SUPPLY = {"btc": 19.6e6, "eth": 120e6, "xrp": 55e9, "ltc": 74e6, "doge": 143e9}

_CHART = "/v8/finance/chart/"
_METRICS = "/v4/timeseries/asset-metrics"


def addressee(path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Vendor whose address it is, "" for nobody's, and the symbol asked for."""
    if path.startswith(_CHART):
        return "yahoo", path.removeprefix(_CHART)
    if path.startswith("/products/") and path.endswith("/candles"):
        return "coinbase", path.split("/")[2]
    if path == "/api/v3/klines":
        return "binance", query.get("symbol", "")
    if path == _METRICS:
        return "coin_metrics", query.get("assets", "")
    return "", path


def answer(
    upstream: Upstream, vendor: str, symbol: str, query: dict[str, str], fault: str | None
) -> tuple[int, Any]:
    """Status of an answer and what it says, for JSON to write."""
    if vendor not in _ANSWERS:
        return 404, "nothing here"
    return _ANSWERS[vendor](upstream, symbol, query, fault)


def _yahoo(
    upstream: Upstream, symbol: str, query: dict[str, str], fault: str | None
) -> tuple[int, Any]:
    name = symbol.removesuffix("-USD")
    if (name in prices.COINS) != (name != symbol) or not upstream.offers("yahoo", name):
        text = "No data found, symbol may be delisted"
        return 404, {"chart": {"result": None, "error": {"code": "Not Found", "description": text}}}
    if fault == "empty result":
        return 200, {"chart": {"result": [], "error": None}}
    history = upstream.history("yahoo", symbol, name, fault)
    history.index = prices.opening(name, history.index).tz_convert("UTC")
    since, until = (pd.Timestamp(int(query[n]), unit="s", tz="UTC") for n in ("period1", "period2"))
    if since > history.index[-1]:
        text = f"Data doesn't exist for startDate = {query['period1']}, endDate = {until}"
        error = {"code": "Bad Request", "description": text}
        return 400, {"chart": {"result": None, "error": error}}
    asked = history[(history.index >= since) & (history.index < until)]
    frame = _written(asked, upstream, fault)
    quote = frame.to_dict("list")
    for column, values in upstream.patch_yahoo.items():
        quote[column][: len(values)] = values
    instrument = prices.INSTRUMENTS[name]
    ends = int(prices.session_ends(name, upstream.now).timestamp())
    period = {"timezone": "X", "start": ends - 23_400, "end": ends, "gmtoffset": 0}
    meta = {
        "currency": "EUR" if fault == "wrong currency" else instrument.currency,
        "symbol": "DIA" if fault == "other instrument" else symbol,
        "instrumentType": instrument.kind,
        "exchangeTimezoneName": instrument.exchange.zone,
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
    result = {"meta": meta, "timestamp": _seconds(frame), "indicators": indicators}
    return 200, {"chart": {"result": [result], "error": None}}


def _coinbase(
    upstream: Upstream, product: str, query: dict[str, str], fault: str | None
) -> tuple[int, Any]:
    coin = product.removesuffix("-USD")
    if coin == product or coin not in prices.COINS or not upstream.offers("coinbase", coin):
        return 404, {"message": "NotFound"}
    step = timedelta(seconds=int(query["granularity"]))
    first, last = (datetime.fromisoformat(query[name]) for name in ("start", "end"))
    if (last - first) / step + 1 > 300:
        return 400, {"message": "granularity too small for the requested time range"}
    # Some candles may precede the start.
    span = first - 2 * step, last
    candles = upstream.candles("coinbase", product, coin, step=step, span=span, fault=fault)
    frame = _written(candles, upstream, fault)
    cells = frame[["low", "high", "open", "close", "volume"]].to_numpy().tolist()
    return 200, [[t, *row] for t, row in zip(_seconds(frame), cells, strict=True)][::-1]


def _binance(
    upstream: Upstream, symbol: str, query: dict[str, str], fault: str | None
) -> tuple[int, Any]:
    coin = symbol.removesuffix("USDT")
    if coin == symbol or coin not in prices.COINS or not upstream.offers("binance", coin):
        return 400, {"code": -1121, "msg": "Invalid symbol."}
    step = {"1d": prices.DAY, "1h": prices.HOUR}[query["interval"]]
    first, last = (
        datetime.fromtimestamp(int(query[n]) / 1000, UTC) for n in ("startTime", "endTime")
    )
    span = first, last
    candles = upstream.candles("binance", symbol, coin, step=step, span=span, fault=fault)
    frame = _written(candles.iloc[: int(query["limit"])], upstream, fault)
    rows = []
    for start, cells in zip(_seconds(frame), frame.to_numpy().tolist(), strict=True):
        texts = [None if cell is None else str(cell) for cell in cells]
        rows.append([start * 1000, *texts, start * 1000 + 1, "0", 1, "0", "0", "0"])
    return 200, rows


def _coin_metrics(
    upstream: Upstream, symbol: str, query: dict[str, str], fault: str | None
) -> tuple[int, Any]:
    assets = sorted(symbol.split(","))
    for asset in assets:
        if asset.upper() not in prices.COINS:
            text = f"Bad parameter 'assets'. Value '{asset}' is not supported."
            return 400, {"error": {"type": "bad_parameter", "message": text}}
        if asset not in SUPPLY:
            text = "Requested metric is not free"
            return 403, {"error": {"type": "forbidden", "message": text}}
    rows = []
    for asset in assets:
        history = upstream.history("coin_metrics", symbol, asset.upper(), fault)
        caps = history.tz_localize("UTC").loc[query.get("start_time") : query["end_time"]].copy()
        caps["close"] *= SUPPLY[asset]
        for day, cap in _written(caps, upstream, fault)["close"].items():
            row = {
                "asset": "sol" if fault == "other instrument" else asset,
                "time": f"{day:%Y-%m-%d}T00:00:00.000000000Z",
                "CapMrktCurUSD": None if cap is None else str(cap),
            }
            if (asset, f"{day:%Y-%m-%d}") not in upstream.missing_caps:
                rows.append(row)
    size = min(int(query["page_size"]), upstream.page_size)
    done = int(query.get("next_page_token", 0))
    # The first page is the last one, unless asked otherwise.
    if query.get("paging_from") == "start":
        page = rows[done : done + size]
    else:
        page = rows[max(0, len(rows) - done - size) : len(rows) - done]
    answer: dict[str, Any] = {"data": page}
    if done + size < len(rows):
        following = urlencode({**query, "next_page_token": done + size})
        answer["next_page_url"] = f"https://community-api.coinmetrics.io{_METRICS}?{following}"
    return 200, answer


_ANSWERS = {
    "yahoo": _yahoo,
    "coinbase": _coinbase,
    "binance": _binance,
    "coin_metrics": _coin_metrics,
}


def _written(frame: pd.DataFrame, upstream: Upstream, fault: str | None) -> pd.DataFrame:
    """The bars asked for as JSON has them, spoilt where the fault says so."""
    frame = frame.iloc[:0] if fault == "empty result" else frame.astype("object")
    if fault == "future":
        recent = upstream.now - 5 * prices.DAY
        frame.index = frame.index.where(frame.index < recent, frame.index + 30 * prices.DAY)
    instead = {"null closes": None, "negative closes": -1.0, "texts for prices": "a lot"}
    if fault in instead:
        frame["close"] = pd.Series(instead[fault], frame.index, "object")
    return frame


def _seconds(frame: pd.DataFrame) -> list[int]:
    """Times of the bars since 1970."""
    return pd.DatetimeIndex(frame.index).as_unit("s").asi8.tolist()
