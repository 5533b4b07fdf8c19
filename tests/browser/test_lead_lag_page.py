"""What a person does on the lead-lag page: choosing an era, a pair and a window."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from settings import Settings
from tests.browser.conftest import drawn, serve, settled
from tests.unit.new_york_market import new_york_market

FINDING = "#finding-lead-lag"


@pytest.fixture
def view(page: Page, address: str):
    """Opens a link to the page and waits until its charts are drawn."""

    def open_page(query: str = "") -> Page:
        page.goto(f"{address}/lead-lag{query}")
        expect(page.locator("#graph-lead-lag .main-svg").first).to_be_visible()
        expect(page.locator("#graph-lead-lag-map .main-svg").first).to_be_visible()
        expect(page.locator("#era [role=slider]")).to_have_count(2)
        return page

    return open_page


def months(page: Page) -> list[str]:
    """What the slider shows, as it is read aloud."""
    thumbs = page.locator("#era [role=slider]").all()
    return [thumb.get_attribute("aria-valuetext") for thumb in thumbs]


def shown_span(page: Page) -> str:
    return re.search(r"daily log returns, (.*?);", page.inner_text(FINDING))[1]


def test_the_page_arrives_drawn(view) -> None:
    page = view()
    assert page.inner_text(FINDING).startswith("No lead beyond chance: at none of 120 lags")
    assert "Noise reaches ±0.21" in page.inner_text("#finding-lead-lag-map")
    expect(page.locator("#details-granger tbody tr")).to_have_count(6)
    assert months(page) == ["Sep 2014", "Aug 2026"]


def test_an_exact_range_is_kept_and_shown_by_its_months(view) -> None:
    page = view("?t=2018-03-15..2019-07-19")
    assert page.url.endswith("?v=1&t=2018-03-15..2019-07-19")
    assert months(page) == ["Mar 2018", "Jul 2019"]
    assert shown_span(page) == "15 Mar 2018 to 19 Jul 2019"


def test_arrow_keys_move_one_end_by_months_and_back_returns(view) -> None:
    page = view("?t=2018-03-15..2019-07-19")
    page.locator("#era [role=slider]").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    # One step for both presses, and the other end keeps its day.
    expect(page).to_have_url(re.compile(r"t=2018-01-01\.\.2019-07-19$"))
    settled(page)
    assert shown_span(page) == "2 Jan 2018 to 19 Jul 2019"
    assert months(page) == ["Jan 2018", "Jul 2019"]
    page.go_back()
    expect(page).to_have_url(re.compile(r"t=2018-03-15\.\.2019-07-19$"))
    settled(page)
    assert shown_span(page) == "15 Mar 2018 to 19 Jul 2019"
    assert months(page) == ["Mar 2018", "Jul 2019"]


def test_an_end_of_a_short_era_moves_alone(view) -> None:
    page = view("?t=2020-01-01..2020-06-30")
    page.locator("#era [role=slider]").last.focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(r"t=2020-01-01\.\.2020-05-31$"))
    settled(page)
    assert months(page) == ["Jan 2020", "May 2020"]


def test_a_thumb_is_dragged_and_at_its_end_the_range_is_open(view) -> None:
    page = view("?t=2018-03-15..2019-07-19")
    last = page.locator("#era [role=slider]").last
    box = last.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 1000, y, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"t=2018-03-15\.\.latest$"))
    settled(page)
    assert shown_span(page) == "15 Mar 2018 to 21 Aug 2026"
    assert months(page) == ["Mar 2018", "Aug 2026"]


def test_an_era_is_one_press_and_all_is_another(view) -> None:
    page = view()
    assert "whole-utc" not in [one["uid"] for one in drawn(page, "lead-lag")]
    button = page.get_by_role("button", name="2020–22")
    button.click()
    expect(page).to_have_url(re.compile(r"t=2020-01-01\.\.2022-12-31$"))
    expect(button).to_have_attribute("aria-pressed", "true")
    settled(page)
    assert months(page) == ["Jan 2020", "Dec 2022"]
    assert shown_span(page) == "2 Jan 2020 to 30 Dec 2022"
    assert "whole-utc" in [one["uid"] for one in drawn(page, "lead-lag")]
    for card in ("lead-lag-map", "granger"):
        assert page.inner_text(f"#finding-{card}") != ""
    assert "2 Jan 2020 to 30 Dec 2022" in page.inner_text("#details-granger caption")
    page.locator("[data-years=all]").click()
    expect(page).to_have_url(re.compile(r"\?v=1$"))
    expect(button).to_have_attribute("aria-pressed", "false")
    settled(page)
    assert months(page) == ["Sep 2014", "Aug 2026"]


def test_two_months_are_too_short_and_a_longer_era_is_asked_for(page: Page, address: str) -> None:
    page.goto(f"{address}/lead-lag?t=2020-03-01..2020-04-30")
    expect(page.locator("#message-lead-lag")).to_be_visible()
    assert "at least 80 are needed. Choose a longer era." in page.inner_text("#message-lead-lag")
    page.get_by_role("button", name="2020–22").click()
    expect(page.locator(FINDING)).to_contain_text("2 Jan 2020 to 30 Dec 2022")
    expect(page.locator("#message-lead-lag")).to_be_hidden()


def test_another_coin_is_judged_without_loading_the_page(view) -> None:
    page = view("?c=BTC~ETH")
    page.locator(".picker-c .mantine-Pill-remove").first.click()
    expect(page.locator(FINDING)).to_contain_text("RUT and ETH")
    expect(page.locator("#finding-granger")).to_contain_text("ETH")
    expect(page.locator("#finding-lead-lag-map")).to_contain_text("RUT × ETH")


@pytest.fixture(scope="module")
def new_york() -> Iterator[str]:
    """A server on which BTC has New York closes."""
    yield from serve(Settings(data="sample"), new_york_market(["BTC"]))


@pytest.mark.parametrize(
    ("query", "words"), [("", "at New York closes"), ("?align=utc", "by UTC days")]
)
def test_map_and_regressions_take_the_crypto_day_of_the_link(
    page: Page, new_york: str, query: str, words: str
) -> None:
    page.goto(f"{new_york}/lead-lag{query}")
    for card in ("lead-lag-map", "granger"):
        expect(page.locator(f"#finding-{card}")).to_contain_text(words)
    expect(page.locator(FINDING)).to_contain_text("at New York closes")
    expect(page.locator(FINDING)).to_contain_text("By UTC days, which end 3 to 4 hours later")


def test_the_window_is_the_map_s_alone(view) -> None:
    page = view()
    before = page.inner_text(FINDING)
    page.locator("[data-window='250']").click()
    expect(page.locator("#finding-lead-lag-map")).to_contain_text("windows of 250 unrelated")
    assert page.url.endswith("?v=1&w=250")
    settled(page)
    assert page.inner_text(FINDING) == before


def test_the_plotted_values_are_a_table(view) -> None:
    page = view()
    page.click("#table-button-lead-lag")
    rows = page.locator("#table-lead-lag tbody tr")
    expect(rows).to_have_count(50)
    assert page.inner_text("#table-lead-lag thead").startswith("crypto day")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_phone_shows_everything_without_scrolling_sideways(view, theme: str, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    view(f"?theme={theme}")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    # The table of tests is whole.
    assert page.evaluate(
        "(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)"
        "(document.querySelector('#details-granger .table-scroll'))"
    )
    labels = page.locator("#era .mantine-RangeSlider-markLabel:visible").all()
    edges = [box for one in labels if (box := one.bounding_box())]
    for left, right in pairwise(edges):
        assert left["x"] + left["width"] < right["x"]
