"""Pictures of figures, drawn by a real Chrome that processes share."""

import copy
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import BoundedSemaphore, Event, Semaphore, Thread, active_count, current_thread
from typing import Any

import numpy as np
import pytest

from components.plotting import Figure, values
from components.registry import CHARTS
from data_sources.market import open_market
from settings import Settings
from sharing.pictures import (
    MOST_OF_A_WORKER,
    BusyError,
    DrawingError,
    NoBrowserError,
    Pictures,
    _folder,
    _has_browser,
)
from sharing.renderer import LARGEST_FIGURE, MOST_WAITING, _Memory
from sharing.view import available, inputs
from view_state import parse

ROOT = Path(__file__).parents[3]
LINE: Figure = {"data": [{"y": [1, 3, 2]}], "layout": {"title": {"text": "Of small caps"}}}


@pytest.fixture(scope="module")
def shared() -> Iterator[Pictures]:
    with closing(Pictures(timeout=30)) as pictures:
        yield pictures


@pytest.fixture
def own() -> Iterator[Pictures]:
    """One whose processes a test may do harm to; a figure may keep Chrome busy for 4 seconds."""
    with closing(Pictures(timeout=6)) as pictures:
        yield pictures


def draw(pictures: Pictures, key: str, figure: Any = LINE, **how: Any) -> bytes:
    made = figure if callable(figure) else lambda: figure
    small = {"width": 200, "height": 100, "scale": 1, "format": "png", "timeout": 30.0}
    return pictures.draw(key, made, **{**small, **how})


def never() -> Figure:
    raise AssertionError("this figure is not needed")


def processes(name: str) -> dict[int, str]:
    """The renderer's and Chrome's processes, by what their commands say of the folder `name`."""
    listed = subprocess.run(
        ["ps", "-ewwo", "pid=,pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=3) for line in listed.stdout.splitlines()]
    groups = {row[1] for row in rows if name in row[3]}
    return {int(row[0]): row[3] for row in rows if row[1] in groups and row[2][0] != "Z"}


def renderers(pictures: Pictures) -> set[int]:
    return {
        pid for pid, command in processes(pictures._name).items() if "sharing.renderer" in command
    }


def send(pictures: Pictures, sent: signal.Signals) -> None:
    """Send a signal to all processes of Chrome but those that only wait for its end."""
    for pid, command in processes(pictures._name).items():
        if "sharing.renderer" not in command and "crashpad_handler" not in command:
            os.kill(pid, sent)


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def test_a_picture_has_the_size_asked_for(shared: Pictures) -> None:
    assert size(draw(shared, "size", width=300, height=150)) == (300, 150)
    assert size(draw(shared, "twice", width=300, height=150, scale=2)) == (600, 300)


def test_a_real_chart_is_drawn_with_its_words(shared: Pictures) -> None:
    market = open_market(Settings(data="sample"))
    chart, state = CHARTS["rolling-correlation"], parse("", available(market))[0]
    figure = chart.figure(chart.prepare(inputs(chart, state, market), state), state, "light")
    svg = draw(shared, "real", figure, width=1200, height=630, format="svg").decode()
    assert svg.startswith("<svg")
    assert "RUT × BTC" in svg
    assert "Sample data" in svg
    assert size(draw(shared, "png", figure, width=1200, height=630)) == (1200, 630)


def test_pictures_are_the_same_in_every_time_zone() -> None:
    """Chrome's clock is the server's, which may stand anywhere."""
    market = open_market(Settings(data="sample"))
    query = "t=2020-07-01..2021-04-30&mark=2020-11-03_Vote"
    state = parse(query, available(market))[0]

    def drawn(zone: str) -> list[str]:
        with closing(Pictures(timeout=30, environment=os.environ | {"TZ": zone})) as pictures:
            found = []
            for name in ("overlay", "rolling-correlation", "lead-lag-map"):
                chart = CHARTS[name]
                figure = chart.figure(
                    chart.prepare(inputs(chart, state, market), state), state, "light"
                )
                svg = draw(pictures, name, figure, width=600, format="svg").decode()
                # Its parts are told apart by a number of its own.
                found.append(svg.replace(re.search(r'id="defs-(\w+)"', svg)[1], ""))
            return found

    assert drawn("UTC") == drawn("Pacific/Auckland")


def test_typed_arrays_are_drawn(shared: Pictures) -> None:
    column = np.array([1.0, 4.0, np.nan, 2.5, 3.0])
    listed = [1.0, 4.0, None, 2.5, 3.0]
    typed = draw(shared, "typed", {"data": [{"y": values(column)}], "layout": {}})
    assert typed == draw(shared, "listed", {"data": [{"y": listed}], "layout": {}})
    assert typed != draw(shared, "none", {"data": [{"y": []}], "layout": {}})


def test_a_picture_is_drawn_once(shared: Pictures) -> None:
    first = draw(shared, "once")
    assert draw(shared, "once", never) == first
    began = time.monotonic()
    for _ in range(50):
        draw(shared, "once", never)
    assert (time.monotonic() - began) / 50 < 0.02


def test_asked_for_at_once_it_is_drawn_once(shared: Pictures) -> None:
    with ThreadPoolExecutor(MOST_OF_A_WORKER) as pool:
        drawn = list(pool.map(lambda _: draw(shared, "together"), range(MOST_OF_A_WORKER)))
    assert len(set(drawn)) == 1


def test_what_was_last_asked_for_is_remembered_up_to_a_size() -> None:
    memory = _Memory(10)
    memory.put("a", b"aaaa")
    memory.put("b", b"bbbb")
    assert memory.get("a") == b"aaaa"
    memory.put("c", b"cccc")
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (b"aaaa", None, b"cccc")
    memory.put("a", b"aaaaaa")
    assert memory.get("a") == b"aaaaaa"
    memory.put("d", b"d" * 11)
    assert [memory.get(key) for key in "abcd"] == [None] * 4


def test_what_making_the_figure_raises_is_raised(shared: Pictures) -> None:
    def broken() -> Figure:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        draw(shared, "broken", broken)
    assert draw(shared, "broken")


def test_what_plotly_cannot_draw_is_refused_alone(shared: Pictures) -> None:
    before = renderers(shared)
    with pytest.raises(DrawingError, match="could not be drawn"):
        draw(shared, "bad", {"data": [{"y": {"dtype": "f4", "bdata": "AAA="}}], "layout": {}})
    assert draw(shared, "good")
    assert renderers(shared) == before


def test_what_is_too_large_is_refused(shared: Pictures) -> None:
    before = renderers(shared)
    huge = {"data": [], "layout": {"title": {"text": "x" * LARGEST_FIGURE}}}
    with pytest.raises(DrawingError, match="too large"):
        draw(shared, "huge", huge)
    with pytest.raises(DrawingError, match="too large"):
        draw(shared, "wide", never, width=10_000, height=10_000)
    with closing(socket.socket(socket.AF_UNIX)) as line:
        line.connect(str(_folder(shared._name) / "socket"))
        line.settimeout(5)
        line.sendall(b'{"key": "rude"}\n')
        assert json.loads(line.recv(1000))["answer"] == "unknown"
        line.sendall(json.dumps({"bytes": LARGEST_FIGURE + 1}).encode() + b"\n")
        assert json.loads(line.recv(1000))["answer"] == "refused"
    assert renderers(shared) == before


def test_a_figure_makes_chrome_ask_nothing_of_a_network(shared: Pictures) -> None:
    asked = Event()

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            asked.set()
            super().setup()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        image = {
            "source": f"http://127.0.0.1:{server.server_port}/a.png",
            "x": 0, "y": 1, "sizex": 1, "sizey": 1,
        }  # fmt: skip
        assert draw(shared, "image", {"data": [], "layout": {"images": [image]}}, format="svg")
        assert not asked.wait(0.3)
        server.shutdown()


def test_more_than_may_wait_are_told_when_to_ask_again(shared: Pictures) -> None:
    draw(shared, "there")
    made = Semaphore(0)

    def figure() -> Figure:
        made.release()
        return LINE

    # As two workers have it, each with waits of its own.
    workers = [copy.copy(shared) for _ in range(2)]
    for worker in workers:
        worker._waiting = BoundedSemaphore(MOST_OF_A_WORKER)
    send(shared, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(MOST_WAITING + 1) as pool:
            waiting = [
                pool.submit(draw, workers[i // MOST_OF_A_WORKER], f"waits {i}", figure)
                for i in range(MOST_WAITING + 1)
            ]
            for _ in waiting:
                assert made.acquire(timeout=10)
            time.sleep(0.3)
            began = time.monotonic()
            with pytest.raises(BusyError, match="in a moment") as busy:
                draw(shared, "one too many", never)
            assert time.monotonic() - began < 1
            assert busy.value.retry_after >= 1
            with pytest.raises(BusyError):  # it has a thread to lose no more
                draw(workers[0], "a fourth of one worker")
            assert draw(shared, "there", never)  # what is remembered needs no turn
            send(shared, signal.SIGCONT)
            assert all(size(one.result()) == (200, 100) for one in waiting)
    finally:
        send(shared, signal.SIGCONT)


def test_without_a_browser_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chrome")
    with closing(Pictures()) as pictures:
        took = []
        for _ in range(5):
            began = time.monotonic()
            with pytest.raises(NoBrowserError, match="there is none"):
                draw(pictures, "none", never)
            took.append(time.monotonic() - began)
        assert min(took) < 0.05
        pictures.warm()
        time.sleep(0.1)
        assert not _folder(pictures._name).exists()
    monkeypatch.undo()
    assert _has_browser()  # one that is installed later is found


def test_warm_returns_at_once_and_close_leaves_nothing(own: Pictures) -> None:
    began = time.monotonic()
    own.warm()
    assert time.monotonic() - began < 0.5  # Chrome takes 2 seconds
    wait_for(lambda: any("--type=renderer" in one for one in processes(own._name).values()))
    assert _folder(own._name).stat().st_mode & 0o777 == 0o700
    assert draw(own, "warm")
    own.close()
    assert not _folder(own._name).exists()
    wait_for(lambda: not processes(own._name))


def test_warm_takes_one_thread_however_often_and_none_where_it_runs(
    own: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go, asked = Event(), []

    def hang(*_: object) -> None:
        asked.append(current_thread())
        may_go.wait(10)
        raise DrawingError("not now")

    monkeypatch.setattr(own, "_line", hang)
    before = active_count()
    for _ in range(100):
        own.warm()
    assert active_count() - before <= 1
    may_go.set()
    wait_for(lambda: active_count() <= before)
    own.warm()  # again, as it has failed
    wait_for(lambda: len(asked) == 2)
    monkeypatch.undo()
    draw(own, "running")
    monkeypatch.setattr(own, "_line", hang)
    for _ in range(10):
        own.warm()
    assert len(asked) == 2


def test_what_is_killed_is_replaced(own: Pictures) -> None:
    draw(own, "before")
    for kill in (_kill_renderer, _kill_chrome):
        before = set(processes(own._name))
        kill(own)
        assert draw(own, f"after {kill.__name__}")
        wait_for(lambda before=before: not before & set(processes(own._name)))
        assert len(list(_folder(own._name).glob("[0-9]*"))) == 1


def _kill_renderer(pictures: Pictures) -> None:
    left = set(processes(pictures._name))
    for pid in renderers(pictures):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not left & set(processes(pictures._name)))


def _kill_chrome(pictures: Pictures) -> None:
    send(pictures, signal.SIGKILL)


def test_a_hung_browser_is_replaced_for_those_who_wait(own: Pictures) -> None:
    draw(own, "before")
    before = set(processes(own._name))
    send(own, signal.SIGSTOP)
    with ThreadPoolExecutor(2) as pool:
        began = time.monotonic()
        hangs = pool.submit(draw, own, "hangs", timeout=None)
        time.sleep(0.3)
        waits = pool.submit(draw, own, "waits")
        with pytest.raises(DrawingError):
            hangs.result()
        assert time.monotonic() - began < 6.5
        assert size(waits.result()) == (200, 100)
    wait_for(lambda: not before & set(processes(own._name)))


def test_nobody_waits_longer_than_agreed(shared: Pictures) -> None:
    draw(shared, "in time")
    send(shared, signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(DrawingError, match="too long"):
            draw(shared, "late", timeout=0.2)
        assert time.monotonic() - began < 1
    finally:
        send(shared, signal.SIGCONT)
    assert draw(shared, "late")


_SERVER = """
import os, sys, time
from sharing.pictures import Pictures
pictures = Pictures(timeout=30)
print(pictures._name, flush=True)
def draw(key, figure=lambda: {"data": [{"y": [1, 2]}], "layout": {}}):
    return pictures.draw(key, figure, width=200, height=100, scale=1, format="png")
"""


def start(script: str) -> subprocess.Popen[str]:
    """A server that is no part of this process."""
    return subprocess.Popen(
        [sys.executable, "-c", _SERVER + script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_workers_share_one_renderer() -> None:
    script = """
workers = []
for i in range(2):
    workers.append(os.fork())
    if not workers[-1]:
        draw(f"worker {i}")
        pictures.close()
        sys.exit()
print([os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers], flush=True)
draw("worker 0", None), draw("worker 1", None)
print("drawn", flush=True)
time.sleep(1)
"""
    with start(script) as server:
        name = server.stdout.readline().strip()
        assert server.stdout.readline() == "[0, 0]\n"
        assert server.stdout.readline() == "drawn\n"
        assert sum("sharing.renderer" in one for one in processes(name).values()) == 1
    assert server.returncode == 0
    assert not _folder(name).exists()
    wait_for(lambda: not processes(name))


def test_all_ends_with_the_owner() -> None:
    with start("draw('a')\nprint('drawn', flush=True)\ntime.sleep(15)") as server:
        name = server.stdout.readline().strip()
        assert server.stdout.readline() == "drawn\n"
        assert processes(name)
        server.kill()
    wait_for(lambda: not processes(name) and not _folder(name).exists())


def test_it_ends_when_it_is_told_to_at_any_time(own: Pictures) -> None:
    draw(own, "before")
    for pid in renderers(own):
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not processes(own._name))
    assert [one.name for one in _folder(own._name).iterdir()] == ["lock"]
    own.warm()
    wait_for(lambda: bool(renderers(own)))  # and Chrome is only being started
    own.close()
    wait_for(lambda: not processes(own._name))
    assert not _folder(own._name).exists()
