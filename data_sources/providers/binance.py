"""Binance's public mirror: daily and hourly candles of coins in Tether, close to US dollars."""

from datetime import UTC, date, datetime
from typing import Any, Literal

import pandas as pd

from data_sources.errors import BadResponse, NoData, SourceError, UnknownSymbol
from data_sources.providers.access import at, get_json
from data_sources.providers.frames import HOUR, bars, finish_daily, finish_hourly, hours_to_ask
from settings import Access

NAME = "Binance"
MOST_CANDLES = 1000

_FIELDS = ("time", "open", "high", "low", "close", "volume")
_INVALID_SYMBOL = -1121
_EPOCH = date(1970, 1, 1)


def daily(symbol: str, start: date | None, access: Access, today: date) -> pd.DataFrame:
    """Daily candles of UTC days that are over; volume in coins.

    One request for every 1000 days: 4 for a history from 2017 to 2026.

    Parameters
    ----------
    symbol
        Such as ``BTCUSDT``.
    start
        First day wanted; None for all there are.
    access
        Where to ask, and how politely.
    today
        The day still open, which is left out.
    """
    # From 1970 means from the first candle there is.
    first, before = pd.Timestamp(start or _EPOCH, tz=UTC), pd.Timestamp(today, tz=UTC)
    return finish_daily(NAME, symbol, _candles(symbol, first, before, "1d", access), start, today)


def hourly(symbol: str, start: datetime, end: datetime, access: Access) -> pd.DataFrame:
    """Hourly candles stamped with their END, in UTC, from `start` to `end`, both included.

    One request for every 1000 hours: 9 for a year. Both moments need a time zone.
    """
    first, last = hours_to_ask(NAME, symbol, start, end)
    raw = _candles(symbol, first, last + HOUR, "1h", access)
    return finish_hourly(NAME, symbol, raw)


def _candles(
    symbol: str,
    first: pd.Timestamp,
    before: pd.Timestamp,
    interval: Literal["1d", "1h"],
    access: Access,
) -> pd.DataFrame:
    """Bars that start from `first` to just before `before`."""

    def refusal(data: Any) -> SourceError | None:
        return UnknownSymbol(NAME, symbol) if at(data, "code") == _INVALID_SYMBOL else None

    pages = []
    while first < before:
        query = {
            "symbol": symbol,
            "interval": interval,
            "startTime": _milliseconds(first),
            "endTime": _milliseconds(before) - 1,
            "limit": MOST_CANDLES,
        }
        rows = get_json(NAME, "/api/v3/klines", query, access, refusal)
        page = bars(NAME, rows, _FIELDS, "ms")
        asked = page.index.is_monotonic_increasing and page.index.min() >= first
        if not page.empty and not (asked and page.index.max() < before):
            raise BadResponse(NAME, "sent other days than asked for")
        pages.append(page)
        if len(page) < MOST_CANDLES:
            break
        first = page.index[-1] + pd.Timedelta(1, "ms")
    if not pages:
        raise NoData(NAME, symbol)
    return pd.concat(pages)


def _milliseconds(moment: pd.Timestamp) -> int:
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
