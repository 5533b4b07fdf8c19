"""What the names of columns say: which holds the dates, and which the close."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from data_sources.catalog import Instrument, resolve
from data_sources.errors import InvalidSeries, echo

_DATES = (
    "date", "datum", "day", "fecha", "data", "dato", "dag", "tag", "jour", "giorno", "dia",
    "datetime", "date time", "trade date", "trading day", "observation date", "snapped at",
    "timeopen", "time open", "open time", "opentime", "timestamp", "time", "zeit",
    "unix", "unix time", "unix timestamp",
)  # fmt: skip
"""Columns of dates, the likelier first."""

_CLOSES = (
    {"close"},
    {
        "close last", "closing price", "close price", "price close", "closing", "closing value",
        "schluss", "schlusskurs", "cierre", "cloture", "chiusura", "fechamento", "slotkoers",
    },
    {
        "last", "last price", "price", "kurs", "zuletzt", "dernier", "cours", "ultimo", "laatste",
        "precio", "prezzo", "preco", "settle", "value", "wert", "valor", "valeur",
    },
)  # fmt: skip
"""Columns of closes: one of a later set counts only where there is none of an earlier."""

_OTHERS = {"open", "high", "low", "volume", "adj close", "dividends", "stock splits"}
_MOST_SHOWN = 8
_LONGEST = 60


class Heading(NamedTuple):
    """The name of a column, and the instrument it is of where the header says so."""

    name: str
    ticker: str = ""


def heading(parts: Iterable[str]) -> Heading:
    """A heading from the levels of a header, such as Close and BTC-USD, in either order."""
    texts = [text for part in parts if (text := part.strip())]
    for at, text in enumerate(texts):
        if _plain(text) in _OTHERS or is_close(text) or is_date(text):
            rest = [other for other in texts[:at] + texts[at + 1 :] if not is_date(other)]
            return Heading(text, rest[0] if rest else "")
    return Heading(texts[0] if texts else "")


def is_date(name: str) -> bool:
    """Whether a name is one of a column of dates."""
    return _plain(name) in _DATES


def is_close(name: str) -> bool:
    """Whether a name is one of a column of closes."""
    return any(_plain(name) in names for names in _CLOSES)


def date_column(headings: Sequence[Heading], is_written: Callable[[int], bool]) -> int | None:
    """Choose the column of dates by name.

    Parameters
    ----------
    headings
        Of all columns.
    is_written
        Whether a column holds dates in writing; these are preferred over unix times.

    Raises
    ------
    InvalidSeries
        When two columns have the name.
    """
    named = [at for at, one in enumerate(headings) if is_date(one.name)]
    named.sort(key=lambda at: (not is_written(at), _DATES.index(_plain(headings[at].name))))
    if len(named) > 1 and _plain(headings[named[0]].name) == _plain(headings[named[1]].name):
        raise InvalidSeries(f"two columns named {_shown(headings[named[0]].name)}")
    return named[0] if named else None


def columns_of_dates(headings: Sequence[Heading], chosen: int) -> set[int]:
    """The column chosen for the dates and others of dates; `data` beside another holds values."""
    named = {at for at, one in enumerate(headings) if is_date(one.name)}
    return {chosen} | {at for at in named if _plain(headings[at].name) != "data"}


def value_columns(
    headings: Sequence[Heading], dates: Collection[int], known: Sequence[Instrument]
) -> dict[str, int]:
    """Choose the columns of values.

    Parameters
    ----------
    headings
        Of all columns.
    dates
        Columns that hold dates, or count rows.
    known
        Instruments that a column may be named after.

    Returns
    -------
    dict
        One column with the key "": the close of the instrument the file is named after. Or
        several, each by the name of its instrument.

    Raises
    ------
    InvalidSeries
        When no column, or more than one, can be the close.
    """
    values = [at for at in range(len(headings)) if at not in dates]
    if not values:
        raise InvalidSeries("no column of values")
    for names in _CLOSES:
        closes = [at for at in values if _plain(headings[at].name) in names]
        if len(closes) == 1:
            return {"": closes[0]}
        if closes:
            return _by_ticker(headings, closes)
    if len(values) == 1:
        return {"": values[0]}
    if all(resolve(headings[at].name.strip(), known) for at in values):
        return {headings[at].name.strip(): at for at in values}
    raise InvalidSeries(f"no column named close; the columns are {_listed(headings)}")


def _by_ticker(headings: Sequence[Heading], closes: Sequence[int]) -> dict[str, int]:
    tickers = {headings[at].ticker: at for at in closes}
    if len(tickers) == len(closes) and all(tickers):
        return tickers
    one, two = (_shown(headings[at].name) for at in closes[:2])
    if one == two:
        raise InvalidSeries(f"two columns named {one}")
    raise InvalidSeries(f"columns {one} and {two} can both be the close; name one of them close")


def _listed(headings: Sequence[Heading]) -> str:
    names = [_shown(one.name) for one in headings if one.name.strip()]
    return ", ".join(names[:_MOST_SHOWN]) + (" and others" if len(names) > _MOST_SHOWN else "")


def _shown(name: str) -> str:
    return echo(name.strip().lower())


def _plain(name: str) -> str:
    """A name without accents, case, punctuation and a unit in brackets."""
    without_unit = re.sub(r"[(\[].*?[)\]]", "", name[:_LONGEST])
    letters = unicodedata.normalize("NFKD", without_unit.casefold()).encode("ascii", "ignore")
    return " ".join(re.findall(r"[a-z0-9]+", letters.decode()))
