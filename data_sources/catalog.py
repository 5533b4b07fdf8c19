"""The instruments Bellwether knows by name."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["small_cap", "coin", "equity", "macro"]


@dataclass(frozen=True)
class Instrument:
    """Something with a price, or a macro series.

    Attributes
    ----------
    id
        Short name used in links, files and charts.
    name
        Full name.
    kind
        Which role it can play: the breakouts come from small caps, the rallies from coins.
    symbols
        Other names the sources give it, such as ``^RUT`` or ``BTC-USD``.
    sources
        Where live prices come from, in order of preference: ``provider:symbol``.
    """

    id: str
    name: str
    kind: Kind
    symbols: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


def coin(ticker: str, name: str, *symbols: str) -> Instrument:
    """A coin, by the names every vendor of coins gives it."""
    pairs = (f"{ticker}-USD", f"{ticker}USD", f"{ticker}USDT")
    sources = (f"yahoo:{ticker}-USD", f"coinbase:{ticker}-USD", f"binance:{ticker}USDT")
    return Instrument(ticker, name, "coin", (*pairs, *symbols), sources)


def _yahoo(symbol: str, name: str, kind: Kind, *symbols: str) -> Instrument:
    short = symbol.removeprefix("^")
    named = (symbol,) if symbol != short else ()
    return Instrument(short, name, kind, (*named, *symbols), (f"yahoo:{symbol}",))


# The altcoins with a market capitalisation since 2015, free of charge: a fixed basket, so that
# no coin's entry looks like a rise.
_BASKET = "eth+xrp+ltc+doge"

CATALOG: tuple[Instrument, ...] = (
    _yahoo("^RUT", "Russell 2000", "small_cap"),
    _yahoo("^RUJ", "Russell 2000 Value", "small_cap"),
    _yahoo("IWM", "iShares Russell 2000 ETF", "small_cap"),
    _yahoo("IWN", "iShares Russell 2000 Value ETF", "small_cap"),
    _yahoo("IWO", "iShares Russell 2000 Growth ETF", "small_cap"),
    _yahoo("IJR", "iShares Core S&P Small-Cap ETF", "small_cap"),
    _yahoo("IJS", "iShares S&P Small-Cap 600 Value ETF", "small_cap"),
    _yahoo("VBR", "Vanguard Small-Cap Value ETF", "small_cap"),
    coin("BTC", "Bitcoin", "XBTUSD"),
    coin("ETH", "Ethereum"),
    coin("SOL", "Solana"),
    coin("XRP", "XRP"),
    coin("ADA", "Cardano"),
    coin("DOGE", "Dogecoin", "XDGUSD"),
    coin("LINK", "Chainlink"),
    Instrument(
        "ALTS",
        "Altcoin basket: market cap of ETH, XRP, LTC and DOGE",
        "coin",
        sources=(f"coin_metrics:{_BASKET}",),
    ),
    _yahoo("^GSPC", "S&P 500", "equity", "SPX"),
    _yahoo("SPY", "SPDR S&P 500 ETF Trust", "equity"),
    _yahoo("^VIX", "Cboe Volatility Index", "equity"),
    Instrument(
        "BTCDOM",
        "Bitcoin's percentage of the market cap of BTC, ETH, XRP, LTC and DOGE",
        "macro",
        sources=(f"coin_metrics:btc/btc+{_BASKET}",),
    ),
    Instrument("WALCL", "Federal Reserve total assets", "macro"),
    Instrument("WTREGEN", "Treasury General Account", "macro"),
    Instrument("RRPONTSYD", "Overnight reverse repurchase agreements", "macro"),
    Instrument("M2SL", "M2 money stock", "macro"),
)


def resolve(name: str, instruments: Iterable[Instrument] = CATALOG) -> Instrument | None:
    """Find an instrument by its id or by any of its symbols.

    Parameters
    ----------
    name
        Id or symbol, in any case.
    instruments
        Where to look; an id is preferred over another instrument's symbol.

    Returns
    -------
    Instrument or None
        None when nothing has that name.

    Examples
    --------
    >>> resolve("btc-usd").id
    'BTC'
    """
    wanted = name.casefold()
    candidates = tuple(instruments)
    for instrument in candidates:
        if instrument.id.casefold() == wanted:
            return instrument
    for instrument in candidates:
        if any(symbol.casefold() == wanted for symbol in instrument.symbols):
            return instrument
    return None
