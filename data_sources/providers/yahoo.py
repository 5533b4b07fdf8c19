"""Yahoo Finance through yfinance: daily prices of indices, ETFs and coins.

Closes are as quoted: adjusted for splits, not for dividends (``auto_adjust=False``, for every
instrument and always). An index such as the Russell 2000 has no dividends in it, so an ETF
beside it must not have them either; a record close is one people saw; and dividend adjustment
rewrites all of history on each dividend, which days fetched later could not be appended to.
"""

import atexit
import io
import json
import shutil
import tempfile
import threading
import warnings
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import requests
from requests.adapters import BaseAdapter

from data_sources.errors import BadResponse, NoData, SourceError, UnknownSymbol
from data_sources.providers.access import at, get_json
from data_sources.providers.frames import finish_daily
from settings import Access

NAME = "Yahoo Finance"

_CHART = "/v8/finance/chart/"
_COLUMNS = ("open", "high", "low", "close", "volume")
# Quotes are delayed, those of indices by up to 20 minutes.
_DELAY = timedelta(minutes=30)
# What yfinance learns as the time zone of everything. It only turns the first day asked for into
# a moment with it: the days that come back are in the zone that comes with them.
_ZONE = json.dumps({"chart": {"result": [{"meta": {"exchangeTimezoneName": "UTC"}}]}})
# Sessions in the east begin on the UTC day before.
_EARLIER = timedelta(days=1)
# yfinance keeps its session in one object for the whole process; calls side by side have
# mixed up each other's answers.
_one_at_a_time = threading.Lock()


def daily(symbol: str, start: date | None, access: Access, today: date) -> pd.DataFrame:
    """Daily prices of days that are over, by the calendar of the exchange.

    One request. Volume is in shares, for coins in US dollars.

    Parameters
    ----------
    symbol
        Such as ``^RUT``, ``IWM`` or ``BTC-USD``.
    start
        First day wanted; None for all there are.
    access
        Where to ask, and how politely.
    today
        UTC day still open in markets that never close. An exchange's session is left out
        until half an hour after its close, by the clock.
    """
    if start is not None and start > today:
        raise NoData(NAME, symbol)
    charts = _Charts(symbol, access)
    with _one_at_a_time:
        history = _history(symbol, start, charts)
    try:
        frame = history.rename(columns=str.lower)[list(_COLUMNS)].astype("float64")
        frame.index = pd.DatetimeIndex(frame.index).tz_localize(None)
        before = _first_open_day(charts.meta, today)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadResponse(NAME, f"sent prices of {symbol} in an unknown form") from error
    # Early years of indices have closes only, and zeros for the rest.
    frame = frame.assign(**{name: frame[name].replace(0, np.nan) for name in _COLUMNS[:3]})
    return finish_daily(NAME, symbol, frame, start, before)


class _Charts(BaseAdapter):
    """Answers yfinance's session: the chart from the source, checked, and nothing else.

    The cookie and the crumb that yfinance asks for first are answered with nothing: charts
    need neither, and asking for them is what Yahoo limits first. The chart that it asks for to
    learn the time zone is answered here. Checking before yfinance reads anything makes each
    failure one request and one type of error: yfinance would ask seven times at HTTP 429 and
    make an unknown symbol an empty frame.

    Attributes
    ----------
    meta
        What the chart says of the instrument.
    """

    def __init__(self, symbol: str, access: Access) -> None:
        super().__init__()
        self._symbol = symbol
        self._access = access
        self.meta: dict[str, Any] = {}

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **_options: Any
    ) -> requests.Response:
        url = urlsplit(request.url or "")
        # An empty crumb falls out here.
        query = dict(parse_qsl(url.query))
        if not url.path.startswith(_CHART):
            body = ""
        elif "period1" in query:
            body = json.dumps(self._chart(url.path, query))
        else:
            body = _ZONE
        response = requests.Response()
        response.status_code = 200
        response.request = request
        response.url = request.url or ""
        response.raw = io.BytesIO(body.encode())
        return response

    def close(self) -> None:
        """Nothing stays open."""

    def _chart(self, path: str, query: dict[str, str]) -> Any:
        data = get_json(NAME, path, query, self._access, self._refusal)
        refusal = self._refusal(data)
        if refusal is not None:
            raise refusal
        results = at(data, "chart", "result")
        if results == []:
            raise NoData(NAME, self._symbol)
        result = at(results, 0)
        self._check_meta(at(result, "meta"))
        self._check_prices(result)
        return data

    def _refusal(self, data: Any) -> SourceError | None:
        error = at(data, "chart", "error")
        if "Data doesn't exist" in str(at(error, "description")):
            return NoData(NAME, self._symbol)
        if at(error, "code") == "Not Found":
            return UnknownSymbol(NAME, self._symbol)
        return None

    def _check_meta(self, meta: Any) -> None:
        zone, currency, kind = (
            at(meta, key) for key in ("exchangeTimezoneName", "currency", "instrumentType")
        )
        if not isinstance(zone, str) or not isinstance(kind, str):
            raise BadResponse(NAME, f"sent prices of {self._symbol} in an unknown form")
        if str(at(meta, "symbol")).upper() != self._symbol.upper():
            raise BadResponse(NAME, f"sent another instrument than {self._symbol}")
        # Points of an index are in no currency.
        if kind != "INDEX" and currency != "USD":
            raise BadResponse(NAME, f"quotes {self._symbol} in another currency than USD")
        self.meta = meta

    def _check_prices(self, result: Any) -> None:
        times = at(result, "timestamp")
        if not times:
            raise NoData(NAME, self._symbol)
        quote = at(result, "indicators", "quote", 0)
        columns = [times, *(at(quote, name) for name in _COLUMNS)]
        if not all(isinstance(column, list) and len(column) == len(times) for column in columns):
            raise BadResponse(NAME, f"sent prices of {self._symbol} in an unknown form")


def _history(symbol: str, start: date | None, charts: _Charts) -> pd.DataFrame:
    yfinance = _yfinance()
    if yfinance.utils.is_isin(symbol.upper()):
        # yfinance would search for what it is called at Yahoo.
        raise UnknownSymbol(NAME, symbol)
    session = requests.Session()
    session.mount("https://", charts)
    span = {"period": "max"} if start is None else {"start": start - _EARLIER}
    with warnings.catch_warnings():
        # yfinance uses what pandas is about to change.
        warnings.filterwarnings("ignore", module=r"yfinance\.")
        try:
            ticker = yfinance.Ticker(symbol, session=session)
            return ticker.history(**span, interval="1d", auto_adjust=False, actions=False)
        except SourceError:
            raise
        except Exception as error:
            # yfinance lets out whatever its parser runs into.
            raise BadResponse(NAME, f"sent prices of {symbol} in an unknown form") from error


@cache
def _yfinance() -> Any:
    """Return yfinance, raising its errors and keeping its caches to this process."""
    import yfinance  # type: ignore[import-untyped] # noqa: PLC0415 - slow; only fetching needs it

    folder = tempfile.mkdtemp(prefix="bellwether-yfinance-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    yfinance.set_tz_cache_location(folder)
    yfinance.config.debug.hide_exceptions = False
    return yfinance


def _first_open_day(meta: dict[str, Any], today: date) -> date:
    zone = meta["exchangeTimezoneName"]
    # Coins: the day of a market that never closes.
    if zone == "UTC":
        return today
    session_ends = datetime.fromtimestamp(
        meta["currentTradingPeriod"]["regular"]["end"], ZoneInfo(zone)
    )
    is_over = datetime.now(UTC) >= session_ends + _DELAY
    return session_ends.date() + timedelta(days=is_over)
