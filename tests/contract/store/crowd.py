"""Many processes at one store; run as a program, so that each starts without a store open."""

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from data_sources.catalog import CATALOG
from data_sources.series import Series, make_series
from data_sources.store import open_store

SECOND = 1.0


def numbered(number: int, instrument: int = 0, rows: int = 400) -> Series:
    """A series that is different for each number, and tells which it is."""
    values = np.random.default_rng(number).lognormal(size=rows)
    values[0] = number + 1
    raw = pd.DataFrame({"close": values}, pd.date_range("2020-01-01", periods=rows))
    now = datetime.now(UTC)
    return make_series(CATALOG[instrument], raw, source="test", fetched_at=now)


def number_of(series: Series) -> int:
    return int(series.frame["close"].iloc[0]) - 1


def together(size: int, task: Callable[[int], object]) -> list:
    """Run a task in many processes at the same moment; what they return, or raised."""
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(size), context.Queue()

    def run(index: int) -> None:
        start.wait()
        try:
            results.put(task(index))
        except Exception as error:  # noqa: BLE001
            results.put(repr(error))

    processes = [context.Process(target=run, args=(index,)) for index in range(size)]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    return found


def open_together(url: str) -> list:
    def task(index: int) -> bool:
        with closing(open_store(url)) as store:
            store.put(numbered(index, instrument=index))
            return store.check() == []

    return together(8, task)


def lease_together(url: str) -> list:
    """For each of ten rounds, how many of six processes got the lease."""
    open_store(url).close()

    def task(index: int) -> list[bool]:
        with closing(open_store(url)) as store:
            return [store.lease(f"S{n}", f"process {index}", 60) for n in range(10)]

    return [sum(got) for got in zip(*together(6, task), strict=True)]


def write_forever(url: str, first: int, acknowledge: int) -> None:
    store = open_store(url)
    os.write(acknowledge, b"-")
    for number in range(first, 10**9):
        store.put(numbered(number))
        os.write(acknowledge, b".")
        store.record_failure("RUT", "no answer", datetime.now(UTC))
        store.lease("RUT", "writer", SECOND)
        if number % 3 == 0:
            store.prune(timedelta(0))


def kill_writers(url: str) -> dict:
    """Kill a writer 50 times: opening, writing its first copy, its second or its third.

    Returns how many copies there are in the end, how many at least there have to be, and what
    was found wrong in between.
    """
    written, awaited, problems = 0, 0, []
    chance = random.Random(7)
    for round_ in range(50):
        read, acknowledge = os.pipe()
        child = os.fork()
        if child == 0:
            write_forever(url, written, acknowledge)
        os.close(acknowledge)
        with os.fdopen(read, "rb", buffering=0) as pipe:
            seen = b"".join(pipe.read(1) for _ in range(round_ % 4))
            time.sleep(chance.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            awaited += seen.count(b".")
            seen += pipe.readall()
        promised = written + seen.count(b".")
        with closing(open_store(url)) as store:
            problems += store.check()
            found = store.get(["RUT"])
            written = number_of(found["RUT"]) + 1 if found else 0
        if written not in (promised, promised + 1):
            problems.append(f"{promised} copies promised, {written} found")
    return {"written": written, "awaited": awaited, "problems": problems}


if __name__ == "__main__":
    scenario = {"open": open_together, "lease": lease_together, "kill": kill_writers}
    json.dump(scenario[sys.argv[1]](sys.argv[2]), sys.stdout)
