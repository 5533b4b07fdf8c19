"""Coin Metrics community data: daily market capitalisation of coins, in US dollars."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pandas as pd

from data_sources.errors import BadResponse, NoData, SourceError, UnknownSymbol
from data_sources.providers.access import at, get_json
from data_sources.providers.frames import finish_daily, numbers
from settings import Access

NAME = "Coin Metrics"
METRIC = "CapMrktCurUSD"

_PATH = "/v4/timeseries/asset-metrics"
_NOT_OFFERED = ("bad_parameter", "forbidden", "not_found")


def daily(symbol: str, start: date | None, access: Access, today: date) -> pd.DataFrame:
    """Market capitalisation at the end of UTC days that are over, as ``close``.

    One request for every 10,000 days, so one.

    Parameters
    ----------
    symbol
        Such as ``btc``.
    start
        First day wanted; None for all there are.
    access
        Where to ask, and how politely.
    today
        The day still open, which is left out.
    """
    if start is not None and start >= today:
        raise NoData(NAME, symbol)

    def refusal(data: Any) -> SourceError | None:
        offered = at(data, "error", "type") not in _NOT_OFFERED
        return None if offered else UnknownSymbol(NAME, symbol)

    query = {
        "assets": symbol,
        "metrics": METRIC,
        "frequency": "1d",
        "end_time": (today - timedelta(days=1)).isoformat(),
        "page_size": "10000",
    }
    if start is not None:
        query["start_time"] = start.isoformat()
    days: list[datetime] = []
    values: list[Any] = []
    while True:
        answer = get_json(NAME, _PATH, query, access, refusal)
        rows = at(answer, "data")
        if not isinstance(rows, list):
            raise BadResponse(NAME, "sent data in an unknown form")
        page = [_day(row, symbol) for row in rows]
        # Days that only grow bring the pages to an end.
        if any(later <= earlier for earlier, later in pairwise([*days[-1:], *page])):
            raise BadResponse(NAME, "sent days twice or out of order")
        days += page
        values += [row.get(METRIC) for row in rows]
        following = at(answer, "next_page_url")
        # A page is asked for with the query of its address only: never at another host.
        query = dict(parse_qsl(urlsplit(following).query)) if isinstance(following, str) else {}
        if not rows or not query:
            break
    frame = pd.DataFrame({"close": numbers(NAME, values)}, pd.DatetimeIndex(days))
    return finish_daily(NAME, symbol, frame, start, today)


def _day(row: Any, symbol: str) -> datetime:
    """Day of a row; its time has nanoseconds, which Python does not read."""
    if at(row, "asset") != symbol:
        raise BadResponse(NAME, "sent data of another coin")
    try:
        return datetime.strptime(str(at(row, "time"))[:10], "%Y-%m-%d")  # noqa: DTZ007 - a day
    except ValueError as error:
        raise BadResponse(NAME, "sent a time that cannot be one") from error
