"""Text of any likely encoding, split at whatever stands between the cells."""

from pathlib import Path

import pytest

from data_sources.errors import BadFile
from data_sources.files.text import read_text, split

TABLE = "Datum;clôture\n" + "".join(f"{day:02}.01.2024;1.9{day:02},5\n" for day in range(1, 28))
CELLS = [["Datum", "clôture"], ["01.01.2024", "1.901,5"]]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp1252"],
)
def test_reads_likely_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "A.csv"
    path.write_bytes(TABLE.encode(encoding))
    assert split(path, read_text(path)).cells[:2] == CELLS


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("2024-01-02,1.5", ["2024-01-02", "1.5"]),
        ("2024-01-02;1,5", ["2024-01-02", "1,5"]),
        ("2024-01-02\t1,5", ["2024-01-02", "1,5"]),
        ("2024-01-02|1,5|a; b", ["2024-01-02", "1,5", "a; b"]),
        ('"Jan 2, 2024","1,234.5"', ["Jan 2, 2024", "1,234.5"]),
        ("Jan 2, 2024;1.5", ["Jan 2, 2024", "1.5"]),
        ("2024-01-02;1'234,5;x", ["2024-01-02", "1'234,5", "x"]),
        ('"2024-01-02","1.5","a; b"', ["2024-01-02", "1.5", "a; b"]),
    ],
)
@pytest.mark.parametrize("above", ["", "https://www.example.com\n", "# a, comment; or so\n"])
def test_finds_what_stands_between_the_cells(line: str, cells: list[str], above: str) -> None:
    mark = (
        line.removeprefix('"').removeprefix("Jan 2, 2024").removeprefix("2024-01-02").strip('"')[0]
    )
    header = mark.join(["Date", "Close", "Note"][: len(cells)])
    rows = split(Path("A.csv"), above + "\n".join([header, *[line] * 12]))
    assert rows.cells[-1] == cells
    assert rows.lines[-1] == above.count("\n") + 13


def test_lines_are_counted_as_an_editor_does() -> None:
    rows = split(Path("A.csv"), '# one\n\n# two\r\na,"b\nc"\r\n , \nd,e\n')
    assert (rows.comments, rows.cells, rows.lines) == (
        ["one", "two"], [["a", "b\nc"], ["d", "e"]], [4, 7]
    )  # fmt: skip


def test_an_open_quote_is_named_by_its_line() -> None:
    with pytest.raises(BadFile, match=r"^A\.csv, line 3: a quote is not closed"):
        split(Path("A.csv"), '# one\na,b\n"c,d\n')
