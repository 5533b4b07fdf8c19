"""The window slider dragged in a real browser, on this machine and over a slow link."""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as NothingHappened

from benchmarks import proxy
from benchmarks.prices import PriceFolder, closes
from benchmarks.report import Row, pair, percentiles
from benchmarks.serving import running, serve_bellwether, serve_naive
from tests.browser.conftest import QUIET, installed_browser

ROUNDS = 3
MOVES = 100
POINTER_INTERVAL = 1 / 60
ROUND_TRIP = 0.1
QUIET_MS = 500
MOST_MS = 33

# For each frame that shows a new window: how long ago the pointer asked for it. An event's time
# stamp is when the browser received it; a message posted in a frame callback arrives once that
# frame is painted. Both apps show the window as the first number of a text drawn with the chart.
PROBE = """(shownIn) => {
  const moved = new Map(), channel = new MessageChannel();
  const take = (value) => moved.set(Number(value), pointer);
  let pointer = 0, shown = NaN;
  addEventListener("pointermove", (event) => (pointer = event.timeStamp), true);
  addEventListener("input", (event) => take(event.target.value), true);
  new MutationObserver((changes) => changes.forEach(({ target }) => take(target.ariaValueNow)))
    .observe(document.body, { subtree: true, attributeFilter: ["aria-valuenow"] });
  window.latencies = [];
  channel.port1.onmessage = () => {
    const now = parseInt(document.querySelector(shownIn)?.textContent);
    if (now === shown) return;
    shown = now;
    if (moved.has(now)) window.latencies.push(performance.now() - moved.get(now));
  };
  const frame = () => {
    channel.port2.postMessage(0);
    requestAnimationFrame(frame);
  };
  frame();
}"""


@dataclass(frozen=True)
class Target:
    """What is dragged and where the window on screen can be read."""

    slider: str
    shown_in: str


BELLWETHER = Target("#window-slider", "#finding-rolling-correlation")
NAIVE = Target("#window", "#correlation .gtitle")


@dataclass
class Drags:
    """What several drags of one page came to: latencies in milliseconds, one per paint."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    requests: int = 0

    @property
    def rate(self) -> float:
        """Paints per second."""
        return len(self.latencies) / self.seconds


def rows() -> list[Row]:
    with ExitStack() as stack:
        folder = stack.enter_context(PriceFolder())
        ports = [
            stack.enter_context(running(serve_bellwether, folder)),
            stack.enter_context(running(serve_naive, closes())),
        ]
        ports += [stack.enter_context(running(proxy.serve, port, ROUND_TRIP)) for port in ports]
        browser = stack.enter_context(_browser())
        pages = [
            (_opened(browser, port, target), target)
            for port, target in zip(ports, (BELLWETHER, NAIVE) * 2, strict=True)
        ]
        results = [Drags() for _ in pages]
        # In turns, so that all meet the same noise.
        for _ in range(ROUNDS):
            for (page, target), result in zip(pages, results, strict=True):
                _drag(page, target, result)
    return _rows(*results)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_browser(), args=list(QUIET))
        yield browser
        browser.close()


def _opened(browser: Browser, port: int, target: Target) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector(target.shown_in)
    page.hover(target.slider)
    _wait_until_quiet(page)
    page.evaluate(PROBE, target.shown_in)
    return page


def _drag(page: Page, target: Target, result: Drags) -> None:
    """Move the slider to and fro with the pointer down, and add what was seen to the result."""
    page.bring_to_front()
    box = page.locator(target.slider).bounding_box()
    y = box["y"] + box["height"] / 2
    path = [box["x"] + box["width"] * (0.1 + 0.8 * i / MOVES) for i in range(MOVES + 1)]
    page.mouse.move(path[0], y)
    page.mouse.down()
    _wait_until_quiet(page)

    def count(_request: object) -> None:
        result.requests += 1

    page.on("request", count)
    page.evaluate("latencies.length = 0")
    start = time.perf_counter()
    for step, x in enumerate(path[1:] + path[-2::-1]):
        page.mouse.move(x, y)
        time.sleep(max(0.0, start + step * POINTER_INTERVAL - time.perf_counter()))
    result.latencies += page.evaluate("latencies")
    result.seconds += time.perf_counter() - start
    page.remove_listener("request", count)
    page.mouse.up()
    _wait_until_quiet(page)


def _wait_until_quiet(page: Page) -> None:
    """Wait until no answer has come for a while."""
    try:
        while True:
            page.wait_for_event("requestfinished", timeout=QUIET_MS)
    except NothingHappened:
        return


def _rows(near: Drags, naive_near: Drags, far: Drags, naive_far: Drags) -> list[Row]:
    (near_p50, near_p95), (_, far_p95) = percentiles(near.latencies), percentiles(far.latencies)
    naive_p50 = percentiles(naive_near.latencies)[0] if naive_near.latencies else math.inf
    requests = near.requests + far.requests
    return [
        Row(
            what="pointer to paint (naive)",
            ours=pair(near.latencies, "ms"),
            baseline=pair(naive_near.latencies, "ms"),
            ratio=f"{naive_p50 / near_p50:.1f}×",
            target=f"p95 ≤ {MOST_MS} ms",
            met=near_p95 <= MOST_MS,
        ),
        Row(
            what="pointer to paint at +100 ms (ours without)",
            ours=pair(far.latencies, "ms"),
            baseline=pair(near.latencies, "ms"),
            ratio=f"{near_p95 / far_p95:.2f}×",
            target="p95 ≥ 0.8×",
            met=near_p95 / far_p95 >= 0.8,
        ),
        _paints("paints per second (naive)", near, naive_near),
        _paints("paints per second at +100 ms (naive)", far, naive_far, at_least=10),
        Row(
            what="requests during the drags (naive)",
            ours=str(requests),
            baseline=str(naive_near.requests + naive_far.requests),
            ratio="–",
            target="0",
            met=requests == 0,
        ),
    ]


def _paints(what: str, ours: Drags, naive: Drags, at_least: float | None = None) -> Row:
    ratio = ours.rate / naive.rate if naive.latencies else math.inf
    return Row(
        what=what,
        ours=f"{ours.rate:.1f}",
        baseline=f"{naive.rate:.1f}" if naive.latencies else "nothing painted",
        ratio=f"{ratio:.1f}×" if naive.latencies else "∞",
        target=f"≥ {at_least}×" if at_least else "–",
        met=ratio >= at_least if at_least else None,
    )
