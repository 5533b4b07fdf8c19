"""What every store promises, on SQLite and on PostgreSQL."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from crowd import number_of, numbered

from data_sources import store as store_module
from data_sources.catalog import CATALOG, Instrument, coin, resolve
from data_sources.errors import CorruptBlob, StoreTooNew, StoreUnavailable
from data_sources.sample import sample_series
from data_sources.series import Series, content_hash, make_series
from data_sources.store import (
    METADATA,
    MIGRATIONS,
    SCHEMA,
    FrozenLink,
    Head,
    Pause,
    Store,
    about_series,
    key_of,
    main,
    new_york_key,
    open_store,
)
from tests.contract.conftest import Clock, SmallDisk

ROOT = Path(__file__).parents[3]


def execute(store: Store, statement: str, **values: object) -> list[tuple]:
    with store._engine.begin() as connection:
        result = connection.execute(sa.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def count(store: Store, table: str) -> int:
    return execute(store, f"SELECT count(*) FROM {table}")[0][0]


def freeze(store: Store, **hashes: str) -> None:
    with store._engine.begin() as connection:
        snapshot = {"id": "abc", "query": "v=1", "series": hashes, "created_at": datetime.now(UTC)}
        connection.execute(sa.insert(METADATA.tables["snapshots"]), snapshot)


def crowd(scenario: str, url: str) -> Any:
    script = Path(__file__).with_name("crowd.py")
    result = subprocess.run(
        [sys.executable, "-W", "error", script, scenario, url],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    seen: list[str] = []

    def listen(*arguments: Any) -> None:
        seen.append(arguments[2])

    sa.event.listen(store._engine, "before_cursor_execute", listen)
    yield seen
    sa.event.remove(store._engine, "before_cursor_execute", listen)


def awkward() -> Series:
    """Values that a careless format loses: NaN with its bits, -0.0, subnormal, neighbours."""
    odd_nan = np.array([0x7FF8000000000123], "u8").view("f8")[0]
    raw = pd.DataFrame(
        {
            "close": [0.1, -0.0, 5e-324, np.nextafter(1, 2), 1.7e308],
            "volume": [np.nan, odd_nan, 0.0, 2.0**53 + 2, np.nan],
        },
        pd.DatetimeIndex(["1969-12-30", "1970-01-01", "2000-02-29", "2024-01-01", "2200-01-01"]),
    )
    zone = timezone(timedelta(hours=-5))
    fetched_at = datetime(2024, 5, 1, 9, 30, 1, 234567, tzinfo=zone)
    instrument = Instrument("ODD.1", "Ödd “name”", "macro", ("^ODD", "ODD-USD"))
    return make_series(instrument, raw, source="somewhere – else", fetched_at=fetched_at)


# --- copies ---------------------------------------------------------------------------------


def test_a_series_comes_back_to_the_last_bit(store: Store) -> None:
    put = awkward()
    store.put(put)
    got = store.get([put.id])[put.id]
    for name in ("instrument", "source", "fetched_at", "is_sample", "content_hash"):
        assert getattr(got, name) == getattr(put, name)
    assert got.fetched_at.utcoffset() == timedelta(0)
    assert got.frame.to_numpy().tobytes() == put.frame.to_numpy().tobytes()
    pd.testing.assert_frame_equal(got.frame, put.frame)
    assert content_hash(got.frame) == put.content_hash


def test_the_sample_comes_back(store: Store) -> None:
    sample = sample_series()
    for series in sample.values():
        store.put(series)
    got = store.get(sample)
    assert list(got) == list(sample)
    assert all(series.is_sample for series in got.values())
    assert [got[i].content_hash for i in got] == [sample[i].content_hash for i in sample]


def test_get_is_one_query_in_the_order_asked_and_leaves_out_what_is_missing(store: Store) -> None:
    for instrument in range(3):
        store.put(numbered(instrument, instrument))
    with statements(store) as seen:
        assert list(store.get(["IWM", "nothing", "RUT"])) == ["IWM", "RUT"]
    assert sum("SELECT" in one for one in seen) == 1
    assert store.get([]) == {}


def test_the_same_content_is_stored_once(store: Store) -> None:
    series = numbered(1)
    for instrument in CATALOG[:3]:
        store.put(replace(series, instrument=instrument))
        store.put(replace(series, instrument=instrument))
    assert (count(store, "blobs"), count(store, "heads")) == (1, 3)


def test_heads_say_everything_but_the_values(store: Store) -> None:
    series = numbered(1, rows=5)
    store.put(series)
    with statements(store) as seen:
        head = store.heads()["RUT"]
    assert not any("blobs" in one for one in seen)
    assert head.instrument == series.instrument
    assert (head.hash, head.source) == (series.content_hash, "test")
    assert (head.as_of, head.fetched_at) == (date(2020, 1, 5), series.fetched_at)
    assert (head.last_error, head.failed_at, head.next_try, head.failures) == (None, None, None, 0)


def test_a_coin_at_new_yorks_close_is_a_copy_of_its_own(store: Store) -> None:
    bitcoin = CATALOG.index(resolve("BTC"))
    utc = replace(numbered(1, bitcoin), day_end="utc")
    new_york = replace(numbered(2, bitcoin), day_end="nyclose")
    assert [key_of(one) for one in (numbered(0), utc, new_york)] == ["RUT", "BTC", "BTC@nyclose"]
    assert new_york_key("BTC") == "BTC@nyclose"
    for series in (numbered(0), utc, new_york):
        store.put(series)
    got = store.get(["BTC@nyclose", "BTC", "RUT"])
    assert {key: key_of(one) for key, one in got.items()} == {key: key for key in got}
    assert [one.day_end for one in got.values()] == ["nyclose", "utc", ""]
    assert [number_of(one) for one in got.values()] == [2, 1, 0]
    assert list(store.get(["BTC"])) == ["BTC"]
    heads = store.heads()
    assert heads.keys() == got.keys()
    assert heads["BTC"].instrument == heads["BTC@nyclose"].instrument == utc.instrument
    store.put(replace(numbered(3, bitcoin), day_end="nyclose"))
    assert number_of(store.get(["BTC"])["BTC"]) == 1


def test_a_put_that_fails_half_way_changes_nothing(store: Store) -> None:
    store.put(numbered(1))
    with pytest.raises(StoreUnavailable):
        store.put(replace(numbered(2), source=object()))  # type: ignore[arg-type]
    assert (count(store, "blobs"), number_of(store.get(["RUT"])["RUT"])) == (1, 1)


# --- failures -------------------------------------------------------------------------------


def test_a_failure_keeps_the_good_copy(store: Store, clock: Clock) -> None:
    store.put(numbered(1))
    good = store.heads()["RUT"]
    next_try = clock.now + timedelta(minutes=5)
    for _ in range(2):
        store.record_failure("RUT", "HTTP 503", next_try)
    assert store.heads()["RUT"] == replace(
        good, last_error="HTTP 503", failed_at=clock.now, next_try=next_try, failures=2
    )
    assert number_of(store.get(["RUT"])["RUT"]) == 1


def test_a_new_copy_clears_the_failure(store: Store, clock: Clock) -> None:
    store.record_failure("RUT", "HTTP 503", clock.now)
    store.put(numbered(1))
    head = store.heads()["RUT"]
    assert (head.last_error, head.failed_at, head.next_try, head.failures) == (None, None, None, 0)


def test_a_series_that_never_arrived_has_a_head_without_a_copy(store: Store, clock: Clock) -> None:
    store.record_failure("RUT", "unknown symbol", clock.now)
    head = store.heads()["RUT"]
    assert (head.hash, head.as_of, head.last_error) == (None, None, "unknown symbol")
    assert store.get(["RUT"]) == {}
    assert store.check() == []


# --- what is wanted -------------------------------------------------------------------------

AVAX = coin("AVAX", "AVAX")
UNTRIED = Head(
    AVAX,
    hash=None,
    source=None,
    as_of=None,
    fetched_at=None,
    last_error=None,
    failed_at=None,
    next_try=None,
    failures=0,
)


def test_an_instrument_is_wanted_until_it_is_forgotten(store: Store, clock: Clock) -> None:
    store.want(AVAX)
    assert store.heads() == {"AVAX": UNTRIED}
    assert store.get(["AVAX"]) == {}
    assert store.check() == []
    store.record_failure("AVAX", "not offered", clock.now)
    assert store.heads()["AVAX"] == replace(
        UNTRIED, last_error="not offered", failed_at=clock.now, next_try=clock.now, failures=1
    )
    store.forget("RUT")
    assert list(store.heads()) == ["AVAX"]
    store.forget("AVAX")
    assert store.heads() == {}


def test_what_is_known_of_an_instrument_outlives_that_it_is_wanted(
    store: Store, clock: Clock
) -> None:
    store.want(AVAX)
    store.record_failure("AVAX", "HTTP 503", clock.now)
    store.put(numbered(1))
    before = store.heads()
    store.want(replace(AVAX, name="Avalanche"))
    store.want(replace(CATALOG[0], name="Another"))
    assert store.heads() == before


def test_what_was_forgotten_while_it_was_fetched_can_be_wanted_again(
    store: Store, clock: Clock
) -> None:
    store.want(AVAX)
    store.forget("AVAX")
    store.record_failure("AVAX", "not offered", clock.now)
    assert store.heads()["AVAX"].instrument is None
    store.want(AVAX)
    head = store.heads()["AVAX"]
    assert (head.instrument, head.last_error, head.failures) == (AVAX, "not offered", 1)


def test_what_has_a_copy_is_not_forgotten(store: Store, clock: Clock) -> None:
    store.put(numbered(1))
    store.record_failure("RUT", "HTTP 503", clock.now)
    before = store.heads()
    store.forget("RUT")
    assert store.heads() == before
    assert number_of(store.get(["RUT"])["RUT"]) == 1


def test_of_eight_who_want_the_same_one_notes_it(store: Store) -> None:
    start = threading.Barrier(8)

    def want(number: int) -> None:
        start.wait()
        store.want(replace(AVAX, name=f"Avalanche {number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(want, range(8)))
    assert list(store.heads()) == ["AVAX"]


def test_everything_can_be_tried_at_once(store: Store, clock: Clock) -> None:
    later = clock.now + timedelta(hours=6)
    store.put(numbered(1))
    store.want(AVAX)
    store.put(numbered(2, instrument=1))
    store.record_failure("RUJ", "HTTP 503", later)
    store.pause("yahoo", "out of order", later, is_wish=False)
    store.pause("coinbase", "too often", later, is_wish=True)
    before = store.heads()
    clock.advance(seconds=1)
    store.try_all_now()
    # Only when: what failed, and how often, is still known.
    assert store.heads() == {
        name: replace(head, next_try=clock.now) for name, head in before.items()
    }
    assert list(store.pauses()) == ["coinbase"]
    assert store.check() == []
    store.put(numbered(1))
    assert store.heads()["RUT"].next_try is None


# --- pauses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("is_wish", [False, True])
def test_a_provider_is_left_alone_until_it_answers_well(
    store: Store, clock: Clock, *, is_wish: bool
) -> None:
    assert store.pauses() == {}
    since, until = clock.now, clock.now + timedelta(minutes=1)
    store.pause("yahoo", "out of order", until, is_wish=is_wish)
    store.pause("binance", "too slow", until, is_wish=False)
    assert store.pauses()["yahoo"] == Pause("out of order", since, until, 1, is_wish)
    # Over, but still without a good answer: the next one counts as the second.
    clock.advance(minutes=2)
    assert store.pauses()["yahoo"] == Pause("out of order", since, until, 1, is_wish)
    since, until = clock.now, clock.now + timedelta(minutes=2)
    store.pause("yahoo", "still out of order", until, is_wish=not is_wish)
    assert store.pauses()["yahoo"] == Pause("still out of order", since, until, 2, not is_wish)
    clock.advance(minutes=2)
    store.end_pause("yahoo")
    store.end_pause("nobody")
    assert list(store.pauses()) == ["binance"]
    store.pause("yahoo", "out of order", clock.now + timedelta(minutes=1), is_wish=is_wish)
    assert store.pauses()["yahoo"].failures == 1


def test_a_pause_a_provider_asked_for_is_not_cut_short(store: Store, clock: Clock) -> None:
    """By what another machine asked for before, and had answered after."""
    asked, sooner = (clock.now + timedelta(minutes=minutes) for minutes in (30, 1))
    store.pause("yahoo", "too often", asked, is_wish=True)
    wish = store.pauses()
    clock.advance(seconds=10)
    store.pause("yahoo", "did not answer", sooner, is_wish=False)
    store.end_pause("yahoo")
    store.try_all_now()
    assert store.pauses() == wish
    clock.now = asked
    store.end_pause("yahoo")
    assert store.pauses() == {}


def test_a_pause_of_our_own_ends_with_a_good_answer(store: Store, clock: Clock) -> None:
    store.pause("yahoo", "out of order", clock.now + timedelta(hours=1), is_wish=False)
    store.end_pause("yahoo")
    assert store.pauses() == {}


# --- leases ---------------------------------------------------------------------------------


def test_one_of_sixteen_threads_gets_the_lease(store: Store) -> None:
    start = threading.Barrier(16)

    def take(owner: int) -> list[bool]:
        start.wait()
        return [store.lease(f"S{n}", str(owner), 60) for n in range(5)]

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(take, range(16)))
    assert [sum(got) for got in zip(*taken, strict=True)] == [1] * 5


def test_one_of_six_processes_gets_the_lease(url: str) -> None:
    assert crowd("lease", url) == [1] * 10


def test_a_lease_can_be_renewed_and_expires(store: Store, clock: Clock) -> None:
    assert store.lease("RUT", "a", 10)
    clock.advance(seconds=9)
    assert store.lease("RUT", "a", 10)
    clock.advance(seconds=9.999)
    assert not store.lease("RUT", "b", 10)
    assert store.lease("IWN", "b", 10)
    clock.advance(seconds=0.001)
    assert store.lease("RUT", "b", 10)
    assert not store.lease("RUT", "a", 10)


def test_only_its_owner_releases_a_lease(store: Store) -> None:
    assert store.lease("RUT", "a", 10)
    store.release("RUT", "b")
    assert not store.lease("RUT", "b", 10)
    store.release("RUT", "a")
    assert store.lease("RUT", "b", 10)


# --- pruning --------------------------------------------------------------------------------


def test_only_what_nobody_names_is_pruned_and_only_in_time(store: Store, clock: Clock) -> None:
    first, second, third = numbered(1), numbered(2), numbered(3)
    for series in (first, second, third):
        store.put(series)
    freeze(store, RUT=first.content_hash)
    day = timedelta(days=1)
    assert store.prune(day) == 0
    clock.advance(hours=23)
    assert store.prune(day) == 0
    clock.advance(hours=1)
    assert store.prune(day) == 1
    left = {row[0] for row in execute(store, "SELECT hash FROM blobs")}
    assert left == {first.content_hash, third.content_hash}
    assert store.check() == []
    assert store.prune(timedelta(0)) == 0


def test_a_blob_named_again_starts_anew(store: Store, clock: Clock) -> None:
    for number in (1, 2, 1):
        store.put(numbered(number))
        store.prune(timedelta(days=1))
    clock.advance(days=1)
    store.put(numbered(2))
    assert store.prune(timedelta(days=1)) == 0
    clock.advance(days=1)
    assert store.prune(timedelta(days=1)) == 1


def test_pruning_beside_puts_never_takes_what_is_named(store: Store) -> None:
    contents = [numbered(n, rows=20) for n in range(4)]
    done = threading.Event()

    def prune() -> int:
        pruned = 0
        while not done.is_set():
            pruned += store.prune(timedelta(0))
        return pruned

    def put(instrument: Instrument) -> None:
        chance = np.random.default_rng(len(instrument.name))
        for _ in range(40):
            put = contents[chance.integers(4)]
            store.put(replace(put, instrument=instrument))
            got = store.get([instrument.id])[instrument.id]
            assert got.content_hash == put.content_hash

    with ThreadPoolExecutor(6) as pool:
        pruners = [pool.submit(prune) for _ in range(2)]
        try:
            list(pool.map(put, CATALOG[:4]))
        finally:
            done.set()
        assert sum(pruner.result() for pruner in pruners) > 0
    assert store.check() == []


# --- damage ---------------------------------------------------------------------------------


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        flipped,
        lambda content: content[:-200],
        lambda content: content[:9],
        lambda _: b"",
        lambda _: b"not Arrow",
        lambda _: store_module._encode(numbered(2).frame),
    ],
    ids=["one bit", "short", "shorter", "empty", "foreign", "another series"],
)
def test_a_damaged_copy_is_reported_never_served_and_healed_by_a_put(
    store: Store, damage: Callable[[bytes], bytes]
) -> None:
    good, bad = numbered(1, instrument=1), numbered(3)
    store.put(good)
    store.put(bad)
    ((content,),) = execute(store, "SELECT bytes FROM blobs WHERE hash = :h", h=bad.content_hash)
    execute(
        store,
        "UPDATE blobs SET bytes = :b WHERE hash = :h",
        b=damage(bytes(content)),
        h=bad.content_hash,
    )
    with pytest.raises(CorruptBlob, match=r"^The stored copy of RUT is damaged and is not shown$"):
        store.get(["RUJ", "RUT"])
    problems: list[CorruptBlob] = []
    assert list(store.get(["RUT", "RUJ"], problems.append)) == ["RUJ"]
    assert [(one.series, one.hash) for one in problems] == [("RUT", bad.content_hash)]
    assert store.check() == [f"Blob {bad.content_hash} is damaged"]
    store.put(bad)
    assert store.check() == []
    assert number_of(store.get(["RUT"])["RUT"]) == 3


def test_check_reports_a_blob_that_is_gone(store: Store) -> None:
    freeze(store, RUT="0" * 64)
    assert store.check() == [f"Snapshot abc names blob {'0' * 64}, which is missing"]


def test_a_named_blob_cannot_be_deleted(store: Store) -> None:
    store.put(numbered(1))
    with pytest.raises(sa.exc.IntegrityError):
        execute(store, "DELETE FROM blobs")


def test_check_from_the_command_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_store(url)) as store:
        for arguments, default in ((["check", "--url", url], None), (["check"], url)):
            with pytest.raises(SystemExit, match=r"^False$"):
                main(arguments, default)
            assert capsys.readouterr().out == "No problems\n"
        freeze(store, RUT="0" * 64)
    command = [sys.executable, "-m", "data_sources.store", "check", "--url", url]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == f"Snapshot abc names blob {'0' * 64}, which is missing\n"


# --- the schema -----------------------------------------------------------------------------


@pytest.fixture
def next_schema(tmp_path: Path) -> Path:
    """The migrations of a later Bellwether, which has one step more."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / "r9999_later.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = '9999', '{SCHEMA}'\n"
        "def upgrade():\n"
        "    op.add_column('heads', sa.Column('later', sa.Text, server_default='new'))\n"
    )
    return folder


def test_an_empty_database_gets_the_tables_as_declared(store: Store) -> None:
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == SCHEMA


def test_the_schema_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_an_older_store_is_upgraded_and_a_newer_one_refused(
    url: str, next_schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_store(url)) as store:
        store.put(numbered(1))
    with monkeypatch.context() as later:
        later.setattr(store_module, "MIGRATIONS", next_schema)
        later.setattr(store_module, "SCHEMA", "9999")
        with closing(open_store(url)) as store:
            assert execute(store, "SELECT later FROM heads") == [("new",)]
            assert number_of(store.get(["RUT"])["RUT"]) == 1
    with pytest.raises(StoreTooNew) as caught:
        open_store(url)
    assert str(caught.value) == (
        "The price store was written by a newer Bellwether (schema 9999, this one knows "
        f"{SCHEMA}): update Bellwether or use another store"
    )


def test_a_migration_that_fails_changes_nothing(
    url: str, next_schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_store(url)) as store:
        store.put(numbered(1))
    with (next_schema / "versions" / "r9999_later.py").open("a") as script:
        script.write("    op.execute('INSERT INTO nowhere VALUES (1)')\n")
    with monkeypatch.context() as later:
        later.setattr(store_module, "MIGRATIONS", next_schema)
        later.setattr(store_module, "SCHEMA", "9999")
        with pytest.raises(StoreUnavailable):
            open_store(url)
    with closing(open_store(url)) as store:
        columns = sa.inspect(store._engine).get_columns("heads")
        assert "later" not in {column["name"] for column in columns}
        assert store.check() == []


def test_eight_processes_open_one_new_store(url: str) -> None:
    assert crowd("open", url) == [True] * 8
    with closing(open_store(url)) as store:
        assert sorted(map(number_of, store.get(store.heads()).values())) == list(range(8))


# --- mishaps --------------------------------------------------------------------------------


def test_a_killed_writer_loses_nothing_it_has_put(url: str) -> None:
    result = crowd("kill", url)
    assert result["problems"] == []
    assert result["written"] >= result["awaited"] > 30


def test_a_full_disk_loses_nothing(small_disk: SmallDisk) -> None:
    with closing(open_store(small_disk.url)) as store:
        put = []
        with pytest.raises(StoreUnavailable, match=r"disk|space"):  # noqa: PT012
            for number in range(1000):
                series = numbered(number, instrument=number % len(CATALOG), rows=10_000)
                store.put(series)
                put.append(series)
        assert put
        newest = {series.id: series.content_hash for series in put}
        got = store.get(newest)
        assert {name: series.content_hash for name, series in got.items()} == newest
        small_disk.make_room()
        store.put(numbered(1000))
    with closing(open_store(small_disk.url)) as store:
        assert store.check() == []
        got = store.get(newest)
        assert number_of(got.pop("RUT")) == 1000
        assert all(series.content_hash == newest[name] for name, series in got.items())


@pytest.mark.parametrize("at", ["folder", "file"])
def test_a_place_that_holds_no_store_is_refused(tmp_path: Path, at: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("date,close\n" * 200)
    with pytest.raises(StoreUnavailable, match=r"^The price store cannot be used"):
        open_store(f"sqlite:///{tmp_path}/{at}")
    with pytest.raises(StoreUnavailable, match=r"^The price store cannot be used"):
        open_store(f"sqlite:///{tmp_path}/file/below/store.db")


def test_a_server_that_is_away_is_reported_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        open_store(f"postgresql+psycopg://me:secret@/db?host={tmp_path}")
    assert str(tmp_path) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_another_database_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="store 'mysql' must be sqlite or postgresql"):
        open_store("mysql://host/db")


def test_sqlite_is_set_up_for_many_readers_and_one_writer(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/store.db")) as store:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [execute(store, f"PRAGMA {name}")[0][0] for name in names]
    assert values == ["wal", 1, 1, 20_000]
    copy = sqlite3.connect(tmp_path / "store.db")
    with closing(copy):
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# --- frozen links -----------------------------------------------------------------------------


def frozen(id_: str, *series: Series, **more: Any) -> FrozenLink:
    return FrozenLink(
        **{
            "id": id_,
            "page": "/",
            "query": "v=1&w=60",
            "series": {key_of(one): one.content_hash for one in series},
            "about": {key_of(one): about_series(one) for one in series},
            "title": "Tïtle <b>",
            "note": "two\nlines",
            "created_at": NOW,
            **more,
        }
    )


NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def test_a_frozen_link_comes_back_with_its_data_to_the_last_bit(store: Store) -> None:
    series = (awkward(), replace(numbered(1), day_end="nyclose", source="Binance – BTCUSDT"))
    link = frozen("a", *series, secret="s" * 64)
    assert store.freeze(link, series, most=10) == "a"
    assert store.frozen("a") == link
    back = store.named_by(link)
    assert list(back) == [key_of(one) for one in series]
    for one in series:
        again = back[key_of(one)]
        assert again == one
        assert content_hash(again.frame) == one.content_hash
        assert (again.source, again.day_end, again.is_sample) == (
            one.source,
            one.day_end,
            one.is_sample,
        )
        assert again.fetched_at == one.fetched_at
    assert store.heads() == {}
    assert store.check() == []


def test_what_a_frozen_link_names_outlives_everything_newer(store: Store, clock: Clock) -> None:
    old = numbered(1)
    store.put(old)
    link = frozen("a", old)
    store.freeze(link, [old], most=10)
    for number in range(2, 5):
        store.put(numbered(number))
        clock.advance(days=40)
        store.prune(timedelta(days=30))
    assert number_of(store.named_by(link)["RUT"]) == 1
    assert count(store, "blobs") == 3  # of 1, 3 and 4: 2 was named by nobody


def test_an_expired_link_is_gone_at_once_and_then_its_data(store: Store, clock: Clock) -> None:
    link = frozen("a", numbered(1), expires_at=NOW + timedelta(days=7))
    store.freeze(link, [numbered(1)], most=10)
    clock.advance(days=7, seconds=-1)
    assert store.frozen("a") == link
    clock.advance(seconds=1)
    assert store.frozen("a") is None
    store.prune(timedelta(days=1))
    assert count(store, "snapshots") == 0
    clock.advance(days=1)
    assert store.prune(timedelta(days=1)) == 1


def test_only_its_secret_deletes_a_frozen_link(store: Store) -> None:
    store.freeze(frozen("a", secret="right"), [], most=10)
    store.freeze(frozen("b"), [], most=10)
    assert not store.thaw("a", "wrong")
    assert not store.thaw("b", "None")
    assert not store.thaw("c", "right")
    assert store.thaw("a", "right")
    assert store.frozen("a") is None
    assert store.frozen("b") is not None


def test_there_are_so_many_frozen_links_and_no_more(store: Store, clock: Clock) -> None:
    soon = NOW + timedelta(days=1)
    assert store.freeze(frozen("a", expires_at=soon), [], most=2) == "a"
    assert store.freeze(frozen("b"), [], most=2) == "b"
    assert store.freeze(frozen("c", numbered(1)), [numbered(1)], most=2) is None
    assert (count(store, "snapshots"), count(store, "blobs")) == (2, 0)
    # A feed's are counted by themselves; one that is there is there whatever the count.
    assert store.freeze(frozen("e", event="breakout:RUT"), [], most=1) == "e"
    assert store.freeze(frozen("f", event="breakout:RUJ"), [], most=1) is None
    assert store.freeze(frozen("g", event="breakout:RUT"), [], most=1) == "e"
    clock.advance(days=1)  # what has expired makes room
    assert store.freeze(frozen("c"), [], most=2) == "c"


def test_of_eight_who_freeze_the_same_event_one_does(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        links = [frozen(f"{n}", numbered(1), event="breakout:RUT") for n in range(8)]
        ids = set(threads.map(lambda link: store.freeze(link, [numbered(1)], most=10), links))
    assert len(ids) == 1
    assert count(store, "snapshots") == 1
    told = store.told(["breakout:RUT", "another"])
    assert {event: link.id for event, link in told.items()} == {"breakout:RUT": ids.pop()}


def test_frozen_data_that_are_damaged_are_never_shown(store: Store) -> None:
    link = frozen("a", numbered(1))
    store.freeze(link, [numbered(1)], most=10)
    execute(store, "UPDATE blobs SET bytes = :junk", junk=b"junk")
    with pytest.raises(CorruptBlob):
        store.named_by(link)
    store.freeze(frozen("b", numbered(1)), [numbered(1)], most=10)  # which heals them
    assert number_of(store.named_by(link)["RUT"]) == 1
    execute(store, "DELETE FROM blobs")
    with pytest.raises(CorruptBlob):
        store.named_by(link)
    assert store.check() == [
        f"Snapshot {id_} names blob {numbered(1).content_hash}, which is missing" for id_ in "ab"
    ]


def test_a_full_disk_freezes_nothing_and_loses_nothing(small_disk: SmallDisk) -> None:
    with closing(open_store(small_disk.url)) as store:
        store.freeze(frozen("kept", numbered(0)), [numbered(0)], most=1000)

        def fill() -> None:
            for number in range(1, 400):
                series = large(number)
                store.freeze(frozen(f"{number}", series), [series], most=1000)

        with pytest.raises(StoreUnavailable):
            fill()
        assert store.frozen("kept") is not None
        assert store.check() == []
        small_disk.make_room()
        assert store.freeze(frozen("new", numbered(5)), [numbered(5)], most=1000) == "new"


def large(number: int) -> Series:
    """About 100 kB that no disk can pack."""
    values = np.random.default_rng(number).uniform(1, 2, (3000, 4))
    frame = pd.DataFrame(
        values, pd.date_range("2010-01-01", periods=3000), ["open", "high", "low", "close"]
    )
    instrument = Instrument("RUT", "Russell 2000", "small_cap")
    return make_series(instrument, frame, source="somewhere", fetched_at=NOW)


def test_a_store_of_before_frozen_links_is_upgraded(url: str) -> None:
    """With the snapshot that its tables could have held."""
    with closing(open_store(url)) as store:
        store.put(numbered(1))
        execute(store, "DROP INDEX ix_snapshots_event")
        for column in ("page", "about", "expires_at", "secret", "event"):
            execute(store, f"ALTER TABLE snapshots DROP COLUMN {column}")
        execute(store, "UPDATE alembic_version SET version_num = '0001'")
        freeze(store, RUT=numbered(1).content_hash)
    with closing(open_store(url)) as store:
        link = store.frozen("abc")
        assert link is not None
        assert (link.page, link.query, link.about, link.expires_at) == ("/", "v=1", {}, None)
        assert number_of(store.get(["RUT"])["RUT"]) == 1
        # Where its data came from is not known, so it is not shown.
        with pytest.raises(CorruptBlob):
            store.named_by(link)
