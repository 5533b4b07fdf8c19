"""Every request reads the market once: what it answers is of one moment, sample or live."""

import json
import re
from collections.abc import Iterator
from itertools import cycle

import pytest
from flask.testing import FlaskClient

import app
from components.registry import CHARTS
from data_sources.market import Market
from data_sources.sample import sample_snapshot
from data_sources.snapshot import Snapshot
from settings import Settings
from tests.unit.new_york_market import new_york_market

LIVE = new_york_market(["BTC"]).still()


@pytest.fixture(scope="module")
def reads() -> list[Snapshot]:
    return []


@pytest.fixture(scope="module")
def client(reads: list[Snapshot]) -> Iterator[FlaskClient]:
    """Of a dashboard whose data change between any two reads, from sample to live and back."""
    both = cycle([sample_snapshot(), LIVE._current()])

    def current() -> Snapshot:
        reads.append(next(both))
        return reads[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "open_market", lambda _: Market(current))
        server = app.create_app(Settings(data="sample")).server
    yield server.test_client()
    server.extensions["pictures"].close()


@pytest.mark.parametrize(
    "path",
    [
        "/", "/evidence", "/lead-lag", "/claims", "/data", "/nowhere", "/share?page=/",
        "/status", "/oembed?url=/embed/matrix",
        *(f"/embed/{card}" for card in CHARTS),
        *(f"/chart/{card}.{form}" for card in CHARTS for form in ("csv", "json")),
    ],
)  # fmt: skip
def test_a_request_reads_the_market_once(
    client: FlaskClient, reads: list[Snapshot], path: str
) -> None:
    for _ in range(2):
        reads.clear()
        client.get(path)
        assert len(reads) <= 1


@pytest.mark.parametrize("page", ["/", "/evidence", "/lead-lag"])
def test_a_page_is_all_sample_or_all_live(
    client: FlaskClient, reads: list[Snapshot], page: str
) -> None:
    for _ in range(2):
        reads.clear()
        layout = json.dumps(json.loads(_boot(client.get(page).text))["layout"])
        sources = re.findall(r'"id": "source-[\w-]+"', layout)
        is_sample = reads[0].is_sample
        assert sources
        assert layout.count('"badge sample"') == is_sample
        told = re.findall(
            r'"children": "(Sample data: simulated|Source)[^"]*", "id": "source-', layout
        )
        assert set(told) <= {"Sample data: simulated" if is_sample else "Source"}


def test_a_chart_of_other_data_than_its_page_is_not_drawn(
    client: FlaskClient, reads: list[Snapshot]
) -> None:
    """The page was of the sample, and live prices have arrived."""
    dependencies = json.loads(_boot(client.get("/").text))["dependencies"]
    one = next(d for d in dependencies if "finding-matrix.children" in d["output"])
    outputs = [
        dict(zip(("id", "property"), part.rsplit(".", 1), strict=True))
        for part in one["output"].strip(".").split("...")
    ]
    told = {}
    for _ in range(2):
        reads.clear()
        answer = client.post(
            "/_dash-update-component",
            json={
                "output": one["output"], "outputs": outputs, "changedPropIds": ["view.data"],
                "inputs": [{"id": "view", "property": "data", "value": "v=1"}],
                "state": [{"id": "data-kind", "property": "data", "value": "sample"}],
            },
        ).get_json()  # fmt: skip
        told[reads[0].is_sample] = answer
    assert told[True]["response"]["finding-matrix"]["children"]
    assert not told[False]["response"]["finding-matrix"]["children"]
    assert told[False]["response"]["message-matrix"]["children"].startswith("Live prices have")
    assert told[False]["sideUpdate"]["newer"]["hidden"] is False


def _boot(html: str) -> str:
    return re.search(r'id="boot">(.*?)</script>', html, re.DOTALL)[1]
