"""What a reader does with the ledger and the curve."""

import re
from threading import Event

import pytest
from playwright.sync_api import Page, expect

from components.background import in_background
from components.charts import specification_curve
from tests.browser.conftest import drawn, settled

CURVE = "#card-specification-curve"


def opened(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/claims{query}")
    expect(page.locator(f"{CURVE}.ready")).to_be_visible(timeout=60_000)
    expect(page.locator("#graph-specification-curve .main-svg").first).to_be_visible()
    settled(page)


def chosen(page: Page) -> dict[str, object]:
    traces = drawn(page, "specification-curve")
    return next(one for one in traces if one["uid"] == "specifications-chosen")


def test_every_claim_has_its_row_and_its_verdict(page: Page, address: str) -> None:
    opened(page, address)
    ledger = page.get_by_role("table", name="Claims")
    expect(ledger.get_by_role("row")).to_have_count(9)
    row = ledger.get_by_role("row", name="Small-cap breakouts precede crypto rallies.")
    expect(row.locator(".verdict")).to_have_text("?cannot be told from chance")
    expect(ledger.get_by_role("link", name="Reproduce")).to_have_count(6)


def test_reproduce_opens_the_same_numbers(page: Page, address: str) -> None:
    opened(page, address, "?theme=dark")
    row = page.locator("#claim-three-highs")
    effect = row.locator("strong").inner_text()
    p, n = re.search(r"(p = [\d.]+), (N = \d)", row.locator(".measure").inner_text()).groups()
    row.get_by_role("link", name="Reproduce").click()
    page.wait_for_url("**/evidence?v=1&t=2016-01-01..2025-08-31&theme=dark")
    finding = page.locator("#finding-event-odds")
    for words in ("2 of 3 breakouts", effect, p, n):
        expect(finding).to_contain_text(words)


def test_the_choice_moves_the_marker_and_leaves_the_ledger(page: Page, address: str) -> None:
    opened(page, address)
    ledger = page.locator("#details-claims").inner_text()
    before, finding = chosen(page), page.locator("#finding-specification-curve")
    expect(finding).to_contain_text("RUT × BTC, 180 days")
    page.locator(f"{CURVE} .mantine-SegmentedControl-label", has_text="90").click()
    expect(finding).to_contain_text("RUT × BTC, 90 days")
    settled(page)
    assert page.url == f"{address}/claims?v=1&days=90"
    assert chosen(page) != before
    assert page.locator("#details-claims").inner_text() == ledger
    page.go_back()
    expect(finding).to_contain_text("RUT × BTC, 180 days")
    settled(page)
    assert chosen(page) == before


def test_a_rule_outside_the_grid_is_marked_as_such(page: Page, address: str) -> None:
    opened(page, address, "?base=40")
    expect(page.locator("#graph-specification-curve")).to_contain_text("Chosen (not in the grid)")
    expect(page.locator("#finding-specification-curve")).to_contain_text("is none of these")


def test_on_a_phone_rows_are_blocks(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    row = page.locator("#claim-altcoins")
    claim, test, found, verdict = (row.locator("th, td").nth(at).bounding_box() for at in range(4))
    assert claim["y"] < verdict["y"] < found["y"] < test["y"]
    assert all(one["width"] > 340 for one in (claim, test, found, verdict))
    # What a screen reader is told is still a table.
    expect(page.get_by_role("table", name="Claims").get_by_role("row")).to_have_count(9)


def test_progress_is_shown_and_the_curve_follows_by_itself(
    page: Page, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(grid, say):
        for done, go_on in enumerate(steps, 1):
            say(f"Tested {done} of 3 rules × indices…")
            assert go_on.wait(30)
        return compute(grid, say)

    steps, compute = (Event(), Event()), specification_curve._compute
    monkeypatch.setattr(specification_curve, "_tested", in_background(slow, patience=0.05))
    page.goto(f"{address}/claims")
    message = page.locator("#message-specification-curve")
    expect(page.locator(f"{CURVE}.working")).to_be_visible()
    # Dash loads its graphs later than the page shows; until then this one takes no room.
    page.wait_for_function("document.querySelector('#graph-specification-curve')?.offsetHeight")
    top = page.locator("#graph-specification-curve").bounding_box()["y"]
    expect(message).to_have_text("Tested 1 of 3 rules × indices…")
    expect(page.locator("#graph-specification-curve")).to_be_hidden()
    steps[0].set()
    expect(message).to_have_text("Tested 2 of 3 rules × indices…")
    steps[1].set()
    expect(page.locator(f"{CURVE}.ready")).to_be_visible(timeout=60_000)
    expect(message).to_be_hidden()
    assert page.locator("#graph-specification-curve").bounding_box()["y"] == top
    settled(page)
    assert len(drawn(page, "specification-curve")) > 2


def test_a_failure_ends_the_waiting(
    page: Page, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_, say):
        say("Tested 1 of 3 rules × indices…")
        assert go_on.wait(30)
        raise RuntimeError("no")

    go_on = Event()

    monkeypatch.setattr(specification_curve, "_tested", in_background(failing, patience=0.05))
    page.goto(f"{address}/claims")
    expect(page.locator(f"{CURVE}.working")).to_be_visible()
    go_on.set()
    expect(page.locator(f"{CURVE}.failed .message")).to_contain_text("could not be drawn")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1500)
    assert not asked


def test_a_link_to_the_curve_opens_at_the_curve(page: Page, address: str) -> None:
    page.goto(f"{address}/evidence?v=1&days=90")
    page.get_by_role("link", name="the specification curve").click()
    expect(page).to_have_url(f"{address}/claims?v=1&days=90#card-specification-curve")
    expect(page.locator("#title-specification-curve")).to_be_in_viewport()
    page.wait_for_function("document.querySelector('#title-claims').getBoundingClientRect().y < 0")


def test_crypto_breakouts_are_not_sent_to_a_curve_of_small_caps(page: Page, address: str) -> None:
    page.goto(f"{address}/evidence?v=1&of=crypto")
    expect(page.locator("#details-event-odds")).to_contain_text("Days count from the entry")
    expect(page.get_by_role("link", name="the specification curve")).to_have_count(0)
