"""The real server: gunicorn as configured, two workers, under parallel requests."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("clock")
ROOT = Path(__file__).parents[2]
PATIENCE = 20
QUERIES = [
    f"v=1&w={window}&m={method}&s={small_caps}"
    for window in range(20, 100, 10)
    for method in ("pearson", "ewma")
    for small_caps in ("RUT", "IWN~RUT")
]
BAD_QUERIES = ["w=9999", "s=NOPE", "t=2030..2020", "%FF%FE", "v=99&w=&w=", "x=" + "y" * 3000]
CHARTS = ("overlay", "rolling-correlation", "matrix")


@dataclass(frozen=True)
class Answer:
    status: int
    encoding: str | None
    body: bytes


@dataclass(frozen=True)
class Server:
    """A running gunicorn, and the file it names the answering worker of each request in."""

    port: int
    process: subprocess.Popen
    access_log: Path

    def ask(self, path: str, body: Any = None, encoding: str = "identity") -> Answer:
        """Answer to a GET, or to a POST of `body` as JSON."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(
                "GET" if body is None else "POST",
                path,
                None if body is None else json.dumps(body),
                {"Content-Type": "application/json", "Accept-Encoding": encoding},
            )
            response = connection.getresponse()
            return Answer(response.status, response.headers["Content-Encoding"], response.read())

    def burst(self, requests: list[tuple[Any, ...]]) -> list[Answer]:
        """Answers to many requests, sixteen at a time."""
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda request: self.ask(*request), requests))

    def draw(self, chart: str, query: str) -> tuple[str, Any]:
        """The request a page makes to have a chart drawn for another view."""
        dependencies = json.loads(self.ask("/_dash-dependencies").body)
        output = next(d["output"] for d in dependencies if f"graph-{chart}.figure" in d["output"])
        names = [name.rsplit(".", 1) for name in output.strip(".").split("...")]
        view = {"id": "view", "property": "data", "value": query}
        return "/_dash-update-component", {
            "output": output,
            "outputs": [{"id": id_, "property": property_} for id_, property_ in names],
            "inputs": [view],
            "state": [{"id": "data-kind", "property": "data", "value": "sample"}],
            "changedPropIds": ["view.data"],
        }

    def workers(self) -> list[int]:
        """Process ids of the workers that answered, in order of their first answer."""
        pids = [int(line.strip("<>")) for line in self.access_log.read_text().split()]
        return list(dict.fromkeys(pids))


@contextmanager
def gunicorn(folder: Path, *options: str) -> Iterator[Server]:
    """gunicorn as `make serve` starts it and `options` change it, from the moment it listens."""
    port = free_port()
    access_log = folder / "access.log"
    command = [sys.executable, "-m", "gunicorn", *options]
    log_workers = ["--access-logfile", str(access_log), "--access-logformat", "%(p)s"]
    ours = {"BELLWETHER_PORT": str(port), "BELLWETHER_WORKERS": "2", "BELLWETHER_DATA": "sample"}
    with (
        (folder / "error.log").open("wb") as error_log,
        subprocess.Popen(
            command + log_workers, cwd=ROOT, env=os.environ | ours, stderr=error_log
        ) as process,
    ):
        try:
            eventually(lambda: listens(port))
            yield Server(port, process, access_log)
        finally:
            process.terminate()
    assert "Traceback" not in (folder / "error.log").read_text()


def free_port() -> int:
    """Below those the system gives away by itself, so that it stays free until gunicorn is up."""
    return next(port for port in random.sample(range(20_000, 30_000), 100) if not listens(port))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with gunicorn(tmp_path_factory.mktemp("gunicorn")) as running:
        yield running


def test_a_burst_at_start_up_is_answered_and_sigterm_ends_it(tmp_path: Path) -> None:
    # Dash sets itself up on the first request and is not safe for two at once (dash#3971).
    with gunicorn(tmp_path) as server:
        answers = server.burst([(f"/?{query}",) for query in QUERIES])
        server.process.terminate()
        assert server.process.wait(PATIENCE) == 0
        assert not listens(server.port)
    assert {answer.status for answer in answers} == {200}


def test_every_kind_of_request_is_answered_in_parallel(server: Server) -> None:
    pages = [(f"/?{query}",) for query in QUERIES + BAD_QUERIES]
    views = [(chart, query) for chart in CHARTS for query in QUERIES[::4]]
    callbacks = [server.draw(*view) for view in views]
    assets = [("/healthz",), ("/assets/style.css",), ("/assets/live.js",)] * 30
    answers = server.burst([*callbacks, *pages, *assets])
    assert {answer.status for answer in answers} == {200}
    for (chart, _), answer in zip(views, answers, strict=False):
        drawn = json.loads(answer.body)["response"]
        assert "ready" in drawn[f"card-{chart}"]["className"]


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_answers_are_compressed_when_asked(server: Server, encoding: str) -> None:
    requests = [("/",), ("/assets/style.css",), server.draw("overlay", "v=1")]
    for path, *body in requests:
        plain, packed = server.ask(path, *body), server.ask(path, *(body or [None]), encoding)
        assert plain.encoding is None
        assert packed.encoding == encoding
        assert len(packed.body) < len(plain.body)


def test_both_workers_answer_and_one_that_is_killed_is_replaced(server: Server) -> None:
    eventually(lambda: answered_by(server, 2))
    os.kill(server.workers()[0], signal.SIGKILL)
    eventually(lambda: answered_by(server, 3))
    assert server.process.poll() is None


def test_no_request_is_lost_while_workers_are_replaced(tmp_path: Path) -> None:
    with gunicorn(tmp_path, "--max-requests=50", "--max-requests-jitter=0") as server:
        for _ in range(10):
            assert answered_by(server, 1)
        assert len(server.workers()) > 4


def answered_by(server: Server, workers: int) -> bool:
    """Whether a burst is answered whole, and at least so many workers have answered by now."""
    try:
        answers = server.burst([("/healthz",)] * 32)
    except ConnectionError:
        return False
    return {answer.status for answer in answers} == {200} and len(server.workers()) >= workers
