"""The values of a chart as files."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from app import create_app
from components.plotting import UnfinishedChartError
from components.registry import CHARTS
from data_sources.market import open_market
from settings import Settings
from sharing import release as release_module
from sharing.view import inputs, opened
from tests.unit.pages.fake_live import FakeLive

QUERY = "s=RUT~IWN&t=2020-01-01..2020-12-31&w=60"
MARKET = open_market(Settings(data="sample"))
QUICK = [one for one in CHARTS if not CHARTS[one].is_slow]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings(data="sample")).server.test_client()


def read(text: str, **how) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), comment="#", **how)


def comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("# ")]


@pytest.mark.parametrize("card", QUICK)
@pytest.mark.parametrize("query", ["", QUERY, "of=crypto&c=ETH~BTC&days=90&m=ewma&scale=z"])
def test_csv_and_json_are_the_table_to_the_last_digit(
    client: FlaskClient, card: str, query: str
) -> None:
    csv, found = (client.get(f"/chart/{card}.{form}?{query}") for form in ("csv", "json"))
    assert (csv.status_code, csv.mimetype) == (200, "text/csv")
    assert (found.status_code, found.mimetype) == (200, "application/json")
    chart, state = CHARTS[card], opened(query, MARKET).state
    table = chart.table(chart.prepare(inputs(chart, state, MARKET), state)).reset_index()
    columns = json.loads(found.text)["values"]
    from_csv = read(csv.text, keep_default_na=False, dtype=str)
    assert list(columns) == list(from_csv) == list(table)
    for name, values in columns.items():
        for row, (value, text, held) in enumerate(
            zip(values, from_csv[name], table[name], strict=True)
        ):
            if value is None:
                assert text == ""
                assert pd.isna(held), (name, row)
            elif isinstance(held, float):
                assert float(text) == value == held
            else:
                shown = f"{held:%Y-%m-%d}" if isinstance(held, pd.Timestamp) else held
                assert text == str(value) == str(shown)


@pytest.mark.parametrize("card", QUICK)
def test_json_is_as_its_schema_says(client: FlaskClient, card: str) -> None:
    schema = client.get(f"/chart/{card}.schema.json")
    assert schema.mimetype == "application/schema+json"
    found = client.get(f"/chart/{card}.json?{QUERY}&title=A&mark=2020-03-23_Low&w=9").get_json()
    Draft202012Validator(schema.get_json()).validate(found)
    assert found["annotations"]["marks"] == [{"from": "2020-03-23", "to": None, "label": "Low"}]
    assert found["notices"] == ["w=9 was ignored: it was given twice and the first one holds."]
    assert found["is_sample"] is True
    assert found["frozen"] is None


def test_the_documented_way_to_read_a_file(client: FlaskClient) -> None:
    text = client.get(f"/chart/rolling-correlation.csv?{QUERY}").text
    frame = read(text, index_col="date", parse_dates=True)
    assert frame.index.dtype.kind == "M"
    assert (frame.dtypes == np.float64).all()


def test_a_file_says_what_it_is_and_how_to_see_it(client: FlaskClient) -> None:
    answer = client.get(f"/chart/overlay.csv?{QUERY}&note=So, %22quoted%22")
    lines = comments(answer.text)
    assert lines[0] == "# Small caps and crypto"
    assert "breakout" in lines[1]
    assert lines[2:-2] == [
        "# Note: So, ”quoted”",  # a quotation mark could swallow the rows
        (
            "# Source: Sample data: simulated between published turning points: RUT, BTC to "
            "21 Aug 2026; IWN to 18 Sep 2025."
        ),
        "# As of: RUT 2026-08-21, IWN 2025-09-18, BTC 2026-08-21",
        "# Alignment: Crypto days end at 00:00 UTC.",
    ]
    assert lines[-2] == f"# Definition: {CHARTS['overlay'].definition}"
    assert lines[-1] == (
        "# Link: http://localhost/?v=1&s=RUT~IWN&t=2020-01-01..2020-12-31&w=60"
        "&note=So%2C%20%22quoted%22"
    )
    assert answer.headers["Content-Disposition"] == 'attachment; filename="overlay.csv"'
    assert len(read(answer.text)) > 200


def test_the_source_of_real_prices_is_called_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.open_market", lambda _: FakeLive().market)
    client = create_app(Settings(data="live")).server.test_client()
    (line,) = [
        one for one in comments(client.get("/chart/overlay.csv").text) if one.startswith("# Source")
    ]
    assert line == "# Source: Yahoo Finance ^RUT, Yahoo Finance BTC-USD to 21 Aug 2026."
    found = client.get("/chart/overlay.json").get_json()["source"]
    assert found == line.removeprefix("# Source: ")


def test_what_a_link_got_wrong_stands_in_the_file(client: FlaskClient) -> None:
    lines = comments(client.get("/chart/matrix.csv?w=9999&utm=1").text)
    assert [line for line in lines if "Notice" in line] == [
        (
            "# Notice: w=9999 was ignored: it must be a whole number from 5 to 500 sessions. "
            "Window is at its default."
        ),
        "# Notice: utm=1 was ignored: no setting has that name.",
    ]


@pytest.mark.parametrize("words", ["title=%0A2020-01-01,9,9", "note=a%0D%0Ab,c", "title=,%22"])
def test_no_words_become_a_row(client: FlaskClient, words: str) -> None:
    plain, marked = (
        read(client.get(f"/chart/overlay.csv?{QUERY}&{more}").text) for more in ("", words)
    )
    pd.testing.assert_frame_equal(plain, marked)


# --- unchanged


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_has_not_changed_is_not_sent_again(client: FlaskClient, form: str) -> None:
    address = f"/chart/matrix.{form}?w=60"
    first = client.get(address)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    packed = {"If-None-Match": tag, "Accept-Encoding": "br, gzip"}
    assert client.get(address, headers=packed).status_code == 304
    other = "json" if form == "csv" else "csv"
    for differing in (f"/chart/matrix.{form}?w=61", f"/chart/matrix.{other}?w=60"):
        assert client.get(differing, headers={"If-None-Match": tag}).status_code == 200
    # A default written out is the same view.
    same = client.get(f"{address}&m=pearson", headers={"If-None-Match": tag})
    assert same.status_code == 304


def test_new_data_or_new_code_are_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    live = FakeLive()
    monkeypatch.setattr("app.open_market", lambda _: live.market)
    client = create_app(Settings(data="live")).server.test_client()
    tags = [client.get("/chart/overlay.csv").headers["ETag"]]
    live.update("BTC")
    tags.append(client.get("/chart/overlay.csv").headers["ETag"])
    monkeypatch.setattr("sharing.exports.release", lambda: "another")
    tags.append(client.get("/chart/overlay.csv").headers["ETag"])
    assert len(set(tags)) == 3


def test_the_release_is_of_the_code_that_makes_values(monkeypatch: pytest.MonkeyPatch) -> None:
    now = release_module.release()
    monkeypatch.setattr(release_module, "_MAKERS", ("analytics",))
    assert release_module.release.__wrapped__() != now


# --- refusals


def test_what_cannot_be_drawn_is_no_file(client: FlaskClient) -> None:
    answer = client.get("/chart/overlay.csv?t=2031-01-01..latest")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert "the data runs from" in answer.text
    found = client.get("/chart/overlay.json?t=2031-01-01..latest")
    assert found.status_code == 404
    assert "the data runs from" in found.get_json()["message"]


def test_what_is_still_being_computed_is_asked_for_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unfinished(*_: object) -> None:
        raise UnfinishedChartError("3 of 7")

    monkeypatch.setitem(CHARTS["overlay"].__dict__, "prepare", unfinished)
    answer = client.get("/chart/overlay.csv")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.text == "3 of 7\n"


def test_a_chart_that_fails_is_no_file_and_no_missing_one(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(CHARTS["overlay"].__dict__, "prepare", broken)
    answer = client.get("/chart/overlay.csv")
    assert answer.status_code == 500
    assert "could not be drawn" in answer.text


@pytest.mark.parametrize("form", ["csv", "json", "schema.json", "png", "svg"])
@pytest.mark.parametrize("card", ["nope", "..%2Fsettings", "<b>", "x" * 3000])
def test_an_unknown_chart_is_404(client: FlaskClient, card: str, form: str) -> None:
    answer = client.get(f"/chart/{card}.{form}")
    assert answer.status_code == 404
    assert "<b>" not in answer.text


# --- other sites


def test_other_sites_read_values_only_where_that_is_set() -> None:
    page = {"Origin": "https://blog.example"}
    closed = create_app(Settings(data="sample")).server.test_client()
    assert (
        "Access-Control-Allow-Origin" not in closed.get("/chart/matrix.csv", headers=page).headers
    )
    origins = "https://blog.example https://other.example http://[::1]:8080"
    client = create_app(Settings(data="sample", cors_origins=origins)).server.test_client()
    for form in ("csv", "json"):
        answer = client.get(f"/chart/matrix.{form}", headers=page)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example"
    # A conditional request asks for leave first.
    asking = {**page, "Access-Control-Request-Method": "GET"}
    asking["Access-Control-Request-Headers"] = "if-none-match"
    leave = client.options("/chart/matrix.csv", headers=asking)
    assert leave.headers["Access-Control-Allow-Headers"] == "if-none-match"
    six = client.get("/chart/matrix.csv", headers={"Origin": "http://[::1]:8080"})
    assert six.headers["Access-Control-Allow-Origin"] == "http://[::1]:8080"
    for origin in ("https://blogXexample", "https://blog.example.evil.example", "null"):
        answer = client.get("/chart/matrix.csv", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
    stranger = {"Origin": "https://evil.example"}
    for address in ("/chart/matrix.csv", "/status"):
        answer = client.get(address, headers=stranger)
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Origin" not in client.get("/status", headers=page).headers


@pytest.mark.parametrize("form", ["csv", "json"])
def test_links_name_the_public_address(form: str) -> None:
    settings = Settings(data="sample", public_url="https://bellwether.example")
    client = create_app(settings).server.test_client()
    answer = client.get(f"/chart/matrix.{form}", headers={"Host": "evil.example"})
    assert "https://bellwether.example/?v=1" in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize("origins", ["https://*.example", "blog.example", "https://a,https://b"])
def test_what_is_no_origin_is_no_setting(origins: str) -> None:
    with pytest.raises(ValidationError):
        Settings(data="sample", cors_origins=origins)
    client = create_app(Settings(data="sample", cors_origins="*")).server.test_client()
    answer = client.get("/chart/matrix.csv", headers={"Origin": "https://any.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://any.example"


def test_files_are_packed(client: FlaskClient) -> None:
    address = "/chart/rolling-correlation.csv"
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < 0.6 * len(client.get(address).data)
