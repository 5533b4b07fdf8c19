"""Servers in processes of their own, so that they and the measuring do not share a lock."""

import logging
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd
import requests
from werkzeug.serving import make_server

from app import create_app
from benchmarks import naive
from settings import Settings

APP = Path(__file__).parents[1] / "app.py"
LONGEST_START = 60


@contextmanager
def running(serve: Callable[..., None], *arguments: Any) -> Iterator[int]:
    """Run ``serve(tell, *arguments)`` in a new process and yield the port it tells."""
    context = multiprocessing.get_context("spawn")
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(tell, *arguments), daemon=True)
    process.start()
    tell.close()
    try:
        yield told.recv()
    finally:
        process.terminate()
        process.join()


def started(environment: Mapping[str, str], shows: str) -> tuple[float, float]:
    """Start ``python app.py``: seconds until its page says `shows`, and its megabytes then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, APP],
        env={**os.environ, **environment, "BELLWETHER_PORT": str(port)},
        cwd=APP.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while shows not in _page(port):
            if process.poll() is not None or time.perf_counter() - start > LONGEST_START:
                raise RuntimeError(f"app.py does not show {shows!r}")
            time.sleep(0.01)
        seconds = time.perf_counter() - start
        command = ["ps", "-o", "rss=", "-p", str(process.pid)]
        kibibytes = int(subprocess.check_output(command))
    finally:
        process.terminate()
        process.wait()
    return seconds, kibibytes * 1024 / 1e6


def _page(port: int) -> str:
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/", timeout=LONGEST_START)
    except requests.ConnectionError:
        return ""
    return answer.text if answer.ok else ""


def serve_bellwether(tell: Connection, folder: Path) -> None:
    """Serve the dashboard with a folder of prices."""
    _serve(tell, create_app(Settings(data="files", files=folder)).server)


def serve_naive(tell: Connection, closes: pd.DataFrame) -> None:
    """Serve the baseline with the same prices."""
    _serve(tell, naive.create_app(closes).server)


def _serve(tell: Connection, wsgi: Any) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, wsgi, threaded=True)
    tell.send(server.port)
    server.serve_forever()
