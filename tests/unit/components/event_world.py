"""Two instruments with two breakouts whose every number can be worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from data_sources.catalog import CATALOG
from data_sources.series import Series, make_series

SESSIONS = pd.bdate_range("2019-01-01", periods=700)
DAYS = pd.date_range(SESSIONS[0], SESSIONS[-1])
FIRST, SECOND = SESSIONS[200], SESSIONS[500]  # Tuesdays: 8 Oct 2019 and 1 Dec 2020
LAST = DAYS[-1]


def after(event: pd.Timestamp, days: int) -> pd.Timestamp:
    """So many days after the entry, which is the day after the event."""
    return event + pd.Timedelta(days=1 + days)


def series_of(instrument_id: str, close: pd.Series) -> Series:
    made = make_series(
        next(one for one in CATALOG if one.id == instrument_id),
        close.to_frame("close"),
        source=f"file {instrument_id}.csv",
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        # Prices that stand still and then jump: here the jumps are meant.
        accepted=frozenset(pd.DatetimeIndex(close.index).date),
    )
    return replace(made, looked_at=close.index[-1].date())


def small_cap() -> pd.Series:
    """100, then 99; 110 on the first breakout, then 105; 120 on the second, then 110."""
    close = pd.Series(99.0, SESSIONS)
    close.iloc[0] = 100
    close[FIRST:], close[SECOND:] = 105, 110
    close[FIRST], close[SECOND] = 110, 120
    return close


def coin() -> pd.Series:
    """10; from the first entry 20 on day 20 and 5 on day 100; from the second 15, then 7.5."""
    close = pd.Series(10.0, DAYS)
    close[after(FIRST, 20) :] = 20
    close[after(FIRST, 100) :] = 5
    close[after(SECOND, 10) :] = 15
    close[after(SECOND, 150) :] = 7.5
    return close


def world() -> dict[str, Series]:
    return {"RUT": series_of("RUT", small_cap()), "BTC": series_of("BTC", coin())}


def wandering(seed: int = 5) -> dict[str, Series]:
    """Prices that move every day, with many breakouts."""
    rng = np.random.default_rng(seed)
    rut = np.exp(np.cumsum(rng.normal(0.001, 0.01, len(SESSIONS))))
    btc = np.exp(np.cumsum(rng.normal(0.001, 0.03, len(DAYS))))
    return {
        "RUT": series_of("RUT", pd.Series(100 * rut, SESSIONS)),
        "BTC": series_of("BTC", pd.Series(10 * btc, DAYS)),
    }


def cut(series: dict[str, Series], end: pd.Timestamp) -> dict[str, Series]:
    """The same prices as they were known on a day."""
    return {i: series_of(i, one.close[:end].rename("close")) for i, one in series.items()}


def any_day(days: int, since: str = "2019-01-01") -> list[float]:
    """Simple returns of the coin over so many days from every day whose outcome is known."""
    close = coin()
    return [
        close[when + pd.Timedelta(days=days)] / close[when] - 1
        for when in close[since:].index
        if when + pd.Timedelta(days=days) <= LAST
    ]
