"""Errors a data source can raise; the text of each is one sentence a reader can act on."""

from pathlib import Path

_LONGEST_ECHO = 40


def echo(text: str) -> str:
    """Make a foreign text fit to repeat in a message: printable and at most 40 characters."""
    shown = "".join(c if c.isprintable() else "?" for c in text[: _LONGEST_ECHO + 1])
    return shown if len(shown) <= _LONGEST_ECHO else shown[: _LONGEST_ECHO - 1] + "…"


def line_unit(path: Path) -> str:
    """Name what is counted in a file: lines in a text file, rows in a Parquet file."""
    return "row" if path.suffix.lower() == ".parquet" else "line"


class InvalidSeries(ValueError):  # noqa: N818 - errors are named after what happened
    """Rows that cannot be a series.

    Attributes
    ----------
    reason
        What is wrong, without a full stop.
    row
        Position of the offending row in the input, from 0; None when it is not one row.
    first_row
        Position of the earlier row it repeats, from 0; None unless it is a repetition.
    """

    def __init__(self, reason: str, row: int | None = None, first_row: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.row = row
        self.first_row = first_row


class BadFile(Exception):  # noqa: N818
    """A file that cannot be read as prices.

    Attributes
    ----------
    path
        The file; only its name is shown.
    line
        Line number as an editor shows it, from 1 (in a Parquet file, the row number); None
        when the whole file is meant.
    reason
        What is wrong, without a full stop.
    """

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        place = "" if line is None else f", {line_unit(path)} {line}"
        super().__init__(f"{echo(path.name)}{place}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason
