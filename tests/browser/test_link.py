"""The address bar is the view: written by the controls, read at the first paint."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import open_view, settled
from view_state import parse, to_query

DEEP = (
    "?v=1&s=IWN~RUT&c=ETH~BTC&t=2018-01-01..2024-12-31&scale=drawdown&w=45&m=spearman&f=w&lag=2"
    "&high=252&base=60&cool=30&rally=80&theme=dark"
)


def query_of(page: Page) -> str:
    return page.url.partition("?")[2]


def controls(page: Page) -> dict[str, object]:
    """What the controls show."""
    texts = ["w", "lag", "high", "base", "cool", "rally"]
    found: dict[str, object] = {key: page.input_value(f"#control-{key}") for key in texts}
    for key in ("s", "c"):
        found[key] = page.locator(f".picker-{key} .mantine-Pill-label").all_inner_texts()
    for key in ("scale", "m", "f"):
        found[key] = page.locator(f"#control-{key} input:checked").get_attribute("value")
    found["slider"] = page.input_value("#window-slider")
    return found


def test_a_first_visit_names_the_view_it_shows(first_visit: Page, address: str) -> None:
    open_view(first_visit, address)
    assert query_of(first_visit) == "v=1"


def test_the_page_arrives_with_its_view_and_asks_for_nothing_more(page: Page, address: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_view(page, address, DEEP)
    settled(page)
    assert query_of(page) == DEEP[1:]
    shown = controls(page)
    assert (shown["w"], shown["slider"], shown["lag"], shown["high"]) == ("45", "45", "2", "252")
    assert (shown["scale"], shown["m"], shown["f"]) == ("drawdown", "spearman", "w")
    assert [label.split(" ")[0] for label in shown["s"]] == ["IWN", "RUT"]
    assert not [url for url in asked if re.search(r"_dash-(layout|dependencies|update)", url)]


def test_no_default_flashes_before_the_linked_view(first_visit: Page, address: str) -> None:
    page = first_visit
    page.add_init_script(
        """window.seen = new Set();
        new MutationObserver(() => {
          const finding = document.getElementById("finding-rolling-correlation");
          const number = document.getElementById("control-w");
          if (finding) window.seen.add(finding.textContent.slice(0, 10));
          if (number) window.seen.add(number.value);
        }).observe(document, { childList: true, subtree: true, characterData: true });"""
    )
    open_view(page, address, "?w=45")
    assert page.evaluate("[...window.seen].sort()") == ["45", "45-session"]


def test_back_forward_and_reload(page: Page, address: str) -> None:
    open_view(page, address)
    page.get_by_text("Drawdown").click()
    expect(page).to_have_url(re.compile(r"scale=drawdown$"))
    page.get_by_text("Spearman").click()
    expect(page).to_have_url(re.compile(r"scale=drawdown&m=spearman$"))
    settled(page)
    page.go_back()
    expect(page).to_have_url(re.compile(r"scale=drawdown$"))
    expect(page.locator("#control-m input:checked")).to_have_value("pearson")
    expect(page.locator("#finding-rolling-correlation")).to_contain_text("90-session correlation")
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?v=1$"))
    expect(page.locator("#control-scale input:checked")).to_have_value("rebased")
    page.go_forward()
    expect(page.locator("#control-scale input:checked")).to_have_value("drawdown")
    settled(page)
    # Controls still write the address after all that.
    page.get_by_text("Weekly").click()
    expect(page).to_have_url(re.compile(r"scale=drawdown&f=w$"))
    settled(page)
    before = controls(page)
    page.reload()
    expect(page.locator("#graph-overlay .main-svg").first).to_be_visible()
    assert controls(page) == before


@pytest.mark.parametrize(
    ("hand", "expected"),
    [
        (lambda page: page.get_by_text("Price", exact=True).click(), "scale=price"),
        (lambda page: page.locator("[data-years='3']").click(), "t=2023-08-21..latest"),
        (lambda page: page.locator("[data-window='30']").click(), "w=30"),
        (lambda page: page.get_by_text("EWMA").click(), "m=ewma"),
        (lambda page: page.get_by_text("Monthly").click(), "f=m"),
    ],
)
def test_every_choice_is_in_the_link(page: Page, address: str, hand, expected: str) -> None:
    open_view(page, address)
    hand(page)
    expect(page).to_have_url(re.compile(re.escape(f"?v=1&{expected}") + "$"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("base", "252"), ("cool", "0"), ("high", "252"), ("rally", "100")],
)
def test_rules_are_in_the_link(page: Page, address: str, key: str, value: str) -> None:
    open_view(page, address)
    page.get_by_text("Breakout and rally rules").click()
    page.fill(f"#control-{key}", value)
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile(rf"\?v=1&{key}={value}$"))


def test_the_address_the_browser_writes_is_canonical(page: Page, address: str) -> None:
    open_view(page, address, DEEP)
    page.get_by_text("EWMA").click()
    page.locator("[data-window='60']").click()
    expect(page).to_have_url(re.compile("w=60&m=ewma"))
    state, notices = parse(query_of(page))
    assert (to_query(state), notices) == (query_of(page), ())


def test_instruments_are_picked_and_never_emptied(page: Page, address: str) -> None:
    open_view(page, address)
    page.click("#control-c")
    page.get_by_role("option", name=re.compile("ETH")).click()
    expect(page).to_have_url(re.compile(r"c=BTC~ETH$"))
    page.keyboard.press("Escape")
    settled(page)
    expect(page.locator("#finding-matrix")).to_contain_text("over 2 pairs")
    page.click("#control-s")
    page.keyboard.press("Backspace")
    expect(page.locator(".picker-s .mantine-Pill-label")).to_have_text(["RUT · Russell 2000"])
    expect(page).to_have_url(re.compile(r"v=1&c=BTC~ETH$"))


def test_a_zoom_is_a_range_in_the_link_and_both_charts_follow(page: Page, address: str) -> None:
    open_view(page, address)
    plot = page.locator("#graph-overlay .nsewdrag").first.bounding_box()
    page.mouse.move(plot["x"] + plot["width"] * 0.3, plot["y"] + 100)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.6, plot["y"] + 120, steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"t=20\d\d-\d\d-\d\d\.\.20\d\d-\d\d-\d\d$"))
    settled(page)
    ranges = page.evaluate(
        """["overlay", "rolling-correlation"].map((card) =>
             document.querySelector(`#graph-${card} .js-plotly-plot`)
               .layout.xaxis.range.map((edge) => edge.slice(0, 10)).join(".."))"""
    )
    assert ranges[0] == ranges[1] == query_of(page).partition("t=")[2]
    page.go_back()
    expect(page).to_have_url(re.compile(r"\?v=1$"))


def test_an_address_loses_what_marketing_hung_on_it_without_a_word(
    page: Page, address: str
) -> None:
    open_view(page, address, "?utm_source=mail&w=60&fbclid=x&ref=y#card-overlay")
    expect(page.locator("#notices")).to_be_hidden()
    assert query_of(page) == "v=1&w=60#card-overlay"


def test_dates_can_be_typed(page: Page, address: str) -> None:
    open_view(page, address)
    page.get_by_text("Dates").click()
    page.fill("#span-from", "2019-01-01")
    page.fill("#span-to", "2022-12-31")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile(r"t=2019-01-01\.\.2022-12-31$"))


def test_a_hostile_link_opens_with_a_notice_and_runs_nothing(page: Page, address: str) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    open_view(page, address, "?v=1&w=9999&s=%3Cscript%3Ealert(1)%3C/script%3E&nope=1&c=BTC")
    notices = page.locator("#notices p")
    expect(notices).to_have_count(3)
    expect(notices.nth(0)).to_contain_text("w=9999 was ignored")
    assert query_of(page) == "v=1"
    assert "<script>alert" not in page.content()
