"""The catalog finds an instrument under every name a source gives it."""

import pytest

from data_sources.catalog import CATALOG, Instrument, resolve


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("RUT", "RUT"),
        ("rut", "RUT"),
        ("^rut", "RUT"),
        ("^RUJ", "RUJ"),
        ("btc-usd", "BTC"),
        ("BTCUSDT", "BTC"),
        ("XBTUSD", "BTC"),
        ("spx", "GSPC"),
        ("^GSPC", "GSPC"),
        ("walcl", "WALCL"),
    ],
)
def test_resolves_ids_and_symbols_in_any_case(name: str, found: str) -> None:
    instrument = resolve(name)
    assert instrument is not None
    assert instrument.id == found


@pytest.mark.parametrize("name", ["", "RUT-USD", "^", "BTC ", "nothing"])
def test_a_name_nobody_listed_is_nobody(name: str) -> None:
    assert resolve(name) is None


def test_an_id_wins_over_another_instruments_symbol() -> None:
    first = Instrument("A", "First", "coin", ("B",))
    second = Instrument("B", "Second", "coin")
    assert resolve("b", [first, second]) == second


def test_no_two_instruments_share_a_name() -> None:
    names = [name.casefold() for i in CATALOG for name in (i.id, *i.symbols)]
    assert len(names) == len(set(names))


def test_small_caps_come_first_then_coins() -> None:
    kinds = list(dict.fromkeys(instrument.kind for instrument in CATALOG))
    assert kinds == ["small_cap", "coin", "equity", "macro"]
