"""The data page and what the server tells pages that are open; nothing is really fetched."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from data_sources.catalog import CATALOG
from data_sources.snapshot import Status
from settings import Settings
from tests.browser.conftest import let_pass, open_view, serve, settled
from tests.unit.pages.fake_live import NOW, SAMPLE, FakeLive, row

ENOUGH_TO_POLL = 15_000
hurried = pytest.mark.usefixtures("hurried")


def look_again(page: Page) -> None:
    """As when the reader comes back to the tab."""
    with page.expect_response("**/status"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def trouble(live: FakeLive) -> None:
    """One row of each kind."""
    instruments = {one.id: one for one in CATALOG}
    held = live.snapshot.series
    later = {"failed_at": NOW, "next_try": NOW + timedelta(minutes=8)}
    reason = "Yahoo Finance cannot be reached: the name query2.finance.yahoo.com is not known"
    live.put(
        row(replace(held["IWN"], stale=reason), error=reason, **later),
        row(held["ETH"], error=reason, **later),
        Status(instruments["IWM"], None, error=reason, **later),
        Status(instruments["VBR"], None),
        Status(instruments["BTC"], None, is_new_york=True),
    )


def test_the_way_to_the_data_and_back_keeps_the_view(page: Page, served: str) -> None:
    open_view(page, served, "?s=IWN~RUT&high=252")
    page.locator("[data-window='30']").click()
    expect(page).to_have_url(re.compile(r"\?v=1&s=IWN~RUT&w=30&high=252$"))
    page.get_by_role("link", name="Data").click()
    expect(page).to_have_url(f"{served}/data?v=1&s=IWN~RUT&w=30&high=252")
    expect(page.get_by_role("link", name="Data")).to_have_attribute("aria-current", "page")
    expect(page).to_have_title(re.compile("^Data"))
    page.get_by_role("button", name="Switch between dark and light").click()
    expect(page).to_have_url(f"{served}/data?v=1&s=IWN~RUT&w=30&high=252&theme=dark")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.get_by_role("link", name="Workbench").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{served}/?v=1&s=IWN~RUT&w=30&high=252&theme=dark")
    expect(page.locator("#control-w")).to_have_value("30")


def test_a_choice_of_the_crypto_day_is_kept(page: Page, served: str, live: FakeLive) -> None:
    live.change(new_york={"BTC": live.snapshot.series["BTC"]})
    page.goto(f"{served}/data?align=nyclose")
    page.get_by_role("button", name="Switch between dark and light").click()
    expect(page).to_have_url(f"{served}/data?v=1&align=nyclose&theme=dark")


@hurried
def test_the_table_follows_a_first_load(page: Page, served: str, live: FakeLive) -> None:
    live.add("AVUV", "small_cap")
    live.change(progress="4 of 5 series")
    page.goto(f"{served}/data")
    page.evaluate("window.here = true")
    avuv = page.locator("#series tr", has_text="AVUV")
    expect(avuv).to_contain_text("Waiting")
    expect(page.locator("#progress")).to_have_text("Live prices: 4 of 5 series")
    live.arrive("AVUV")
    live.change(progress="")
    expect(avuv).to_contain_text("Current", timeout=ENOUGH_TO_POLL)
    expect(page.locator("#progress")).to_be_hidden()
    assert page.evaluate("window.here")


def test_a_refresh(tab: Page, served: str, live: FakeLive) -> None:
    page = tab
    waiting: list[Route] = []
    page.route("**/refresh", lambda route: waiting.append(route))  # noqa: PLW0108  # Playwright
    page.goto(f"{served}/data")
    expect(page.get_by_label("Token")).to_have_count(0)
    button, said = page.get_by_role("button", name="Refresh now"), page.locator("#refreshed")
    button.click()
    expect(button).to_be_disabled()
    trouble(live)
    waiting.pop().continue_()
    expect(said).to_have_text("Everything is being fetched again.")
    expect(page.locator("#series")).to_contain_text("Stale since 18 Sep 2025")
    expect(button).to_be_enabled()
    page.unroute("**/refresh")
    button.click()
    expect(said).to_have_text("That was done just now: try again in 60 seconds.")
    page.route("**/refresh", lambda route: route.abort())
    button.click()
    expect(said).to_have_text("The server did not answer.")
    expect(page.locator("#offline")).to_be_hidden()


def test_a_refresh_with_a_token_that_is_not_remembered(tab: Page, live: FakeLive) -> None:
    page = tab
    for address in serve(Settings(data="live", token="ключ"), live.market):
        page.goto(f"{address}/data")
        token, said = page.get_by_label("Token"), page.locator("#refreshed")
        assert token.get_attribute("type") == "password"
        page.get_by_role("button", name="Refresh now").click()
        expect(said).to_have_text("This needs the token.")
        token.fill("guess")
        page.get_by_role("button", name="Refresh now").click()
        expect(said).to_have_text("That is not the token.")
        expect(token).to_have_value("")
        token.fill("ключ")
        token.press("Enter")
        expect(said).to_have_text("Everything is being fetched again.")
        expect(token).to_have_value("")
        assert page.url == f"{address}/data?v=1"
        kept = "JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie"
        assert "ключ" not in page.evaluate(kept)
        page.close()


def test_the_sample_has_nothing_to_refresh(page: Page, address: str) -> None:
    page.goto(f"{address}/data")
    expect(page.locator("#series")).to_contain_text("Nothing is fetched")
    expect(page.locator("#series tbody tr")).to_have_count(len(SAMPLE.series))
    expect(page.get_by_role("button", name="Refresh now")).to_have_count(0)


def test_a_folder_has_nothing_to_refresh(page: Page, tmp_path: Path) -> None:
    (tmp_path / "RUT.csv").write_text(
        "date,close\n"
        + "".join(f"2024-01-{day:02},{day}\n" for day in (*range(8, 13), *range(15, 20)))
    )
    for address in serve(Settings(data="files", files=tmp_path)):
        page.goto(f"{address}/data")
        expect(page.locator("#series tbody tr")).to_have_count(1)
        expect(page.locator("#series")).to_contain_text("As in its file")
        expect(page.get_by_role("button", name="Refresh now")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 390, 1440])
def test_nothing_sticks_out(page: Page, served: str, live: FakeLive, width: int) -> None:
    trouble(live)
    live.change(progress="4 of 5 series")
    page.set_viewport_size({"width": width, "height": 844})
    for path in ("/data", "/?s=RUT~AVUV"):
        page.goto(f"{served}{path}")
        expect(page.get_by_role("link", name="Data")).to_be_in_viewport(ratio=1)
        expect(page.locator("#theme-button")).to_be_in_viewport(ratio=1)
        expect(page.locator("#progress")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_table_scrolls_by_keyboard_on_a_phone(page: Page, served: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served}/data")
    table = page.get_by_role("region", name="Series")
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.table-scroll').scrollLeft > 0")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_for_axe(page: Page, live: FakeLive, theme: str) -> None:
    trouble(live)
    live.change(progress="4 of 5 series")
    for address in serve(Settings(data="live", token="x"), live.market):
        page.goto(f"{address}/data?theme={theme}")
        expect(page.locator("#series tbody tr")).to_have_count(7)
        found = Axe().run(page).response["violations"]
        assert [
            (rule["id"], [node["html"][:160] for node in rule["nodes"]])
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ] == []


def test_newer_prices_are_shown_when_the_reader_wants_them(
    page: Page, served: str, live: FakeLive
) -> None:
    open_view(page, served, "?w=45")
    # Values are loaded when the pointer moves; they are gone once there are newer ones.
    page.hover("#finding-overlay")
    settled(page)
    newer = page.locator("#newer")
    look_again(page)
    expect(newer).to_be_hidden()
    live.change(progress="3 of 4 series")
    live.update("RUT")
    look_again(page)
    expect(page.locator("#progress")).to_be_visible()
    expect(newer).to_be_hidden()
    live.change(progress="")
    look_again(page)
    expect(newer).to_contain_text("Newer prices have arrived.")
    page.get_by_role("button", name="Show them").click()
    expect(newer).to_be_hidden()
    expect(page).to_have_url(f"{served}/?v=1&w=45")


@hurried
def test_a_hidden_page_asks_nothing(page: Page, served: str, live: FakeLive) -> None:
    live.change(progress="3 of 4 series")
    open_view(page, served)
    look_again(page)  # from here on the page hurries
    page.evaluate("""Object.defineProperty(document, "hidden", { value: true });
                     document.dispatchEvent(new Event("visibilitychange"))""")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    let_pass(page, 4000)
    assert not asked


def test_the_sample_asks_nothing(first_visit: Page, address: str) -> None:
    page = first_visit
    page.clock.install()
    open_view(page, address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(200_000)
    assert not [url for url in asked if "status" in url]


@hurried
def test_the_sample_gives_way_without_losing_the_view(
    page: Page, served: str, live: FakeLive
) -> None:
    arrived = {name: getattr(live.snapshot, name) for name in ("series", "is_sample", "label")}
    live.change(series=SAMPLE.series, is_sample=True, label="Sample data", progress="1 of 4 series")
    open_view(page, served, "?c=ETH")
    page.locator("[data-window='30']").click()
    live.change(progress="2 of 4 series")
    expect(page.locator("#progress")).to_have_text(
        "Live prices: 2 of 4 series", timeout=ENOUGH_TO_POLL
    )
    live.change(**arrived, progress="3 of 4 series")
    expect(page.locator(".badge").first).to_have_text("Live prices", timeout=ENOUGH_TO_POLL)
    expect(page).to_have_url(f"{served}/?v=1&c=ETH&w=30")
    expect(page.locator("#source-overlay")).to_contain_text("Yahoo Finance ETH-USD")


def test_a_poll_that_fails_or_not_says_nothing_about_the_charts(tab: Page, served: str) -> None:
    page = tab
    open_view(page, served)
    page.route("**/status", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#offline")).to_be_hidden()
    page.unroute("**/status")
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.get_by_text("Z-score").click()
    expect(page.locator("#offline")).to_be_visible()
    look_again(page)
    settled(page)
    expect(page.locator("#offline")).to_be_visible()
