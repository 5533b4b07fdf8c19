"""Simulated prices, the same at every vendor: random walks by the hour, one per instrument."""

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data_sources.new_york import session_closes
from data_sources.series import COLUMNS

HOURS = 24
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# The walks are made for these years; what is served of them is the server's affair.
_FIRST = date(2012, 1, 1)
_LAST = date(2035, 12, 31)
_DAYS = pd.date_range(_FIRST, _LAST, unit="us", name="date")
# When prices are at their level.
_ANCHOR = (date(2024, 3, 15) - _FIRST).days * HOURS


@dataclass(frozen=True)
class Exchange:
    """When a market is open, in its own time."""

    zone: str = "UTC"
    opens: time = time(0)
    closes: time = time(0)


ALWAYS = Exchange()
NEW_YORK = Exchange("America/New_York", time(9, 30), time(16))
LONDON = Exchange("Europe/London", time(8), time(16, 30))
SYDNEY = Exchange("Australia/Sydney", time(10), time(16))


@dataclass(frozen=True)
class Instrument:
    """What Yahoo says of an instrument, and how its price moves."""

    level: float
    kind: str = "ETF"
    currency: str = "USD"
    exchange: Exchange = NEW_YORK
    volatility: float = 0.013  # of daily log returns
    begins: date = _FIRST


def _coin(level: float, begins: date = _FIRST) -> Instrument:
    return Instrument(level, "CRYPTOCURRENCY", "USD", ALWAYS, 0.035, begins)


COINS = {
    "BTC": _coin(68_000),
    "ETH": _coin(3_700, date(2015, 8, 8)),
    "SOL": _coin(180, date(2020, 4, 10)),
    "XRP": _coin(0.62, date(2014, 8, 15)),
    "ADA": _coin(0.7, date(2017, 10, 1)),
    "DOGE": _coin(0.16, date(2014, 1, 23)),
    "LINK": _coin(19, date(2017, 9, 20)),
    "LTC": _coin(85),
    "AVAX": _coin(55, date(2020, 9, 22)),
}
FUNDS = {
    # Points of an index are in no currency.
    "^RUT": Instrument(2_040, "INDEX", ""),
    "^RUJ": Instrument(2_350, "INDEX", ""),
    "IWM": Instrument(202),
    "IWN": Instrument(153),
    "IWO": Instrument(264),
    "IJR": Instrument(107),
    "IJS": Instrument(99),
    "VBR": Instrument(184),
    "AVUV": Instrument(90),
    "^GSPC": Instrument(5_120, "INDEX", ""),
    "SPY": Instrument(510),
    "^VIX": Instrument(14, "INDEX", "", volatility=0.02),
    # In pence.
    "SHEL.L": Instrument(2_600, "EQUITY", "GBp", LONDON),
    # Opens on the UTC day before.
    "^AXJO": Instrument(7_670, "INDEX", "", SYDNEY),
}
INSTRUMENTS = COINS | FUNDS


def days(name: str, first: date, now: datetime) -> pd.DataFrame:
    """Daily o/h/l/c/v of days that have begun, from `first` on, on days without a time zone.

    A coin's last day is open and has its hours so far. A session has its final prices from
    its opening on.
    """
    instrument = INSTRUMENTS[name]
    begun = sessions(name, max(first, instrument.begins), now)
    frame = _whole_days(name).loc[begun.index]
    if instrument.exchange is ALWAYS and len(frame):
        begins = (begun.index[-1].date() - _FIRST).days * HOURS
        frame.iloc[-1] = _summary(_bars(name, begins, begins + now.hour + 1))
    return frame


def hours(name: str, first: datetime, last: datetime) -> pd.DataFrame:
    """Hourly o/h/l/c/v of the hours that start from `first` to `last`, by their START in UTC."""
    origin = datetime.combine(_FIRST, time(), UTC)
    start, stop = -((origin - first) // HOUR), (last - origin) // HOUR + 1
    index = pd.date_range(origin + start * HOUR, periods=max(0, stop - start), freq="h", unit="us")
    return pd.DataFrame(_bars(name, start, max(start, stop)), index, COLUMNS)


def sessions(name: str, first: date, now: datetime) -> pd.Series:
    """When each day of an instrument ends, of days that have begun."""
    exchange = INSTRUMENTS[name].exchange
    zone = ZoneInfo(exchange.zone)
    today = now.astimezone(zone).date()
    if exchange is NEW_YORK:
        ends = session_closes(first, today)
    else:
        frequency = "D" if exchange is ALWAYS else "B"
        index = pd.date_range(first, today, freq=frequency, unit="us", name="date")
        closes = DAY if exchange is ALWAYS else _since_midnight(exchange.closes)
        ends = pd.Series((index + closes).tz_localize(zone).tz_convert("UTC"), index)
    return ends[opening(name, ends.index) <= now]


def session_ends(name: str, now: datetime) -> datetime:
    """When the current session of an instrument ends, or ended last."""
    return sessions(name, now.date() - 10 * DAY, now).iloc[-1].to_pydatetime()


def opening(name: str, index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """When each day of an instrument begins."""
    exchange = INSTRUMENTS[name].exchange
    return (index + _since_midnight(exchange.opens)).tz_localize(ZoneInfo(exchange.zone))


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)


@cache
def _closes(name: str) -> np.ndarray:
    """Prices at the end of each hour."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    instrument = INSTRUMENTS[name]
    steps = rng.normal(0, instrument.volatility / np.sqrt(HOURS), len(_DAYS) * HOURS)
    path = np.cumsum(steps)
    return instrument.level * np.exp(path - path[_ANCHOR])


@cache
def _whole_days(name: str) -> pd.DataFrame:
    bars = _bars(name, 0, len(_DAYS) * HOURS)
    return pd.DataFrame(_summary(bars.reshape(-1, HOURS, len(COLUMNS))), _DAYS, COLUMNS)


def _bars(name: str, start: int, stop: int) -> np.ndarray:
    """Columns o/h/l/c/v of hours, counted from the first."""
    closes = _closes(name)
    at = np.arange(start, stop)
    opens, closes = closes[np.maximum(at - 1, 0)], closes[at]
    highs, lows = np.maximum(opens, closes) * 1.001, np.minimum(opens, closes) * 0.999
    return np.column_stack([opens, highs, lows, closes, 1_000 + at * 7_919 % 9_000])


def _summary(bars: np.ndarray) -> np.ndarray:
    """One bar of many, along the second last axis."""
    opens, highs, lows, closes, volumes = np.moveaxis(bars, -1, 0)
    columns = [opens[..., 0], highs.max(-1), lows.min(-1), closes[..., -1], volumes.sum(-1)]
    return np.stack(columns, axis=-1)
