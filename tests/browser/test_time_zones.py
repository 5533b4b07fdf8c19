"""A day is drawn, pointed at, zoomed to, marked and linked as that day, wherever the reader is."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from components.plotting import day
from data_sources.sample import sample_series
from tests.browser.conftest import checked, new_profile, open_view, settled

ZONES = [
    "Pacific/Pago_Pago", "Pacific/Honolulu", "America/New_York", "Europe/London", "Asia/Kolkata",
    "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Auckland", "Pacific/Fiji",
    "Pacific/Kiritimati",
]  # fmt: skip
# A breakout, the end of a year, and a change of the clocks wherever they are changed.
FIRST, LAST, BREAKOUT = "2020-07-01", "2021-04-30", "2020-11-13"
ZOOMED = ("2020-09-01", "2020-12-01")
MARKS = "2020-11-03_Vote~2020-12-24..2021-01-04_Holidays"
QUERY = f"?v=1&t={FIRST}..{LAST}&mark={MARKS}"

# Where things stand in a plot: days of its points and range, and the paths it has drawn.
STANDING = """(card) => {
  const plot = document.querySelector(`#graph-${card} .js-plotly-plot`);
  return {
    range: plot._fullLayout.xaxis.range,
    points: plot.calcdata.filter(([first]) => first.trace.type === "scatter")
      .map((points) => points.map(({ x }) => new Date(x).toISOString())),
    paths: [...plot.querySelectorAll(
      ".scatterlayer path, .shapelayer path, .heatmaplayer image, .xtick text")].map(
        (one) => ["d", "transform", "x", "width"].map((name) => one.getAttribute(name))),
    ticks: [...plot.querySelectorAll(".xtick")].map((tick) => tick.textContent),
  };
}"""
PLACE = """([card, day]) => {
  const plot = document.querySelector(`#graph-${card} .js-plotly-plot`);
  const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
  return [box.x + plot._fullLayout.xaxis.d2p(day), box.y + box.height / 2];
}"""
LINES = """[...document.querySelectorAll(
  "#graph-rolling-correlation .scatterlayer path.js-line, " +
  "#graph-rolling-correlation .scatterlayer path.js-fill")].map((path) => {
    const box = path.getBBox();
    return [box.x, box.y, box.width, box.height];
  })"""


def point_at(page: Page, card: str, when: str) -> str:
    """What a chart says of a day that is pointed at."""
    page.mouse.move(*page.evaluate(PLACE, [card, when]))
    label = page.locator(f"#graph-{card} .hoverlayer .legend, #graph-{card} .hoverlayer .hovertext")
    expect(label.first).to_be_visible()
    text = " ".join(page.locator(f"#graph-{card} .hoverlayer text").all_text_contents())
    page.mouse.move(0, 0)
    expect(label).to_have_count(0)
    return text


def zoom(page: Page, start: str, end: str) -> str:
    """Drag across the overlay from one day to another; the dates in the link."""
    page.mouse.move(*page.evaluate(PLACE, ["overlay", start]))
    page.mouse.down()
    page.mouse.move(*page.evaluate(PLACE, ["overlay", end]), steps=3)
    page.mouse.up()
    expect(page).not_to_have_url(re.compile(re.escape(f"t={FIRST}..{LAST}")))
    return re.search(r"t=([^&]*)", page.url)[1]


def tuned(page: Page) -> tuple[list[list[float]], list[list[float]]]:
    """Drag the window slider: what the browser draws meanwhile, and the server afterwards."""
    slider = page.locator("#window-slider").bounding_box()
    y = slider["y"] + slider["height"] / 2
    page.mouse.move(slider["x"] + slider["width"] * 0.1, y)
    settled(page)
    page.mouse.down()
    page.mouse.move(slider["x"] + slider["width"] * 0.2, y, steps=3)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    live = page.evaluate(LINES)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"&w=\d+"))
    settled(page)
    return live, page.evaluate(LINES)


def seen(page: Page, address: str) -> dict[str, object]:
    """Everything a reader is shown of days."""
    found: dict[str, object] = {}
    page.goto(f"{address}/embed/lead-lag-map{QUERY}")
    expect(page.locator("#graph-lead-lag-map .main-svg").first).to_be_visible()
    found["map"] = page.evaluate(STANDING, "lead-lag-map")
    found["cell"] = point_at(page, "lead-lag-map", BREAKOUT)
    open_view(page, address, QUERY)
    for card in ("overlay", "rolling-correlation"):
        found[card] = page.evaluate(STANDING, card)
        found[f"hover {card}"] = point_at(page, card, "2020-10-07")
    found["breakout"] = point_at(page, "overlay", BREAKOUT)
    found["marks"] = page.inner_text("#author-marks")
    found["live"], found["drawn"] = tuned(page)
    found["finding"] = page.inner_text("#finding-rolling-correlation")
    found["zoom"] = zoom(page, *ZOOMED)
    settled(page)
    for card in ("overlay", "rolling-correlation"):
        found[f"zoomed {card}"] = page.evaluate(STANDING, card)
    return found


@pytest.fixture(scope="module")
def traveller(browser: Browser) -> Iterator[Page]:
    """One page for all time zones: a new one takes a second."""
    profile = new_profile(browser)
    yield from checked(profile.new_page())
    profile.close()


@pytest.fixture(scope="module")
def travel(traveller: Page) -> Callable[[str], None]:
    """Moves the page to a time zone, as Playwright does with a new profile, which takes longer."""
    developer = traveller.context.new_cdp_session(traveller)
    return lambda zone: developer.send("Emulation.setTimezoneOverride", {"timezoneId": zone})


@pytest.fixture(scope="module")
def in_greenwich(traveller: Page, travel, address: str) -> dict[str, object]:
    """What is seen where the clock is UTC."""
    travel("UTC")
    return seen(traveller, address)


def test_a_day_is_that_day(in_greenwich) -> None:
    shown = {i: one.close[FIRST:LAST] for i, one in sample_series().items() if i in ("RUT", "BTC")}
    days = [[f"{when:%Y-%m-%d}T00:00:00.000Z" for when in line.index] for line in shown.values()]
    assert [one for one in in_greenwich["overlay"]["points"] if len(one) > 1] == days
    assert in_greenwich["overlay"]["range"] == [FIRST, LAST]
    base = shown["BTC"][shown["RUT"].index[0]]
    level = 100 * shown["BTC"]["2020-10-07"] / base
    assert in_greenwich["hover overlay"].startswith("7 Oct 2020")
    assert f"{level:.1f}" in in_greenwich["hover overlay"]
    assert "7 Oct 2020" in in_greenwich["hover rolling-correlation"]
    assert "13 Nov 2020: breakout of RUT" in in_greenwich["breakout"]
    assert in_greenwich["cell"].startswith("Window to ")
    assert in_greenwich["marks"] == "Marked: 3 Nov 2020: Vote; 24 Dec 2020 to 4 Jan 2021: Holidays"
    assert " on 30 Apr 2021 " in in_greenwich["finding"]
    assert in_greenwich["zoom"] == "..".join(ZOOMED)
    assert in_greenwich["zoomed rolling-correlation"]["range"] == list(ZOOMED)


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_is_the_same_day_everywhere(
    in_greenwich, traveller: Page, travel, address: str, zone: str
) -> None:
    travel(zone)
    found = seen(traveller, address)
    minutes = traveller.evaluate("new Date('2020-10-07T00:00Z').getTimezoneOffset()")
    there = datetime(2020, 10, 7, tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert there.utcoffset() == timedelta(minutes=-minutes)
    # The server draws what the browser drew, to a pixel; a day is four wide.
    for ours, theirs in zip(found["live"], found["drawn"], strict=True):
        assert ours == pytest.approx(theirs, abs=1)
    for what, expected in in_greenwich.items():
        assert found[what] == expected, what


@pytest.mark.parametrize(
    ("zone", "language"),
    [("Pacific/Pago_Pago", "de"), ("Europe/London", "en-GB"), ("Pacific/Kiritimati", "ar-EG")],
)
def test_days_are_written_as_python_writes_them(
    browser: Browser, address: str, zone: str, language: str
) -> None:
    profile = new_profile(browser, timezone_id=zone, locale=language)
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(366)]
    for page in checked(profile.new_page()):
        page.goto(f"{address}/data")
        written = page.evaluate(
            """(days) => {
              const { dayNumber, isoDay, dayText, monthOf, monthText, firstDay } = bellwether.dates;
              return days.map(dayNumber).map((day) => {
                const month = monthOf(day);
                return [isoDay(day), dayText(day), monthText(month), isoDay(firstDay(month))];
              });
            }""",
            [one.isoformat() for one in days],
        )
    profile.close()
    assert written == [
        [one.isoformat(), day(one), f"{one:%b %Y}", one.replace(day=1).isoformat()] for one in days
    ]


def test_a_place_between_two_days_is_the_nearer_one(page: Page, address: str) -> None:
    page.goto(f"{address}/data")
    places = ["2020-02-28", "2020-02-28 11:59:59.9999", "2020-02-28 12:00", "2020-12-31 18:03:27.5"]
    nearest = page.evaluate(
        "(places) => places.map(bellwether.dates.nearestDay).map(bellwether.dates.isoDay)", places
    )
    assert nearest == ["2020-02-28", "2020-02-28", "2020-02-29", "2021-01-01"]
