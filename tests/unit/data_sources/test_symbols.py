"""What a reader may type, and what instrument it stands for."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_sources.catalog import CATALOG, Instrument, Kind, resolve
from data_sources.errors import NotPossible
from data_sources.fetch import sources_of
from data_sources.symbols import requested
from view_state import _ID


@pytest.mark.parametrize(
    ("typed", "kind", "id_"),
    [
        ("RUT", "small_cap", "RUT"),
        ("^RUT", "small_cap", "RUT"),
        (" ^rut ", "small_cap", "RUT"),
        ("iwm", "small_cap", "IWM"),
        ("btc", "coin", "BTC"),
        ("BTC-USD", "coin", "BTC"),
        ("btcusdt", "coin", "BTC"),
        ("BTC-USDT", "coin", "BTC"),
        ("XBTUSD", "coin", "BTC"),
        ("\tEth\n", "coin", "ETH"),
        ("alts", "coin", "ALTS"),
        ("ALTS-USD", "coin", "ALTS"),
    ],
)
def test_what_the_catalog_has_is_the_catalogs(typed: str, kind: Kind, id_: str) -> None:
    assert requested(typed, kind) is resolve(id_)


@pytest.mark.parametrize("typed", ["AVUV", " avuv", "Avuv\n"])
def test_a_new_small_cap_is_a_symbol_of_yahoo(typed: str) -> None:
    assert requested(typed, "small_cap") == Instrument(
        "AVUV", "AVUV", "small_cap", sources=("yahoo:AVUV",)
    )


@pytest.mark.parametrize(
    ("typed", "id_"),
    [
        ("brk-b", "BRK-B"),
        ("^sp600", "^SP600"),
        ("shel.l", "SHEL.L"),
        ("005930.ks", "005930.KS"),
        ("a", "A"),
        ("USD", "USD"),
        ("IWMUSD", "IWMUSD"),
        ("^ABCDEFGHIJKLMNO", "^ABCDEFGHIJKLMNO"),
    ],
)
def test_what_a_symbol_may_look_like(typed: str, id_: str) -> None:
    found = requested(typed, "small_cap")
    assert (found.id, found.name, found.sources) == (id_, id_, (f"yahoo:{id_}",))


@pytest.mark.parametrize(
    "typed", ["AVAX", "avax-usd", "AVAXUSD", "AvaxUsdt", "AVAX-USDT", " avax "]
)
def test_a_new_coin_is_looked_for_wherever_there_are_coins(typed: str) -> None:
    assert requested(typed, "coin") == Instrument(
        "AVAX",
        "AVAX",
        "coin",
        ("AVAX-USD", "AVAXUSD", "AVAXUSDT"),
        ("yahoo:AVAX-USD", "coinbase:AVAX-USD", "binance:AVAXUSDT"),
    )


@pytest.mark.parametrize(
    ("typed", "id_"), [("1inch", "1INCH"), ("usdc", "USDC"), ("USDT-USD", "USDT")]
)
def test_what_a_coin_may_look_like(typed: str, id_: str) -> None:
    assert requested(typed, "coin").id == id_


LONG = "A" * 200


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", ""),
        ("   ", ""),
        ("🚀", "🚀"),
        ("<script>", "<SCRIPT>"),
        ("../etc", "../ETC"),
        ("^", "^"),
        ("-A", "-A"),
        ("A B", "A B"),
        ("A/B", "A/B"),
        ("A~B", "A~B"),
        ("A@B", "A@B"),
        ("A?B", "A?B"),
        ("A:B", "A:B"),
        ("GC=F", "GC=F"),
        ("A\x00", "A?"),
        ("ΑΒΓ", "ΑΒΓ"),
        ("ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP"),
        (LONG, LONG[:39] + "…"),
    ],
)
def test_what_cannot_be_a_symbol_is_said_to_the_reader(typed: str, shown: str) -> None:
    with pytest.raises(NotPossible) as caught:
        requested(typed, "small_cap")
    assert str(caught.value) == (
        f"'{shown}' cannot be a symbol: type one of Yahoo Finance, such as AVUV."
    )
    with pytest.raises(NotPossible) as caught:
        requested(typed, "coin")
    assert str(caught.value) == f"'{shown}' cannot be a coin: type a ticker such as AVAX."


@pytest.mark.parametrize("typed", ["USD", "USDT", "usdt", "A", "^SP600", "BRK-B", "BTC-EUR"])
def test_what_cannot_be_a_coin(typed: str) -> None:
    with pytest.raises(NotPossible, match="cannot be a coin: type a ticker such as AVAX"):
        requested(typed, "coin")


@pytest.mark.parametrize(
    ("typed", "kind", "reason"),
    [
        ("btc", "small_cap", "BTC is Bitcoin here and no small-cap series."),
        ("BTC-USD", "small_cap", "BTC is Bitcoin here and no small-cap series."),
        ("^gspc", "small_cap", "GSPC is S&P 500 here and no small-cap series."),
        (
            "walcl",
            "small_cap",
            "WALCL is Federal Reserve total assets here and no small-cap series.",
        ),
        ("^RUT", "coin", "RUT is Russell 2000 here and no coin."),
        ("RUT-USD", "coin", "RUT is Russell 2000 here and no coin."),
        ("WALCLUSD", "coin", "WALCL is Federal Reserve total assets here and no coin."),
        ("avax-usd", "small_cap", "AVAX-USD is a coin: add it under Crypto."),
    ],
)
def test_what_belongs_into_the_other_picker_is_said(typed: str, kind: Kind, reason: str) -> None:
    with pytest.raises(NotPossible) as caught:
        requested(typed, kind)
    assert str(caught.value) == reason


# Texts near to symbols, and any others.
TYPED = st.from_regex(r"[\^]?[A-Za-z0-9.=_/~@?:-]{0,18}(USDT?|-USD)?", fullmatch=True) | st.text()


@settings(max_examples=500, derandomize=True, deadline=None, database=None)
@given(TYPED, st.sampled_from(["small_cap", "coin"]))
@example("ß", "coin")
@example("ﬁ", "small_cap")
@example("A\n", "small_cap")
def test_whatever_is_typed_is_an_instrument_that_fits_in_a_link_or_a_sentence(
    typed: str, kind: Kind
) -> None:
    try:
        found = requested(typed, kind)
    except NotPossible as problem:
        text = str(problem)
        assert text.isprintable()
        assert text.endswith(".")
        assert len(text) < 120
    else:
        assert found.kind == kind
        assert _ID.fullmatch(found.id)
        assert not set(found.id) & set("@/~?")
        assert sources_of(found)
        assert (found in CATALOG) == (resolve(found.id) is not None)
        assert requested(found.id, kind) == found
