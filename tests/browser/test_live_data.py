"""Live data as a reader meets them, from the vendors on loopback to the page."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import drawn, open_view, serve, settled
from tests.upstream import Upstream
from tests.upstream import serve as serve_vendors
from tests.upstream import settings as settings_for


@contextmanager
def vendors_today() -> Iterator[Upstream]:
    with serve_vendors() as vendors:
        vendors.now = datetime.now(UTC)
        vendors.first_day = date(2021, 1, 1)
        yield vendors


def serve_from(vendors: Upstream, folder: Path) -> Iterator[str]:
    """A server that has fetched nothing yet."""
    url = f"sqlite:///{folder}/store.db"
    yield from serve(settings_for(vendors, data="auto", database_url=url, refresh=True))


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with vendors_today() as vendors:
        yield vendors


@pytest.fixture
def new(upstream: Upstream, tmp_path: Path) -> Iterator[str]:
    """A server that has fetched nothing yet."""
    yield from serve_from(upstream, tmp_path)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Upstream]]:
    """A server that has fetched everything, and those it asked."""
    with vendors_today() as vendors:
        for address in serve_from(vendors, tmp_path_factory.mktemp("loaded")):
            wait_until_loaded(address)
            yield address, vendors


def wait_until_loaded(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with urlopen(f"{address}/status") as answer:
            if json.load(answer)["progress"] == "":
                return
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_sample_gives_way_to_live_prices_by_itself(
    page: Page, new: str, upstream: Upstream
) -> None:
    open_view(page, new, "?v=1&w=45")
    expect(page.locator(".badge").first).to_have_text("Sample data")
    expect(page.locator("#progress")).to_contain_text("of 20 series")
    upstream.fault = None
    expect(page.locator(".badge").first).to_have_text("Live prices", timeout=30_000)
    assert page.url.endswith("/?v=1&w=45")
    expect(page.locator("#source-overlay")).to_contain_text("Yahoo Finance ^RUT to ")
    expect(page.locator("#source-overlay")).not_to_contain_text("Sample")


def test_a_symbol_nobody_had_is_added_and_drawn(page: Page, address: str) -> None:
    wait_for_live(page, address)
    page.locator("#control-s").click()
    page.keyboard.type("avuv")
    page.get_by_text("Add AVUV from Yahoo Finance").click()
    page.wait_for_url("**/?*s=RUT~AVUV*", timeout=30_000)
    expect(page.locator("#graph-overlay .main-svg").first).to_be_visible()
    settled(page)
    assert any("AVUV" in str(trace["uid"]) for trace in drawn(page, "rolling-correlation"))
    page.go_back()
    page.wait_for_url(lambda url: "AVUV" not in url)


def test_a_symbol_that_does_not_exist_says_so_and_keeps_the_view(page: Page, address: str) -> None:
    wait_for_live(page, address)
    before = page.url
    page.locator("#control-c").click()
    page.keyboard.type("nosuch")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("does not offer NOSUCH-USD", timeout=30_000)
    assert page.url == before
    page.get_by_label("Dismiss NOSUCH").click()
    expect(page.locator("#adding")).to_be_empty()


def test_new_york_closes_are_chosen_as_soon_as_they_are_there(
    page: Page, address: str, upstream: Upstream
) -> None:
    wait_for_live(page, address)
    source = page.locator("#source-rolling-correlation")
    for _ in range(60):
        if "New York's close" in (source.text_content() or ""):
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#finding-rolling-correlation")).to_contain_text("at New York closes")
    assert upstream.count("coinbase") > 0
    page.get_by_text("UTC day", exact=True).click()
    expect(page.locator("#finding-rolling-correlation")).to_contain_text("by UTC days")
    assert "align=utc" in page.url


def test_a_vendor_that_fails_is_named_on_the_data_page(
    page: Page, address: str, upstream: Upstream
) -> None:
    upstream.faults = {"yahoo": "429 with seconds"}
    page.goto(f"{address}/data")
    row = page.locator("#series tr", has_text="Russell 2000 Value").first
    expect(row).to_contain_text("asked too often", timeout=30_000)
    expect(row).to_contain_text("Next try")
    expect(page.locator("#series")).to_contain_text("Coinbase Exchange BTC-USD")


def wait_for_live(page: Page, address: str) -> None:
    for _ in range(60):
        if page.request.get(f"{address}/status").json()["progress"] == "":
            break
        page.wait_for_timeout(500)
    open_view(page, address)
    expect(page.locator(".badge").first).to_have_text("Live prices")
