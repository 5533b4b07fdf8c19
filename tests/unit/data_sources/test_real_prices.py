"""Known answers on real prices, when a folder of them lies beside the repository."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data_sources.market import Market, open_market
from settings import Settings

FOLDER = Path(__file__).parents[3].parent / "shared" / "market"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no real prices beside the repository")


@pytest.fixture(scope="module")
def market() -> Market:
    return open_market(Settings(data="files", files=FOLDER))


def test_every_file_is_read_without_a_problem(market: Market) -> None:
    assert market.problems == ()
    assert len(market.instruments) == len(list(FOLDER.glob("*.csv")))
    assert {i.kind for i in market.instruments.values()} == {
        "small_cap", "coin", "equity", "macro",
    }  # fmt: skip


def test_values_are_those_of_a_plain_reading(market: Market) -> None:
    for name, stem in (("RUT", "RUT"), ("BTC", "BTC-USD"), ("WALCL", "WALCL")):
        plain = pd.read_csv(FOLDER / f"{stem}.csv", index_col=0, parse_dates=True)
        plain = plain.rename(columns={"WALCL": "close"})[["close"]].astype("float64")
        plain.index = plain.index.rename("date").as_unit("us")
        pd.testing.assert_frame_equal(market.series([name])[name].frame, plain, check_exact=True)


def test_the_russell_2000_starts_in_1987(market: Market) -> None:
    assert market.series(["RUT"])["RUT"].frame.index[0] == pd.Timestamp("1987-09-10")


def test_breakouts_since_2014(market: Market) -> None:
    closes = market.series(["RUT"])["RUT"].close
    records = np.flatnonzero(closes > closes.cummax().shift(fill_value=-np.inf))
    bases = pd.Series(np.diff(records), closes.index[records[1:]])
    found = bases[bases >= 126]["2014":]
    assert {f"{day:%Y-%m-%d}": base for day, base in found.items()} == {
        "2014-12-26": 207,
        "2016-11-14": 353,
        "2020-11-13": 555,
        "2021-11-02": 162,
        "2025-09-18": 968,
    }


def test_yearly_correlation_of_the_russell_2000_with_bitcoin(market: Market) -> None:
    series = market.series(["RUT", "BTC"])
    closes = pd.concat([s.close for s in series.values()], axis=1, join="inner")
    returns = np.log(closes).diff().dropna()
    found = {
        year: round(r["RUT"].corr(r["BTC"]), 2) for year, r in returns.groupby(returns.index.year)
    }
    assert found == {
        2014: -0.02, 2015: 0.03, 2016: -0.01, 2017: 0.10, 2018: 0.07, 2019: -0.09, 2020: 0.45,
        2021: 0.27, 2022: 0.58, 2023: 0.14, 2024: 0.44, 2025: 0.46, 2026: 0.42,
    }  # fmt: skip
    assert round(returns["RUT"].corr(returns["BTC"]), 3) == 0.249
