"""Where people's files have their header, their dates and their closes."""

import contextlib
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from data_sources.catalog import CATALOG
from data_sources.errors import BadFile
from data_sources.files.catalog_file import Hints
from data_sources.files.reading import read_file
from data_sources.series import Series

WriteText = Callable[[str, str], Path]
DAYS = [date(2024, 1, 8) + timedelta(days=n) for n in range(12)]
CLOSES = [100.5 + 3 * (n % 4) + n for n in range(12)]
SECONDS = [(day - date(1970, 1, 1)).days * 86_400 for day in DAYS]


@pytest.fixture
def write_text(folder: Path) -> WriteText:
    def write(name: str, text: str) -> Path:
        path = folder / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def read(path: Path) -> dict[str, Series | BadFile]:
    return read_file(path, CATALOG, Hints(), date(2024, 6, 1))


def closes(path: Path, key: str = "RUT") -> list[float]:
    one = read(path)[key]
    assert isinstance(one, Series)
    assert one.frame.index.strftime("%Y-%m-%d").tolist() == [str(day) for day in DAYS]
    return one.close.tolist()


def lines(template: str) -> str:
    """A row a day; c stands for the close, s for the day in unix seconds."""
    return "".join(
        template.format(day=day, c=close, s=second, o=close - 1, h=close + 2, l=close - 2) + "\n"
        for day, close, second in zip(DAYS, CLOSES, SECONDS, strict=True)
    )


HOURLY = "date,close\n" + "".join(f"2024-01-{n // 4 + 1:02} 0{n % 4}:00:00,5\n" for n in range(20))
ONE_A_DAY = "most days have several rows, and one close a day is read"
LAYOUTS = {
    "plain": "date,close\n" + lines("{day},{c}"),
    "pandas, unnamed index": ",close\n" + lines("{day},{c}"),
    "an address above": "https://www.example.com\nUnix,Date,Symbol,Open,High,Low,Close,Volume BTC\n"
    + lines("{s},{day} 00:00:00,BTC/USD,1,1,1,{c},9"),
    "a title above": "Daily prices, in dollars\n\nDate,Close\n" + lines("{day},{c}"),
    "comments above": "# prices\n# source, with a comma\nDate,Close\n" + lines("{day},{c}"),
    "what Excel wants": "sep=;\nDate;Close\n" + lines("{day};{c}"),
    "metadata above": "Symbol,RUT\nDate,2024-05-01\nDate,Close\n" + lines("{day},{c}"),
    "yfinance": "Price,Close,High,Low,Open,Volume\nTicker,RUT,RUT,RUT,RUT,RUT\nDate,,,,,\n"
    + lines("{day},{c},1,1,1,5"),
    "yfinance, by ticker": "Ticker,RUT,RUT\nPrice,Open,Close\nDate,,\n" + lines("{day},1,{c}"),
    "nasdaq": "Date,Close/Last,Volume\n" + lines("{day:%m/%d/%Y},${c},5"),
    "yahoo's page": "Date\tOpen\tClose*\tAdj Close**\n" + lines("{day:%b %d, %Y}\t1\t{c}\t2"),
    "coingecko": "snapped_at,price,market_cap,total_volume\n" + lines("{day} 00:00:00 UTC,{c},5,6"),
    "coinmarketcap": "timeOpen;timeClose;name;open;close;marketCap;timestamp\n"
    + lines('"{day}T00:00:00.000Z";"{day}T23:59:59.999Z";"2781";1;{c};7;"{day}T23:59:59.999Z"'),
    "fred": "observation_date,RU2000PR\n" + lines("{day},{c}"),
    "investing.com": '"Date","Price","Open","High","Low","Vol.","Change %"\n'
    + lines('"{day:%m/%d/%Y}","{c}","1","1","1","5M","0.1%"'),
    "investing.com, german": '"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"\n'
    + lines('"{day:%d.%m.%Y}","{c}","1","1","1","5M","0,1%"'),
    "ariva": "Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke;Volumen\n" + lines("{day};1;1;1;{c};;"),
    "tradingview": "time,open,high,low,close,Volume\n" + lines("{s},1,1,1,{c},5"),
    "a unit in the name": "Date,Close (USD),Market cap\n" + lines("{day},{c},5"),
    "close before price": "date,price,last,close\n" + lines("{day},1,2,{c}"),
    "closing before last": "date,last,Schlusskurs\n" + lines("{day},1,{c}"),
    "the date not first": "symbol,day,close\n" + lines("RUT,{day},{c}"),
    "data that are no dates": "date,data\n" + lines("{day},{c}"),
    "dates called data": "Data,Ultimo\n" + lines("{day:%d.%m.%Y},{c}"),
    "without header": lines("{day},{c}"),
    "binance, no header": lines("{s}000,{o},{h},{l},{c},9,{s}999,1,2,3,4,0"),
    "binance, microseconds": lines("{s}000000,{o},{h},{l},{c},9,{s}999999,1,2,3,4,0"),
    "kraken, no header": lines("{s},{o},{h},{l},{c},12.5,77"),
    "kraken, eight columns": lines("{s},{o},{h},{l},{c},{c},12.5,77"),
    "candles, no header": lines("{day},{o},{h},{l},{c}"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_every_layout_gives_the_closes(
    write_text: WriteText, layout: str, *, is_newest_first: bool
) -> None:
    text = LAYOUTS[layout]
    if is_newest_first:
        rows = text.splitlines(keepends=True)
        text = "".join(rows[:-12] + rows[:-13:-1])
    assert closes(write_text("RUT.csv", text)) == CLOSES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines("{day},{l},{h},{o},{c}"), ", line 1: no header such as date,close"),
        (lines("{day},{o},{c}"), ", line 1: no header such as date,close"),
        (lines("{day},5,5,5,5"), ", line 1: no header such as date,close"),
        ("date,Price,Kurs\n" + lines("{day},{c},{c}"),
         ": columns price and kurs can both be the close; name one of them close"),
        ("date,close,Close\n" + lines("{day},{c},{c}"), ": two columns named close"),
        ("date,Date,close\n" + lines("{day},{day},{c}"), ": two columns named date"),
        ("date,open,high\n" + lines("{day},{c},{c}"),
         ": no column named close; the columns are date, open, high"),
        ("date,RUT,what\n" + lines("{day},{c},{c}"),
         ": no column named close; the columns are date, rut, what"),
        (HOURLY, f", line 3: 2024-01-01 appears twice (first on line 2); {ONE_A_DAY}"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(write_text: WriteText, text: str, message: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(write_text("RUT.csv", text))
    assert str(caught.value) == f"RUT.csv{message}"


def test_a_table_that_begins_with_the_close_is_not_taken_for_one_that_ends_with_it(
    write_text: WriteText,
) -> None:
    """Close, high, low and open have their extremes in the same columns."""
    text = "".join(
        f"{day},{after},{max(before, after) + 1},{min(before, after) - 1},{before}\n"
        for day, before, after in zip(DAYS, [100, *CLOSES], CLOSES, strict=False)
    )
    with pytest.raises(BadFile, match="no header such as date,close"):
        read(write_text("RUT.csv", text))


@pytest.mark.parametrize(
    "header",
    [
        "date,RUT,BTC\n",
        "Date,^RUT,BTC-USD\n",
        "# a comment\ndate,rut,btcusdt\n",
        "Price,Close,Close\nTicker,^RUT,BTC-USD\nDate,,\n",
    ],
)
def test_a_file_of_several_instruments(write_text: WriteText, header: str) -> None:
    path = write_text("many prices.csv", header + lines("{day},{c},{h}"))
    assert closes(path) == CLOSES
    assert closes(path, "BTC") == [close + 2 for close in CLOSES]


def test_of_several_instruments_one_may_be_bad(write_text: WriteText) -> None:
    text = "date,RUT,BTC\n" + lines("{day},{c},{h}").replace("2024-01-10,", "2024-01-10,-")
    path = write_text("many.csv", text)
    assert closes(path, "BTC") == [close + 2 for close in CLOSES]
    assert str(read(path)["RUT"]) == "many.csv, line 4: RUT: close is -108.5, must be above zero"


def test_two_columns_of_one_instrument_are_refused(write_text: WriteText) -> None:
    with pytest.raises(BadFile, match=r"^many\.csv: two columns of RUT$"):
        read(write_text("many.csv", "date,RUT,^RUT\n" + lines("{day},{c},{h}")))


@pytest.mark.parametrize(
    "cell", ["jan " * 30_000, "1" * 120_000 + "x", "(" * 120_000, " T" * 60_000]
)
def test_long_cells_take_no_time(write_text: WriteText, cell: str) -> None:
    start = time.perf_counter()
    for text in (
        f"{cell},close\n" + lines("{day},{c}"),
        f"date,close\n{cell},5\n",
        f"{cell},{cell}",
    ):
        with contextlib.suppress(BadFile):
            read(write_text("RUT.csv", text))
    assert time.perf_counter() - start < 2
