"""When crypto days end: chosen, linked, named by every statistic, and live in both."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from settings import Settings
from sharing.view import available
from tests.browser.conftest import open_view, serve, settled
from tests.unit.new_york_market import new_york_market
from view_state import parse, to_query

MARKET = new_york_market(["BTC", "ETH"], stale=["IWN"])
CARDS = ("overlay", "rolling-correlation", "matrix")
CHOSEN = "#day-end input:checked"
WORDS = {"nyclose": "at New York closes", "utc": "by UTC days"}


@pytest.fixture(scope="module")
def live() -> Iterator[str]:
    """A server with live data: BTC and ETH have New York closes, SOL has none, IWN is stale."""
    yield from serve(Settings(data="sample"), MARKET)


def expect_shown(page: Page, align: str) -> None:
    """The control and all sentences agree, and so does the server about the address."""
    expect(page.locator(CHOSEN)).to_have_value(align)
    for card in CARDS:
        expect(page.locator(f"#finding-{card}")).to_contain_text(WORDS[align])
    query = page.url.partition("?")[2]
    state, notices = parse(query, available(MARKET))
    assert (to_query(state), notices) == (query, ())


def by_pointer(page: Page, align: str) -> None:
    page.locator(f"#day-end input[value={align}] + label").click()


def by_keyboard(page: Page, align: str) -> None:
    page.locator(CHOSEN).focus()
    page.keyboard.press("ArrowRight" if align == "utc" else "ArrowLeft")


def pick(page: Page, coin: str) -> None:
    page.click("#control-c")
    page.get_by_role("option", name=re.compile(coin)).click()
    page.keyboard.press("Escape")


@pytest.mark.parametrize("choose", [by_pointer, by_keyboard])
def test_a_choice_is_a_step_in_the_link_and_the_better_one_is_left_out(
    page: Page, live: str, choose
) -> None:
    open_view(page, live)
    expect(page).to_have_url(re.compile(r"\?v=1$"))
    expect_shown(page, "nyclose")
    choose(page, "utc")
    expect(page).to_have_url(re.compile(r"\?v=1&align=utc$"))
    expect_shown(page, "utc")
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?v=1$"))
    expect_shown(page, "nyclose")
    page.go_forward()
    expect(page).to_have_url(re.compile(r"align=utc$"))
    expect_shown(page, "utc")
    settled(page)
    choose(page, "nyclose")
    expect(page).to_have_url(re.compile(r"\?v=1$"))
    expect_shown(page, "nyclose")


@pytest.mark.parametrize("align", ["utc", "nyclose"])
def test_a_link_with_a_choice_keeps_it(page: Page, live: str, align: str) -> None:
    open_view(page, live, f"?align={align}")
    expect_shown(page, align)
    page.get_by_text("Spearman").click()
    expect(page).to_have_url(re.compile(rf"\?v=1&m=spearman&align={align}$"))
    page.reload()
    expect_shown(page, align)


@pytest.mark.parametrize("query", ["", "?align=nyclose"])
def test_a_coin_without_new_york_closes_leaves_no_choice(page: Page, live: str, query: str) -> None:
    open_view(page, live, query)
    why = page.get_by_text("not every coin has both")
    expect(why).to_be_hidden()
    pick(page, "SOL")
    expect(page).to_have_url(re.compile(r"\?v=1&c=BTC~SOL$"))
    expect_shown(page, "utc")
    expect(page.locator(CHOSEN)).to_be_disabled()
    expect(why).to_be_visible()
    page.go_back()
    expect_shown(page, "nyclose")
    expect(page.locator(CHOSEN)).to_be_enabled()
    expect(why).to_be_hidden()
    pick(page, "ETH")
    expect(page).to_have_url(re.compile(r"c=BTC~ETH"))
    expect_shown(page, "nyclose")


def test_a_coin_without_new_york_closes_in_the_link(page: Page, live: str) -> None:
    open_view(page, live, "?c=BTC~SOL&align=nyclose")
    expect(page.locator("#notices")).to_have_text(
        "align=nyclose was ignored: SOL has no New York closes here."
    )
    expect(page).to_have_url(re.compile(r"\?v=1&c=BTC~SOL$"))
    expect_shown(page, "utc")
    expect(page.locator(CHOSEN)).to_be_disabled()


def test_without_any_new_york_close_there_is_no_control(page: Page, address: str) -> None:
    open_view(page, address, "?align=utc")
    expect(page.locator("#day-end")).to_have_count(0)
    page.get_by_text("Spearman").click()
    expect(page).to_have_url(re.compile(r"\?v=1&m=spearman&align=utc$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?v=1&align=utc$"))


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("align", ["utc", "nyclose"])
def test_live_words_are_the_servers(page: Page, live: str, align: str, method: str) -> None:
    """After a switch on the page, so that its own series have to be loaded."""
    open_view(page, live, f"?c=BTC~ETH&m={method}&f=w&lag=2")
    by_pointer(page, "utc")
    expect_shown(page, "utc")
    if align == "nyclose":
        by_pointer(page, align)
        expect_shown(page, align)
    page.hover("#window-slider")
    settled(page)
    page.fill("#control-w", "200")
    finding = page.locator("#finding-rolling-correlation")
    expect(finding).to_contain_text(f"40-week {'Spearman ' if method == 'spearman' else ''}")
    words = finding.inner_text()
    assert f"correlation of weekly returns {WORDS[align]} with small caps leading" in words
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("w=200"))
    settled(page)
    assert finding.inner_text() == words


def test_what_is_stale_says_so_in_words_and_in_ink(page: Page, live: str) -> None:
    open_view(page, live, "?theme=light")
    source = page.locator("#source-overlay")
    expect(source).to_contain_text(
        re.compile(r"^Source: .* to 21 Aug 2026\. Crypto days end at New")
    )
    expect(source).to_have_css("color", "rgb(91, 102, 117)")
    page.click("#control-s")
    page.get_by_role("option", name=re.compile("IWN")).click()
    expect(source).to_contain_text(re.compile("^Stale IWN: Yahoo Finance has been asked too often"))
    expect(source).to_have_css("color", "rgb(122, 74, 0)")


@pytest.mark.parametrize("query", ["?s=RUT~IWN", "?c=SOL&theme=dark"])
def test_nothing_serious_for_axe(page: Page, live: str, query: str) -> None:
    open_view(page, live, query)
    found = Axe().run(page).response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []
