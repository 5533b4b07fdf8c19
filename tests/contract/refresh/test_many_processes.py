"""Refreshers that are killed, full disks, and many processes on one store."""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app import create_app
from data_sources.errors import StoreUnavailable
from data_sources.live import Live
from data_sources.refresh import Refresher
from data_sources.store import open_store
from tests.contract.conftest import SOME, Clock, SmallDisk, only
from tests.upstream import NOW, VENDORS, serve
from tests.upstream import settings as settings_for

pytestmark = pytest.mark.xdist_group("clock")
ROOT = Path(__file__).parents[3]
FIRST_DAY = date(2023, 10, 2)


def run(scenario: str, url: str) -> dict:
    script = Path(__file__).with_name("processes.py")
    result = subprocess.run(
        [sys.executable, script, scenario, url],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout)


def test_a_refresher_killed_60_times_loses_and_invents_nothing(tmp_path: Path) -> None:
    found = run("kill", f"sqlite:///{tmp_path}/store.db")
    assert found["problems"] == []
    assert found["behind"] == []
    assert found["killed"] > 30
    assert max(found["in_flight"].values()) <= 2  # one whose asker is dead, one of the living


def one_first_load(folder: Path) -> dict[str, int]:
    """Requests of one refresher that works alone, by vendor and symbol."""
    address, clock = f"sqlite:///{folder}/alone.db", Clock(NOW)
    with serve() as upstream, closing(open_store(address, clock)) as store:
        upstream.first_day = FIRST_DAY
        refresher = Refresher(store, settings_for(upstream, database_url=address), clock)
        while refresher.work():
            pass
        return dict(Counter(f"{one.vendor} {one.symbol}" for one in upstream.requests))


def test_eight_servers_and_two_refreshers_share_one_store(url: str, tmp_path: Path) -> None:
    found = run("crowd", url)
    assert len(found["told"]) == 8
    codes, versions, mixed = zip(*found["told"], strict=True)
    assert set(map(tuple, codes)) == {(200,)}
    assert len(set(versions)) == 1
    assert not any(mixed)
    assert found["problems"] == []
    assert max(found["in_flight"].values()) == 1
    assert found["requests"] == one_first_load(tmp_path)


def test_a_full_disk_loses_nothing_and_is_said(small_disk: SmallDisk) -> None:
    clock = Clock(NOW)
    with only(SOME), serve() as upstream:
        upstream.first_day = FIRST_DAY
        settings = settings_for(upstream, database_url=small_disk.url, refresh=False)
        with closing(open_store(small_disk.url, clock)) as store:
            refresher = Refresher(store, settings, clock)
            while refresher.work():
                pass
            before = {name: head.hash for name, head in store.heads().items()}
            # History grows by ten years, which the disk has no room for.
            upstream.first_day = date(2012, 1, 2)
            upstream.fault = "restated"
            clock.now = upstream.now = datetime(2024, 3, 19, 21, 30, tzinfo=UTC)

            def go_on() -> None:
                for _ in range(400):
                    refresher.work()
                    store.try_all_now()
                    clock.advance(days=1)
                    upstream.now = clock.now
                    upstream.fault = None if upstream.fault else "restated"

            with pytest.raises(StoreUnavailable):
                go_on()
            assert store.check() == []
            assert store.heads().keys() == before.keys()
            live = Live(settings, clock)
            shown = live.snapshot()
            # A full PostgreSQL may refuse new connections.
            is_refused = "postgresql" in small_disk.url and bool(shown.problems)
            assert is_refused or shown.series.keys() == {n for n in before if "@" not in n}
            live.close()
            client = create_app(settings).server.test_client()
            assert client.get("/").status_code == 200
            client.application.extensions["market"].live.close()
            small_disk.make_room()
            clock.advance(days=30)
            upstream.now = clock.now
            while refresher.work():
                pass
            assert store.check() == []


def test_the_programs_end_with_what_they_found(tmp_path: Path) -> None:
    with serve() as upstream:
        upstream.now = datetime.now(UTC)
        upstream.first_day = upstream.today - timedelta(days=90)
        environment = {
            **os.environ,
            "BELLWETHER_DATABASE_URL": f"sqlite:///{tmp_path}/store.db",
            **{f"BELLWETHER_{name.upper()}__BASE_URL": upstream.base_url for name in VENDORS},
            **{f"BELLWETHER_{name.upper()}__MIN_INTERVAL": "0" for name in VENDORS},
        }

        def program(*arguments: str) -> subprocess.CompletedProcess:
            return subprocess.run(
                [sys.executable, "-m", *arguments],
                env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip

        good = program("data_sources.refresh", "--once")
        assert good.returncode == 0, good.stderr
        environment["BELLWETHER_DATABASE_URL"] = f"sqlite:///{tmp_path}/another.db"
        upstream.faults = {"yahoo:IWM": "web page"}
        failed = program("data_sources.refresh", "--once")
        assert failed.returncode == 1
        last = failed.stderr.splitlines()[-1]
        assert last == "IWM: Yahoo Finance sent a web page instead of data"
    checked = program("data_sources.store", "check")
    assert (checked.returncode, checked.stdout) == (0, "No problems\n")
