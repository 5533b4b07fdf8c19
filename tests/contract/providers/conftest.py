"""Fixtures: the vendors on a loopback server, and nothing else within reach."""

import socket
from collections.abc import Iterator

import pytest
import yfinance
from upstream import Upstream, serve
from yfinance.data import YfData

from data_sources.providers import yahoo


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve() as server:
        yield server


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


@pytest.fixture(autouse=True)
def _new_process() -> None:
    """Let yfinance forget the time zones it knows."""
    yahoo._yfinance()
    YfData.cache_get.cache_clear()
    for symbol in ("^RUT", "IWM", "BTC-USD"):
        yfinance.cache.get_tz_cache().store(symbol, None)
