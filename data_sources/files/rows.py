"""Rows of the small tables that people write beside their prices."""

from collections.abc import Sequence
from pathlib import Path

from data_sources.errors import BadFile
from data_sources.files.text import read_text, split


def read_rows(path: Path, needed: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Read a table with a header: the number of each line, and its cells by column name.

    Raises
    ------
    BadFile
        When it is no such table, or a needed column is missing.
    """
    table = split(path, read_text(path))
    header = [name.strip().lower() for name in table.cells[0]]
    for name in needed:
        if name not in header:
            raise BadFile(path, table.lines[0], f"no column named {name}")
    return [
        (line, dict(zip(header, map(str.strip, row), strict=False)))
        for line, row in zip(table.lines[1:], table.cells[1:], strict=True)
    ]
