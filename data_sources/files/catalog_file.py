"""The folder's own `catalog.csv`: names, kinds, and how to read what can be read two ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from data_sources.catalog import CATALOG, Instrument, Kind
from data_sources.errors import BadFile, echo
from data_sources.files.dates import Order
from data_sources.files.naming import is_id
from data_sources.files.numbers import Decimal
from data_sources.files.rows import read_rows

_NEEDED = ("id", "name", "kind")
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_DECIMALS: dict[str, Decimal] = {mark: mark for mark in get_args(Decimal)}
_ORDERS: dict[str, Order] = {order: order for order in get_args(Order)}
_BUILT_IN = {instrument.id: instrument for instrument in CATALOG}


@dataclass(frozen=True)
class Hints:
    """What a reader says about a file that can be read in two ways.

    Attributes
    ----------
    decimal
        The decimal mark of its numbers.
    dates
        Which of day and month comes first.
    """

    decimal: Decimal = ""
    dates: Order = ""


@dataclass(frozen=True)
class Entry:
    """A row of the catalog."""

    instrument: Instrument
    hints: Hints = Hints()


def read_catalog(path: Path) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Read `catalog.csv`: columns ``id,name,kind``, and ``symbols,decimal,dates`` as wanted.

    Symbols are separated by spaces. What a row leaves empty stays as the built-in catalog has it.

    Returns
    -------
    entries, problems
        The rows that can be used, and one sentence naming the line for each that cannot.
    """
    try:
        rows = read_rows(path, _NEEDED)
    except BadFile as error:
        return (), (str(error),)
    entries: dict[str, Entry] = {}
    problems: list[str] = []
    for line, row in rows:
        try:
            entry = _entry(path, line, row)
        except BadFile as error:
            problems.append(str(error))
            continue
        if entry.instrument.id in entries:
            problems.append(str(BadFile(path, line, f"{entry.instrument.id} appears twice")))
        else:
            entries[entry.instrument.id] = entry
    return tuple(entries.values()), tuple(problems)


def _entry(path: Path, line: int, row: Mapping[str, str]) -> Entry:
    short = row["id"].upper()
    if not is_id(short):
        raise BadFile(path, line, f"'{echo(short)}' cannot be an id")
    built_in = _BUILT_IN.get(short)
    kind = row.get("kind", "") or (built_in.kind if built_in else "")
    decimal, dates = row.get("decimal", ""), row.get("dates", "").lower()
    if kind not in _KINDS:
        raise BadFile(path, line, f"kind '{echo(kind)}' is none of {', '.join(_KINDS)}")
    if decimal not in _DECIMALS:
        raise BadFile(path, line, f"decimal '{echo(decimal)}' is neither . nor ,")
    if dates not in _ORDERS:
        raise BadFile(path, line, f"dates '{echo(dates)}' is neither dmy nor mdy")
    instrument = Instrument(
        short,
        row.get("name", "") or (built_in.name if built_in else short),
        _KINDS[kind],
        tuple(row.get("symbols", "").split()) or (built_in.symbols if built_in else ()),
    )
    return Entry(instrument, Hints(_DECIMALS[decimal], _ORDERS[dates]))
