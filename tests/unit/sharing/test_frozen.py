"""Frozen links, from the request that makes one to all that is made of it."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import create_app
from components.registry import CHARTS
from data_sources import store as store_module
from data_sources.frozen import FrozenLinks
from data_sources.market import Market
from data_sources.series import make_series
from data_sources.store import LazyStore, open_store
from settings import Settings
from tests.unit.pages.fake_live import FakeLive
from tests.unit.test_app import boot
from view_state import Mark, ViewState, parse

Serve = Callable[..., FlaskClient]
QUICK = [one for one in CHARTS if not CHARTS[one].is_slow]


def freeze(client: FlaskClient, query: str = "", page: str = "/", **more: object) -> dict:
    answer = client.post("/s", json={"page": page, "query": query, **more})
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def files(client: FlaskClient, id_: str, cards: list[str]) -> dict[str, bytes]:
    addresses = [f"/chart/{card}.{form}?frozen={id_}" for card in cards for form in ("csv", "json")]
    answers = {address: client.get(address) for address in addresses}
    assert {one.status_code for one in answers.values()} == {200}
    return {address: answer.data for address, answer in answers.items()}


def of_page(page: str) -> list[str]:
    return [card for card in QUICK if CHARTS[card].page == page]


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeLive:
    """Live data on a store that links can be frozen in."""
    fake = FakeLive(("RUT", "IWN", "BTC", "ETH"))
    frozen = FrozenLinks(LazyStore(f"sqlite:///{tmp_path}/live.db"))
    fake.market = Market(lambda: fake.snapshot, fake, frozen)
    monkeypatch.setattr("app.open_market", lambda _: fake.market)
    return fake


def newer(live: FakeLive) -> None:
    """A new day for everything, with restated history."""

    def grown(one):
        frame = one.frame * 1.03
        frame.loc[frame.index[-1] + timedelta(days=3)] = frame.iloc[-1] * 1.2
        again = make_series(one.instrument, frame, source="Elsewhere", fetched_at=datetime.now(UTC))
        return replace(again, day_end=one.day_end, stale="It is late.")

    live.change(series={i: grown(one) for i, one in live.snapshot.series.items()})


def components(part: object) -> Iterator[dict]:
    """Everything in a layout."""
    if isinstance(part, list):
        for one in part:
            yield from components(one)
    elif isinstance(part, dict) and "props" in part:
        yield part
        yield from components(part["props"].get("children"))


# --- it never changes


@pytest.mark.parametrize("page", ["/", "/evidence", "/lead-lag", "/claims"])
def test_files_are_the_same_bytes_whatever_is_refreshed(live: FakeLive, page: str) -> None:
    settings = Settings(data="live")
    client = create_app(settings).server.test_client()
    id_ = freeze(client, "s=RUT~IWN&c=BTC~ETH&w=60&mark=2020-03-23_Low", page, title="Then")["id"]
    before = files(client, id_, of_page(page))
    live_before = client.get(f"/chart/{of_page(page)[0]}.csv").data
    newer(live)
    assert client.get(f"/chart/{of_page(page)[0]}.csv").data != live_before
    assert files(client, id_, of_page(page)) == before
    restarted = create_app(settings).server.test_client()
    assert files(restarted, id_, of_page(page)) == before


def test_files_are_the_same_bytes_after_an_upgrade_of_the_store(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve()
    id_ = freeze(client, "w=60")["id"]
    before = files(client, id_, of_page("/"))
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    for path in store_module.MIGRATIONS.rglob("*.py"):
        (tmp_path / "migrations" / path.relative_to(store_module.MIGRATIONS)).write_text(
            path.read_text()
        )
    (versions / "r9999_later.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9999'\ndown_revision = '{store_module.SCHEMA}'\n"
        "def upgrade():\n"
        "    op.add_column('snapshots', sa.Column('later', sa.Text, server_default='new'))\n"
    )
    monkeypatch.setattr(store_module, "MIGRATIONS", tmp_path / "migrations")
    monkeypatch.setattr(store_module, "SCHEMA", "9999")
    upgraded = serve()
    assert files(upgraded, id_, of_page("/")) == before
    url = f"sqlite:///{tmp_path}/store.db"
    with sa.create_engine(url).connect() as connection:
        assert connection.scalar(sa.text("SELECT later FROM snapshots")) == "new"


def test_the_page_is_drawn_from_the_frozen_data_and_says_as_of_when(live: FakeLive) -> None:
    client = create_app(Settings(data="live")).server.test_client()
    made = freeze(client, "w=60", title="A <b>title</b>", note="One\nTwo")
    before = client.get(f"/s/{made['id']}").text
    newer(live)
    page = client.get(f"/s/{made['id']}").text
    # Nothing on it ages: but for when assets were made it is the same page.
    assert boot(page)["layout"] == boot(before)["layout"]
    assert "with data to 21 Aug 2026" in page
    assert "Open the live view" in page
    assert "days ago" not in page
    assert "It is late" not in page
    assert "A &lt;b&gt;title&lt;/b&gt; · Bellwether" in page
    assert "<b>title" not in page
    assert '"children":"One\\nTwo"' in page
    # What the page asks for afterwards is of the frozen data too.
    query = boot(page)["page"]["query"]
    assert f"&frozen={made['id']}" in query
    assert boot(page)["page"]["isBare"] is True
    assert boot(page)["page"]["isLive"] is False
    changed = client.get(f"/s/{made['id']}?w=30")
    assert "on 21 Aug 2026" in re.search(r'name="description" content="(.*?)"', changed.text)[1]
    assert boot(changed.text)["page"]["isBare"] is False


def test_live_tuning_loads_the_frozen_series(live: FakeLive) -> None:
    client = create_app(Settings(data="live")).server.test_client()
    id_ = freeze(client)["id"]
    held = live.snapshot.series["RUT"]
    newer(live)
    address = f"/series/RUT?h={held.content_hash}"
    assert client.get(address).status_code == 404
    answer = client.get(f"{address}&frozen={id_}")
    assert answer.status_code == 200
    assert len(answer.data) == 16 * len(held.frame)


def test_what_could_drift_is_written_out(client: FlaskClient, tmp_path: Path) -> None:
    id_ = freeze(client, "w=60&theme=dark&title=ignored&note=ignored")["id"]
    link = open_store(f"sqlite:///{tmp_path}/store.db").frozen(id_)
    state, notices = parse(link.query)
    assert notices == ()
    assert [str(day) for day in state.span] == ["2014-09-17", "2026-08-21"]
    assert (state.align, state.window, state.theme) == ("utc", 60, None)
    assert (state.title, link.title) == ("", "")  # the words are what was sent with it
    assert "m=pearson" in link.query
    assert set(link.series) == {"RUT", "BTC"}


def test_a_pages_link_keeps_what_its_charts_are_made_of(
    client: FlaskClient, tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    kept = {
        page: set(store.frozen(freeze(client, "s=RUT~IWN&c=ETH", page)["id"]).series)
        for page in ("/", "/evidence", "/claims")
    }
    assert kept["/"] == {"RUT", "IWN", "ETH"}
    assert kept["/evidence"] == {"RUT", "ETH"}
    assert kept["/claims"] == {"RUT", "IWN", "BTC", "ETH", "SOL", "XRP"}


def test_a_frozen_view_can_be_frozen_again_with_its_data(live: FakeLive) -> None:
    client = create_app(Settings(data="live")).server.test_client()
    first = freeze(client, "w=60")["id"]
    newer(live)
    second = freeze(client, f"w=30&frozen={first}")["id"]
    one, other = (
        client.get(f"/chart/overlay.json?frozen={id_}").get_json() for id_ in (first, second)
    )
    assert one["values"] == other["values"]


# --- addresses


def test_the_link_is_the_view_and_a_query_another_view_of_the_same_data(
    client: FlaskClient,
) -> None:
    made = freeze(client, "w=60&s=RUT~IWN")
    id_ = made["id"]
    assert re.fullmatch(r"http://localhost/s/[A-Za-z0-9]{22}", made["link"])
    frozen = client.get(f"/chart/rolling-correlation.json?frozen={id_}").get_json()
    assert frozen["link"] == made["link"]
    assert frozen["frozen"]["id"] == id_
    assert frozen["finding"].startswith("60-session")
    other = client.get(f"/chart/rolling-correlation.json?frozen={id_}&w=30").get_json()
    assert other["finding"].startswith("30-session")
    assert other["link"].startswith(f"{made['link']}?v=1&s=RUT&c=BTC&t=..2026-08-21&")
    # The default view is a view, not the frozen one.
    default = client.get(f"/chart/rolling-correlation.json?frozen={id_}&w=90").get_json()
    assert default["finding"].startswith("90-session")
    # And what another campaign adds is none.
    tracked = client.get(f"/chart/rolling-correlation.json?frozen={id_}&utm=1").get_json()
    assert tracked["finding"].startswith("60-session")
    assert tracked["notices"] == ["utm=1 was ignored: no setting has that name."]


def test_the_live_view_of_a_frozen_link_follows_new_data(client: FlaskClient) -> None:
    id_ = freeze(client, "w=60", title="Now", note="x" * 1000)["id"]
    page = client.get(f"/s/{id_}").text
    (live,) = [
        one["props"]["href"]
        for one in components(boot(page)["layout"])
        if one["props"].get("id") == "live-view"
    ]
    state, notices = parse(live.partition("?")[2])
    assert notices == ()
    assert (state.frozen, state.span[1], state.window, state.title) == (None, None, 60, "Now")
    assert state.note == ""  # too long for a link


@pytest.mark.parametrize("id_", ["a" * 22, "x", "../../etc/passwd", "%00", "a" * 5000, "ü" * 22])
def test_an_id_of_nothing_is_404_everywhere(client: FlaskClient, id_: str) -> None:
    assert client.get(f"/s/{id_}").status_code == 404
    for address in (f"/s/{id_}?w=60", f"/oembed?url=http://localhost/s/{id_}"):
        assert client.get(address).status_code == 404
    # Never other data than those that were cited.
    assert client.get(f"/chart/overlay.csv?frozen={id_}").status_code == 404
    assert client.get(f"/?frozen={id_}").status_code == 404


def test_a_page_about_nothing_says_why(client: FlaskClient) -> None:
    page = client.get("/s/" + "a" * 22).text
    assert "it may have expired, or it was deleted" in page


def test_sample_data_say_so_when_frozen(client: FlaskClient) -> None:
    id_ = freeze(client)["id"]
    assert "Frozen sample data" in client.get(f"/s/{id_}").text
    text = client.get(f"/chart/overlay.csv?frozen={id_}").text
    assert "# Source: Sample data: simulated between published turning points" in text
    assert re.search(r"^# Frozen: \d{4}-\d\d-\d\d \d\d:\d\d UTC$", text, re.MULTILINE)


def test_on_another_page_its_data_have_that_pages_address(client: FlaskClient) -> None:
    id_ = freeze(client, "c=ETH", "/evidence")["id"]
    link = client.get(f"/chart/overlay.json?frozen={id_}").get_json()["link"]
    assert link.startswith("http://localhost/?v=1&s=RUT&c=ETH&")
    assert link.endswith(f"&frozen={id_}")
    assert client.get(link).status_code == 200


# --- making and deleting


def test_an_expired_link_is_gone(client: FlaskClient, tmp_path: Path) -> None:
    id_ = freeze(client, days=7)["id"]
    assert "It expires on" in client.get(f"/s/{id_}").text
    past = datetime.now(UTC) - timedelta(days=1)
    with sa.create_engine(f"sqlite:///{tmp_path}/store.db").begin() as connection:
        connection.execute(sa.text("UPDATE snapshots SET expires_at = :past"), {"past": past})
    assert client.get(f"/s/{id_}").status_code == 404


def test_its_secret_deletes_a_link(client: FlaskClient) -> None:
    made = freeze(client)
    wrong = client.delete(f"/s/{made['id']}", headers={"Authorization": "Bearer no"})
    assert wrong.status_code == client.delete(f"/s/{made['id']}").status_code == 404
    assert client.get(f"/s/{made['id']}").status_code == 200
    right = {"Authorization": f"Bearer {made['secret']}"}
    assert client.delete(f"/s/{made['id']}", headers=right).get_json() == {
        "message": "It is deleted."
    }
    assert client.get(f"/s/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"page": "/data"}, "There is no such page with charts."),
        ({"page": ["/"]}, "There is no such page with charts."),
        ({"query": 5}, "A query is text of at most 8000 characters."),
        ({"query": "x" * 8001}, "A query is text of at most 8000 characters."),
        ({"title": "x" * 81}, "A title has at most 80 characters."),
        ({"title": ["x"]}, "A title has at most 80 characters."),
        ({"note": "x" * 2001}, "A note has at most 2,000 characters."),
        ({"days": 0}, "A frozen link expires after 1 to 3,650 days, or never."),
        ({"days": True}, "A frozen link expires after 1 to 3,650 days, or never."),
        ({"days": "7"}, "A frozen link expires after 1 to 3,650 days, or never."),
        ({"days": 10**12}, "A frozen link expires after 1 to 3,650 days, or never."),
        ({"version": 1}, "A version is text."),
    ],
)
def test_what_cannot_be_frozen_is_refused_in_words(
    client: FlaskClient, body: dict, reason: str
) -> None:
    answer = client.post("/s", json=body)
    assert (answer.status_code, answer.get_json()) == (400, {"message": reason})


def test_a_form_of_another_site_freezes_nothing(client: FlaskClient) -> None:
    assert client.post("/s", data={"page": "/"}).status_code == 415


def test_freezing_can_need_a_token(serve: Serve) -> None:
    client = serve(freeze_token="geheim")
    assert client.post("/s", json={}).status_code == 401
    wrong = {"Authorization": "Bearer nein"}
    assert client.post("/s", json={}, headers=wrong).status_code == 401
    right = {"Authorization": "Bearer geheim"}
    assert client.post("/s", json={}, headers=right).status_code == 201
    assert "share-token" in client.get("/").text


def test_freezing_is_limited(client: FlaskClient) -> None:
    answers = [client.post("/s", json={}).status_code for _ in range(11)]
    assert answers == [201] * 10 + [429]


def test_newer_data_are_frozen_only_when_they_are_wanted(live: FakeLive) -> None:
    client = create_app(Settings(data="live")).server.test_client()
    seen = boot(client.get("/").text)["page"]["status"]["version"]
    assert client.post("/s", json={"version": seen}).status_code == 201
    newer(live)
    answer = client.post("/s", json={"version": seen})
    assert answer.status_code == 409
    assert answer.get_json()["message"].startswith("Newer prices have arrived")
    # The answer says which data those are, so that the next try is checked again.
    told = answer.get_json()["version"]
    assert told == live.market.version != seen
    assert client.post("/s", json={"version": told}).status_code == 201
    live.change(series={i: one for i, one in live.snapshot.series.items() if i != "ETH"})
    assert client.post("/s", json={"version": told}).status_code == 409
    assert client.post("/s", json={"version": None}).status_code == 201


def test_words_are_counted_as_they_are_kept(client: FlaskClient) -> None:
    """In code points, without the space around them and what hides."""
    title, note = "\N{ROCKET}" * 80, "\N{ROCKET}" * 2000
    id_ = freeze(client, title=f" \u200b{title}  ", note=f"\n{note}\x00\n")["id"]
    found = client.get(f"/chart/overlay.json?frozen={id_}").get_json()["annotations"]
    assert (found["title"], found["note"]) == (title, note)


def test_the_words_are_kept_as_plain_text(client: FlaskClient) -> None:
    id_ = freeze(client, title="  A\u202e \x00title ", note="one\r\n\r\n <i>two</i>\x1b[0m ")["id"]
    found = client.get(f"/chart/overlay.json?frozen={id_}").get_json()["annotations"]
    assert (found["title"], found["note"]) == ("A title", "one\n\n<i>two</i>[0m")


def test_no_store_is_told_and_nothing_else_is_harmed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    url = f"sqlite:///{tmp_path}/file/store.db"
    client = create_app(Settings(data="sample", database_url=url)).server.test_client()
    answer = client.post("/s", json={})
    assert answer.status_code == 503
    assert "The price store cannot be used" in answer.get_json()["message"]
    assert client.get("/s/" + "a" * 22).status_code == 503
    assert client.get("/breakouts.xml").status_code == 503
    assert client.get("/").status_code == 200
    assert client.get("/chart/overlay.csv").status_code == 200


def test_nothing_is_frozen_where_there_are_no_data(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    settings = Settings(data="files", files=tmp_path, database_url=url)
    answer = create_app(settings).server.test_client().post("/s", json={})
    assert (answer.status_code, answer.get_json()["message"]) == (
        400,
        "There are no data to freeze.",
    )


def test_damaged_data_are_never_shown(client: FlaskClient, tmp_path: Path, serve: Serve) -> None:
    id_ = freeze(client)["id"]
    with sa.create_engine(f"sqlite:///{tmp_path}/store.db").begin() as connection:
        connection.execute(sa.text("UPDATE blobs SET bytes = 'junk'"))
    restarted = serve()
    page = restarted.get(f"/s/{id_}")
    assert page.status_code == 503
    assert "The data of this frozen link are damaged" in page.text


def test_many_freeze_at_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.actions._FREEZING", "1000 per minute")
    client = serve()
    ids: list[str] = []

    def make() -> None:
        ids.append(freeze(client.application.test_client())["id"])

    threads = [threading.Thread(target=make) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 12
    assert all(client.get(f"/chart/matrix.csv?frozen={id_}").status_code == 200 for id_ in ids)


# --- the first release's


def test_a_link_that_the_first_release_made_opens(tmp_path: Path) -> None:
    """The file is what that release wrote, on sample data; never write it anew."""
    store = tmp_path / "store.db"
    store.write_bytes(FIXTURE.read_bytes())
    settings = Settings(data="sample", database_url=f"sqlite:///{store}")
    client = create_app(settings).server.test_client()
    id_ = "s5jrARrCHgxVk2fUF6A0hQ"
    page = client.get(f"/s/{id_}")
    assert page.status_code == 200
    for words in ("The first frozen link", "Frozen sample data", "Open the live view"):
        assert words in page.text
    state = parse(boot(page.text)["page"]["query"])[0]
    assert state == ViewState(
        small_caps=("RUT", "IWN"),
        span=(date(2014, 9, 17), date(2026, 8, 21)),
        window=60,
        method="spearman",
        align="utc",
        marks=(Mark(date(2020, 3, 23), None, "Low"),),
        frozen=id_,
    )
    found = client.get(f"/chart/rolling-correlation.json?frozen={id_}").get_json()
    assert found["frozen"] == {"id": id_, "at": "2026-11-27T03:15:49Z"}
    assert found["annotations"] == {
        "title": "The first frozen link",
        "note": "Made on sample data.\nIt must open for good.",
        "marks": [{"from": "2020-03-23", "to": None, "label": "Low"}],
    }
    values = found["values"]
    assert list(values)[:3] == ["date", "RUT × BTC", "IWN × BTC"]
    assert (values["date"][0], values["date"][-1], len(values["date"])) == (
        "2014-09-18",
        "2026-08-21",
        2999,
    )
    # Up to what another processor adds in another order.
    assert [values[name][-1] for name in list(values)[1:]] == [
        pytest.approx(0.25718255070853013, abs=1e-12),
        None,
        pytest.approx(-0.004189158713281522, abs=1e-12),
        pytest.approx(0.4856617974960209, abs=1e-12),
        pytest.approx(0.002394592698786572, abs=1e-12),
        pytest.approx(0.49067657177378576, abs=1e-12),
    ]


FIXTURE = Path(__file__).with_name("first_release.db")
