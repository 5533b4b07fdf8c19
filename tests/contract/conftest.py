"""Fixtures: both engines, a PostgreSQL server for as long as the tests run, and a small disk."""

import contextlib
import fcntl
import os
import resource
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from data_sources import live, refresh, stored
from data_sources.catalog import CATALOG, Instrument
from data_sources.store import Store, open_store

ENGINES = ("sqlite", "postgresql")
IS_ROOT = os.geteuid() == 0
# Series of each kind, for what does not depend on how many there are.
SOME = tuple(
    one for one in CATALOG if one.id in ("RUT", "IWM", "IWN", "BTC", "ETH", "XRP", "ALTS", "BTCDOM")
)
# A server refuses to run as root.
SERVER_USER = {"user": "postgres", "group": "postgres", "extra_groups": []} if IS_ROOT else {}


@dataclass
class Clock:
    """Time that passes only when told."""

    now: datetime = datetime(2024, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class SmallDisk:
    """A store on a disk with little room, and how to give it more."""

    url: str
    make_room: Callable[[], None]


@contextlib.contextmanager
def only(catalog: tuple[Instrument, ...]) -> Iterator[None]:
    """Let the refresher, and what pages read, know of no other catalog."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (refresh, stored, live):
            patch.setattr(module, "CATALOG", catalog)
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """Folder of the socket of a new PostgreSQL server."""
    with (Path(tempfile.gettempdir()) / "bellwether-install.lock").open("w") as lock:
        # Two processes with tests may come here at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = subprocess.run(
            ["sh", str(Path(__file__).with_name("install.sh"))],
            capture_output=True,
            text=True,
            check=False,
        )
    if installed.returncode:
        pytest.skip(installed.stderr.strip().splitlines()[-1])
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    # Not pytest's folder: only its owner may enter that.
    home = Path(tempfile.mkdtemp(prefix="bellwether-"))
    if IS_ROOT:
        shutil.chown(home, "postgres", "postgres")
    home.chmod(0o755)
    subprocess.run(
        [
            *(programs / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust"),
            *("--no-sync", "-E", "UTF8", "--locale=C"),
        ],
        check=True,
        capture_output=True,
        cwd=home,
        **SERVER_USER,
    )
    options = ["listen_addresses=", f"unix_socket_directories={home}", "fsync=off"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *(programs / "postgres", "-D", home / "data"),
                *(part for option in options for part in ("-c", option)),
            ],
            stdout=log,
            stderr=log,
            cwd=home,
            **SERVER_USER,
        )
    try:
        wait_for_server(process, home)
        yield home
    finally:
        process.send_signal(2)  # SIGINT: end the sessions, then stop
        process.wait(30)
        shutil.rmtree(home)


def wait_for_server(process: subprocess.Popen, home: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return administer(home, "SELECT 1")
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((home / "log").read_text())
            time.sleep(0.05)


def administer(home: Path, *statements: str) -> None:
    with psycopg.connect(host=str(home), user="postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a store that does not exist yet; on PostgreSQL, of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/store.db"
    home = request.getfixturevalue("server")
    name = f"store_{uuid.uuid4().hex}"
    administer(home, f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://postgres@/{name}?host={home}"


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    with contextlib.closing(open_store(url, clock)) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallDisk]:
    disk = Path(tempfile.mkdtemp(prefix="bellwether-"))
    # A new database of PostgreSQL has 7 MB.
    size = "4m" if request.param == "sqlite" else "9m"
    mounted = (
        IS_ROOT
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", disk],
            check=False,
            capture_output=True,
        ).returncode
        == 0
    )
    try:
        if not mounted and request.param == "postgresql":
            pytest.skip("only root can mount a small disk")
        elif not mounted:
            with limited_file_size(4 << 20) as lift:
                yield SmallDisk(f"sqlite:///{tmp_path}/store.db", lift)
        else:
            resize = ["mount", "-o", "remount,size=64m", str(disk)]

            def make_room() -> None:
                subprocess.run(resize, check=True)

            if request.param == "sqlite":
                yield SmallDisk(f"sqlite:///{disk}/store.db", make_room)
            else:
                with tablespace(request.getfixturevalue("server"), disk) as address:
                    yield SmallDisk(address, make_room)
    finally:
        if mounted:
            subprocess.run(["umount", disk], check=True)
        disk.rmdir()


@contextlib.contextmanager
def limited_file_size(size: int) -> Iterator[Callable[[], None]]:
    """Let no file of this process grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield lift
    finally:
        lift()


@contextlib.contextmanager
def tablespace(home: Path, disk: Path) -> Iterator[str]:
    """Put a database, but not the server's log, on a disk."""
    folder = disk / "tables"
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")
    administer(
        home,
        f"CREATE TABLESPACE small LOCATION '{folder}'",
        "CREATE DATABASE small TABLESPACE small",
    )
    try:
        yield f"postgresql+psycopg://postgres@/small?host={home}"
    finally:
        administer(home, "DROP DATABASE small WITH (FORCE)", "DROP TABLESPACE small")
