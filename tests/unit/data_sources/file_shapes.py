"""One true series written in every shape that price files have."""

import csv
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

TRUE_DAYS = [date(2024, 1, 1) + timedelta(days=d) for d in range(400)]


def true_series(seed: int, rows: int, step: int, digits: int) -> list[tuple[date, Decimal]]:
    """Days and closes, which have a fixed number of decimals."""
    rng = random.Random(seed)
    first = date(2022, 1, 1) + timedelta(days=rng.randrange(900))
    level = 10 ** rng.uniform(-0.5, 5)
    closes = []
    for _ in range(rows):
        level *= rng.uniform(0.95, 1.06)
        closes.append(max(Decimal(f"{level:.{digits}f}"), Decimal(1).scaleb(-digits)))
    days = [first + timedelta(days=step * n) for n in range(rows)]
    return list(zip(days, closes, strict=True))


def stamped(zone: str, clock: time = time()) -> Callable[[date], str]:
    return lambda day: datetime.combine(day, clock, ZoneInfo(zone)).isoformat(" ")


def unix(unit: int) -> Callable[[date], str]:
    return lambda day: str((day - date(1970, 1, 1)).days * 86_400 * unit)


DATES: dict[str, Callable[[date], str]] = {
    "iso": str,
    "basic": lambda day: f"{day:%Y%m%d}",
    "clock": lambda day: f"{day} 16:00:00",
    "utc": lambda day: f"{day}T00:00:00.000Z",
    "utc in words": lambda day: f"{day} 00:00:00 UTC",
    "berlin": stamped("Europe/Berlin"),
    "sydney": stamped("Australia/Sydney"),
    "kolkata": stamped("Asia/Kolkata"),
    "new york, evening": stamped("America/New_York", time(20)),
    "dmy": lambda day: f"{day:%d/%m/%Y}",
    "mdy": lambda day: f"{day:%m/%d/%Y}",
    "mdy, clock": lambda day: f"{day.month}/{day.day}/{day.year} 4:00 PM",
    "dotted": lambda day: f"{day:%d.%m.%Y}",
    "short year": lambda day: f"{day:%m/%d/%y}",
    "short year first": lambda day: f"{day:%y-%m-%d}",
    "month name": lambda day: f"{day:%d-%b-%Y}",
    "month name, short year": lambda day: f"{day:%d-%b-%y}",
    "american": lambda day: f"{day:%b %d, %Y}",
    "weekday": lambda day: f"{day:%a, %d %b %Y}",
    "slashed": lambda day: f"{day:%Y/%m/%d}",
    "seconds": unix(1),
    "milliseconds": unix(10**3),
    "microseconds": unix(10**6),
    "nanoseconds": unix(10**9),
}


def grouped(decimal: str, group: str, *, lakhs: bool = False) -> Callable[[Decimal], str]:
    def write(value: Decimal) -> str:
        whole, _, fraction = f"{value:f}".partition(".")
        head, tail = whole[:-3], whole[-3:]
        size = 2 if lakhs else 3
        groups = [tail] if not head else [*_chunks(head, size), tail]
        return group.join(groups) + (decimal + fraction if fraction else "")

    return write


def _chunks(text: str, size: int) -> list[str]:
    first = len(text) % size
    return ([text[:first]] if first else []) + [
        text[at : at + size] for at in range(first, len(text), size)
    ]


NUMBERS: dict[str, Callable[[Decimal], str]] = {
    "point": lambda value: f"{value:f}",
    "comma": lambda value: f"{value:f}".replace(".", ","),
    "1,234.5": grouped(".", ","),
    "1.234,5": grouped(",", "."),
    "1 234,5": grouped(",", " "),
    "1 234,5 (no break)": grouped(",", "\u00a0"),
    "1 234.5 (narrow)": grouped(".", "\u202f"),
    "1'234.5": grouped(".", "'"),
    "1’234,5": grouped(",", "’"),
    "1,23,456.5": grouped(".", ",", lakhs=True),
    "$": lambda value: f"${grouped('.', ',')(value)}",
    "EUR": lambda value: f"{grouped(',', '.')(value)} EUR",
    "percent": lambda value: f"{value:f}%",
    "exponent": lambda value: f"{value:.12E}",
    "exponent, comma": lambda value: f"{value:.12e}".replace(".", ","),
}


@dataclass(frozen=True)
class Shape:
    """How a series is written."""

    dates: str = "iso"
    numbers: str = "point"
    delimiter: str = ","
    header: Sequence[str] = ("date", "close")
    above: Sequence[str] = ()
    is_newest_first: bool = False
    is_quoted: bool = False
    encoding: str = "utf-8"
    line_end: str = "\n"
    missing: str = ""


def cells(series: Sequence[tuple[date, Decimal]], shape: Shape) -> list[list[str]]:
    """Rows of text: dates first, the close under its name, something else in other columns."""
    rows = []
    for day, close in series:
        written = NUMBERS[shape.numbers](close)
        names = shape.header or ("date", "close")
        rest = [written if "lose" in name or name in CLOSES else "7" for name in names[1:]]
        rows.append([DATES[shape.dates](day), *rest])
    if shape.missing and len(rows) > 4:
        rows[2] = [rows[2][0], *(shape.missing for _ in rows[2][1:])]
    return rows[::-1] if shape.is_newest_first else rows


CLOSES = {"Price", "Kurs", "Zuletzt", "RUT", "Último"}


def content(rows: Sequence[Sequence[str]], shape: Shape) -> bytes:
    """The bytes of a file with these rows."""
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if shape.is_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=shape.delimiter, lineterminator="\n", quoting=quoting)
    if shape.header:
        writer.writerow(shape.header)
    writer.writerows(rows)
    text = "".join(f"{line}\n" for line in shape.above) + out.getvalue()
    return text.replace("\n", shape.line_end).encode(shape.encoding)
