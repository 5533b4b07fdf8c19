"""Which files of a folder hold prices, and of what."""

import re
from collections.abc import Sequence
from pathlib import Path

from data_sources.catalog import Instrument, resolve
from data_sources.errors import BadFile

CATALOG_FILE = "catalog.csv"
"""Optional file in the folder that names and classifies instruments."""

MOVES_FILE = "moves.csv"
"""Optional file in the folder that says which doubtful moves are real, or splits."""

_ENDINGS = {".csv", ".parquet"}
_ID = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,15}")


def price_files(folder: Path) -> list[Path]:
    """Paths of the price files in a folder, by name; hidden files are left out.

    Raises
    ------
    OSError
        When the folder cannot be listed.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _ENDINGS
        and not path.name.startswith(".")
        and path.name not in (CATALOG_FILE, MOVES_FILE)
    )


def is_id(name: str) -> bool:
    """Whether a name is fit to be an instrument's id."""
    return bool(_ID.fullmatch(name))


def instrument_called(path: Path, name: str, known: Sequence[Instrument]) -> Instrument:
    """Tell which instrument a file or one of its columns holds from its name.

    Returns
    -------
    Instrument
        The known one with that id or symbol, else a new small cap of that name.

    Raises
    ------
    BadFile
        When the name is neither known nor fit to be an id.
    """
    instrument = resolve(name, known)
    if instrument is not None:
        return instrument
    short = name.upper()
    if not is_id(short):
        reason = "the name must be a known symbol or 1 to 16 letters, digits, '.', '_' or '-'"
        raise BadFile(path, None, reason)
    return Instrument(short, short, "small_cap")
