"""One true series in many shapes: the identical closes each time."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data_sources.catalog import CATALOG
from data_sources.files.catalog_file import Hints
from data_sources.files.reading import read_file
from data_sources.series import Series
from tests.unit.data_sources.file_shapes import DATES, NUMBERS, Shape, cells, content, true_series

TRUTH = true_series(seed=5, rows=300, step=1, digits=2)

TEXTS = {
    **{f"dates: {form}": Shape(dates=form) for form in DATES},
    **{f"numbers: {way}": Shape(numbers=way, delimiter=";") for way in NUMBERS},
    "tabs": Shape(delimiter="\t"),
    "bars": Shape(delimiter="|", numbers="comma"),
    "all quoted": Shape(is_quoted=True, numbers="1,234.5", dates="american"),
    "newest first": Shape(is_newest_first=True, dates="mdy", numbers="$"),
    "UTF-16": Shape(encoding="utf-16", delimiter="\t", dates="dotted", numbers="1.234,5"),
    "UTF-8 with a mark": Shape(encoding="utf-8-sig", line_end="\r\n"),
    "an address above": Shape(above=("https://www.example.com",), dates="seconds"),
    "candles": Shape(header=("Date", "Open", "High", "Low", "Close", "Volume")),
    "german": Shape(header=("Datum", "Kurs"), delimiter=";", dates="dotted", numbers="1.234,5"),
    "old Windows": Shape(header=("Fecha", "Último"), encoding="cp1252", delimiter=";"),
    "no header": Shape(header=()),
}


def closes(path: Path) -> pd.Series:
    (one,) = read_file(path, CATALOG, Hints(), date(2026, 12, 1)).values()
    assert isinstance(one, Series)
    return one.close


def truth() -> pd.Series:
    days = pd.DatetimeIndex([day for day, _ in TRUTH], name="date").as_unit("us")
    return pd.Series([float(close) for _, close in TRUTH], days, name="RUT")


@pytest.mark.parametrize("shape", TEXTS)
def test_text_of_every_shape(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "RUT.csv"
    path.write_bytes(content(cells(TRUTH, TEXTS[shape]), TEXTS[shape]))
    pd.testing.assert_series_equal(closes(path), truth(), check_exact=True)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("is_index", [False, True])
def test_parquet_of_every_shape(tmp_path: Path, zone: str | None, *, is_index: bool) -> None:
    path = tmp_path / "RUT.parquet"
    frame = truth().rename("Close").to_frame()
    frame.index = frame.index.tz_localize(zone)
    (frame if is_index else frame.reset_index()).to_parquet(path)
    pd.testing.assert_series_equal(closes(path), truth(), check_exact=True)
