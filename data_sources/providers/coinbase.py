"""Coinbase Exchange: daily and hourly candles of coins in US dollars."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pandas as pd

from data_sources.errors import NoData, SourceError, UnknownSymbol
from data_sources.providers.access import at, get_json
from data_sources.providers.frames import HOUR, bars, finish_daily, finish_hourly, hours_to_ask
from settings import Access

NAME = "Coinbase Exchange"
MOST_CANDLES = 300

_FIELDS = ("time", "low", "high", "open", "close", "volume")
_DAY = pd.Timedelta(days=1)
# The exchange opened on 2015-01-26. A coin's own first day is not asked for: an empty page is
# cheaper, and it may be a gap, such as the two and a half years without XRP.
_FIRST_DAY = date(2015, 1, 26)


def daily(symbol: str, start: date | None, access: Access, today: date) -> pd.DataFrame:
    """Daily candles of UTC days that are over; volume in coins.

    One request for every 300 days: 15 for a history from 2015 to 2026.

    Parameters
    ----------
    symbol
        Such as ``BTC-USD``.
    start
        First day wanted; None for all there are.
    access
        Where to ask, and how politely.
    today
        The day still open, which is left out.
    """
    first = pd.Timestamp(start or _FIRST_DAY, tz=UTC)
    last = pd.Timestamp(today - timedelta(days=1), tz=UTC)
    return finish_daily(NAME, symbol, _candles(symbol, first, last, _DAY, access), start, today)


def hourly(symbol: str, start: datetime, end: datetime, access: Access) -> pd.DataFrame:
    """Hourly candles stamped with their END, in UTC, from `start` to `end`, both included.

    One request for every 300 hours: 30 for a year. Both moments need a time zone.
    """
    first, last = hours_to_ask(NAME, symbol, start, end)
    return finish_hourly(NAME, symbol, _candles(symbol, first, last, HOUR, access))


def _candles(
    symbol: str, first: pd.Timestamp, last: pd.Timestamp, step: pd.Timedelta, access: Access
) -> pd.DataFrame:
    """Bars that start from `first` to `last`, both included, oldest page first."""

    def refusal(data: Any) -> SourceError | None:
        return UnknownSymbol(NAME, symbol) if at(data, "message") == "NotFound" else None

    pages = []
    while first <= last:
        until = min(last, first + (MOST_CANDLES - 1) * step)
        query = {
            "granularity": int(step.total_seconds()),
            "start": first.isoformat(),
            "end": until.isoformat(),
        }
        path = f"/products/{quote(symbol, safe='')}/candles"
        page = bars(NAME, get_json(NAME, path, query, access, refusal), _FIELDS, "s")
        # A page may begin before its start.
        pages.append(page[(page.index >= first) & (page.index <= until)].sort_index())
        first = until + step
    if not pages:
        raise NoData(NAME, symbol)
    return pd.concat(pages)
