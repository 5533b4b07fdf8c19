"""Folders of prices that people really have: what a careful reader would conclude from each."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from settings import Settings

CASES = Path(__file__).parents[3].parent / "shared" / "cases"
CARDS = ("rolling-correlation", "matrix", "lead-lag")

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="no cases beside the repository")


def opened(case: str) -> FlaskClient:
    return create_app(Settings(data="files", files=CASES / case)).server.test_client()


def finding(client: FlaskClient, card: str, query: str = "") -> str:
    """The finding of a chart and its notices, as its file has them; or why there is none."""
    answer = client.get(f"/chart/{card}.json?{query}")
    told = answer.get_json()
    return told["message"] if "message" in told else " ".join([told["finding"], *told["notices"]])


def preview(client: FlaskClient, path: str) -> str:
    (text,) = re.findall(r'property="og:description" content="(.*?)"', client.get(path).text)
    return text


def test_weeks_are_never_called_sessions() -> None:
    client = opened("b-weekly-yahoo")
    assert finding(client, "rolling-correlation").startswith(
        "18-week correlation of weekly returns "
    )
    for card in ("lead-lag", "breakouts", "event-odds", "granger"):
        assert finding(client, card).startswith("RUT has one close a week; ")
    assert "weekly returns" in preview(client, "/")


@pytest.mark.parametrize("card", CARDS)
def test_the_return_across_a_hole_is_left_out_and_counted(card: str) -> None:
    client = opened("b-gap")
    assert "1 return across a gap of 187 sessions is left out." in finding(client, card)
    assert "1 return across a gap of 187 sessions" in preview(client, f"/embed/{card}")


def test_a_split_nobody_adjusted_is_named_and_makes_no_breakout() -> None:
    client = opened("b-split")
    for card in ("overlay", *CARDS):
        told = finding(client, card, "s=TNA&base=20&cool=0")
        assert "TNA: the close of 16 Jun 2026 is 10 times the close before, like a 1:10" in told
    events = client.get("/chart/breakouts.json?s=TNA&base=5&cool=0").get_json()["values"]["date"]
    assert "2026-06-16" not in events
    assert "like a 1:10 reverse split" in client.get("/data").text
    assert "like a 1:10 reverse split" in preview(client, "/?s=TNA")


@pytest.mark.parametrize("card", ["rolling-correlation", "matrix"])
def test_what_ended_months_ago_is_dated_everywhere(card: str) -> None:
    client = opened("b-stale")
    days = (datetime.now(UTC).date() - date(2026, 3, 31)).days
    told = f"on 31 Mar 2026, {days} days ago"
    assert told in finding(client, card)
    assert told in client.get(f"/chart/{card}.csv").text
    assert told in preview(client, "/" if card == "rolling-correlation" else f"/embed/{card}")
    for path in ("/", "/evidence", "/lead-lag", "/claims"):
        assert f"31 Mar 2026, {days} days ago" in preview(client, path)
        assert " now " not in preview(client, path)


def test_midnights_of_berlin_keep_their_day() -> None:
    """The same prices as RUT elsewhere, by the same days: the highest correlation is at lag 0."""
    values = opened("a4-midnight-with-offset").get("/chart/overlay.json?s=ZPRR&scale=price")
    frame = values.get_json()["values"]
    by_day = dict(zip(frame["date"], frame["ZPRR"], strict=True))
    assert by_day["2026-11-16"] == 2854.89
    assert by_day["2026-11-30"] == 2852.47
