"""The values of a chart as a file."""

import io

import pandas as pd
import pytest
from flask.testing import FlaskClient

from app import create_app
from components.plotting import UnfinishedChartError
from components.registry import CHARTS
from data_sources.market import open_market
from settings import Settings
from sharing.view import inputs, opened

QUERY = "s=RUT~IWN&t=2020-01-01..2020-12-31&w=60"
MARKET = open_market(Settings(data="sample"))


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings(data="sample")).server.test_client()


def test_a_file_is_the_table_to_the_last_digit(client: FlaskClient) -> None:
    answer = client.get(f"/chart/rolling-correlation.csv?{QUERY}")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    read = pd.read_csv(io.BytesIO(answer.data), comment="#", index_col="date", parse_dates=True)
    chart, state = CHARTS["rolling-correlation"], opened(QUERY, MARKET)
    table = chart.table(chart.prepare(inputs(chart, state, MARKET), state))
    pd.testing.assert_frame_equal(read, table, check_freq=False, check_exact=True)


def test_a_file_says_what_it_is_and_how_to_see_it(client: FlaskClient) -> None:
    answer = client.get(f"/chart/overlay.csv?{QUERY}")
    comments = [line for line in answer.text.splitlines() if line.startswith("#")]
    assert comments[0] == "# Small caps and crypto"
    assert "breakout" in comments[1]
    assert "Sample data: simulated between published turning points" in comments[2]
    assert comments[3] == ("# Link: http://localhost/?v=1&s=RUT~IWN&t=2020-01-01..2020-12-31&w=60")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="overlay.csv"'


def test_what_cannot_be_drawn_is_no_file(client: FlaskClient) -> None:
    answer = client.get("/chart/overlay.csv?t=2031-01-01..latest")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    assert "the data runs from" in answer.text


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


@pytest.mark.parametrize("card", ["nope", "..%2Fsettings", "<b>", "x" * 3000])
def test_an_unknown_chart_is_404(client: FlaskClient, card: str) -> None:
    answer = client.get(f"/chart/{card}.csv")
    assert answer.status_code == 404
    assert "<b>" not in answer.text
