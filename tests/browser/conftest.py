"""A real browser on a real server, both on this machine."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from werkzeug.serving import make_server

from app import create_app
from data_sources.market import Market
from settings import Settings
from tests.unit.pages.fake_live import FakeLive

MAC_CHROME = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# The shell is Chromium without the parts nobody sees: a page takes a quarter less of a processor.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    # A new page is drawn by the process of those before it, which has compiled the scripts.
    "--process-per-site",
)

# What is on its way to the server, and when the last answer came.
COUNT_REQUESTS = """
  window.underWay = 0;
  window.lastAnswer = 0;
  const request = window.fetch.bind(window);
  window.fetch = (...args) => {
    window.underWay++;
    const done = () => { window.underWay--; window.lastAnswer = performance.now(); };
    const answer = request(...args);
    answer.then(done, done);
    return answer;
  };
"""

# What a page that is loaded does once a second or less often, it does ten times as often. Waits
# that begin while it loads keep their length: something must be there to be changed.
HURRY = """
  const wait = window.setTimeout.bind(window);
  window.setTimeout = (task, ms = 0, ...more) =>
    wait(task, ms < 1000 || document.readyState !== "complete" ? ms : ms / 10, ...more);
"""

expect.set_options(timeout=10_000)


def installed_browser() -> str | None:
    """Path of a browser on this machine; None for the one Playwright installed."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or (str(MAC_CHROME) if MAC_CHROME.exists() else None)


def make_app(settings: Settings, market: Market | None = None) -> Flask:
    """The application, with a market as the settings say, or a given one."""
    with pytest.MonkeyPatch.context() as patch:
        if market is not None:
            patch.setattr("app.open_market", lambda _: market)
        return create_app(settings).server


def serve(settings: Settings, market: Market | None = None) -> Iterator[str]:
    """Address of a server that runs in a thread until the generator is closed."""
    yield from serve_app(make_app(settings, market))


def serve_app(app: Flask) -> Iterator[str]:
    live = app.extensions["market"].live
    server = make_server("127.0.0.1", 0, app, threaded=True)
    # Of a test that fails in the midst the generator may never be closed: nothing waits for it.
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    if live is not None:
        live.start()
    yield f"http://127.0.0.1:{server.port}"
    if live is not None:
        live.close()
    server.shutdown()
    thread.join()
    server.server_close()


def forget_requests(app: Flask) -> None:
    """As if nobody had asked for anything lately, of which only so much is allowed a minute."""
    for limiter in app.extensions["limiter"]:
        limiter.reset()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """A server with the sample data."""
    yield from serve(Settings(data="sample"))


@dataclass(frozen=True)
class FakeServer:
    live: FakeLive
    app: Flask
    address: str


@pytest.fixture(scope="session")
def fake_server() -> Iterator[FakeServer]:
    live = FakeLive()
    app = make_app(Settings(data="live"), live.market)
    for address in serve_app(app):
        yield FakeServer(live, app, address)


@pytest.fixture
def live(fake_server: FakeServer) -> FakeLive:
    """Live data in which nothing has happened yet; tests say what arrives."""
    fake_server.live.begin()
    forget_requests(fake_server.app)
    return fake_server.live


@pytest.fixture
def served(fake_server: FakeServer, live: FakeLive) -> str:
    """A server with `live`."""
    assert live
    return fake_server.address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed_browser(), args=list(FLAGS))
        yield chromium
        chromium.close()


def new_profile(browser: Browser, **of: str) -> BrowserContext:
    """An empty profile, of somebody as Playwright describes people: time zone, language."""
    profile = browser.new_context(viewport={"width": 1440, "height": 1000}, **of)
    profile.add_init_script(COUNT_REQUESTS)
    return profile


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """An empty profile: for a first visit, and for what a profile keeps, such as a clock."""
    context = new_profile(browser)
    yield context
    context.close()


@pytest.fixture(scope="session")
def profile(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A profile that has visited before: loading and compiling the assets takes seconds."""
    profile = new_profile(browser)
    # A page that stays: with the last one the process would go, and all it has compiled.
    profile.new_page().goto(f"{address}/healthz")
    yield profile
    # Nothing but cached assets could have gone from one test to another.
    assert profile.storage_state() == {"cookies": [], "origins": []}
    profile.close()


@pytest.fixture
def tab(profile: BrowserContext) -> Iterator[Page]:
    """A page that may log errors."""
    yield profile.new_page()
    for one in profile.pages[1:]:
        one.close()
    profile.clear_permissions()


@pytest.fixture
def hurried(tab: Page) -> None:
    """For pages that ask again and again; not beside `Live`, which looks once a second itself."""
    tab.add_init_script(HURRY)


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    """A page that must not log an error or fail a script."""
    yield from checked(tab)


@pytest.fixture
def first_visit(context: BrowserContext) -> Iterator[Page]:
    """The same in an empty profile."""
    yield from checked(context.new_page())


def checked(page: Page) -> Iterator[Page]:
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))

    def listen(message: ConsoleMessage) -> None:
        # A worker may not have heard of a symbol yet: the page asks again, the browser logs it.
        if message.type == "error" and "/symbols/" not in message.location["url"]:
            trouble.append(f"{message.text} {message.location['url']}")

    page.on("console", listen)
    yield page
    assert not trouble


def open_view(page: Page, address: str, query: str = "") -> None:
    """Open a link and wait until its charts are drawn."""
    page.goto(f"{address}/{query}")
    expect(page.locator("#graph-overlay .main-svg").first).to_be_visible()
    expect(page.locator("main .js-plotly-plot")).to_have_count(3)


def settled(page: Page) -> None:
    """Wait until the server has answered everything and the page has drawn it."""
    page.wait_for_function("underWay === 0 && performance.now() - lastAnswer > 250")
    expect(page.locator("[data-dash-is-loading=true]")).to_have_count(0)


def let_pass(page: Page, milliseconds: int) -> None:
    """Wait until the page's own timers of that length, or shorter, have run out; see HURRY."""
    page.evaluate("(ms) => new Promise((done) => setTimeout(done, ms))", milliseconds)


def drawn(page: Page, card: str) -> list[dict[str, object]]:
    """Traces of a chart as plain lists: uid, x and y."""
    return page.evaluate(
        """(card) => document.querySelector(`#graph-${card} .js-plotly-plot`)._fullData.map(
             (trace) => ({ uid: trace.uid, x: [...(trace.x ?? [])].map(String),
                           y: [...(trace.y ?? [])].map(String) }))""",
        card,
    )
