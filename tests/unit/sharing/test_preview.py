"""What others show of a link: tags, pictures, oEmbed, frames, the feed."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from app import create_app
from components.registry import CHARTS
from data_sources.frozen import FrozenLinks
from data_sources.market import Market, open_market
from data_sources.series import make_series
from data_sources.snapshot import Snapshot
from data_sources.store import LazyStore
from settings import Settings
from sharing.exports import RefusedError, asked
from sharing.feed import events, told
from sharing.picture import MOST_PIXELS, SIZES, picture, sizes, without
from sharing.pictures import BusyError, DrawingError, NoBrowserError, _folder
from sharing.preview import CARD, LEAD
from view_state import parse

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
MARKET = open_market(Settings(data="sample"))
ATOM = "{http://www.w3.org/2005/Atom}"


GONE = RefusedError("Gone.", 404)
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def kept(folder: Path) -> dict[str, int]:
    """Rows of the store, by table."""
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("snapshots", "blobs")
        }


def tags(html: str) -> dict[str, str]:
    found = re.findall(r'<meta (?:property|name)="([\w:]+)" content="(.*?)">', html)
    return {name: unescape(text) for name, text in found}


# --- tags


@pytest.mark.parametrize("page", LEAD)
def test_a_page_tells_a_bot_its_finding(client: FlaskClient, page: str) -> None:
    html = client.get(f"{page}?c=ETH&w=60").text
    about, card = tags(html), LEAD[page]
    chart = CHARTS[card]
    state = asked(card, "c=ETH&w=60", MARKET).found.state
    finding = chart.finding(chart.prepare(asked(card, "c=ETH&w=60", MARKET).series, state), state)
    told = f"Sample data: {finding} Data to 21 Aug 2026."
    assert about["og:description"] == about["description"] == told
    assert about["twitter:card"] == "summary_large_image"
    assert (about["og:image:width"], about["og:image:height"]) == ("1200", "630")
    assert about["og:url"] == f"http://localhost{page}?v=1&c=ETH&w=60"
    assert about["og:image"] == f"http://localhost/preview/{card}.png?v=1&c=ETH&w=60"
    assert html.index("og:title") < 2000  # some read the beginning only
    assert html.count("<title>") == 1


def test_two_windows_have_two_previews(client: FlaskClient) -> None:
    first, second = (tags(client.get(f"/?w={w}").text) for w in (30, 90))
    assert first["og:description"].startswith("Sample data: 30-session")
    assert second["og:description"].startswith("Sample data: 90-session")
    assert first["og:image"] != second["og:image"]


def test_an_authors_title_is_the_previews_and_is_escaped(client: FlaskClient) -> None:
    html = client.get(
        f"/?title={quote(HOSTILE)}&note={quote(HOSTILE)}&mark=2020-01-01_{quote(HOSTILE[:39])}"
    ).text
    assert tags(html)["og:title"] == HOSTILE
    assert f"<title>{HOSTILE.replace('<', '&lt;').split('&lt;')[0]}" in html
    assert "<script>alert" not in html
    assert "<img" not in html


def test_a_frozen_link_previews_as_itself(client: FlaskClient) -> None:
    body = {"page": "/evidence", "query": "c=ETH", "title": "Then"}
    id_ = client.post("/s", json=body).get_json()["id"]
    about = tags(client.get(f"/s/{id_}").text)
    assert about["og:title"] == "Then"
    assert about["og:url"] == f"http://localhost/s/{id_}"
    image = urlsplit(about["og:image"])
    assert image.path == "/preview/event-odds.png"
    assert parse_qs(image.query)["frozen"] == [id_]


@pytest.mark.parametrize("path", ["/data", "/nowhere", "/s/" + "a" * 22])
def test_a_page_without_a_chart_has_the_plain_card(client: FlaskClient, path: str) -> None:
    about = tags(client.get(path).text)
    assert about["og:image"] == "http://localhost/preview/card.png"
    assert client.get("/preview/card.png").data == CARD.read_bytes()


def test_an_embed_previews_its_chart(client: FlaskClient) -> None:
    about = tags(client.get("/embed/cycles?c=ETH").text)
    assert about["og:image"] == "http://localhost/preview/cycles.png?v=1&c=ETH"
    assert about["og:url"] == "http://localhost/evidence?v=1&c=ETH"
    assert about["og:title"] == "RUT × ETH: Cycles compared"


def test_behind_a_proxy_links_are_the_public_ones(serve: Callable[..., FlaskClient]) -> None:
    client = serve(public_url="https://bellwether.example")
    html = client.get("/?w=60", headers={"Host": "10.0.0.7:8050"}).text
    assert tags(html)["og:image"].startswith("https://bellwether.example/preview/")
    assert "10.0.0.7" not in html
    assert (
        client.get("/share?page=/")
        .get_json()["live"]
        .startswith("https://bellwether.example/?v=1&s=RUT")
    )


# --- pictures


class Drawing:
    """Stands in for what draws."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.asked: list[tuple[str, dict]] = []

    def draw(self, key: str, figure: Callable[[], dict], **how: object) -> bytes:
        if self.problem:
            raise self.problem
        self.asked.append((key, {**how, "figure": figure()}))
        return b"\x89PNG of " + key.encode()

    def warm(self) -> None:
        self.asked.append(("warm", {}))


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> Drawing:
    stand_in = Drawing()
    monkeypatch.setattr("app.Pictures", lambda **_: stand_in)
    return stand_in


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_picture_is_drawn_as_asked(drawing: Drawing, client: FlaskClient, form: str) -> None:
    answer = client.get(f"/chart/overlay.{form}?w=60&width=800&height=500&scale=3&theme=dark")
    assert answer.status_code == 200
    assert answer.mimetype == {"png": "image/png", "svg": "image/svg+xml"}[form]
    ((key, how),) = drawing.asked
    assert (how["width"], how["height"], how["scale"], how["format"]) == (800, 500, 3, form)
    assert how["figure"]["layout"]["paper_bgcolor"] == "#12171e"
    again = client.get(
        f"/chart/overlay.{form}?w=60&width=800&height=500&scale=3&theme=dark",
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304
    client.get(f"/chart/overlay.{form}?w=60&width=801&height=500&scale=3&theme=dark")
    assert drawing.asked[1][0] != key


def test_a_small_picture_has_small_letters(drawing: Drawing, client: FlaskClient) -> None:
    client.get("/chart/overlay.png?width=480&height=320&scale=2")
    how = drawing.asked[0][1]
    assert (how["width"], how["height"], how["scale"]) == (960, 640, 1)


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"width": "99999"}, "width must be a whole number from 480 to 2400."),
        ({"width": "-800"}, "width must be a whole number from 480 to 2400."),
        ({"height": "1e3"}, "height must be a whole number from 320 to 1600."),
        ({"height": ""}, "height must be a whole number from 320 to 1600."),
        ({"scale": "4"}, "scale must be a whole number from 1 to 3."),
        ({"scale": "١"}, "scale must be a whole number from 1 to 3."),
        (
            {"width": "2400", "height": "1600", "scale": "3"},
            f"A picture has at most {MOST_PIXELS:,} pixels, scale included.",
        ),
    ],
)
def test_sizes_have_bounds(client: FlaskClient, args: dict[str, str], reason: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(reason)):
        sizes(args)
    answer = client.get("/chart/overlay.png", query_string=args)
    assert (answer.status_code, answer.text) == (400, f"{reason}\n")


def test_sizes_are_no_part_of_the_view() -> None:
    assert without("w=60&width=900&scale=1&height=500", SIZES) == "w=60"


@pytest.mark.parametrize(
    ("problem", "status", "wait"),
    [
        (NoBrowserError(), 501, None),
        (BusyError(7), 429, "7"),
        (DrawingError("It took too long."), 503, "5"),
    ],
)
def test_why_there_is_no_picture(
    drawing: Drawing, client: FlaskClient, problem: Exception, status: int, wait: str | None
) -> None:
    drawing.problem = problem
    answer = client.get("/chart/overlay.png")
    assert (answer.status_code, answer.text) == (status, f"{problem}\n")
    assert answer.headers.get("Retry-After") == wait
    # A preview is always a picture, and nobody keeps the wrong one.
    preview = client.get("/preview/overlay.png")
    assert (preview.status_code, preview.data) == (200, CARD.read_bytes())
    assert "max-age=60" in preview.headers["Cache-Control"]
    assert client.get("/chart/overlay.csv").status_code == 200


def test_a_preview_does_not_wait_longer_than_those_who_ask(
    drawing: Drawing, client: FlaskClient
) -> None:
    answer = client.get("/preview/overlay.png?w=60")
    assert answer.data.startswith(b"\x89PNG of")
    how = drawing.asked[0][1]
    assert how["timeout"] <= 4
    assert (how["width"] * how["scale"], how["height"] * how["scale"]) == (1200, 630)


@pytest.mark.parametrize("address", ["/preview/nope.png", "/preview/overlay.png?t=2031-01-01.."])
def test_a_preview_of_nothing_is_the_plain_card(client: FlaskClient, address: str) -> None:
    assert client.get(address).data == CARD.read_bytes()


@pytest.mark.parametrize("card", [one for one in CHARTS if not CHARTS[one].is_slow])
def test_a_picture_carries_its_words_and_the_very_traces(card: str) -> None:
    title = quote('A <b>title</b> & "more"')
    ask = asked(card, f"title={title}&mark=2020-03-23_Low", MARKET)
    figure = picture(ask, width=1200, height=630)
    texts = [one["text"] for one in figure["layout"]["annotations"]]
    finding = ask.chart.finding(ask.chart.prepare(ask.series, ask.found.state), ask.found.state)
    words = unescape(" ".join(texts).replace("<br>", " "))
    assert "&quot;" not in " ".join(texts)
    assert 'A &lt;b&gt;title&lt;/b&gt; &amp; "more"' in texts
    assert finding[:40] in words
    assert "Sample data: simulated between published turning points" in words
    assert "SAMPLE DATA" in texts
    margin = figure["layout"]["margin"]
    assert margin["t"] + margin["b"] < 400
    if ask.chart.figure:
        plain = ask.chart.figure(
            ask.chart.prepare(ask.series, ask.found.state), ask.found.state, "light"
        )
        assert [{**one, "uid": ""} for one in figure["data"]] == [
            {**one, "uid": ""} for one in plain["data"]
        ]


# --- oEmbed and frames


def test_oembed_tells_how_to_embed_a_page(client: FlaskClient) -> None:
    html = client.get("/lead-lag?c=ETH").text
    (discovery,) = re.findall(r'type="application/json\+oembed" href="(.*?)"', html)
    found = client.get(unescape(discovery)).get_json()
    assert (found["type"], found["version"], found["width"], found["height"]) == (
        "rich", "1.0", 720, 560,
    )  # fmt: skip
    assert 'src="http://localhost/embed/lead-lag?v=1&amp;c=ETH"' in found["html"]
    assert found["title"] == "RUT × ETH: Cross-correlation by lag"
    smaller = client.get(unescape(discovery) + "&maxwidth=400&maxheight=99999").get_json()
    assert (smaller["width"], smaller["height"]) == (400, 560)


def test_oembed_of_a_frozen_link_and_of_an_embed(client: FlaskClient) -> None:
    body = {"page": "/evidence", "query": "c=ETH", "title": "Then"}
    id_ = client.post("/s", json=body).get_json()["id"]
    found = client.get(f"/oembed?url=http://localhost/s/{id_}").get_json()
    assert found["title"] == "Then"
    assert "/embed/event-odds?v=1&amp;s=RUT&amp;c=ETH" in found["html"]
    assert f"frozen={id_}" in found["html"]
    address = quote("http://localhost/embed/cycles?c=ETH", safe="")
    assert "/embed/cycles?v=1&amp;c=ETH" in client.get(f"/oembed?url={address}").get_json()["html"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("url=http://localhost/data", 404),
        ("url=http://localhost/embed/nope", 404),
        ("url=" + quote("http://[::1"), 404),
        ("", 404),
        ("url=http://elsewhere.example/", 404),
        ("url=http://localhost/&format=xml", 501),
    ],
)
def test_oembed_of_anything_else(client: FlaskClient, query: str, status: int) -> None:
    assert client.get(f"/oembed?{query}").status_code == status


def test_only_embeds_may_stand_in_a_frame_and_only_on_sites_that_are_set(
    serve: Callable[..., FlaskClient],
) -> None:
    client = serve(embed_origins="https://blog.example http://127.0.0.1:9")
    embed = client.get("/embed/overlay").headers
    assert embed["Content-Security-Policy"] == (
        "frame-ancestors 'self' https://blog.example http://127.0.0.1:9"
    )
    assert "X-Frame-Options" not in embed
    for path in ("/", "/data", "/chart/overlay.csv", "/embedded", "/s/x", "/status"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert headers["X-Frame-Options"] == "DENY"
    closed = serve().get("/embed/overlay").headers
    assert closed["Content-Security-Policy"] == "frame-ancestors 'self'"


def test_an_embed_is_one_chart_and_the_way_back(client: FlaskClient) -> None:
    html = client.get("/embed/overlay?w=60").text
    assert "http:\\u002f\\u002flocalhost\\u002f?v=1&w=60" in html
    assert "graph-overlay" in html
    assert "graph-matrix" not in html
    assert "share-button" not in html
    assert client.get("/embed/nope").status_code == 404


# --- the feed


def test_each_entry_of_the_feed_is_a_frozen_link_made_once(client: FlaskClient) -> None:
    first, second = client.get("/breakouts.xml"), client.get("/breakouts.xml")
    assert first.mimetype == "application/atom+xml"
    assert first.data == second.data
    entries = ET.fromstring(first.data).findall(f"{ATOM}entry")
    assert len(entries) >= 4
    for entry in entries:
        path = urlsplit(entry.find(f"{ATOM}link").get("href")).path
        page = client.get(path)
        assert page.status_code == 200
        assert tags(page.text)["og:title"] == entry.find(f"{ATOM}title").text.removeprefix(
            "Sample data: "
        )
    again = client.get("/breakouts.xml", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_feed_that_is_asked_for_again_keeps_nothing_more(
    client: FlaskClient, tmp_path: Path
) -> None:
    client.get("/breakouts.xml")
    before = kept(tmp_path)
    assert before["snapshots"] >= 4
    for _ in range(5):
        client.get("/breakouts.xml")
    assert kept(tmp_path) == before


def test_however_often_data_change_so_much_is_kept_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other breakouts with every version; ids stay what they were told to be."""
    monkeypatch.setattr("data_sources.frozen.MOST_TOLD", 6)
    shown = {"shift": 0}

    def snapshot() -> Snapshot:
        series = {
            i: make_series(
                one.instrument, one.frame.shift(shown["shift"], freq="7D"),
                source="test", fetched_at=NOW, day_end=one.day_end,
            )
            for i, one in MARKET.series(("RUT", "BTC")).items()
        }  # fmt: skip
        return Snapshot(series, (), is_sample=False, label="Changing")

    store = LazyStore(f"sqlite:///{tmp_path}/store.db")
    changing = Market(snapshot, frozen=FrozenLinks(store))
    ids: dict[tuple[str, str], str] = {}
    for shift in range(6):
        shown["shift"] = shift
        for _ in range(2):
            found = events(changing)
            entries = told(found, changing, "http://localhost")
            assert len(entries) == len(found) >= 4
            for event, entry in zip(found, entries, strict=True):
                assert ids.setdefault(event.key, entry.id) == entry.id
                is_frozen = entry.link == f"http://localhost/s/{entry.id.split(':')[-1]}"
                if not is_frozen:
                    query = urlsplit(entry.link).query
                    assert entry.link == f"http://localhost/?{query}"
                    assert parse(query) == (event.state, ())
                    assert str(event.state.span[1]) in query
                    assert f"{entry.published:%Y-%m-%d}" == f"{event.day + timedelta(days=1)}"
                    assert entry.event == event
        assert kept(tmp_path)["snapshots"] == min(6, len(ids))
    assert len(ids) == len(set(ids.values())) > 6
    assert kept(tmp_path)["blobs"] <= 2 * 6


@pytest.mark.parametrize(("path", "most"), [("/breakouts.xml", 60), ("/share", 600)])
def test_one_address_may_ask_so_often(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, most: int
) -> None:
    monkeypatch.setattr("sharing.feed.events", lambda _: [])
    monkeypatch.setattr("sharing.preview.asked", lambda *_: (_ for _ in ()).throw(GONE))
    answers = [client.get(path) for _ in range(most + 1)]
    assert 429 not in {one.status_code for one in answers[:-1]}
    last = answers[-1]
    assert (last.status_code, last.get_json()["message"]) == (
        429,
        "That was asked too often: wait a little.",
    )
    assert 1 <= int(last.headers["Retry-After"]) <= 61
    assert last.headers["Cache-Control"] == "no-store"
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get(path, environ_overrides=other).status_code != 429


def test_the_feed_is_found_from_every_page(client: FlaskClient) -> None:
    assert 'type="application/atom+xml"' in client.get("/claims").text


def test_the_plain_card_is_of_the_size_it_says() -> None:
    data = Path(CARD).read_bytes()
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (1200, 630)


def test_the_dialog_is_offered_what_does_not_drift(drawing: Drawing, client: FlaskClient) -> None:
    found = client.get("/share", query_string={"page": "/", "w": "60"}).get_json()
    assert found["live"].startswith(
        "http://localhost/?v=1&s=RUT&c=BTC&t=2014-09-17..latest&scale=rebased&w=60&m=pearson"
    )
    assert "align=utc" in found["live"]
    assert drawing.asked == [("warm", {})]  # somebody may want a picture next
    assert client.get("/share?page=/data").status_code == 404


def test_the_dashboard_starts_nothing_that_draws(client: FlaskClient) -> None:
    """Before a picture is wanted."""
    pictures = create_app(Settings(data="sample")).server.extensions["pictures"]
    client.get("/")
    assert not _folder(pictures._name).exists()
