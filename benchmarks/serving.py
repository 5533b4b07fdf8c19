"""Servers in processes of their own, so that they and the measuring do not share a lock."""

import logging
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pandas as pd
from werkzeug.serving import make_server

from app import create_app
from benchmarks import naive
from settings import Settings


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
