"""A symbol nobody has yet: typed or linked, waited for, and then on the chart."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from settings import Settings
from tests.browser.conftest import let_pass, open_view, serve
from tests.unit.pages.fake_live import SAMPLE, FakeLive

hurried = pytest.mark.usefixtures("hurried")


def type_into(page: Page, key: str, text: str) -> None:
    page.click(f"#control-{key}")
    page.keyboard.type(text)


def picked(page: Page, key: str, *labels: str) -> None:
    expect(page.locator(f".picker-{key} .mantine-Pill-label")).to_have_text(list(labels))


@hurried
def test_a_small_cap_by_keyboard(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served, "?w=45")
    type_into(page, "s", "avuv")
    expect(page.get_by_role("option", name="Add AVUV from Yahoo Finance")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVUV: waiting for Yahoo Finance…")
    expect(page.get_by_role("option")).to_have_count(0)
    assert page.url == f"{served}/?v=1&w=45"
    live.arrive("AVUV")
    expect(page).to_have_url(f"{served}/?v=1&s=RUT~AVUV&w=45")
    picked(page, "s", "RUT · Russell 2000", "AVUV")
    expect(page.locator("#source-overlay")).to_contain_text("AVUV")
    page.go_back()
    expect(page).to_have_url(f"{served}/?v=1&w=45")


@hurried
def test_a_coin_by_mouse(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served)
    type_into(page, "c", "avax-usd")
    # Long enough for a list that loses its input to close.
    page.get_by_role("option", name="Add AVAX-USD").click(delay=600)
    expect(page.locator("#adding")).to_contain_text("AVAX: waiting for prices…")
    live.arrive("AVAX", like="ETH")
    expect(page).to_have_url(f"{served}/?v=1&c=BTC~AVAX")


@hurried
def test_an_index_whose_id_begins_with_a_caret(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served)
    type_into(page, "s", "^SP600")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("^SP600: waiting")
    live.arrive("^SP600")
    expect(page).to_have_url(f"{served}/?v=1&s=RUT~%5ESP600")
    picked(page, "s", "RUT · Russell 2000", "^SP600")


@hurried
def test_a_symbol_nobody_offers(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served)
    type_into(page, "s", "nope")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("NOPE: waiting")
    live.fail("NOPE", "Yahoo Finance does not offer NOPE")
    expect(page.locator("#adding")).to_contain_text("NOPE: Yahoo Finance does not offer NOPE")
    page.get_by_role("button", name="Dismiss NOPE").click()
    expect(page.locator("#adding")).to_be_empty()
    assert page.url == f"{served}/?v=1"


def test_a_refusal_and_a_server_that_is_gone(tab: Page, served: str) -> None:
    page = tab
    open_view(page, served)
    type_into(page, "s", "sol-usd")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text(
        "SOL-USD: SOL is Solana here and no small-cap series."
    )
    page.route("**/symbols", lambda route: route.abort())
    type_into(page, "s", "avuv")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVUV: The server did not answer.")
    expect(page.locator("#offline")).to_be_hidden()
    page.unroute("**/symbols")
    type_into(page, "s", "avuv")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVUV: waiting")
    expect(page.locator("#adding")).not_to_contain_text("AVUV: The server")


@hurried
def test_a_worker_that_has_not_heard_of_it_yet(tab: Page, served: str, live: FakeLive) -> None:
    page = tab
    open_view(page, served)
    unknown = {"status": 404, "json": {"message": "Nobody has asked for that symbol here."}}
    page.route("**/symbols/AVUV", lambda route: route.fulfill(**unknown), times=2)
    type_into(page, "s", "avuv")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVUV: waiting")
    live.arrive("AVUV")
    expect(page).to_have_url(f"{served}/?v=1&s=RUT~AVUV")
    page.route("**/symbols/NOPE", lambda route: route.fulfill(**unknown))
    type_into(page, "s", "nope")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("NOPE: Nobody has asked for that symbol here.")


def test_what_is_tuned_meanwhile_is_kept(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served)
    type_into(page, "s", "avuv")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVUV: waiting")
    live.arrive("AVUV")
    expect(page.locator("#adding")).to_contain_text("AVUV is here.")
    page.locator("[data-window='30']").click()
    expect(page).to_have_url(f"{served}/?v=1&s=RUT~AVUV&w=30")


@hurried
def test_two_at_once_open_together(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served)
    type_into(page, "s", "avuv")
    page.keyboard.press("Enter")
    type_into(page, "c", "avax")
    page.keyboard.press("Enter")
    expect(page.locator("#adding > span")).to_have_count(2)
    live.arrive("AVUV")
    expect(page.locator("#adding")).to_contain_text("AVUV is here.")
    let_pass(page, 2500)
    assert page.url == f"{served}/?v=1"
    live.arrive("AVAX", like="ETH")
    expect(page).to_have_url(f"{served}/?v=1&s=RUT~AVUV&c=BTC~AVAX")


@hurried
def test_what_is_dismissed_is_not_opened(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served)
    type_into(page, "s", "avuv")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVUV: waiting")
    page.get_by_role("button", name="Dismiss AVUV").click()
    live.arrive("AVUV")
    let_pass(page, 3500)
    assert page.url == f"{served}/?v=1"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("rut", "RUT is shown already."),
        ("no symbol!", "Nothing here has that name."),
        ("waytoolongforasymbol", "Nothing here has that name."),
    ],
)
def test_what_cannot_be_added_is_not_offered(
    page: Page, served: str, typed: str, said: str
) -> None:
    open_view(page, served)
    type_into(page, "s", typed)
    expect(page.locator("#offer-s")).to_have_text(said)
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_be_empty()


def test_a_full_list_is_said_before_anything_is_fetched(
    page: Page, served: str, live: FakeLive
) -> None:
    for id_ in ("A1", "A2", "A3", "A4"):
        live.add(id_, "small_cap")
        live.arrive(id_)
    open_view(page, served, "?s=RUT~IWN~A1~A2~A3~A4")
    type_into(page, "s", "avuv")
    expect(page.locator("#offer-s")).to_have_text("6 are shown already: remove one first.")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_be_empty()
    assert live.status("AVUV") is None


@hurried
def test_a_list_that_filled_up_meanwhile(page: Page, served: str, live: FakeLive) -> None:
    for id_ in ("A1", "A2", "A3"):
        live.add(id_, "small_cap")
        live.arrive(id_)
    open_view(page, served, "?s=RUT~IWN~A1~A2~A3")
    type_into(page, "s", "avuv")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVUV: waiting")
    type_into(page, "s", "avde")
    expect(page.locator("#offer-s")).to_have_text("6 are shown already: remove one first.")
    page.keyboard.press("Escape")
    live.add("A4", "small_cap")
    live.arrive("A4")
    page.evaluate("""history.replaceState(null, "", "?v=1&s=RUT~IWN~A1~A2~A3~A4")""")
    live.arrive("AVUV")
    expect(page.locator("#adding")).to_contain_text("AVUV is here. 6 are shown already")


def test_enter_takes_what_the_list_has(page: Page, served: str) -> None:
    open_view(page, served)
    type_into(page, "s", "iwn")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{served}/?v=1&s=RUT~IWN")
    expect(page.locator("#adding")).to_be_empty()


def test_nothing_is_offered_where_nothing_may_be_added(
    page: Page, address: str, live: FakeLive
) -> None:
    open_view(page, address, "?s=RUT~AVUV")
    type_into(page, "s", "avuv")
    expect(page.locator("#offer-s")).to_have_text("Nothing here has that name.")
    for settings, is_sample in (({"any_symbol": False}, False), ({}, True)):
        live.change(is_sample=is_sample)
        for served in serve(Settings(data="live", **settings), live.market):
            open_view(page, served, "?s=RUT~AVUV")
            type_into(page, "s", "avuv")
            expect(page.locator("#offer-s")).to_have_text("Nothing here has that name.")
            expect(page.locator("#notices button")).to_have_count(0)
            page.goto("about:blank")


@hurried
def test_a_link_that_names_it(page: Page, served: str, live: FakeLive) -> None:
    open_view(page, served, "?s=AVUV~IWN&c=ETH&w=45")
    expect(page.locator("#notices")).to_contain_text("s=AVUV was ignored")
    expect(page).to_have_url(f"{served}/?v=1&s=IWN&c=ETH&w=45")
    page.locator("[data-window='30']").click()
    page.get_by_role("button", name="Fetch AVUV").click()
    expect(page.locator("#adding")).to_contain_text("AVUV: waiting")
    live.arrive("AVUV")
    expect(page).to_have_url(f"{served}/?v=1&s=AVUV~IWN&c=ETH&w=30")
    expect(page.locator("#notices")).to_be_hidden()


def test_the_same_waits_for_live_prices(page: Page, live: FakeLive) -> None:
    live.change(series=SAMPLE.series, is_sample=True, progress="3 of 20 series")
    for address in serve(Settings(data="auto"), live.market):
        open_view(page, address, "?s=AVUV")
        expect(page.locator("#notices")).to_contain_text("s=AVUV was ignored")
        expect(page.locator("#notices button")).to_have_count(0)
        page.goto("about:blank")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_for_axe(page: Page, served: str, theme: str) -> None:
    open_view(page, served, f"?s=RUT~AVDE&theme={theme}")
    type_into(page, "c", "avax")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("AVAX: waiting")
    type_into(page, "s", "avuv")
    expect(page.get_by_role("option", name=re.compile("AVUV"))).to_be_visible()
    found = Axe().run(page).response["violations"]
    assert [
        (rule["id"], [node["html"][:160] for node in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ] == []
