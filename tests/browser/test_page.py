"""What a person sees and does: states, themes, sizes, keyboard, screen reader."""

import re
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from settings import Settings
from tests.browser.conftest import open_view, serve, settled

CARDS = ("overlay", "rolling-correlation", "matrix")
BUSY = "?s=RUT~IWN&c=BTC~ETH~SOL"


def test_sample_data_says_so_on_every_chart(page: Page, address: str) -> None:
    open_view(page, address)
    expect(page.locator(".badge.sample")).to_have_text("Sample data")
    for card in CARDS:
        expect(page.locator(f"#source-{card}")).to_contain_text(
            "Sample data: simulated between published turning points"
        )


def test_a_breakout_speaks_on_focus(page: Page, address: str) -> None:
    open_view(page, address)
    chips = page.locator("#details-overlay .chip")
    expect(chips).to_have_count(4)
    chips.nth(1).focus()
    tip = chips.nth(1).locator(".tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("13 Nov 2020: breakout of RUT. base 555 sessions, close 1,744.04")
    expect(tip).to_contain_text(re.compile(r"BTC after 30 days .*90 days .*180 days .*365 days"))


def test_a_breakout_speaks_on_hover(page: Page, address: str) -> None:
    open_view(page, address)
    marker = page.locator("#graph-overlay .traceoverlay-breakouts path.point").nth(2).bounding_box()
    page.mouse.move(marker["x"] + marker["width"] / 2, marker["y"] + marker["height"] / 2)
    expect(page.locator("#graph-overlay .hoverlayer")).to_contain_text("base 162 sessions")


def test_breakouts_are_ruled_through_both_charts(page: Page, address: str) -> None:
    open_view(page, address)
    for card in ("overlay", "rolling-correlation"):
        rules = page.locator(f"#graph-{card} .shapelayer path[style*='stroke-dasharray']")
        expect(rules).to_have_count(4)


def test_a_cell_of_the_matrix_becomes_the_focus(page: Page, address: str) -> None:
    open_view(page, address, BUSY)
    plot = page.locator("#graph-matrix .nsewdrag").bounding_box()
    page.mouse.click(plot["x"] + plot["width"] * 0.8, plot["y"] + plot["height"] * 0.75)
    expect(page).to_have_url(re.compile(r"s=IWN~RUT&c=SOL~BTC~ETH$"))
    expect(page.locator("#finding-overlay")).to_contain_text("Solana was higher")


def test_a_pair_is_focused_by_keyboard(page: Page, address: str) -> None:
    open_view(page, address, BUSY)
    page.get_by_role("button", name="IWN × ETH").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"s=IWN~RUT&c=ETH~BTC~SOL$"))
    expect(page.get_by_role("button", name="IWN × ETH")).to_have_attribute("aria-pressed", "true")


def test_the_table_holds_the_plotted_values(page: Page, address: str) -> None:
    open_view(page, address)
    card = page.locator("#card-rolling-correlation")
    button = card.get_by_role("button", name="Table")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(card.locator("caption")).to_contain_text("Page 1 of 60, newest first")
    first = card.locator("tbody tr").first
    expect(first).to_contain_text("2026-08-21")
    last_plotted = page.evaluate(
        """document.querySelector("#graph-rolling-correlation .js-plotly-plot")._fullData
             .find((trace) => trace.uid === "line-RUT-BTC").y.slice(-1)[0]"""
    )
    cell = first.locator("td").nth(1)
    assert float(cell.inner_text()) == pytest.approx(last_plotted, abs=1e-4)
    # Figures are drawn in float32.
    assert np.float32(cell.locator("data").get_attribute("value")) == np.float32(last_plotted)
    card.get_by_role("button", name="2", exact=True).click()
    expect(card.locator("caption")).to_contain_text("Page 2 of 60")
    page.locator("[data-window='30']").click()
    expect(card.locator("caption")).to_contain_text("Page 2 of")
    settled(page)
    button.click()
    expect(card.locator("table")).to_be_hidden()


def test_dark_follows_the_system_and_can_be_chosen(browser: Browser, address: str) -> None:
    context = browser.new_context(color_scheme="dark", viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    ground = "getComputedStyle(document.querySelector('.card')).backgroundColor"
    open_view(page, address)
    assert page.evaluate(ground) == "rgb(18, 23, 30)"
    assert "theme" not in page.url
    page.get_by_role("button", name="Switch between dark and light").click()
    expect(page).to_have_url(re.compile(r"theme=light$"))
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.get_by_role("button", name="Switch between dark and light").click()
    expect(page).to_have_url(re.compile(r"\?v=1$"))
    open_view(page, address, "?theme=light")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    context.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1440, 2560])
def test_nothing_sticks_out(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_view(page, address, BUSY)
    page.locator("#details-overlay .chip").last.focus()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_for_axe(page: Page, address: str, theme: str) -> None:
    open_view(page, address, f"{BUSY}&theme={theme}")
    page.locator("#table-button-matrix").click()
    expect(page.locator("#card-matrix table")).to_be_visible()
    found = Axe().run(page).response["violations"]
    serious = [
        (rule["id"], [node["html"][:160] for node in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_the_whole_page_by_keyboard(page: Page, address: str) -> None:
    open_view(page, address, BUSY)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    for name in ("theme-button", "share-button", "control-s", "control-c", "window-slider",
                 "control-w", "control-lag", "preset", "chip", "focus-pair",
                 "table-button-overlay", "table-button-matrix"):  # fmt: skip
        assert name in reached


def test_an_empty_range_says_what_there_is(page: Page, address: str) -> None:
    page.goto(f"{address}/?t=2031-01-01..latest")
    for card in CARDS:
        message = page.locator(f"#message-{card}")
        expect(message).to_be_visible()
        expect(message).to_contain_text("the data runs from 17 Sep 2014 to 21 Aug 2026")
    page.locator("[data-years='all']").click()
    expect(page.locator("#message-overlay")).to_be_hidden()
    expect(page.locator("#finding-overlay")).to_contain_text("2 of 4 breakouts")


def test_a_server_that_goes_away_loses_nothing(tab: Page, address: str) -> None:
    page = tab
    open_view(page, address)
    finding = page.inner_text("#finding-overlay")
    page.route("**/_dash-update-component*", lambda route: route.abort())
    page.get_by_text("Z-score").click()
    expect(page).to_have_url(re.compile("scale=z$"))
    expect(page.locator("#offline")).to_be_visible()
    assert page.inner_text("#finding-overlay") == finding
    page.unroute("**/_dash-update-component*")
    page.locator("#offline button").click()
    expect(page.locator("#control-scale input:checked")).to_have_value("z")


def test_an_address_that_is_no_page(page: Page, address: str) -> None:
    response = page.request.get(f"{address}/nope")
    assert response.status == 404
    assert "There is no such page" in response.text()


def test_a_folder_without_usable_files(tab: Page, tmp_path: Path) -> None:
    (tmp_path / "RUT.csv").write_text("date,close\n2024-01-01,abc\n")
    for address in serve(Settings(data="files", files=tmp_path)):
        page = tab
        page.goto(address)
        expect(page.locator("#notices")).to_contain_text("RUT.csv")
        expect(page.locator("#message-overlay")).to_contain_text("Choose at least one")
        page.close()


def test_a_slow_answer_is_seen_to_be_on_its_way(page: Page, address: str) -> None:
    open_view(page, address)
    waiting: list[Route] = []
    page.route("**/_dash-update-component*", lambda route: waiting.append(route))  # noqa: PLW0108  # Playwright
    page.get_by_text("Z-score").click()
    expect(page.locator("#card-overlay [data-dash-is-loading=true]")).not_to_have_count(0)
    for route in waiting:
        route.continue_()
    settled(page)


def test_panels_close_by_escape_and_by_a_click_elsewhere(page: Page, address: str) -> None:
    open_view(page, address)
    base = page.locator("#control-base")
    page.get_by_text("Breakout and rally rules").click()
    expect(base).to_be_visible()
    page.keyboard.press("Escape")
    expect(base).to_be_hidden()
    page.get_by_text("Breakout and rally rules").click()
    page.click("#finding-overlay")
    expect(base).to_be_hidden()


def test_the_heat_map_appears_with_the_second_pair(page: Page, address: str) -> None:
    open_view(page, address)
    cells = page.locator("#graph-matrix .heatmaplayer image")
    expect(page.locator("#finding-matrix")).to_contain_text("N = 90")
    expect(cells).to_be_hidden()
    fits = """([card, low, high]) => {
      const width = (what) => document.querySelector(what).getBoundingClientRect().width;
      const share = width(`#graph-${card} .main-svg`) / width("main");
      return low < share && share < high;
    }"""
    assert page.evaluate(fits, ["overlay", 0.9, 1])
    page.click("#control-c")
    page.get_by_role("option", name=re.compile("ETH")).click()
    page.keyboard.press("Escape")
    expect(cells).to_be_visible()
    page.wait_for_function(fits, arg=["matrix", 0.1, 0.2])
    page.wait_for_function(fits, arg=["overlay", 0.6, 0.8])
