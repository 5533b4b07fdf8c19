"""Sharing as people do it: dialog, links in another profile, pictures, embeds elsewhere."""

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from settings import Settings
from tests.browser.conftest import (
    checked,
    drawn,
    forget_requests,
    make_app,
    new_profile,
    open_view,
    serve_app,
    settled,
)

CARDS = ("overlay", "rolling-correlation", "matrix")
SHAPE_LABELS = "#graph-overlay .shape-label text"


@dataclass(frozen=True)
class Sites:
    """Ours, and two other people's: one that may embed us and one that may not."""

    ours: str
    friend: str
    stranger: str
    app: Flask


def blog() -> tuple[HTTPServer, str]:
    """A site whose pages are a frame each, of the address in their query."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            source = self.path.partition("?src=")[2]
            frame = f'<iframe src="{source}" width="600" height="420"></iframe>' if source else ""
            self.wfile.write(f"<!doctype html><title>Blog</title>{frame}".encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    return server, f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    (friend, friendly), (stranger, strange) = blog(), blog()
    settings = Settings(
        data="sample",
        database_url=f"sqlite:///{tmp_path_factory.mktemp('share')}/store.db",
        embed_origins=friendly,
    )
    app = make_app(settings)
    for ours in serve_app(app):
        yield Sites(ours, friendly, strange, app)
    for server in (friend, stranger):
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def others_asked_long_ago(sites: Sites) -> None:
    forget_requests(sites.app)


@pytest.fixture(scope="module")
def other_profile(browser: Browser) -> Iterator[BrowserContext]:
    """A profile in which nothing has been shared; it has the assets, which take seconds to load."""
    profile = new_profile(browser)
    yield profile
    profile.close()


@pytest.fixture
def colleague(other_profile: BrowserContext) -> Iterator[Page]:
    """Somebody else, who has nothing but the link."""
    page = other_profile.new_page()
    yield from checked(page)
    page.close()
    assert other_profile.storage_state() == {"cookies": [], "origins": []}


def open_dialog(page: Page) -> Locator:
    page.keyboard.press("s")
    dialog = page.locator("#share")
    expect(dialog).to_be_visible()
    expect(page.locator("#share-live")).to_have_value(re.compile("^http"))
    return dialog


def freeze(page: Page) -> str:
    page.get_by_role("button", name="Freeze", exact=True).click()
    expect(page.locator("#share-frozen")).to_have_value(re.compile(r"/s/\w{22}$"))
    return page.locator("#share-frozen").input_value()


def follow(page: Page, link: str) -> None:
    address, _, rest = link.partition("//")[2].partition("/")
    open_view(page, f"http://{address}", rest)


def controls(page: Page) -> dict[str, str]:
    return page.evaluate(
        """Object.fromEntries([...document.querySelectorAll("main input, main select")]
             .filter((one) => one.id && !one.id.startsWith("mantine-"))
             .map((one) => [one.id, ["radio", "checkbox"].includes(one.type)
               ? String(one.checked) : one.value]))"""
    )


# --- the dialog


def test_a_key_opens_the_dialog_and_another_closes_it(page: Page, sites: Sites) -> None:
    open_view(page, sites.ours)
    dialog = open_dialog(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.locator("#share-button").click()
    expect(dialog).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    # Where it is a letter, it is a letter.
    page.locator("#control-s").press("s")
    page.locator("#control-w").press("s")
    page.keyboard.press("Escape")
    page.locator("body").press("Control+s")
    expect(dialog).to_be_hidden()


def test_a_charts_own_button_shares_that_chart(page: Page, sites: Sites) -> None:
    open_view(page, sites.ours)
    page.get_by_role("button", name="Share: Small caps and crypto").click()
    expect(page.locator("#share-card")).to_have_value("overlay")
    finding = page.inner_text("#finding-overlay")
    expect(page.locator("#share-finding")).to_have_text(f"Sample data: {finding}")
    expect(page.locator("#share-csv")).to_have_attribute("href", "/chart/overlay.csv?v=1")
    expect(page.locator("#share-live")).to_have_value(re.compile("#card-overlay$"))


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1440, "light")])
def test_the_dialog_fits_and_nothing_in_it_is_serious_for_axe(
    page: Page, sites: Sites, width: int, theme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_view(page, sites.ours, f"?theme={theme}&title=A&mark=2020-03-23_Low")
    dialog = open_dialog(page)
    freeze(page)
    page.locator("#share-preview-panel summary").click()
    found = Axe().run(page, context="#share").response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert dialog.evaluate("(node) => node.scrollWidth <= node.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_everything_in_the_dialog_can_be_reached_by_keyboard(page: Page, sites: Sites) -> None:
    open_view(page, sites.ours)
    open_dialog(page)
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {
        "share-close", "SUMMARY", "share-live", "share-days", "share-freeze", "share-card",
        "share-copy-image", "share-png", "share-json", "share-embed",
    } <= reached  # fmt: skip
    # The page below is out of reach.
    assert not {"share-button", "control-s", "window-slider"} & reached


def test_a_phone_hands_the_link_on(page: Page, sites: Sites) -> None:
    page.add_init_script(
        "navigator.share = (what) => { window.handed = what; return Promise.resolve(); };"
    )
    open_view(page, sites.ours)
    open_dialog(page)
    page.get_by_role("button", name="Send…").first.click()
    handed = page.evaluate("window.handed")
    assert handed["url"] == page.locator("#share-live").input_value()
    finding = page.inner_text("#finding-rolling-correlation")
    assert handed["text"] == f"Sample data: {finding}"


def test_without_one_there_is_no_such_button(page: Page, sites: Sites) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'share', { value: undefined });")
    open_view(page, sites.ours)
    open_dialog(page)
    expect(page.get_by_role("button", name="Send…")).to_have_count(0)


# --- words and marks


def test_words_and_marks_are_in_the_view_the_address_and_the_link(
    page: Page, colleague: Page, sites: Sites
) -> None:
    open_view(page, sites.ours)
    open_dialog(page)
    page.get_by_text("Title, note and marks").click()
    page.get_by_label("Title", exact=True).fill("Small caps <b>first</b>?")
    page.get_by_label("Note").fill("Look at 2020 & later")
    page.get_by_role("button", name="Add a mark").click()
    page.get_by_label("Day, or first day").fill("2020-03-23")
    page.get_by_label("Label").fill("Covid <i>low</i>")
    page.get_by_role("button", name="Add a mark").click()
    page.get_by_label("Day, or first day").nth(1).fill("2021-11-08")
    page.get_by_label("Last day, for a range").nth(1).fill("2022-11-21")
    page.get_by_label("Label").nth(1).fill("Winter")
    page.get_by_label("Label").nth(1).press("Tab")
    expect(page).to_have_url(re.compile(r"mark=2020-03-23_Covid%20%3Ci%3Elow.*~2021-11-08\.\."))
    expect(page.locator("#share-live")).to_have_value(re.compile("mark=.*Winter"))
    link = page.locator("#share-live").input_value()
    page.keyboard.press("Escape")
    for seen in (page, colleague):
        if seen is colleague:
            follow(colleague, link)
        expect(seen.locator("#author-title")).to_have_text("Small caps <b>first</b>?")
        expect(seen.locator("#author-note")).to_have_text("Look at 2020 & later")
        expect(seen.locator("#author-marks")).to_have_text(
            "Marked: 23 Mar 2020: Covid <i>low</i>; 8 Nov 2021 to 21 Nov 2022: Winter"
        )
        expect(seen.locator(SHAPE_LABELS)).to_have_text(["Covid <i>low</i>", "Winter"])
    expect(colleague).to_have_title(re.compile(r"^Small caps <b>first</b>\?"))


def test_a_mark_is_removed_and_a_long_note_is_for_frozen_links(page: Page, sites: Sites) -> None:
    open_view(page, sites.ours, "?mark=2020-03-23_Low&note=short")
    open_dialog(page)
    expect(page.locator(SHAPE_LABELS)).to_have_text(["Low"])
    page.get_by_role("button", name="Remove this mark").click()
    expect(page).not_to_have_url(re.compile("mark="))
    expect(page.locator(SHAPE_LABELS)).to_have_count(0)
    page.get_by_label("Note").fill("long " * 60)
    expect(page.get_by_text("only a frozen link takes this note")).to_be_visible()
    page.get_by_label("Note").press("Tab")
    expect(page).not_to_have_url(re.compile("note="))
    settled(page)
    link = freeze(page)
    follow(page, link)
    expect(page.locator("#author-note")).to_have_text(("long " * 60).strip())


# --- links


def test_a_live_link_is_the_same_view_in_another_profile(
    page: Page, colleague: Page, sites: Sites
) -> None:
    open_view(page, sites.ours, "?s=RUT~IWN&c=BTC~ETH&t=2019-01-01..latest")
    page.locator("[data-window='30']").click()
    page.get_by_text("Drawdown").click()
    settled(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_dialog(page)
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("Escape")
    follow(colleague, link)
    assert controls(colleague) == controls(page)
    for card in CARDS:
        assert drawn(colleague, card) == drawn(page, card)
        assert colleague.inner_text(f"#finding-{card}") == page.inner_text(f"#finding-{card}")


def test_a_frozen_link_in_another_profile(page: Page, colleague: Page, sites: Sites) -> None:
    open_view(page, sites.ours, "?w=60&title=Then&s=RUT~IWN")
    open_dialog(page)
    link = freeze(page)
    page.keyboard.press("Escape")
    follow(colleague, link)
    expect(colleague).to_have_url(link)
    expect(colleague.locator("#author-title")).to_have_text("Then")
    expect(colleague.locator(".frozen")).to_contain_text("with data to 21 Aug 2026")
    for card in CARDS:
        assert drawn(colleague, card) == drawn(page, card)
    # Its values, from the page's own table and file.
    csv = colleague.locator("#card-matrix a.values").get_attribute("href")
    assert csv == "/chart/matrix.csv"  # the view is given when it is clicked

    # Another window on the same data has an address of its own, and a way back.
    colleague.hover("#window-slider")
    colleague.locator("[data-window='30']").click()
    expect(colleague).to_have_url(re.compile(rf"^{link}\?v=1&.*w=30"))
    expect(colleague.locator("#finding-rolling-correlation")).to_contain_text(
        "30-session correlation by UTC days on 21 Aug 2026"
    )
    expect(colleague.locator("#changed-view")).to_be_visible()
    changed = colleague.url
    colleague.reload()
    expect(colleague.locator("#finding-rolling-correlation")).to_contain_text("30-session")
    expect(colleague).to_have_url(changed)
    colleague.get_by_role("link", name="Back to the frozen one").click()
    expect(colleague).to_have_url(link)
    expect(colleague.locator("#finding-rolling-correlation")).to_contain_text("60-session")
    expect(colleague.locator("#changed-view")).to_be_hidden()
    colleague.get_by_role("link", name="Open the live view").click()
    expect(colleague).to_have_url(re.compile(r"/\?v=1&s=RUT~IWN&t=2014-09-17\.\.latest&w=60"))
    expect(colleague.locator(".frozen")).to_have_count(0)


def test_a_frozen_link_that_is_followed_stays_as_it_is(page: Page, sites: Sites) -> None:
    """What marketing hangs on it makes no other view of it."""
    open_view(page, sites.ours, "?w=60")
    open_dialog(page)
    link = freeze(page)
    follow(page, f"{link}?utm_source=mail&gclid=x")
    expect(page).to_have_url(link)
    expect(page.locator("#notices")).to_be_hidden()
    expect(page.locator("#changed-view")).to_be_hidden()
    expect(page.locator("#finding-rolling-correlation")).to_contain_text("60-session")


def test_back_and_forward_stay_on_the_frozen_data(page: Page, sites: Sites) -> None:
    asked: list[str] = []
    page.on(
        "request",
        lambda one: asked.append(one.post_data or "") if "_dash-update" in one.url else None,
    )
    open_view(page, sites.ours, "?w=60&title=Then&note=Kept")
    open_dialog(page)
    link = freeze(page)
    follow(page, link)
    asked.clear()
    for scale in ("Drawdown", "Z-score"):
        page.get_by_text(scale).click()
        expect(page).to_have_url(re.compile("scale=" + scale[0].lower()))
        settled(page)
    for go, checked_scale in (
        (page.go_back, "drawdown"),
        (page.go_back, "rebased"),
        (page.go_forward, "drawdown"),
    ):
        go()
        expect(page.locator("#control-scale input:checked")).to_have_value(checked_scale)
        settled(page)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")  # a jump within the page
    page.locator("[data-window='30']").click()
    expect(page.locator("#finding-rolling-correlation")).to_contain_text("30-session")
    settled(page)
    frozen = f"frozen={link[-22:]}"
    assert len(asked) >= 15
    assert all(frozen in one for one in asked)
    assert frozen in page.evaluate("window.bellwether.current()")
    # And the author's words are there still.
    open_dialog(page)
    expect(page.locator("#control-title")).to_have_value("Then")
    expect(page.locator("#control-note")).to_have_value("Kept")


def test_a_frozen_link_is_offered_for_its_own_view_only(page: Page, sites: Sites) -> None:
    open_view(page, sites.ours, "?w=60")
    open_dialog(page)
    first = freeze(page)
    again = page.get_by_role("button", name="Freeze", exact=True)
    expect(again).to_be_disabled()  # its secret is shown once
    page.keyboard.press("Escape")
    page.locator("[data-window='30']").click()
    settled(page)
    open_dialog(page)
    expect(page.locator("#share-frozen-row")).to_be_hidden()
    expect(again).to_be_enabled()
    again.click()
    expect(page.locator("#share-frozen-row")).to_be_visible()
    assert page.locator("#share-frozen").input_value() != first


def test_a_frozen_link_is_deleted_with_its_secret(tab: Page, sites: Sites) -> None:
    page = tab  # a page that is not there is logged
    open_view(page, sites.ours)
    open_dialog(page)
    link = freeze(page)
    expect(page.locator("#share-secret")).to_have_text(re.compile(r"^\w{22}$"))
    page.get_by_role("button", name="Delete it now").click()
    expect(page.locator("#share-frozen-status")).to_have_text("It is deleted.")
    page.goto(link)
    expect(page.locator(".lost")).to_contain_text("it may have expired, or it was deleted")
    expect(page).to_have_url(link)  # which a reload must not turn into a live view


def test_the_dialog_says_why_nothing_was_frozen(tab: Page, sites: Sites) -> None:
    page = tab
    open_view(page, sites.ours)
    open_dialog(page)
    full = {"message": "There are 10,000 frozen links here: that is the most."}
    page.route("**/s", lambda route: route.fulfill(status=503, body=json.dumps(full)))
    page.get_by_role("button", name="Freeze", exact=True).click()
    expect(page.locator("#share-frozen-status")).to_have_text(full["message"])
    expect(page.locator("#share-frozen-row")).to_be_hidden()


def test_newer_data_are_frozen_only_when_the_reader_wants_them(tab: Page, sites: Sites) -> None:
    page = tab
    open_view(page, sites.ours)
    open_dialog(page)
    sent: list[str] = []
    told = iter(["second", "third"])

    def refuse(route: Route) -> None:
        sent.append(route.request.post_data_json["version"])
        if (version := next(told, None)) is None:
            return route.continue_()
        body = {"message": f"Newer: {version}.", "version": version}
        return route.fulfill(status=409, body=json.dumps(body))

    page.route("**/s", refuse)
    button, status = page.locator("#share-freeze"), page.locator("#share-frozen-status")
    for version in ("second", "third"):
        button.click()
        expect(status).to_have_text(f"Newer: {version}.")
    button.click()
    expect(status).to_have_text(re.compile("^Newer prices have arrived"))  # no such version
    button.click()
    expect(page.locator("#share-frozen")).to_have_value(re.compile(r"/s/\w{22}$"))
    first = page.evaluate("window.bellwether.status.version")
    assert sent == [first, "second", "third", first]


def test_the_live_link_is_asked_for_when_the_view_has_settled(page: Page, sites: Sites) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/share?" in one.url else None)
    change = "document.dispatchEvent(new Event('bellwether:view'))"
    open_view(page, sites.ours)
    page.evaluate(change)
    page.wait_for_timeout(500)
    assert asked == []  # only who has opened the dialog wants it
    open_dialog(page)
    assert len(asked) == 1
    with page.expect_request(re.compile(r"/share\?")):
        page.evaluate(f"for (let i = 0; i < 50; i++) {change}")
    page.wait_for_timeout(500)
    assert len(asked) == 2
    page.get_by_text("Title, note and marks").click()
    page.get_by_label("Title", exact=True).fill("The last")
    page.get_by_label("Title", exact=True).press("Tab")
    expect(page.locator("#share-live")).to_have_value(re.compile("title=The%20last"))


# --- pictures


def test_a_picture_is_saved_and_copied(page: Page, sites: Sites, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_view(page, sites.ours, "?w=60")
    open_dialog(page)
    for form, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as download:
            page.get_by_role("link", name=form).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.name == f"rolling-correlation.{form.lower()}"
        assert path.read_bytes().startswith(begin)
    page.get_by_role("button", name="Copy image").click()
    expect(page.locator("#share-file-status")).to_have_text("Image copied.")
    types = page.evaluate("navigator.clipboard.read().then((items) => items[0].types)")
    assert types == ["image/png"]


def test_without_a_browser_on_the_server_the_readers_own_draws(
    tab: Page, sites: Sites, tmp_path: Path
) -> None:
    page = tab
    open_view(page, sites.ours)
    why = "Pictures need Chrome or Chromium on the server."
    page.route("**/chart/*.png*", lambda route: route.fulfill(status=501, body=why))
    open_dialog(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="PNG").click()
    download.value.save_as(tmp_path / "drawn.png")
    assert (tmp_path / "drawn.png").read_bytes().startswith(b"\x89PNG")
    expect(page.locator("#share-file-status")).to_contain_text(why)


@pytest.mark.parametrize("status", [501, 503])
def test_a_picture_that_is_not_to_be_had_says_nothing_about_the_charts(
    tab: Page, sites: Sites, status: int
) -> None:
    page = tab
    open_view(page, sites.ours)
    page.route("**/chart/*.svg*", lambda route: route.fulfill(status=status, body="Not now."))
    page.route("**/_dash-update-component*", lambda route: route.fulfill(status=503))
    open_dialog(page)
    page.get_by_role("link", name="SVG").click()
    expect(page.locator("#share-file-status")).to_contain_text("Not now.")
    expect(page.locator("#offline")).to_be_hidden()
    # Charts that are not answered are told of, and a picture that is changes nothing about that.
    page.keyboard.press("Escape")
    page.get_by_text("Z-score").click()
    expect(page.locator("#offline")).to_be_visible()
    page.unroute("**/chart/*.svg*")
    page.route("**/chart/*.svg*", lambda route: route.fulfill(status=200, body="<svg/>"))
    open_dialog(page)
    page.get_by_role("link", name="SVG").click()
    expect(page.locator("#share-file-status")).to_have_text("Saved.")
    expect(page.locator("#offline")).to_be_visible()


def test_two_windows_have_two_previews(sites: Sites) -> None:
    pictures = []
    for window in (30, 90):
        with urllib.request.urlopen(f"{sites.ours}/?w={window}") as answer:
            html = answer.read().decode()
        image = re.search(r'property="og:image" content="(.*?)"', html)[1].replace("&amp;", "&")
        with urllib.request.urlopen(image, timeout=60) as answer:
            pictures.append(answer.read())
    for drawn_picture in pictures:
        assert drawn_picture[:4] == b"\x89PNG"
        assert [int.from_bytes(drawn_picture[at : at + 4]) for at in (16, 20)] == [1200, 630]
    assert pictures[0] != pictures[1]


# --- embeds


def test_an_embed_works_on_a_site_that_may(page: Page, sites: Sites) -> None:
    open_view(page, sites.ours, "?w=60")
    open_dialog(page)
    page.locator("#share-card").select_option("rolling-correlation")
    expect(page.locator("#share-embed")).to_have_value(re.compile("/embed/rolling-correlation"))
    source = re.search(r'src="(.*?)"', page.locator("#share-embed").input_value())[1]
    page.goto(f"{sites.friend}/?src={source}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#finding-rolling-correlation")).to_contain_text("60-session")
    expect(frame.locator("#source-rolling-correlation")).to_contain_text("Sample data")
    expect(frame.get_by_role("link", name="Open in Bellwether")).to_have_attribute(
        "href", f"{sites.ours}/?v=1&w=60"
    )
    plot = frame.locator("#graph-rolling-correlation .main-svg").first
    expect(plot).to_be_visible()
    # It fills its frame, whatever that is.
    before = plot.bounding_box()["height"]
    page.evaluate("Object.assign(document.querySelector('iframe'), { width: 340, height: 640 })")
    page.frames[1].wait_for_function(
        """(before) => document.querySelector(".main-svg").clientHeight > before &&
             document.documentElement.scrollWidth <= document.documentElement.clientWidth""",
        arg=before,
    )


def test_an_embed_is_refused_on_a_site_that_may_not(tab: Page, sites: Sites) -> None:
    page = tab
    for source in (f"{sites.ours}/embed/overlay", f"{sites.ours}/"):
        site = sites.stranger if "embed" in source else sites.friend
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            page.goto(f"{site}/?src={source}")
        assert page.frame_locator("iframe").locator(".card").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_embed_follows_the_readers_theme(page: Page, sites: Sites, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{sites.ours}/embed/event-odds")
    card = page.locator("#card-event-odds")
    expect(card).to_be_visible()
    ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 23, 30)"}[scheme]
    expect(card).to_have_css("background-color", ground)
    page.emulate_media(color_scheme="light")


def test_the_dialogs_own_preview_of_an_embed(page: Page, sites: Sites) -> None:
    open_view(page, sites.ours, "?w=60")
    open_dialog(page)
    page.locator("#share-preview-panel summary").click()
    frame = page.frame_locator("#share-preview")
    expect(frame.locator("#graph-rolling-correlation .main-svg").first).to_be_visible()


def test_a_table_is_embedded_and_used(page: Page, sites: Sites) -> None:
    page.goto(f"{sites.ours}/embed/breakouts?c=ETH")
    expect(page.locator("#details-breakouts table")).to_be_visible()
    row = page.get_by_role("checkbox").first
    row.click()
    expect(page).to_have_url(re.compile("ev="))
    expect(page.get_by_role("checkbox").first).to_be_checked()


def test_what_is_kept_by_a_profile(context: BrowserContext, sites: Sites) -> None:
    """Nothing: the link is the state."""
    page = context.new_page()
    open_view(page, sites.ours)
    open_dialog(page)
    freeze(page)
    assert context.storage_state() == {"cookies": [], "origins": []}
