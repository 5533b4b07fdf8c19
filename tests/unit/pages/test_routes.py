"""The routes behind the pages: what each says, and to whom it says no."""

import json

import flask
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from data_sources.errors import NotPossible, TooSoon
from data_sources.market import Market
from data_sources.series import make_series
from data_sources.snapshot import Snapshot
from pages import actions
from sharing.limits import limits as counted
from tests.unit.pages.fake_live import NOW, SAMPLE, FakeLive

NOTHING_FETCHED = {"message": "Nothing is fetched here: these data are no live data."}


def client(market: Market, *, any_symbol: bool = True, token: str | None = None) -> FlaskClient:
    server = flask.Flask("routes")
    server.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    actions.register(server, market, counted(server), any_symbol=any_symbol, token=token)
    return server.test_client()


@pytest.fixture
def live() -> FakeLive:
    return FakeLive()


SAMPLE_MARKET = Market(lambda: SAMPLE)
AVUV = {"symbol": "avuv", "kind": "small_cap"}


def test_status_says_what_a_page_compares(live: FakeLive) -> None:
    asking = client(live.market)
    live.change(progress="18 of 20 series")
    answer = asking.get("/status")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "version": live.market.version,
        "is_sample": False,
        "progress": "18 of 20 series",
        "label": "Live prices",
    }
    live.update("RUT")
    assert asking.get("/status").json["version"] != answer.json["version"]
    assert client(SAMPLE_MARKET).get("/status").json["is_sample"] is True


def test_ready_when_there_is_a_series(live: FakeLive) -> None:
    asking = client(live.market)
    answer = asking.get("/readyz")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    live.change(series={}, progress="0 of 20 series")
    answer = asking.get("/readyz")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert answer.json == {"message": "There are no prices yet: 0 of 20 series."}


def test_a_symbol_is_waited_for_until_it_is_here(live: FakeLive) -> None:
    asking = client(live.market)
    answer = asking.post("/symbols", json=AVUV)
    waiting = {"id": "AVUV", "state": "waiting", "message": "AVUV: waiting for Yahoo Finance…"}
    assert (answer.status_code, answer.json) == (202, waiting)
    assert answer.headers["Cache-Control"] == "no-store"
    answer = asking.get("/symbols/AVUV")
    assert (answer.status_code, answer.json) == (200, waiting)
    assert answer.headers["Cache-Control"] == "no-store"
    live.arrive("AVUV")
    ready = {"id": "AVUV", "state": "ready", "message": "AVUV is here."}
    assert asking.get("/symbols/AVUV").json == ready
    assert asking.post("/symbols", json=AVUV).json == ready


def test_a_symbol_that_arrived_behind_the_sample_is_not_ready(live: FakeLive) -> None:
    live.add("AVUV", "small_cap")
    live.arrive("AVUV")
    live.change(series=SAMPLE.series, is_sample=True)
    assert client(live.market).get("/symbols/AVUV").json["state"] == "waiting"


def test_a_symbol_nobody_offers(live: FakeLive) -> None:
    asking = client(live.market)
    asking.post("/symbols", json={"symbol": "NOPE1", "kind": "coin"})
    assert asking.get("/symbols/NOPE1").json["message"] == "NOPE1: waiting for prices…"
    live.fail("NOPE1", "Binance does not offer NOPE1")
    assert asking.get("/symbols/NOPE1").json == {
        "id": "NOPE1",
        "state": "failed",
        "message": "NOPE1: Binance does not offer NOPE1",
    }


def test_an_index_that_was_added_is_found(live: FakeLive) -> None:
    asking = client(live.market)
    assert asking.post("/symbols", json={"symbol": "^sp600", "kind": "small_cap"}).json["id"] == (
        "^SP600"
    )
    for address in ("/symbols/^SP600", "/symbols/%5ESP600"):
        assert asking.get(address).json["id"] == "^SP600"


def test_a_symbol_that_cannot_be_one_is_refused_in_words(live: FakeLive) -> None:
    asking = client(live.market)
    answer = asking.post("/symbols", json={"symbol": "BTC-USD", "kind": "small_cap"})
    assert answer.status_code == 400
    assert answer.json == {"message": "BTC is Bitcoin here and no small-cap series."}
    answer = asking.post("/symbols", json={"symbol": "<b>", "kind": "coin"})
    assert answer.status_code == 400
    assert "cannot be a coin" in answer.json["message"]


def test_nobody_has_asked_for_it(live: FakeLive) -> None:
    answer = client(live.market).get("/symbols/AVUV")
    assert answer.status_code == 404
    assert answer.json == {"message": "Nobody has asked for that symbol here."}


def test_adding_can_be_turned_off(live: FakeLive) -> None:
    answer = client(live.market, any_symbol=False).post("/symbols", json=AVUV)
    assert (answer.status_code, answer.json["message"]) == (
        403,
        "Adding symbols is turned off here.",
    )
    assert live.status("AVUV") is None


def test_where_nothing_is_fetched_nothing_can_be_asked_for() -> None:
    asking = client(SAMPLE_MARKET, token="secret")
    for answer in (
        asking.post("/symbols", json=AVUV),
        asking.get("/symbols/RUT"),
        asking.post("/refresh", json={}),
    ):
        assert (answer.status_code, answer.json) == (409, NOTHING_FETCHED)


def test_a_refresh_and_one_too_soon(live: FakeLive) -> None:
    asking = client(live.market)
    answer = asking.post("/refresh", json={})
    assert (answer.status_code, answer.json) == (
        202,
        {"message": "Everything is being fetched again."},
    )
    answer = asking.post("/refresh", json={})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert answer.json == {"message": f"{TooSoon(60)}."}


def test_a_refresh_without_a_store(live: FakeLive, monkeypatch: pytest.MonkeyPatch) -> None:
    def unusable() -> None:
        raise NotPossible("The price store cannot be used (disk full).")

    monkeypatch.setattr(live, "refresh_now", unusable)
    answer = client(live.market).post("/refresh", json={})
    assert (answer.status_code, answer.json["message"]) == (
        503,
        "The price store cannot be used (disk full).",
    )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "This needs the token."),
        ("Bearer secre", "That is not the token."),
        ("Bearer ", "That is not the token."),
        ("secret", "That is not the token."),
        ("Basic secret", "That is not the token."),
        ("Bearer gehe\xefm", "That is not the token."),
    ],
)
def test_a_refresh_without_the_token(live: FakeLive, header: str | None, message: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client(live.market, token="secret").post("/refresh", json={}, headers=headers)
    assert (answer.status_code, answer.json) == (401, {"message": message})
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert live.refreshes == 0


@pytest.mark.parametrize("token", ["secret", "schlüssel ключ"])
def test_a_refresh_with_the_token(live: FakeLive, token: str) -> None:
    sent = f"Bearer {token}".encode().decode("latin-1")
    answer = client(live.market, token=token).post(
        "/refresh", json={}, headers={"Authorization": sent}
    )
    assert answer.status_code == 202


@pytest.mark.parametrize("path", ["/symbols", "/refresh"])
@pytest.mark.parametrize(
    "type_", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; b=x"]
)
def test_a_form_of_another_site_does_nothing(live: FakeLive, path: str, type_: str | None) -> None:
    answer = client(live.market).post(path, data=json.dumps(AVUV), content_type=type_)
    assert (answer.status_code, answer.json) == (415, {"message": "Send JSON."})
    assert (live.refreshes, live.status("AVUV")) == (0, None)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"AVUV"', b"5", b"[" * 60_000, b"1" * 60_000, b"\xff\xfe",
        b'{"symbol": "AVUV"}', b'{"symbol": 5, "kind": "coin"}',
        b'{"symbol": "AVUV", "kind": "equity"}', b'{"symbol": "AVUV", "kind": ["coin"]}',
        b'{"symbol": null, "kind": null}', b'{"symbol": "\\ud800", "kind": "coin"}',
    ],
)  # fmt: skip
def test_a_body_that_asks_for_nothing(live: FakeLive, body: bytes) -> None:
    answer = client(live.market).post("/symbols", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["message"].endswith(".")


def test_a_long_body_is_refused_unread(live: FakeLive) -> None:
    answer = client(live.market).post("/symbols", json={"symbol": "x" * 100_000, "kind": "coin"})
    assert answer.status_code == 413
    assert "message" in answer.json


@limits(
    max_examples=200, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(symbol=st.text(max_size=40), kind=st.sampled_from(["small_cap", "coin"]), id_=st.text())
def test_hostile_symbols_are_answered(live: FakeLive, symbol: str, kind: str, id_: str) -> None:
    server = flask.Flask("routes")
    server.config["RATELIMIT_ENABLED"] = False
    actions.register(server, live.market, counted(server), any_symbol=True, token="t")
    asking = server.test_client()
    assert asking.post("/symbols", json={"symbol": symbol, "kind": kind}).status_code in (202, 400)
    path = f"/symbols/{id_}".encode("utf-8", "replace").decode("latin-1")
    answer = asking.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code < 500
    header = {"Authorization": id_.encode("utf-8", "replace").decode("latin-1")}
    if not set("\r\n") & set(header["Authorization"]):
        assert asking.post("/refresh", json={}, headers=header).status_code == 401


def test_each_client_may_add_so_many(live: FakeLive) -> None:
    asking = client(live.market)
    for _ in range(10):
        assert asking.post("/symbols", json=AVUV).status_code == 202
    answer = asking.post("/symbols", json=AVUV)
    assert (answer.status_code, answer.json) == (
        429,
        {"message": "That was asked too often: wait a little."},
    )
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert answer.headers["Cache-Control"] == "no-store"
    assert asking.get("/symbols/AVUV").status_code == 200
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert asking.post("/symbols", json=AVUV, environ_overrides=other).status_code == 202


def test_a_token_can_be_guessed_six_times_a_minute(live: FakeLive) -> None:
    asking = client(live.market, token="secret")
    codes = [asking.post("/refresh", json={}).status_code for _ in range(8)]
    assert codes == [401] * 6 + [429] * 2


def test_looking_is_not_limited_for_one_reader(live: FakeLive) -> None:
    asking = client(live.market)
    assert {asking.get("/status").status_code for _ in range(200)} == {200}
    assert {asking.get("/healthz").status_code for _ in range(700)} == {200}


def test_a_close_at_new_york_is_found_by_its_hash(live: FakeLive) -> None:
    btc = live.snapshot.series["BTC"]
    later = make_series(
        btc.instrument, btc.frame * 1.5, source="test", fetched_at=NOW, day_end="nyclose"
    )
    live.change(new_york={"BTC": later})
    asking = client(live.market)
    answers = [asking.get(f"/series/BTC?h={one.content_hash}") for one in (btc, later)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].data != answers[1].data
    assert asking.get("/series/BTC").status_code == 404


def test_a_series_whose_id_begins_with_a_caret(live: FakeLive) -> None:
    live.add("^SP600", "small_cap")
    live.arrive("^SP600")
    held = live.snapshot.series["^SP600"]
    assert client(live.market).get(f"/series/%5ESP600?h={held.content_hash}").status_code == 200


def test_the_first_data_make_it_ready() -> None:
    shown = {"snapshot": Snapshot({}, (), is_sample=False, label="Files: prices")}
    asking = client(Market(lambda: shown["snapshot"]))
    assert asking.get("/readyz").json == {"message": "There are no prices yet."}
    shown["snapshot"] = SAMPLE
    assert asking.get("/readyz").status_code == 200
