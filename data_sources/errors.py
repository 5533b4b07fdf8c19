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


class StoreUnavailable(Exception):  # noqa: N818
    """The price store cannot be opened, read or written; what it held, it still holds.

    Attributes
    ----------
    reason
        What the database said, without a full stop.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"The price store cannot be used ({reason})")
        self.reason = reason


class StoreTooNew(Exception):  # noqa: N818
    """The price store was written by a newer Bellwether; it is left as it is.

    Attributes
    ----------
    found, known
        The store's schema, and the newest that this Bellwether knows.
    """

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"The price store was written by a newer Bellwether (schema {echo(found)}, this one "
            f"knows {known}): update Bellwether or use another store"
        )
        self.found = found
        self.known = known


class CorruptBlob(Exception):  # noqa: N818
    """A stored copy whose bytes are not what was stored; it is never shown.

    Attributes
    ----------
    series
        Id of the series it is the copy of.
    hash
        Content hash it should have.
    """

    def __init__(self, series: str, hash_: str) -> None:
        super().__init__(f"The stored copy of {series} is damaged and is not shown")
        self.series = series
        self.hash = hash_


class SourceError(Exception):
    """A source that did not give what it was asked for.

    Attributes
    ----------
    source
        Name of the source, as people know it.
    """

    def __init__(self, source: str, what: str) -> None:
        super().__init__(f"{source} {what}")
        self.source = source


class NoData(SourceError):  # noqa: N818
    """The source answered, and has nothing for the days asked for."""

    def __init__(self, source: str, symbol: str) -> None:
        super().__init__(source, f"has nothing on {echo(symbol)} for the days asked for")


class UnknownSymbol(SourceError):  # noqa: N818
    """The source does not have the instrument, or not for free."""

    def __init__(self, source: str, symbol: str) -> None:
        super().__init__(source, f"does not offer {echo(symbol)}")


class RateLimited(SourceError):  # noqa: N818
    """The source was asked too often.

    Attributes
    ----------
    retry_after
        Seconds to wait, where the source says so.
    """

    def __init__(self, source: str, retry_after: float | None) -> None:
        wait = "a while" if retry_after is None else f"{retry_after:.0f} seconds"
        super().__init__(source, f"has been asked too often and wants a pause of {wait}")
        self.retry_after = retry_after


class SourceUnavailable(SourceError):  # noqa: N818
    """The source cannot be reached, is too slow, is down or turns everybody away."""


class BadResponse(SourceError):  # noqa: N818
    """The source answered with something that cannot be read as what was asked for."""


class HasGaps(SourceError):  # noqa: N818
    """The source lacks much of what lies between its first and its last value."""

    def __init__(self, source: str, symbol: str) -> None:
        super().__init__(source, f"has gaps in its hours of {echo(symbol)}")


class RefusedUpdate(SourceError):  # noqa: N818
    """The source sent values that are less believable than the last good copy."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, f"sent an update that was refused: {reason}")


class NotPossible(Exception):  # noqa: N818
    """Something a reader asked for that cannot be done; the text says why."""


class TooSoon(Exception):  # noqa: N818
    """Something a reader asked for that was done just now.

    Attributes
    ----------
    seconds
        After which it can be done again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"That was done just now: try again in {seconds} seconds")
        self.seconds = seconds
