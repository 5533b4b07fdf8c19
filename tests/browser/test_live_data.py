"""Live data as a reader meets them, from the vendors on loopback to the page."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.request import urlopen

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


@dataclass(frozen=True)
class Loaded:
    address: str
    vendors: Upstream


@pytest.fixture
def vendors() -> Iterator[Upstream]:
    with vendors_today() as vendors:
        yield vendors


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """A server that has fetched its catalog; what tests add does not show in its first view."""
    with vendors_today() as vendors:
        for address in serve_from(vendors, tmp_path_factory.mktemp("loaded")):
            wait_until_loaded(address)
            yield Loaded(address, vendors)


def wait_until_loaded(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with urlopen(f"{address}/status") as answer:
            if json.load(answer)["progress"] == "":
                return
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_sample_gives_way_to_live_prices_by_itself(
    page: Page, vendors: Upstream, tmp_path: Path
) -> None:
    # The exchanges stay away, so that no New York closes come meanwhile.
    vendors.faults = {"coinbase": "500", "binance": "500"}
    vendors.fault, vendors.delay = "slow", 0.5
    for address in serve_from(vendors, tmp_path):
        open_view(page, address, "?v=1&w=45")
        expect(page.locator(".badge").first).to_have_text("Sample data")
        expect(page.locator("#progress")).to_contain_text("of 20 series")
        vendors.fault = None
        expect(page.locator(".badge").first).to_have_text("Live prices", timeout=30_000)
        assert page.url.endswith("/?v=1&w=45")
        # With Bitcoin's, on days when both end with the same.
        source = re.compile(r"Source: Yahoo Finance \^RUT\b.* to \d")
        expect(page.locator("#source-overlay")).to_contain_text(source)
        expect(page.locator("#source-overlay")).not_to_contain_text("Sample")
        page.close()


def test_a_vendor_that_fails_is_named_on_the_data_page(
    page: Page, vendors: Upstream, tmp_path: Path
) -> None:
    vendors.faults = {"yahoo": "429 with seconds"}
    for address in serve_from(vendors, tmp_path):
        page.goto(f"{address}/data")
        row = page.locator("#series tr", has_text="Russell 2000 Value").first
        expect(row).to_contain_text("asked too often", timeout=30_000)
        expect(row).to_contain_text("Next try")
        expect(page.locator("#series")).to_contain_text("Coinbase Exchange BTC-USD")
        page.close()


def test_a_symbol_nobody_had_is_added_and_drawn(page: Page, loaded: Loaded) -> None:
    open_loaded(page, loaded)
    page.locator("#control-s").click()
    page.keyboard.type("avuv")
    page.get_by_text("Add AVUV from Yahoo Finance").click()
    page.wait_for_url("**/?*s=RUT~AVUV*", timeout=30_000)
    expect(page.locator("#graph-overlay .main-svg").first).to_be_visible()
    settled(page)
    assert any("AVUV" in str(trace["uid"]) for trace in drawn(page, "rolling-correlation"))
    page.go_back()
    page.wait_for_url(lambda url: "AVUV" not in url)


def test_a_symbol_that_does_not_exist_says_so_and_keeps_the_view(
    page: Page, loaded: Loaded
) -> None:
    open_loaded(page, loaded)
    before = page.url
    page.locator("#control-c").click()
    page.keyboard.type("nosuch")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("does not offer NOSUCH-USD", timeout=30_000)
    assert page.url == before
    page.get_by_label("Dismiss NOSUCH").click()
    expect(page.locator("#adding")).to_be_empty()


def test_new_york_closes_are_chosen_as_soon_as_they_are_there(page: Page, loaded: Loaded) -> None:
    open_loaded(page, loaded)
    source = page.locator("#source-rolling-correlation")
    for _ in range(60):
        if "New York's close" in (source.text_content() or ""):
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#finding-rolling-correlation")).to_contain_text("at New York closes")
    assert loaded.vendors.count("coinbase") > 0
    page.get_by_text("UTC day", exact=True).click()
    expect(page.locator("#finding-rolling-correlation")).to_contain_text("by UTC days")
    assert "align=utc" in page.url


def open_loaded(page: Page, loaded: Loaded) -> None:
    open_view(page, loaded.address)
    expect(page.locator(".badge").first).to_have_text("Live prices")
