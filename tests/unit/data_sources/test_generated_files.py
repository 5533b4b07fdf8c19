"""Ten thousand files in every mixture of shapes and faults: the true series, or a message."""

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from data_sources.catalog import CATALOG
from data_sources.errors import BadFile
from data_sources.files.catalog_file import Hints
from data_sources.files.reading import read_file
from data_sources.series import Series
from tests.unit.data_sources.file_shapes import DATES, NUMBERS, Shape, cells, content, true_series

TODAY = date(2026, 12, 1)
Rows = list[list[str]]
Fault = Callable[[Rows, random.Random], object]

HEADERS = [
    ("date", "close"),
    ("Date", "Open", "High", "Low", "Close", "Volume"),
    ("Datum", "Kurs"),
    ("observation_date", "RUT"),
    ("Fecha", "Último"),
    ("timeOpen", "name", "close", "marketCap"),
    ("Date", "Close/Last", "Volume"),
]
ABOVE = [(), ("https://www.example.com",), ("A title, with a comma", ""), ("# a comment; or two",)]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
MISSING = ["", "null", "N/A", "-", ".", "NaN"]


def any_shape(rng: random.Random) -> Shape:
    return Shape(
        dates=rng.choice(list(DATES)),
        numbers=rng.choice(list(NUMBERS)),
        delimiter=rng.choice(",;\t|"),
        header=rng.choice(HEADERS),
        above=rng.choice(ABOVE),
        is_newest_first=rng.random() < 0.5,
        is_quoted=rng.random() < 0.5,
        encoding=rng.choice(ENCODINGS),
        line_end=rng.choice(["\n", "\r\n"]),
        missing=rng.choice(MISSING),
    )


def other_number(rows: Rows, rng: random.Random) -> None:
    """Write one number in another way."""
    row = rng.choice(rows)
    at = rng.randrange(1, len(row))
    row[at] = rng.choice(list(NUMBERS.values()))(Decimal("1234.567"))


def other_date(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row[0] = rng.choice(list(DATES.values()))(date(2024, 5, 6))


def junk(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    junk = [
        "oops",
        "1..2",
        "12:30",
        "1e999",
        "inf",
        "0x1F",
        "1_000",
        "--5",
        "1,2,3",
        '"',
        "٣",
        "é\n",
    ]
    row[rng.randrange(len(row))] = rng.choice(junk)


def doubled(rows: Rows, rng: random.Random) -> None:
    rows.insert(rng.randrange(len(rows)), rng.choice(rows)[:])


def moved(rows: Rows, rng: random.Random) -> None:
    rows.insert(rng.randrange(len(rows)), rows.pop(rng.randrange(len(rows))))


def shortened(rows: Rows, rng: random.Random) -> None:
    rng.choice(rows).pop()


def lengthened(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row.insert(rng.randrange(len(row)), "5")


def emptied(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    row[rng.randrange(len(row))] = ""


def without_first_column(rows: Rows, rng: random.Random) -> None:  # noqa: ARG001
    for row in rows:
        del row[0]


FAULTS: dict[str, Fault] = {
    "none": lambda rows, rng: None,  # noqa: ARG005
    "another number": other_number,
    "another date": other_date,
    "junk": junk,
    "a row twice": doubled,
    "a row moved": moved,
    "a cell too few": shortened,
    "a cell too many": lengthened,
    "an empty cell": emptied,
    "no dates": without_first_column,
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated") / "M2SL.csv"


def outcome(path: Path) -> Series | str:
    try:
        found = read_file(path, CATALOG, Hints(), TODAY)["M2SL"]
    except BadFile as refusal:
        return str(refusal)
    assert isinstance(found, Series)
    return found


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_gives_the_true_series_or_a_message(path: Path, fault: str) -> None:
    read = 0

    @settings(
        max_examples=1000,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**40))
    def check(seed: int) -> None:
        nonlocal read
        # One draw an example: hypothesis would take longer to choose each part than to read.
        rng = random.Random(seed)
        shape = any_shape(rng)
        step, digits = rng.choice([1, 2, 7, 30]), rng.randrange(5)
        series = true_series(seed, rng.randrange(10, 20), step, digits)
        rows = cells(series, shape)
        FAULTS[fault](rows, rng)
        path.write_bytes(content(rows, shape))
        found = outcome(path)
        if isinstance(found, str):
            assert found.startswith("M2SL.csv")
            assert found.isprintable()
            return
        read += 1
        note(f"{shape} {step} {digits}\n{path.read_bytes()!r}")
        truth = {day: float(close) for day, close in series}
        if fault == "another number":
            truth_of = set(truth.values()) | {1234.567}
            assert set(found.close.tolist()) <= truth_of
            return
        got = {stamp.date(): close for stamp, close in found.close.items()}
        if fault == "another date":
            got.pop(date(2024, 5, 6), None)
        assert got.items() <= truth.items()
        if fault == "none":
            assert len(got) >= len(truth) - bool(shape.missing)

    check()
    assert read >= (500 if fault == "none" else 0)
