"""Parquet files of pandas, polars and DuckDB, with the dates wherever those put them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_sources.catalog import CATALOG
from data_sources.errors import BadFile
from data_sources.files.catalog_file import Hints
from data_sources.files.reading import read_file
from data_sources.series import Series

DAYS = pd.date_range("2024-03-25", periods=12)
CLOSES = [100.5 + n for n in range(12)]


def read(path: Path) -> dict[str, Series | BadFile]:
    return read_file(path, CATALOG, Hints(), date(2024, 6, 1))


def check(path: Path, key: str = "RUT", closes: list[float] = CLOSES) -> None:
    one = read(path)[key]
    assert isinstance(one, Series)
    assert one.frame.columns.tolist() == ["close"]
    assert one.close.tolist() == closes
    assert one.frame.index.equals(DAYS.as_unit("us"))


def filtered() -> pd.DataFrame:
    """Every second row of a frame: an index of numbers with holes."""
    twice = pd.DataFrame({"close": np.repeat(CLOSES, 2), "date": np.repeat(DAYS, 2)})
    return twice[::2]


FRAMES = {
    "column": pd.DataFrame({"date": DAYS, "close": CLOSES}),
    "days": pd.DataFrame({"date": DAYS.date, "close": CLOSES}),
    "text": pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "price": CLOSES}),
    "american text": pd.DataFrame({"date": DAYS.strftime("%m/%d/%Y"), "price": CLOSES}),
    "utc": pd.DataFrame({"date": DAYS.tz_localize("UTC"), "close": CLOSES}),
    "berlin": pd.DataFrame({"date": DAYS.tz_localize("Europe/Berlin"), "close": CLOSES}),
    "auckland": pd.DataFrame({"Close": CLOSES}, DAYS.tz_localize("Pacific/Auckland")),
    "named index": pd.DataFrame({"Open": 1.0, "Close": CLOSES}, DAYS.rename("Date")),
    "unnamed index": pd.DataFrame({"Close": CLOSES, "Volume": 5}, DAYS),
    "index of text": pd.DataFrame({"Close": CLOSES, "Volume": 5}, DAYS.strftime("%Y-%m-%d")),
    "filtered index": filtered(),
    "text of numbers": pd.DataFrame({"date": DAYS, "close": [str(close) for close in CLOSES]}),
    "newest first": pd.DataFrame({"date": DAYS[::-1], "close": CLOSES[::-1], "note": "x"}),
    "decimals": pd.DataFrame({"date": DAYS, "close": [Decimal(str(one)) for one in CLOSES]}),
    "categories": pd.DataFrame(
        {"date": DAYS, "close": pd.Categorical([str(close) for close in CLOSES])}
    ),
    "unix": pd.DataFrame({"time": DAYS.as_unit("s").astype("int64"), "close": CLOSES}),
    "unix and written": pd.DataFrame({"unix": range(12), "date": DAYS, "close": CLOSES}),
    "what is not used": pd.DataFrame({"date": DAYS, "open": [None] * 12, "close": CLOSES}),
    "levels": pd.DataFrame({("Close", "BTC-USD"): CLOSES, ("Open", "BTC-USD"): 1.0}, DAYS),
    "levels, reversed": pd.DataFrame({("IWM", "Close"): CLOSES, ("IWM", "High"): 1.0}, DAYS),
    "a name with a point": pd.DataFrame({"date": DAYS, "Close.": CLOSES, "Vol.": 5}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_reads_what_pandas_writes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "RUT.parquet"
    FRAMES[kind].to_parquet(path)
    check(path)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Australia/Sydney"])
def test_reads_stamps_of_any_unit(tmp_path: Path, unit: str, zone: str | None) -> None:
    path = tmp_path / "RUT.parquet"
    stamps = pa.array(DAYS.tz_localize(zone)).cast(pa.timestamp(unit, zone))
    pq.write_table(pa.table({"date": stamps, "close": CLOSES}), path)
    check(path)


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
)
def test_reads_text_of_any_kind(tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "RUT.parquet"
    days = pa.array([str(day.date()) for day in DAYS])
    closes = pa.array([str(close) for close in CLOSES])
    pq.write_table(pa.table({"date": days.cast(kind), "close": closes.cast(kind)}), path)
    check(path)


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_reads_days_of_any_kind(tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "RUT.parquet"
    days = pa.array(DAYS.date).cast(kind)
    pq.write_table(pa.table({"close": CLOSES, "day": days, "open": CLOSES}), path)
    check(path)


def test_several_symbols_of_yfinance(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    frame = pd.DataFrame(
        {("Close", "^RUT"): CLOSES, ("Close", "NEW"): CLOSES[::-1], ("Open", "^RUT"): 1.0}, DAYS
    )
    frame.columns.names = ["Price", "Ticker"]
    frame.to_parquet(path)
    check(path)
    check(path, "NEW", CLOSES[::-1])


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("close", "oops", "row 4: close 'oops' is not a number"),
        ("close", "-1", "row 4: close is -1, must be above zero"),
        ("date", "yesterday", "row 4: 'yesterday' is not a date such as 2024-12-31"),
        ("date", None, "row 4: no date"),
        ("date", "2024-03-27", "row 4: 2024-03-27 appears twice (first on row 3)"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, column: str, value: str | None, message: str) -> None:
    frame = pd.DataFrame({"date": DAYS.strftime("%Y-%m-%d"), "close": map(str, CLOSES)})
    frame.loc[3, column] = value
    frame.to_parquet(tmp_path / "RUT.parquet")
    with pytest.raises(BadFile) as caught:
        read(tmp_path / "RUT.parquet")
    assert str(caught.value) == f"RUT.parquet, {message}"


def test_a_missing_stamp_is_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": [*DAYS[:3], pd.NaT, *DAYS[4:]], "close": CLOSES})
    frame.to_parquet(tmp_path / "RUT.parquet")
    with pytest.raises(BadFile, match=r"^RUT\.parquet, row 4: no date$"):
        read(tmp_path / "RUT.parquet")


def test_a_file_with_nothing_in_it(tmp_path: Path) -> None:
    pd.DataFrame().to_parquet(tmp_path / "RUT.parquet")
    with pytest.raises(BadFile, match=r"^RUT\.parquet: no column of values$"):
        read(tmp_path / "RUT.parquet")


def test_a_file_with_too_many_rows(tmp_path: Path) -> None:
    table = pa.table({"date": pa.nulls(1_000_001, pa.date32()), "close": pa.nulls(1_000_001)})
    pq.write_table(table, tmp_path / "RUT.parquet")
    with pytest.raises(BadFile, match=r"^RUT\.parquet: larger than 20 MB or 1,000,000 rows$"):
        read(tmp_path / "RUT.parquet")


POLARS = {
    "days": pl.col("date"),
    "stamps": pl.col("date").cast(pl.Datetime("us")),
    "stamps with a zone": pl.col("date").cast(pl.Datetime("ns")).dt.replace_time_zone("Asia/Tokyo"),
    "text": pl.col("date").cast(pl.String),
    "categories": pl.col("date").cast(pl.String).cast(pl.Categorical),
}


@pytest.mark.parametrize("kind", POLARS)
def test_reads_what_polars_writes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "RUT.parquet"
    frame = pl.DataFrame({"date": DAYS.date.tolist(), "close": CLOSES})
    frame.with_columns(POLARS[kind]).write_parquet(path)
    check(path)


@pytest.mark.parametrize(
    "columns",
    [
        "date, close",
        "date::timestamp AS date, close::decimal(18, 3) AS close",
        "date::timestamp_ns AS day, 1 AS open, close",
        "date::varchar AS date, close::varchar AS close",
        "epoch(date::timestamp)::bigint AS time, close::float AS close",
    ],
)
def test_reads_what_duckdb_writes(tmp_path: Path, columns: str) -> None:
    path = tmp_path / "RUT.parquet"
    with duckdb.connect() as database:
        database.register("prices", pa.table({"date": DAYS.date.tolist(), "close": CLOSES}))
        database.sql(f"COPY (SELECT {columns} FROM prices) TO '{path}' (FORMAT parquet)")
    check(path)
