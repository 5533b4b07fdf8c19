"""Files of the shapes that people have, beside the checkout: each gives what is right for it."""

from pathlib import Path

import pytest

from data_sources.market import Market, open_market
from settings import Settings
from tests.unit.real_data import cases_folder

LAST = "2026-11-30"
BTC = (911, "2024-06-03", 59653.21, 54152.74)
RUT = (651, "2024-06-03", 1998.14, 2852.47)
SHORT_BTC = (60, "2026-10-02", 70602.67, 54152.74)
SHORT_RUT = (40, "2026-10-06", 3100.26, 2852.47)

# Rows, first day, first and last close of each series; each ends on the same day.
READ = {
    "a1-yfinance-multiindex": {"RUT": RUT, "BTC": SHORT_BTC},
    "a1b-clean-beside-raw": {"RUT": RUT, "BTC": BTC},
    "a2-yahoo-null-row": {"RUT": RUT, "BTC": (59, *SHORT_BTC[1:])},
    "a3-yahoo-zero-open": {"RUT": SHORT_RUT, "BTC": BTC},
    "a4-midnight-with-offset": {"BTC": BTC, "ZPRR": (12, "2026-11-13", 2868.44, 2852.47)},
    "a7-cryptodatadownload": {"RUT": RUT, "BTC": SHORT_BTC},
    "a8-binance-ms": {"RUT": RUT, "BTC": SHORT_BTC},
    "a9-tradingview": {"RUT": RUT, "BTC": SHORT_BTC},
    "a13-nasdaq": {"IWM": SHORT_RUT, "BTC": BTC},
    "a19-parquet-filtered-index": {"RUT": RUT, "IWM": (650, *RUT[1:]), "BTC": BTC},
    "b-own-export": {"RUT": RUT, "BTC": BTC},
}
# What is said of the file that does not serve.
SAID = {
    "a1b-clean-beside-raw": ("BTC-USD.csv: BTC is already read from BTC.csv",),
    "b-own-export": (
        "MINE.csv: BTC is already read from BTC.csv",
        "MINE.csv: RUT is already read from RUT.csv",
    ),
}


def opened(case: str) -> Market:
    folder = cases_folder() / case
    assert folder.is_dir()
    return open_market(Settings(data="files", files=folder))


@pytest.mark.parametrize("case", READ)
def test_a_case_is_read_as_its_description_says(case: str) -> None:
    market = opened(case)
    found = {}
    for key, one in market.series(list(market.instruments)).items():
        first = f"{one.close.index[0]:%Y-%m-%d}"
        found[key] = (len(one.close), first, one.close.iloc[0], one.close.iloc[-1])
        assert f"{one.as_of:%Y-%m-%d}" == LAST
    assert found == READ[case]
    assert market.problems == SAID.get(case, ())


def test_midnight_with_an_offset_stays_the_day_that_is_written() -> None:
    days = opened("a4-midnight-with-offset").series(["ZPRR"])["ZPRR"].close.index
    assert (days.day_of_week < 5).all()
    assert days[1].isoformat()[:10] == "2026-11-16"


def test_the_own_export_alone_is_read_as_the_series_it_holds(tmp_path: Path) -> None:
    content = (cases_folder() / "b-own-export" / "MINE.csv").read_bytes()
    (tmp_path / "MINE.csv").write_bytes(content)
    own = open_market(Settings(data="files", files=tmp_path)).series(["RUT", "BTC"])
    plain = opened("b-own-export").series(["RUT", "BTC"])
    assert {key: one.content_hash for key, one in own.items()} == {
        key: one.content_hash for key, one in plain.items()
    }
