"""What a person does with the evidence: choose, switch, follow a link, read on a phone."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import drawn, settled

# Of the sample data: 14 Nov 2016, 13 Nov 2020, 2 Nov 2021 and 18 Sep 2025.
SECOND = "2020-11-13"


def open_evidence(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/evidence{query}")
    for card in ("event-paths", "event-odds", "cycles"):
        expect(page.locator(f"#graph-{card} .main-svg").first).to_be_visible()


def box(page: Page, day: str):
    return page.locator(f"[data-event='{day}']")


def paths(page: Page) -> list[str]:
    return [
        str(trace["uid"]).removeprefix("path-")
        for trace in drawn(page, "event-paths")
        if re.match(r"path-\d", str(trace["uid"]))
    ]


def test_chosen_rows_choose_paths(page: Page, address: str) -> None:
    open_evidence(page, address)
    every = paths(page)
    assert len(every) == 4
    finding = page.locator("#finding-event-paths").inner_text()
    show_all = page.get_by_role("button", name="Show all paths")
    expect(show_all).to_be_hidden()
    box(page, SECOND).click()
    expect(page).to_have_url(f"{address}/evidence?v=1&ev={SECOND}")
    expect(box(page, SECOND)).to_have_attribute("aria-checked", "true")
    settled(page)
    assert paths(page) == [SECOND]
    # Numbers are always of all.
    expect(page.locator("#finding-event-paths")).to_have_text(finding)
    show_all.click()
    expect(page).to_have_url(f"{address}/evidence?v=1")
    expect(page.locator("[data-event]").first).to_be_focused()
    expect(box(page, SECOND)).to_have_attribute("aria-checked", "false")
    settled(page)
    assert paths(page) == every
    page.go_back()
    expect(box(page, SECOND)).to_have_attribute("aria-checked", "true")


def test_a_row_is_chosen_by_keyboard_and_keeps_the_focus(page: Page, address: str) -> None:
    open_evidence(page, address)
    row = page.get_by_role("checkbox", name="Path after 13 Nov 2020")
    row.focus()
    page.keyboard.press("Space")
    expect(row).to_have_attribute("aria-checked", "true")
    settled(page)
    expect(row).to_be_focused()
    page.keyboard.press("Space")
    expect(row).to_have_attribute("aria-checked", "false")
    expect(page).to_have_url(f"{address}/evidence?v=1")


def test_a_choice_leaves_the_table_where_it_was(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_evidence(page, address, "?base=5&cool=0")
    scrolls = page.locator("#details-breakouts .table-scroll")
    scrolls.evaluate("element => Object.assign(element, { scrollLeft: 300, scrollTop: 200 })")
    where = "element => [element.scrollLeft, element.scrollTop]"
    before = scrolls.evaluate(where)
    assert before == [300, 200]
    box(page, SECOND).evaluate("element => element.click()")
    expect(box(page, SECOND)).to_have_attribute("aria-checked", "true")
    assert scrolls.evaluate(where) == before


def test_forty_is_the_most_that_can_be_chosen(page: Page, address: str) -> None:
    often = "?base=5&cool=0"
    open_evidence(page, address, often)
    days = page.locator("[data-event]").evaluate_all("rows => rows.map(row => row.dataset.event)")
    assert len(days) > 41
    open_evidence(page, address, f"{often}&ev={'~'.join(days[:39])}")
    box(page, days[39]).click()
    expect(box(page, days[40])).to_be_disabled()
    expect(box(page, days[0])).to_be_enabled()
    box(page, days[0]).click()
    expect(box(page, days[40])).to_be_enabled()


def test_years_fit_beside_their_points_on_a_phone(page: Page, address: str) -> None:
    """Inside the plot, and over no other year."""
    page.set_viewport_size({"width": 390, "height": 844})
    open_evidence(page, address)
    sides = "({ left, right, top, bottom }) => [left, right, top, bottom]"
    measure = f"shapes => shapes.map(shape => ({sides})(shape.getBoundingClientRect()))"
    ((left, right, top, bottom),) = page.locator("#graph-event-odds .nsewdrag").evaluate_all(
        measure
    )
    years = page.locator("#graph-event-odds .textpoint text").evaluate_all(measure)
    assert len(years) == 19  # four breakouts, five horizons; one of them is young
    for at, year in enumerate(years):
        assert left <= year[0] < year[1] <= right
        assert top <= year[2] < year[3] <= bottom
        for other in years[:at]:
            is_beside = year[1] <= other[0] or other[1] <= year[0]
            assert is_beside or year[3] <= other[2] or other[3] <= year[2]


def test_a_date_opens_the_workbench_around_it(page: Page, address: str) -> None:
    open_evidence(page, address, "?base=100")
    page.get_by_role("link", name="13 Nov 2020").click()
    expect(page).to_have_url(f"{address}/?v=1&t=2019-11-13..2021-11-13&base=100")
    expect(page.locator("#graph-overlay .main-svg").first).to_be_visible()


def test_one_switch_turns_the_question_round(page: Page, address: str) -> None:
    open_evidence(page, address)
    odds = page.locator("#finding-event-odds")
    expect(odds).to_have_text(
        re.compile(
            r"^BTC was higher 180 days after 2 of 4 breakouts of RUT .* \(p = .*, N = 4\)\.$"
        )
    )
    page.locator("#control-of").get_by_text("Crypto").click()
    expect(odds).to_have_text(re.compile(r"^RUT was .* 180 days after .* of BTC"))
    expect(page).to_have_url(f"{address}/evidence?v=1&of=crypto")
    expect(page.locator("#details-breakouts")).to_contain_text("126 of them are four months")
    page.go_back()
    expect(odds).to_have_text(re.compile(r"^BTC was higher 180 days"))


def test_the_horizon_is_what_is_spoken_of(page: Page, address: str) -> None:
    open_evidence(page, address)
    page.locator("#control-days").get_by_text("365").click()
    expect(page).to_have_url(f"{address}/evidence?v=1&days=365")
    for card in ("breakouts", "event-paths", "event-odds", "cycles"):
        expect(page.locator(f"#finding-{card}")).to_contain_text("365 days")
    expect(page.locator("#details-breakouts thead .focus")).to_have_text("365")
    expect(page.locator("#graph-event-odds .gtitle")).to_have_text(
        "N = 3 breakouts of RUT, 365 days"
    )


def test_the_rule_is_the_pages_own(page: Page, address: str) -> None:
    """Without the rally, which nothing here depends on; the link keeps it."""
    open_evidence(page, address, "?rally=75")
    page.get_by_text("Breakout rule").click()
    expect(page.locator("#control-rally:visible")).to_have_count(0)
    base = page.locator("#control-base")
    base.fill("600")
    base.press("Enter")
    expect(page).to_have_url(f"{address}/evidence?v=1&base=600&rally=75")
    expect(page.locator("#finding-breakouts")).to_contain_text("1 breakout of RUT, on 18 Sep 2025")


def test_no_breakout_leaves_a_page_that_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/evidence?base=1200&t=2019-01-01..latest")
    for card in ("breakouts", "event-paths", "event-odds"):
        expect(page.locator(f"#finding-{card}")).to_contain_text("No breakout of RUT in the dates")
    expect(page.locator("#details-breakouts table")).to_have_count(0)


def test_the_table_of_breakouts_is_a_file(page: Page, address: str) -> None:
    open_evidence(page, address, "?days=90")
    with page.expect_download() as download:
        page.locator("#card-breakouts").get_by_role("link", name="values as CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    assert rows[0].startswith('"date","base_length","close","entry","return_30_days",')
    assert [row[:10] for row in rows[1:]] == [
        "2016-11-14",
        "2020-11-13",
        "2021-11-02",
        "2025-09-18",
    ]


@pytest.mark.parametrize("width", [360, 390, 768, 1440])
def test_nothing_sticks_out(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_evidence(page, address, "?s=RUT~IWN&c=BTC~ETH~SOL&ev=2020-11-13")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 400:
        # The table scrolls inside its card, and the dates stay.
        scrolls = page.locator("#details-breakouts .table-scroll")
        before = page.get_by_role("link", name="13 Nov 2020").bounding_box()
        scrolls.evaluate("element => { element.scrollLeft = 400 }")
        assert scrolls.evaluate("element => element.scrollLeft") > 100
        assert page.get_by_role("link", name="13 Nov 2020").bounding_box() == before


def test_the_paths_fill_their_card(page: Page, address: str) -> None:
    open_evidence(page, address)
    cards = [page.locator(f"#card-event-{name}").bounding_box() for name in ("paths", "odds")]
    assert cards[0]["height"] == pytest.approx(cards[1]["height"], abs=1)
    plot = page.locator("#graph-event-paths .main-svg").first.bounding_box()
    chart = page.locator("#card-event-paths .chart").bounding_box()
    assert plot["height"] == pytest.approx(chart["height"], abs=2)
    assert chart["height"] >= 460


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_for_axe(page: Page, address: str, theme: str) -> None:
    open_evidence(page, address, f"?ev=2020-11-13&theme={theme}")
    found = Axe().run(page).response["violations"]
    serious = [
        (rule["id"], [node["html"][:160] for node in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []
