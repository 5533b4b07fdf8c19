"""Refreshers and servers as processes; run as a program, so that each is forked without threads."""

import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime

from data_sources.new_york import last_complete_session
from data_sources.providers import yahoo
from data_sources.refresh import Refresher
from data_sources.store import open_store
from settings import Access, Settings
from tests import upstream_prices as prices
from tests.upstream import NOW, VENDORS, serve

FORK = multiprocessing.get_context("fork")
FIRST_DAY = date(2023, 10, 2)
DAY = 86_400
ROUNDS = 60
PATIENCE = 150.0  # seconds; a third is enough on two idle cores


class Vendors:
    """An upstream in a process of its own, and the time it shares with everybody."""

    def __init__(self, fault: str | None = None, delay: float = 0) -> None:
        # Without a lock: whoever is killed while it holds one would stop the clock for all.
        self.seconds = FORK.Value("d", NOW.timestamp(), lock=False)
        self._pipe, theirs = FORK.Pipe()
        self._process = FORK.Process(target=self._serve, args=(theirs, fault, delay), daemon=True)
        self._process.start()
        self.base_url = self._pipe.recv()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds.value, UTC)

    def settings(self, url: str, **more: object) -> Settings:
        access = Access(base_url=self.base_url, timeout=5, min_interval=0)
        vendors = dict.fromkeys(VENDORS, access)
        return Settings(**{"data": "live", "database_url": url, **vendors, **more})

    def stop(self) -> dict:
        """What was counted."""
        self._pipe.send("stop")
        counted = self._pipe.recv()
        self._process.join()
        return counted

    def _serve(self, pipe, fault: str | None, delay: float) -> None:
        with serve() as upstream:
            upstream.first_day, upstream.fault, upstream.delay = FIRST_DAY, fault, delay
            pipe.send(upstream.base_url)
            while not pipe.poll(0.002):
                upstream.now = self.now()
            in_flight = {
                " ".join(key): most
                for key, most in upstream.most_in_flight.items()
                if isinstance(key, tuple)
            }
            asked = Counter(f"{one.vendor} {one.symbol}" for one in upstream.requests)
            pipe.send({"in_flight": in_flight, "requests": asked})


def forked(task: Callable[[], object]) -> int:
    """Process id of a child that does a task and is gone."""
    child = os.fork()
    if child == 0:
        try:
            task()
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def refresh_for_days(vendors: Vendors, url: str) -> None:
    store = open_store(url, vendors.now)
    refresher = Refresher(store, vendors.settings(url), vendors.now)
    while refresher.work():
        pass


def wrong(vendors: Vendors, url: str, lengths: dict[str, int]) -> list[str]:
    """What is damaged, lost or was never sent by a vendor; `lengths` is brought up to date."""
    problems = []
    with closing(open_store(url, vendors.now)) as store:
        problems += store.check()
        for name, series in store.get(store.heads()).items():
            if len(series.frame) < lengths.get(name, 0):
                problems.append(f"{name} lost days")
            lengths[name] = len(series.frame)
            source = series.source.split()[-1]
            if "@" in name or "+" in source:
                continue
            sent = prices.days(source.removesuffix("-USD"), FIRST_DAY, vendors.now())["close"]
            if not series.close.equals(sent.reindex(series.close.index).rename(series.id)):
                problems.append(f"{name} has values nobody sent")
    return problems


def kill_refreshers(url: str) -> dict:
    """Kill a refresher with -9 at a random point, again and again, as days go by."""
    vendors, chance = Vendors(), random.Random(11)
    lengths: dict[str, int] = {}
    problems, killed = [], 0
    for _ in range(ROUNDS):
        child = forked(lambda: refresh_for_days(vendors, url))
        time.sleep(chance.uniform(0, 0.2))
        os.kill(child, signal.SIGKILL)
        killed += os.waitpid(child, 0)[1] == signal.SIGKILL
        problems += wrong(vendors, url, lengths)
        vendors.seconds.value += DAY / 2
    # The leases of the dead run out.
    vendors.seconds.value += DAY
    os.waitpid(forked(lambda: refresh_for_days(vendors, url)), 0)
    problems += wrong(vendors, url, lengths)
    with closing(open_store(url, vendors.now)) as store:
        last = {name: head.as_of for name, head in store.heads().items()}
    session = last_complete_session(vendors.now(), NOW - NOW)
    behind = [name for name in ("RUT", "SPY", "BTC@nyclose") if last[name] != session]
    counted = vendors.stop()
    return {"problems": problems, "killed": killed, "behind": behind, **counted}


def crowd(url: str) -> dict:
    """Eight servers and two refreshers on one store, from nothing to everything."""
    # Once for all of them, as gunicorn does.
    from app import create_app  # noqa: PLC0415 - the other scenario does not need it
    from data_sources import live as live_module  # noqa: PLC0415

    vendors = Vendors("slow", 0.04)
    results = FORK.Queue()

    def keep() -> None:
        stop = threading.Event()
        threading.Timer(PATIENCE, stop.set).start()
        Refresher(open_store(url, vendors.now), vendors.settings(url), vendors.now).run(stop)

    def serve_pages() -> None:
        live_module._utc_now = vendors.now
        server = create_app(vendors.settings(url, data="auto", refresh=False)).server
        live = server.extensions["market"].live
        live._clock = vendors.now
        live.start()
        client, codes, mixed = server.test_client(), set(), 0
        deadline = time.monotonic() + PATIENCE
        status = {"progress": "-", "is_sample": True}
        while (status["progress"] or len(live.snapshot().new_york) < 7) and (
            time.monotonic() < deadline
        ):
            page = client.get("/")
            codes |= {page.status_code, client.get("/data").status_code}
            status = client.get("/status").get_json()
            held = live.snapshot().series.values()
            mixed += len({one.is_sample for one in held}) > 1
            # Often enough to see every stage, and leaves the refreshers some of two cores.
            time.sleep(0.5)
        time.sleep(3)
        codes.add(client.get("/").status_code)
        results.put([sorted(codes), client.get("/status").get_json()["version"], mixed])
        results.close()
        results.join_thread()

    keepers = [forked(keep) for _ in range(2)]
    servers = [forked(serve_pages) for _ in range(8)]
    ends = [os.waitpid(child, 0)[1] for child in servers]
    for child in keepers:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    told = [results.get(timeout=10) for end in ends if end == 0]
    return {"told": told, "problems": wrong(vendors, url, {}), **vendors.stop()}


if __name__ == "__main__":
    yahoo._yfinance()
    prices.session_ends("IWM", NOW)
    scenario = {"kill": kill_refreshers, "crowd": crowd}[sys.argv[1]]
    json.dump(scenario(sys.argv[2]), sys.stdout)
