"""Vendors of prices, one file each; only the refresher calls them, never a page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from data_sources.providers import binance, coin_metrics, coinbase, yahoo
from settings import Access

Daily = Callable[[str, date | None, Access, date], pd.DataFrame]
"""``daily(symbol, start, access, today)``: a frame as in `data_sources.series`."""
Hourly = Callable[[str, datetime, datetime, Access], pd.DataFrame]
"""``hourly(symbol, start, end, access)``: the same, on the UTC end of each hour."""


@dataclass(frozen=True)
class Provider:
    """A vendor and how to ask it.

    Attributes
    ----------
    name
        As people know it.
    terms
        What the data may be used for, in one sentence.
    daily
        Daily values; raises `SourceError` only.
    hourly
        Hourly prices, where the vendor has them back to the beginning.
    """

    name: str
    terms: str
    daily: Daily
    hourly: Hourly | None = None


PROVIDERS: Mapping[str, Provider] = {
    "yahoo": Provider(
        yahoo.NAME,
        "Yahoo's data is for personal use and may not be redistributed.",
        yahoo.daily,
    ),
    "coinbase": Provider(
        coinbase.NAME,
        "Public market data of Coinbase Exchange, under its terms of use.",
        coinbase.daily,
        coinbase.hourly,
    ),
    "binance": Provider(
        binance.NAME,
        "Public market data of Binance, under its terms of use.",
        binance.daily,
        binance.hourly,
    ),
    "coin_metrics": Provider(
        coin_metrics.NAME,
        "Coin Metrics community data, CC BY-NC 4.0: name the source, no commercial use.",
        coin_metrics.daily,
    ),
}
