"""Tuning: the correlation follows the pointer without the server."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import open_view, settled

FINDING = "#finding-rolling-correlation"
PATHS = """[...document.querySelectorAll(
  "#graph-rolling-correlation .traceline-RUT-BTC path.js-line, " +
  "#graph-rolling-correlation .traceband-low path.js-fill, " +
  "#graph-rolling-correlation .traceenvelope-low path.js-fill")].map((path) => {
    const box = path.getBBox();
    return [box.x, box.y, box.width, box.height];
  })"""


def drag(page: Page, start: int, stop: int) -> list[str]:
    """Drag the window slider; the pointer stays down. Returns the read-outs on the way."""
    box = page.locator("#window-slider").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start, y)
    page.mouse.down()
    texts = []
    for x in range(start, stop, 6):
        page.mouse.move(box["x"] + x, y)
        page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        texts.append(page.inner_text(FINDING))
    return texts


@pytest.mark.parametrize("method", ["pearson", "ewma", "spearman"])
def test_line_band_and_readout_follow_the_pointer_without_a_request(
    page: Page, address: str, method: str
) -> None:
    open_view(page, address, f"?m={method}")
    page.hover("#window-slider")
    settled(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    texts = drag(page, 40, 160)
    assert asked == []
    assert len(set(texts)) == len(texts)
    live, live_paths = page.inner_text(FINDING), page.evaluate(PATHS)
    page.mouse.up()
    window = page.input_value("#control-w")
    expect(page).to_have_url(re.compile(rf"w={window}\b"))
    settled(page)
    # The server draws what the browser drew: same words, same places to half a pixel.
    assert page.inner_text(FINDING) == live
    for ours, theirs in zip(live_paths, page.evaluate(PATHS), strict=True):
        assert ours == pytest.approx(theirs, abs=0.5)


def test_arrow_keys_tune_and_leave_one_step_of_history(page: Page, address: str) -> None:
    open_view(page, address)
    steps = page.evaluate("history.length")
    page.focus("#window-slider")
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#control-w")).to_have_value("100")
    expect(page).to_have_url(re.compile(r"w=100$"))
    assert page.evaluate("history.length") == steps
    expect(page.locator(FINDING)).to_contain_text("100-session")


def test_a_typed_window(page: Page, address: str) -> None:
    open_view(page, address)
    page.hover("#window-slider")
    settled(page)
    page.fill("#control-w", "37")
    expect(page.locator(FINDING)).to_contain_text("37-session")
    expect(page.locator("#window-slider")).to_have_value("37")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"w=37$"))


def test_a_window_out_of_bounds_is_refused_and_loses_nothing(page: Page, address: str) -> None:
    open_view(page, address, "?w=45")
    page.fill("#control-w", "9999")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#control-w').validity.rangeOverflow")
    expect(page).to_have_url(re.compile(r"w=45$"))
    expect(page.locator(FINDING)).to_contain_text("45-session")


def test_lag_is_live_too(page: Page, address: str) -> None:
    open_view(page, address)
    page.hover("#window-slider")
    settled(page)
    page.fill("#control-lag", "-3")
    expect(page.locator(FINDING)).to_contain_text("with crypto leading by 3 sessions")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile(r"lag=-3$"))
    settled(page)
    expect(page.locator(FINDING)).to_contain_text("with crypto leading by 3 sessions")


def test_a_window_too_short_for_monthly_returns_says_so(page: Page, address: str) -> None:
    open_view(page, address, "?f=m")
    message = page.locator("#message-rolling-correlation")
    expect(message).to_be_visible()
    expect(message).to_contain_text("holds fewer than 5 monthly returns")
    page.locator("[data-window='250']").click()
    expect(message).to_be_hidden()
    expect(page.locator(FINDING)).to_contain_text("N = 12")


@pytest.mark.parametrize("query", ["?s=IWN", "?t=2018-01-01..2021-06-30&m=spearman&lag=2&f=w"])
def test_live_words_are_the_servers(page: Page, address: str, query: str) -> None:
    open_view(page, address, query)
    page.hover("#window-slider")
    settled(page)
    page.fill("#control-w", "120")
    expect(page.locator(FINDING)).to_contain_text("24-week" if "f=w" in query else "120-session")
    live = page.inner_text(FINDING)
    assert " on " in live
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("w=120"))
    settled(page)
    assert page.inner_text(FINDING) == live


def test_a_number_written_oddly_is_the_number(page: Page, address: str) -> None:
    open_view(page, address)
    page.fill("#control-lag", "1e1")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile(r"lag=10$"))


def test_what_waits_for_the_server_is_dimmed_and_comes_back(page: Page, address: str) -> None:
    open_view(page, address, "?m=spearman&c=BTC~ETH")
    page.hover("#window-slider")
    settled(page)
    drag(page, 40, 100)
    pending = page.locator("#card-rolling-correlation.pending, #card-matrix.pending")
    expect(pending).to_have_count(2)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"w=\d+"))
    expect(pending).to_have_count(0)


def test_copy_takes_the_number_just_typed(page: Page, address: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_view(page, address)
    page.fill("#control-w", "77")
    page.locator("#share-button").click()
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "&w=77&" in page.evaluate("navigator.clipboard.readText()")


def test_a_number_left_out_of_bounds_goes_back(page: Page, address: str) -> None:
    open_view(page, address, "?lag=5")
    page.hover("#window-slider")
    settled(page)
    page.fill("#control-lag", "61")
    page.locator("[data-window='250']").click()
    expect(page.locator("#control-lag")).to_have_value("5")
    expect(page).to_have_url(re.compile(r"w=250&lag=5$"))
    expect(page.locator(FINDING)).to_contain_text("250-session")
