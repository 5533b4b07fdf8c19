"""Coin Metrics community data: daily market capitalisation of coins, sums and shares of it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
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

    One request for every 10,000 values: one for a coin, three for a share among five.

    Parameters
    ----------
    symbol
        A coin, such as ``btc``, in US dollars; coins to be added up, ``eth+xrp``; or a share
        in percent, ``btc/btc+eth``. The coins are those named on every day, and a day on which
        one of them has no value is absent: neither a coin's entry nor a gap is a jump.
    start
        First day wanted; None for all there are.
    access
        Where to ask, and how politely.
    today
        The day still open, which is left out.
    """
    part, is_share, whole = symbol.partition("/")
    assets = sorted(set(symbol.replace("/", "+").split("+")))
    caps = _capitalisations(symbol, assets, start, access, today)
    # Two wrong values can make a share that looks right.
    if not ((caps > 0) & (caps < np.inf)).all(axis=None):
        raise BadResponse(NAME, f"sent wrong values of {symbol}")
    close = caps[part.split("+")].sum(axis=1)
    if is_share:
        close = 100 * close / caps[whole.split("+")].sum(axis=1)
    return finish_daily(NAME, symbol, close.to_frame("close"), start, today)


def _capitalisations(
    symbol: str, assets: Sequence[str], start: date | None, access: Access, today: date
) -> pd.DataFrame:
    """One column per asset, on the days on which all have a value."""
    if start is not None and start >= today:
        raise NoData(NAME, symbol)

    def refusal(data: Any) -> SourceError | None:
        offered = at(data, "error", "type") not in _NOT_OFFERED
        return None if offered else UnknownSymbol(NAME, symbol)

    query = {
        "assets": ",".join(assets),
        "metrics": METRIC,
        "frequency": "1d",
        "end_time": (today - timedelta(days=1)).isoformat(),
        "page_size": "10000",
        # Without it, the first page is the last one.
        "paging_from": "start",
    }
    if start is not None:
        query["start_time"] = start.isoformat()
    days: dict[str, list[datetime]] = {asset: [] for asset in assets}
    values: dict[str, list[Any]] = {asset: [] for asset in assets}
    while True:
        answer = get_json(NAME, _PATH, query, access, refusal)
        rows = at(answer, "data")
        if not isinstance(rows, list):
            raise BadResponse(NAME, "sent data in an unknown form")
        for row in rows:
            asset, day = str(at(row, "asset")), _day(row)
            if asset not in days:
                raise BadResponse(NAME, "sent data of another coin")
            # Days that only grow bring the pages to an end.
            if days[asset] and day <= days[asset][-1]:
                raise BadResponse(NAME, "sent days twice or out of order")
            days[asset].append(day)
            values[asset].append(row.get(METRIC))
        following = at(answer, "next_page_url")
        # A page is asked for with the query of its address only: never at another host.
        query = dict(parse_qsl(urlsplit(following).query)) if isinstance(following, str) else {}
        if not rows or not query:
            break
    columns = {
        asset: pd.Series(numbers(NAME, values[asset]), pd.DatetimeIndex(days[asset]))
        for asset in assets
    }
    return pd.concat(columns, axis=1, join="inner").dropna()


def _day(row: Any) -> datetime:
    """Day of a row; its time has nanoseconds, which Python does not read."""
    try:
        return datetime.strptime(str(at(row, "time"))[:10], "%Y-%m-%d")  # noqa: DTZ007 - a day
    except ValueError as error:
        raise BadResponse(NAME, "sent a time that cannot be one") from error
