"""Known answers on real prices, through the functions the charts use."""

import pandas as pd
import pytest

from analytics.alignment import log_returns, shared_closes
from analytics.breakouts import breakouts
from analytics.correlation import rolling_pearson
from analytics.event_study import entry_dates, forward_returns
from tests.unit.real_data import closes


@pytest.fixture(scope="module")
def rut() -> pd.Series:
    return closes("RUT")


@pytest.fixture(scope="module")
def btc() -> pd.Series:
    return closes("BTC-USD")


@pytest.fixture(scope="module")
def returns(rut: pd.Series, btc: pd.Series) -> pd.DataFrame:
    return log_returns(shared_closes(rut, btc))


def correlation(returns: pd.DataFrame) -> float:
    x, y = returns.to_numpy().T
    return rolling_pearson(x, y, len(x))[-1]


def test_correlation_of_the_russell_2000_with_bitcoin(returns: pd.DataFrame) -> None:
    assert returns.index[0] == pd.Timestamp("2014-09-18")
    assert round(correlation(returns), 3) == 0.249


def test_correlation_by_year(returns: pd.DataFrame) -> None:
    found = {
        year: round(correlation(part), 2) for year, part in returns.groupby(returns.index.year)
    }
    assert {year: r for year, r in found.items() if year <= 2025} == {
        2014: -0.02, 2015: 0.03, 2016: -0.01, 2017: 0.10, 2018: 0.07, 2019: -0.09,
        2020: 0.45, 2021: 0.27, 2022: 0.58, 2023: 0.14, 2024: 0.44, 2025: 0.46,
    }  # fmt: skip


def test_all_time_high_breakouts_since_2014(rut: pd.Series) -> None:
    found = breakouts(rut, base=126, cooldown=60)["2014":]
    assert dict(zip(found.index.strftime("%Y-%m-%d"), found["base_length"], strict=True)) == {
        "2014-12-26": 207,
        "2016-11-14": 353,
        "2020-11-13": 555,
        "2021-11-02": 162,
        "2025-09-18": 968,
    }


def test_bitcoin_180_days_after_each_breakout(rut: pd.Series, btc: pd.Series) -> None:
    events = breakouts(rut, base=126, cooldown=60)["2014":].index
    found = forward_returns(btc, events, [180])[180]
    assert dict(zip(events.year, (100 * found).round(), strict=True)) == {
        2014: -27, 2016: 156, 2020: 201, 2021: -39, 2025: -37,
    }  # fmt: skip


def test_bitcoin_180_days_after_each_entry(rut: pd.Series, btc: pd.Series) -> None:
    """The day after: what could be had once New York had closed."""
    entries = entry_dates(btc, breakouts(rut, base=126, cooldown=60)["2014":].index)
    found = forward_returns(btc, entries, [180])[180]
    assert dict(zip(entries.strftime("%Y-%m-%d"), (100 * found).round(), strict=True)) == {
        "2014-12-27": -23,
        "2016-11-15": 154,
        "2020-11-14": 209,
        "2021-11-03": -39,
        "2025-09-19": -38,
    }
