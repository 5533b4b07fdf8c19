"""Text of a file as rows of cells: its encoding, and what stands between the cells.

UTF-8 and a single kind of separator need no detection. Other encodings are detected by
charset-normalizer, and the separator among several by clevercsv.
"""

import csv
import io
import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from data_sources.errors import BadFile

MAX_BYTES = 20_000_000
MAX_ROWS = 1_000_000
TOO_LARGE = f"larger than {MAX_BYTES // 1_000_000} MB or {MAX_ROWS:,} rows"

DELIMITERS = ",;\t|"

_WIDE = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"]
_NARROW = ["cp1252", "latin_1"]
_SAMPLE_LINES = 40


@dataclass(frozen=True)
class Rows:
    """The rows of a text that have something in them.

    Attributes
    ----------
    cells
        Of each row.
    lines
        Line number of each row, from 1.
    comments
        Lines above them that begin with ``#``, without it.
    """

    cells: list[list[str]]
    lines: list[int]
    comments: list[str]


def read_text(path: Path) -> str:
    """Read a text file of at most `MAX_BYTES`, without a byte order mark.

    Raises
    ------
    BadFile
        When it cannot be read, is empty, too large, or no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadFile(path, None, f"cannot be read ({error.strerror})") from error
    if len(content) > MAX_BYTES:
        raise BadFile(path, None, TOO_LARGE)
    text = _decoded(path, content)
    if not text.strip():
        raise BadFile(path, None, "empty file")
    return text


def split(path: Path, text: str) -> Rows:
    """Split text into rows of cells.

    Raises
    ------
    BadFile
        Naming the line, when a quote is not closed.
    """
    above = list(takewhile(_is_comment, io.StringIO(text, newline="")))
    body = io.StringIO(text, newline="")
    skipped = sum(1 for _ in zip(above, body, strict=False))
    comments = [line.strip().lstrip("#").strip() for line in above if line.strip()]
    reader = csv.reader(body, delimiter=_delimiter(text), strict=True)
    cells: list[list[str]] = []
    lines: list[int] = []
    line = skipped + 1
    try:
        for row in reader:
            if any(row) and any(map(str.strip, row)):
                lines.append(line)
                cells.append(row)
            line = skipped + reader.line_num + 1
    except csv.Error as error:
        raise BadFile(path, line, "a quote is not closed, or a cell is too long") from error
    if not cells:
        raise BadFile(path, None, "empty file")
    return Rows(cells, lines, comments)


def _decoded(path: Path, content: bytes) -> str:
    has_null = b"\0" in content
    try:
        if not has_null:
            return content.decode("utf-8-sig")
        at = content.index(b"\0")
    except UnicodeDecodeError as error:
        at = error.start
    # Only odd files need it: it takes time to load and to run.
    from charset_normalizer import from_bytes  # noqa: PLC0415

    found = from_bytes(content, cp_isolation=_WIDE if has_null else _NARROW).best()
    text = "" if found is None else str(found).removeprefix("\ufeff")
    if not text or "\0" in text:
        raise BadFile(path, content[:at].count(b"\n") + 1, "not a text file")
    return text


def _is_comment(line: str) -> bool:
    return line.startswith("#") or not line.strip()


def _delimiter(text: str) -> str:
    found = [mark for mark in DELIMITERS if mark in text]
    if len(found) < 2:
        return found[0] if found else ","
    # Only odd files need it: it takes time to load and to run.
    import clevercsv  # noqa: PLC0415

    try:
        dialect = clevercsv.Sniffer().sniff(_sample(text), delimiters=DELIMITERS)
    except clevercsv.Error:
        dialect = None
    if dialect is None or dialect.delimiter not in found:
        return max(found, key=_sample(text).count)
    return str(dialect.delimiter)


def _sample(text: str) -> str:
    """Some lines from the first that may be a header: below comments, an address, a title."""
    lines = re.split(r"\r\n|\r|\n", text[: 400 * _SAMPLE_LINES])
    begun = (
        at
        for at, line in enumerate(lines)
        if not _is_comment(line) and any(mark in line for mark in DELIMITERS)
    )
    start = next(begun, 0)
    return "\n".join(lines[start : start + _SAMPLE_LINES]) + "\n"
