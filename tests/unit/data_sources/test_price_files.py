"""Good files in many dialects are read; each bad one is refused in one clear sentence."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sources.catalog import CATALOG, Instrument, resolve
from data_sources.errors import BadFile
from data_sources.files.catalog_file import Entry, Hints, read_catalog
from data_sources.files.naming import instrument_called, price_files
from data_sources.files.reading import read_file
from data_sources.files.text import MAX_BYTES
from data_sources.market import open_market
from data_sources.series import Series
from settings import Settings

WriteFile = Callable[..., Path]

TODAY = date(2024, 6, 1)
NO_HINTS = Hints()
CLOSES = [100.5 + n for n in range(12)]


def read(path: Path, hints: Hints = NO_HINTS) -> Series:
    (found,) = read_file(path, CATALOG, hints, TODAY).values()
    assert isinstance(found, Series)
    return found


def refusal(path: Path, hints: Hints = NO_HINTS) -> str:
    with pytest.raises(BadFile) as caught:
        read(path, hints)
    return str(caught.value)


def semicolons(rows: list[str]) -> list[str]:
    return [row.replace(",", ";") for row in rows]


# --- what is tolerated


@pytest.mark.parametrize(
    ("header", "change"),
    [
        ("date,close", lambda rows: rows),
        ("Date,Price", lambda rows: rows),
        ("observation_date,RUT", lambda rows: rows),
        ("\ufeffdate,close", lambda rows: rows),
        ("date;close", semicolons),
        ("date\tclose", lambda rows: [row.replace(",", "\t") for row in rows]),
        ("date;close", lambda rows: [r.replace(".", ",") for r in semicolons(rows)]),
        ('"date","close"', lambda rows: ['"' + r.replace(",", '","') + '"' for r in rows]),
        ("date,close", lambda rows: rows[::-1]),
        ("date,close", lambda rows: [row + "\r" for row in rows]),
        ("date,close", lambda rows: ["", *rows[:5], "", " , ", *rows[5:], ""]),
        ("date,close", lambda rows: ["2023-12-28,", "2023-12-29,.", *rows]),
        ("date,close", lambda rows: [row.replace(",", " 00:00:00,") for row in rows]),
        ("date,close", lambda rows: [row.replace(",", "T00:00:00Z,") for row in rows]),
        ("date,close", lambda rows: [row.replace("-", "") for row in rows]),
        ("date,close", lambda rows: [row + "," for row in rows]),
        ("date,close", lambda rows: [row.replace(",", ", ") for row in rows]),
        ("date,close", lambda rows: [row.replace(".5", ".5e+0") for row in rows]),
        ("date,Adj Close,CLOSE", lambda rows: [row.replace(",", ",1.0,") for row in rows]),
    ],
)
def test_reads_every_dialect(
    write: WriteFile, rows: list[str], header: str, change: Callable[[list[str]], list[str]]
) -> None:
    series = read(write("RUT.csv", change(rows), header))
    assert series.frame.columns.tolist() == ["close"]
    assert series.close.tolist() == CLOSES
    assert series.as_of == pd.Timestamp("2024-01-16")


def test_thousands_may_be_grouped_inside_quotes(write: WriteFile, rows: list[str]) -> None:
    grouped = [row.replace(",1", ',"1,234,1') + '"' for row in rows]
    assert read(write("RUT.csv", grouped)).close.iloc[0] == 1234100.5


def test_with_a_decimal_comma_points_group_thousands(write: WriteFile, rows: list[str]) -> None:
    european = [row.replace(".", ",").replace(",1", ";1.1", 1) for row in rows]
    assert read(write("RUT.csv", european, "date;close")).close.iloc[0] == 1100.5


@pytest.mark.parametrize(
    "missing",
    ["", ".", " ", "-", "--", "–", "—", "null", "NULL", "None", "nan", "NA", "N/A", "n/a", "#N/A"],
)
def test_a_missing_value_skips_the_row(write: WriteFile, rows: list[str], missing: str) -> None:
    rows[3] = rows[3].replace("103.5", missing)
    assert read(write("RUT.csv", rows)).close.tolist() == CLOSES[:3] + CLOSES[4:]


def test_what_is_not_used_costs_no_close(write: WriteFile, rows: list[str]) -> None:
    full = [f"{row[:10]},0,oops,-3,{row[11:]},1.9,null" for row in rows]
    frame = read(write("RUT.csv", full, "Date,Open,High,Low,Close,Adj Close,Volume")).frame
    assert frame.columns.tolist() == ["close"]
    assert frame["close"].tolist() == CLOSES


def test_summer_time_is_one_time_zone(write: WriteFile) -> None:
    days = pd.date_range("2024-03-04", periods=12, freq="D", tz="America/New_York")
    path = write("RUT.csv", [f"{day.isoformat(' ')},1" for day in days])
    index = read(path).frame.index
    assert index.equals(days.tz_localize(None).as_unit("us"))


@pytest.mark.parametrize("stamp", ["T20:00:00-05:00", " 00:00:00+01:00", "T00:00:00+13:45"])
def test_a_stamp_keeps_the_day_that_is_written(write: WriteFile, stamp: str) -> None:
    rows = [f"2024-01-{day:02d}{stamp},1" for day in range(1, 13)]
    index = read(write("RUT.csv", rows)).frame.index
    assert index.equals(pd.date_range("2024-01-01", periods=12, unit="us"))


def test_a_series_tells_its_file_and_its_age(write: WriteFile, rows: list[str]) -> None:
    path = write("BTC-USD.csv", rows)
    series = read(path)
    assert (series.id, series.source, series.is_sample) == ("BTC", "file BTC-USD.csv", False)
    assert series.fetched_at == datetime.fromtimestamp(path.stat().st_mtime, UTC)


def test_macro_series_may_be_zero_or_negative(write: WriteFile, rows: list[str]) -> None:
    rows[2:4] = ["2024-01-03,0.0", "2024-01-04,-1"]
    assert read(write("RRPONTSYD.csv", rows)).close.iloc[2:4].tolist() == [0.0, -1.0]


def test_the_future_begins_in_three_days(write: WriteFile) -> None:
    days = [TODAY + timedelta(days=d) for d in range(-10, 4)]
    lines = [f"{day},1" for day in days]
    assert read(write("RUT.csv", lines[:-1])).as_of.date() == date(2024, 6, 3)
    with pytest.raises(BadFile, match=r"^RUT\.csv, line 15: 2024-06-04 is in the future$"):
        read(write("RUT.csv", lines))


@given(st.lists(st.floats(1e-9, 1e15), min_size=10, max_size=20))
def test_every_float_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, closes: list[float]
) -> None:
    path = tmp_path_factory.mktemp("exact") / "RUT.csv"
    days = pd.date_range("2023-01-01", periods=len(closes))
    lines = [f"{day:%Y-%m-%d},{close!r}" for day, close in zip(days, closes, strict=True)]
    path.write_text("\n".join(["date,close", *lines]))
    assert read(path).close.tolist() == closes


# --- what is refused

REFUSALS = {
    "text": ({3: "2024-01-03,oops"}, "line 4: close 'oops' is not a number"),
    "infinity": ({3: "2024-01-03,inf"}, "line 4: close 'inf' is not a number"),
    "underscore": ({3: "2024-01-03,1_0"}, "line 4: close '1_0' is not a number"),
    "lone sign": ({3: "2024-01-03,+"}, "line 4: close '+' is not a number"),
    "other digits": ({3: "2024-01-03,١٢"}, "line 4: close '١٢' is not a number"),
    "another mark": (
        {3: '2024-01-03,"1,23"'},
        "line 4: close '1,23' is written in another way than '100.5' above",
    ),
    "another unit": (
        {3: "2024-01-03,$5"},
        "line 4: close '$5' is in another unit than '100.5' above",
    ),
    "infinite": ({3: "2024-01-03,1e999"}, "line 4: close is not finite"),
    "zero": ({3: "2024-01-03,0"}, "line 4: close is 0, must be above zero"),
    "negative": ({3: "2024-01-03,-5.5"}, "line 4: close is -5.5, must be above zero"),
    "duplicate": (
        {3: "2024-01-02,7"},
        "line 4: 2024-01-02 appears twice (first on line 3)",
    ),
    "unsorted": (
        {12: "2024-01-04,7", 4: "2024-01-03 ,", 3: "2024-01-03,7"},
        "line 13: 2024-01-04 and 2024-01-15 are not in date order",
    ),
    "american date": ({3: "01/03/2024,7"}, "line 4: '01/03/2024' is not a date such as 2024-12-31"),
    "no such day": ({3: "2024-02-30,7"}, "line 4: '2024-02-30' is not a date such as 2024-12-31"),
    "no date": ({3: ",7"}, "line 4: no date"),
    "mixed zones": (
        {n: f"2024-01-{n:02d}T12:00{'+00:00' if n < 5 else '-05:00'},7" for n in range(1, 13)},
        "line 6: dates in different time zones",
    ),
    "naive and aware": (
        {3: "2024-01-03T00:00Z,7"},
        "line 4: dates with and without a time zone",
    ),
    "future": ({12: "2999-06-04,7"}, "line 13: 2999-06-04 is in the future"),
    "too few cells": ({3: "2024-01-03"}, "line 4: 1 values where the header names 2"),
    "decimal comma": ({3: "2024-01-03,7,5"}, "line 4: 3 values where the header names 2"),
    "open quote": ({3: '2024-01-03,"7'}, "line 4: a quote is not closed, or a cell is too long"),
    "long text": (
        {3: "2024-01-03," + "x" * 500},
        f"line 4: close '{'x' * 39}…' is not a number",
    ),
    "control characters": ({3: "2024-01-03,\x1b[31m"}, "line 4: close '?[31m' is not a number"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_bad_row_is_named_by_its_line_and_nothing_else_is_lost(
    write: WriteFile, rows: list[str], folder: Path, case: str
) -> None:
    changes, message = REFUSALS[case]
    write("IWM.csv", rows)
    bad = rows.copy()
    for line, row in changes.items():
        bad[line - 1] = row
    path = write("RUT.csv", bad)
    assert refusal(path) == f"RUT.csv, {message}"

    market = open_market(Settings(data="files", files=folder))
    assert list(market.instruments) == ["IWM"]
    assert market.problems == (f"RUT.csv, {message}",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "RUT.csv: empty file"),
        (b" \n\n", "RUT.csv: empty file"),
        (b"\xef\xbb\xbf", "RUT.csv: empty file"),
        (b'""\n', "RUT.csv: empty file"),
        (b"date,close\n", "RUT.csv: fewer than 10 rows with a value"),
        (b"date\n2024-01-01\n", "RUT.csv: no column of values"),
        (
            b"date,bid,ask\n2024-01-01,1,2\n",
            "RUT.csv: no column named close; the columns are date, bid, ask",
        ),
        (
            b"date,price,last\n2024-01-01,1,2\n",
            "RUT.csv: columns price and last can both be the close; name one of them close",
        ),
        (b"date,close,Close\n2024-01-01,1,2\n", "RUT.csv: two columns named close"),
        (b"2024-01-01,1,2\n2024-01-02,2,3\n", "RUT.csv, line 1: no header such as date,close"),
        (b"\n\n2024-01-01,1,2\n2024-01-02,2,3\n", "RUT.csv, line 3: no header such as date,close"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "RUT.csv, line 3: not a text file"),
        (b"date,close\n2024-01-01,\x005\n", "RUT.csv, line 2: not a text file"),
        (b"\x00" * 50, "RUT.csv, line 1: not a text file"),
    ],
)
def test_a_file_that_is_no_price_table(folder: Path, content: bytes, message: str) -> None:
    path = folder / "RUT.csv"
    path.write_bytes(content)
    assert refusal(path) == message


def test_nine_rows_are_too_few_and_ten_are_enough(write: WriteFile, rows: list[str]) -> None:
    assert len(read(write("RUT.csv", rows[:10])).frame) == 10
    rows[4] = "2024-01-05,."
    with pytest.raises(BadFile, match=r"^RUT\.csv: fewer than 10 rows with a value$"):
        read(write("RUT.csv", rows[:10]))


def test_a_file_too_large(folder: Path) -> None:
    path = folder / "RUT.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(BadFile, match=r"^RUT\.csv: larger than 20 MB or 1,000,000 rows$"):
        read(path)


def test_a_file_that_cannot_be_opened(folder: Path) -> None:
    (folder / "RUT.csv").symlink_to(folder / "gone.csv")
    (folder / "IWM.csv").mkdir()
    assert open_market(Settings(data="files", files=folder)).problems == (
        "IWM.csv: not a file",
        "RUT.csv: cannot be read (No such file or directory)",
        "Folder prices holds no usable price file",
    )


@given(st.binary(max_size=300))
def test_no_content_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    (folder / "RUT.csv").write_bytes(content)
    (folder / "IWM.parquet").write_bytes(content)
    (folder / "catalog.csv").write_bytes(content)
    market = open_market(Settings(data="files", files=folder))
    assert not market.instruments
    assert len(market.problems) >= 3
    assert all(problem.isprintable() for problem in market.problems)


# --- which file is which instrument


@pytest.mark.parametrize("name", ["BTC.csv", "btc-usd.csv", "BTCUSDT.CSV", "XBTUSD.parquet"])
def test_the_name_of_a_file_is_an_id_or_a_symbol(name: str) -> None:
    assert instrument_called(Path(name), Path(name).stem, CATALOG) == resolve("BTC")


def test_an_unknown_name_is_a_new_instrument() -> None:
    expected = Instrument("NEW-1.X", "NEW-1.X", "small_cap")
    assert instrument_called(Path("new-1.x.csv"), "new-1.x", CATALOG) == expected


@pytest.mark.parametrize("name", ["^FOO.csv", "a b.csv", "x" * 17 + ".csv", "-A.csv", "é.csv"])
def test_a_name_unfit_to_be_an_id_is_refused(name: str) -> None:
    with pytest.raises(BadFile, match="the name must be a known symbol or 1 to 16 letters"):
        instrument_called(Path(name), Path(name).stem, CATALOG)


@pytest.mark.parametrize(
    ("freq", "kind"), [("D", "coin"), ("B", "small_cap"), ("MS", "small_cap"), ("W", "small_cap")]
)
def test_what_trades_through_weekends_is_a_coin(write: WriteFile, freq: str, kind: str) -> None:
    days = pd.date_range("2020-01-01", periods=50, freq=freq)
    path = write("NEW.csv", [f"{day:%Y-%m-%d},1" for day in days])
    assert read(path).instrument.kind == kind


def test_hidden_and_other_files_are_left_out(write: WriteFile, folder: Path) -> None:
    for name in ("._RUT.csv", "notes.txt", "catalog.csv", "B.parquet", "A.CSV"):
        write(name, [])
    assert [path.name for path in price_files(folder)] == ["A.CSV", "B.parquet"]


def test_catalog_file_names_instruments(write: WriteFile) -> None:
    path = write("catalog.csv", ["new,New One,coin,NEW-USD N1"], "\ufeffID,name,kind,symbols")
    expected = Entry(Instrument("NEW", "New One", "coin", ("NEW-USD", "N1")))
    assert read_catalog(path) == ((expected,), ())


def test_catalog_file_says_how_to_read(write: WriteFile) -> None:
    path = write(
        "catalog.csv",
        ['rut,,,,",",dmy', "A,One,coin,,.,MDY", "B,,coin,,;,", "C,,coin,,,ymd"],
        "id,name,kind,symbols,decimal,dates",
    )
    entries, problems = read_catalog(path)
    assert entries == (
        Entry(Instrument("RUT", "Russell 2000", "small_cap", ("^RUT",)), Hints(",", "dmy")),
        Entry(Instrument("A", "One", "coin"), Hints(".", "mdy")),
    )
    assert problems == (
        "catalog.csv, line 4: decimal ';' is neither . nor ,",
        "catalog.csv, line 5: dates 'ymd' is neither dmy nor mdy",
    )


def test_catalog_file_keeps_its_good_lines(write: WriteFile) -> None:
    path = write(
        "catalog.csv", ["A,One,coin", "b c,Two,coin", "C,Three,stock", "A,Four,coin", "D,,macro"],
        "id,name,kind",
    )  # fmt: skip
    assert read_catalog(path) == (
        (Entry(Instrument("A", "One", "coin")), Entry(Instrument("D", "D", "macro"))),
        (
            "catalog.csv, line 3: 'B C' cannot be an id",
            "catalog.csv, line 4: kind 'stock' is none of small_cap, coin, equity, macro",
            "catalog.csv, line 5: A appears twice",
        ),
    )


def test_catalog_file_without_a_needed_column(write: WriteFile) -> None:
    path = write("catalog.csv", ["A,One"], "id,name")
    assert read_catalog(path) == ((), ("catalog.csv, line 1: no column named kind",))
