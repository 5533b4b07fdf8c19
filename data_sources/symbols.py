"""Symbols a reader types: what instrument each one would be."""

import re

from data_sources.catalog import Instrument, Kind, coin, resolve
from data_sources.errors import NotPossible, echo

_SYMBOL = re.compile(r"\^?[A-Z0-9][A-Z0-9.-]{0,14}")
_TICKER = re.compile(r"[A-Z0-9]{2,10}")


def requested(symbol: str, kind: Kind) -> Instrument:
    """Instrument that a typed symbol stands for, whether or not a source has it.

    Parameters
    ----------
    symbol
        A symbol of Yahoo Finance for a small cap (``AVUV``, ``^SP600``), a ticker for a coin
        (``AVAX``, ``AVAX-USD``); in any case.
    kind
        "small_cap" or "coin": the picker it was typed into.

    Returns
    -------
    Instrument
        The catalog's, when it has one by that id or symbol.

    Raises
    ------
    NotPossible
        When it cannot be a symbol, or is of the other kind.
    """
    typed = symbol.strip().upper()
    ticker = re.sub(r"-?USDT?$", "", typed) if kind == "coin" else typed
    known = resolve(typed) or resolve(ticker)
    if known is not None:
        if known.kind != kind:
            raise NotPossible(f"{known.id} is {known.name} here and no {_noun(kind)}.")
        return known
    if kind == "coin":
        if not _TICKER.fullmatch(ticker):
            raise NotPossible(f"'{echo(typed)}' cannot be a coin: type a ticker such as AVAX.")
        return coin(ticker, ticker)
    if not _SYMBOL.fullmatch(typed):
        raise NotPossible(
            f"'{echo(typed)}' cannot be a symbol: type one of Yahoo Finance, such as AVUV."
        )
    if typed.endswith("-USD"):
        raise NotPossible(f"{typed} is a coin: add it under Crypto.")
    return Instrument(typed, typed, "small_cap", sources=(f"yahoo:{typed}",))


def _noun(kind: Kind) -> str:
    return "coin" if kind == "coin" else "small-cap series"
