"""The served application without a browser."""

import json
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import plotly.offline
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from app import ASSETS, PAGES, PLOTLY, create_app
from components import theme
from components.registry import CHARTS
from data_sources.market import open_market
from settings import Settings
from tests.unit.pages.fake_live import FakeLive


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings(data="sample")).server.test_client()


def boot(html: str) -> dict:
    return json.loads(re.search(r'id="boot">(.*?)</script>', html, re.DOTALL)[1])


@cache
def drawing(client: FlaskClient, card: str) -> dict:
    """The callback that draws a card, from the page it stands on."""
    return next(
        one
        for path in PAGES
        for one in boot(client.get(path).text)["dependencies"]
        if f"finding-{card}.children" in one["output"]
    )


def callback(client: FlaskClient, query: str, card: str):
    """Ask for a chart as the browser does."""
    one = drawing(client, card)
    outputs = [
        dict(zip(("id", "property"), part.rsplit(".", 1), strict=True))
        for part in one["output"].strip(".").split("...")
    ]
    inputs = [{"value": query if i["id"] == "view" else 1} | i for i in one["inputs"]]
    states = [{**state, "value": "sample"} for state in one["state"]]
    body = {"output": one["output"], "outputs": outputs, "inputs": inputs, "state": states}
    return client.post("/_dash-update-component", json=body | {"changedPropIds": ["view.data"]})


def waited_for(client: FlaskClient, query: str, card: str):
    """The same, asked again while the chart is being computed."""
    deadline = time.monotonic() + 60
    while True:
        answer = callback(client, query, card).get_json()["response"]
        if not answer.get(f"again-{card}", {"disabled": True})["disabled"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            continue
        return answer


@pytest.mark.parametrize("path", ["/", "/data", "/embed/overlay", "/nope"])
def test_every_page_is_given_the_themes_colours(client: FlaskClient, path: str) -> None:
    html = client.get(path).text
    assert html.index(f"<style>{theme.properties()}</style>") < html.index("style.css")


def test_readers_are_told_of_no_setting() -> None:
    """Of what they can do themselves; the documents are for operators."""
    layers = ("components", "pages", "sharing", "analytics", "data_sources", "assets")
    files = [path for layer in layers for path in (ASSETS.parent / layer).rglob("*.*")]
    texts = {path: path.read_bytes() for path in files if path.suffix in (".py", ".js", ".toml")}
    assert len(texts) > 60
    assert [path for path, text in texts.items() if b"BELLWETHER_" in text] == []


def test_the_page_holds_its_canonical_query(client: FlaskClient) -> None:
    page = boot(client.get("/?w=45&scale=rebased&s=rut").text)["page"]
    assert page["query"] == "v=1&w=45"
    assert (page["last"]["RUT"], page["last"]["IWN"]) == ("2026-08-21", "2025-09-18")


def test_unknown_pages_are_404_with_a_way_back(client: FlaskClient) -> None:
    answer = client.get("/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_health(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def live_client(monkeypatch: pytest.MonkeyPatch, live: FakeLive, **settings) -> FlaskClient:
    monkeypatch.setattr("app.open_market", lambda _: live.market)
    return create_app(Settings(data="live", **settings)).server.test_client()


def test_gunicorn_can_start_what_fetches(monkeypatch: pytest.MonkeyPatch) -> None:
    live = FakeLive()
    server = live_client(monkeypatch, live).application
    assert server.extensions["market"].live is live
    assert not live.started


def test_each_page_has_its_title_and_marks_itself_in_the_navigation(client: FlaskClient) -> None:
    titles = {path: f"{name} · " for path, name in PAGES.items()} | {"/": "Bellwether: "}
    for (path, name), title in zip(PAGES.items(), titles.values(), strict=True):
        answer = client.get(f"{path}?w=45")
        assert f"<title>{title}" in answer.text
        text = json.dumps(boot(answer.text)["layout"])
        assert re.findall(
            r'"children": "([\w-]+)", "href": "[^"]*", "aria-current": "page"', text
        ) == [name]
        for address in PAGES:
            assert f'"href": "{address}?v=1&w=45"' in text


def test_a_page_is_given_the_callbacks_of_what_is_on_it(client: FlaskClient) -> None:
    given = {
        path: {
            one["output"].strip(".").split(".")[0]
            for one in boot(client.get(path).text)["dependencies"]
        }
        for path in (*PAGES, "/nope")
    }
    assert given["/data"] == {"view", "series"}
    assert given["/nope"] == {"view"}
    assert "series" not in given["/"]
    assert {"view", "control-t", "finding-overlay", "finding-matrix"} <= given["/"]
    for card, chart in CHARTS.items():
        homes = [path for path, there in given.items() if f"finding-{card}" in there]
        assert homes == [chart.page]


def test_a_page_without_controls_holds_every_field_of_the_view(client: FlaskClient) -> None:
    page = boot(client.get("/data?s=IWN~RUT&w=45&high=252&theme=dark").text)
    assert page["page"]["query"] == "v=1&s=IWN~RUT&w=45&high=252&theme=dark"
    text = json.dumps(page["layout"])
    for field in page["page"]["fields"]:
        assert f'"id": "{field["id"]}"' in text
    assert re.search(r'"id": "control-w", "value": "45"', text)
    assert re.search(r'"id": "control-s", "value": \["IWN", "RUT"\]', text)


def test_the_series_table_answers(client: FlaskClient) -> None:
    body = {
        "output": "series.children",
        "outputs": {"id": "series", "property": "children"},
        "inputs": [{"id": "series-request", "property": "data", "value": {"any": [1]}}],
        "changedPropIds": ["series-request.data"],
    }
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200
    assert "Russell 2000" in answer.text


def offers(part: object) -> Iterator[tuple[str, str, str]]:
    """What the buttons of a layout would have fetched: symbol, key and the link's list."""
    if isinstance(part, dict):
        if "data-fetch" in part:
            yield part["data-fetch"], part["data-key"], part["data-list"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from offers(one)


@pytest.mark.parametrize(
    ("query", "buttons"),
    [
        ("s=AVUV", [("AVUV", "s", "AVUV")]),
        ("s=RUT~AVUV&c=AVAX", [("AVUV", "s", "RUT~AVUV"), ("AVAX", "c", "AVAX")]),
        ("s=RUT", []),
        ("s=<b>", []),
        ("s=RUT&s=AVUV", []),
        ("", []),
    ],
)
def test_what_a_link_names_and_nobody_has_can_be_fetched(
    monkeypatch: pytest.MonkeyPatch, query: str, buttons: list
) -> None:
    asking = live_client(monkeypatch, FakeLive())
    page = boot(asking.get(f"/?{query}").text)
    assert list(offers(page["layout"])) == buttons
    assert page["page"]["mayAdd"] is True
    assert not list(offers(boot(asking.get(f"/data?{query}").text)["layout"]))


def test_nothing_is_offered_that_would_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    live = FakeLive()
    for settings, is_sample in (({"any_symbol": False}, False), ({}, True)):
        live.change(is_sample=is_sample)
        answer = live_client(monkeypatch, live, **settings).get("/?s=AVUV")
        assert boot(answer.text)["page"]["mayAdd"] is False
        assert "data-fetch" not in answer.text
        assert "s=AVUV was ignored" in answer.text


def test_the_token_never_reaches_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = live_client(monkeypatch, FakeLive(), token="very-secret")
    assert "very-secret" not in asking.get("/data").text + asking.get("/").text
    assert asking.post("/refresh", json={}).status_code == 401
    sent = {"Authorization": "Bearer very-secret"}
    assert asking.post("/refresh", json={}, headers=sent).status_code == 202


def test_pages_assets_and_callbacks_are_not_limited(client: FlaskClient) -> None:
    codes = {client.get("/assets/icon.svg", buffered=True).status_code for _ in range(700)}
    assert codes == {200}
    assert "X-RateLimit-Limit" not in client.get("/").headers


def test_a_series_is_days_then_closes_and_may_be_kept_for_good(client: FlaskClient) -> None:
    held = open_market(Settings(data="sample")).series(["RUT"])["RUT"]
    answer = client.get(f"/series/RUT?h={held.content_hash}")
    days, closes = np.split(np.frombuffer(answer.data, "<f8"), 2)
    assert closes.tolist() == held.close.tolist()
    assert days[0] == held.close.index[0].timestamp() / 86400
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["ZZZ", "..%2F..%2Fetc%2Fpasswd", "%00", "x" * 5000])
def test_an_unknown_series_is_404(client: FlaskClient, name: str) -> None:
    assert client.get(f"/series/{name}").status_code == 404


def test_a_series_that_has_changed_is_404_and_never_kept_under_an_old_name(
    client: FlaskClient,
) -> None:
    answer = client.get("/series/RUT?h=0123")
    assert answer.status_code == 404
    assert "Cache-Control" not in answer.headers


def test_answers_are_compressed(client: FlaskClient) -> None:
    for path in ("/", "/assets/style.css", f"/assets/{PLOTLY}"):
        answer = client.get(path, headers={"Accept-Encoding": "br"}, buffered=True)
        assert answer.headers["Content-Encoding"] == "br"


def test_the_vendored_plotly_is_the_one_plotly_py_writes_for() -> None:
    version = plotly.offline.get_plotlyjs_version()
    assert version in PLOTLY
    with (ASSETS / PLOTLY).open(encoding="utf-8") as file:
        assert f"(cartesian - minified) v{version}" in file.read(200)


def test_two_apps_live_in_one_process() -> None:
    for _ in range(2):
        answer = callback(
            create_app(Settings(data="sample")).server.test_client(), "v=1&w=30", "overlay"
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("card", CHARTS)
def test_a_callback_answers_what_the_page_would_have_held(client: FlaskClient, card: str) -> None:
    query = "v=1&s=RUT~IWN&c=ETH~BTC&t=2019-01-01..2023-12-31&w=60"
    finding = waited_for(client, query, card)[f"finding-{card}"]["children"]
    assert finding
    pages = [boot(client.get(f"{path}?{query}").text)["layout"] for path in PAGES]
    assert any(json.dumps(finding) in json.dumps(layout) for layout in pages)


def test_a_chart_that_fails_takes_nothing_with_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(CHARTS["matrix"].__dict__, "prepare", broken)
    answer = client.get("/")
    assert answer.status_code == 200
    assert "This chart could not be drawn" in answer.text
    assert "breakouts of RUT" in answer.text
    assert "ZeroDivisionError" in caplog.text


HOSTILE = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["s", "c", "t", "scale", "w", "m", "f", "lag", "high", "base", "of", "days", "ev"]
            ),
            st.one_of(
                st.text(max_size=30),
                st.integers().map(str),
                st.sampled_from(
                    ["<script>alert(1)</script>", "'\"><img src=x>", "../../x", "RUT~"]
                ),
            ),
        ),
        max_size=8,
    ).map(lambda pairs: "&".join(f"{key}={value}" for key, value in pairs)),
)


@limits(
    max_examples=250, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(query=HOSTILE, path=st.sampled_from(sorted(PAGES)))
def test_hostile_queries_never_fail_and_are_never_echoed_raw(
    client: FlaskClient, query: str, path: str
) -> None:
    raw = query.encode("utf-8", "surrogatepass").decode("latin-1")
    answer = client.get(path, environ_overrides={"QUERY_STRING": raw})
    assert answer.status_code == 200
    for markup in ("<script>alert", "<img src=x"):
        assert markup not in answer.text
    json.dumps(boot(answer.text))


@limits(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(query=HOSTILE, card=st.sampled_from(sorted(CHARTS)))
def test_hostile_views_never_fail_a_callback(client: FlaskClient, query: str, card: str) -> None:
    assert callback(client, query, card).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_extreme_views_draw(client: FlaskClient, path: str) -> None:
    """Every bound of every number, and everything selected at once."""
    for query in (
        "s=RUT~IWN&c=BTC~ETH~SOL~XRP&w=500&m=spearman&lag=60&f=d",
        "w=5&m=ewma&lag=-60&high=20&base=5&cool=0&rally=10",
        "w=500&f=m&lag=60&rally=500&base=1260&high=2520&cool=504",
        "t=2014-09-17..2014-09-18",
        "t=2026-08-20..latest&scale=z",
        "t=1990-01-01..1990-02-01",
        "base=5&cool=0&high=20&of=crypto&days=365&c=XRP",
        "ev=2016-11-14~1999-01-01&days=30&t=2016-11-01..2016-12-01",
    ):
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 200
        assert "could not be drawn" not in answer.text, query


def test_files_mode_shows_the_problem_of_a_file(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{day:02},{100 + day}\n" for day in range(1, 31))
    (tmp_path / "RUT.csv").write_text("date,close\n" + rows)
    (tmp_path / "BTC.csv").write_text("date,close\n" + rows)
    (tmp_path / "ETH.csv").write_text("date,close\n2024-01-01,<b>x</b>\n")
    client = create_app(Settings(data="files", files=tmp_path)).server.test_client()
    answer = client.get("/")
    assert "ETH.csv" in answer.text
    assert "<b>x</b>" not in answer.text
    assert "could not be drawn" not in answer.text


@pytest.mark.parametrize("view", [None, 5, [], {}, "", "w=9999", ["v=1"]])
def test_a_callback_that_is_sent_anything_still_answers(client: FlaskClient, view) -> None:
    assert callback(client, view, "matrix").status_code == 200


@pytest.mark.parametrize("request_", [None, {}, [], {"query": 3}, {"query": "w=5", "page": "x"}])
def test_a_table_that_is_asked_for_anything_still_answers(client: FlaskClient, request_) -> None:
    dependencies = boot(client.get("/").text)["dependencies"]
    one = next(d for d in dependencies if d["output"].startswith("..table-matrix.children"))
    body = {
        "output": one["output"],
        "outputs": [
            {"id": "table-matrix", "property": "children"},
            {"id": "page-matrix", "property": "total"},
        ],
        "inputs": [{"id": "table-request-matrix", "property": "data", "value": request_}],
        "state": [{"id": "data-kind", "property": "data", "value": "sample"}],
        "changedPropIds": ["table-request-matrix.data"],
    }
    assert client.post("/_dash-update-component", json=body).status_code == 200


def test_a_long_body_is_refused_unread(client: FlaskClient) -> None:
    answer = client.post("/_dash-update-component", json={"output": "x" * 100_000})
    assert answer.status_code == 413


def test_a_missing_asset_is_not_kept(client: FlaskClient) -> None:
    answer = client.get("/assets/nope.js?m=1")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")
