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
    """

    id: str
    name: str
    kind: Kind
    symbols: tuple[str, ...] = ()


CATALOG: tuple[Instrument, ...] = (
    Instrument("RUT", "Russell 2000", "small_cap", ("^RUT",)),
    Instrument("RUJ", "Russell 2000 Value", "small_cap", ("^RUJ",)),
    Instrument("IWM", "iShares Russell 2000 ETF", "small_cap"),
    Instrument("IWN", "iShares Russell 2000 Value ETF", "small_cap"),
    Instrument("IWO", "iShares Russell 2000 Growth ETF", "small_cap"),
    Instrument("IJR", "iShares Core S&P Small-Cap ETF", "small_cap"),
    Instrument("IJS", "iShares S&P Small-Cap 600 Value ETF", "small_cap"),
    Instrument("VBR", "Vanguard Small-Cap Value ETF", "small_cap"),
    Instrument("BTC", "Bitcoin", "coin", ("BTC-USD", "BTCUSD", "BTCUSDT", "XBTUSD")),
    Instrument("ETH", "Ethereum", "coin", ("ETH-USD", "ETHUSD", "ETHUSDT")),
    Instrument("SOL", "Solana", "coin", ("SOL-USD", "SOLUSD", "SOLUSDT")),
    Instrument("XRP", "XRP", "coin", ("XRP-USD", "XRPUSD", "XRPUSDT")),
    Instrument("ADA", "Cardano", "coin", ("ADA-USD", "ADAUSD", "ADAUSDT")),
    Instrument("DOGE", "Dogecoin", "coin", ("DOGE-USD", "DOGEUSD", "DOGEUSDT", "XDGUSD")),
    Instrument("LINK", "Chainlink", "coin", ("LINK-USD", "LINKUSD", "LINKUSDT")),
    Instrument("GSPC", "S&P 500", "equity", ("^GSPC", "SPX")),
    Instrument("SPY", "SPDR S&P 500 ETF Trust", "equity"),
    Instrument("VIX", "Cboe Volatility Index", "equity", ("^VIX",)),
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
