"""Fixtures: the vendors on a loopback server, and nothing else within reach."""

import socket
from collections.abc import Iterator

import pytest

from settings import Access
from tests.upstream import Upstream, serve, settings


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve() as server:
        yield server


@pytest.fixture
def access(upstream: Upstream) -> Access:
    more = {"timeout": 5, "user_agent": "Bellwether test"}
    return settings(upstream).yahoo.model_copy(update=more)


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Names looked up during a test: never another than loopback."""
    asked = set()
    look_up = socket.getaddrinfo

    def watched(host: str, *args: object, **options: object) -> object:
        asked.add(host)
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", watched)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield asked
    assert asked <= {"127.0.0.1"}
