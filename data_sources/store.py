"""The price store: the last good copy of every series, in SQLite or PostgreSQL.

Content-addressed, like git: a blob holds one frame under its content hash, a head says which
blob is a series' newest, and a snapshot names the blobs of a frozen link.
``python -m data_sources.store check`` verifies it.
"""

import argparse
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from data_sources.catalog import Instrument
from data_sources.errors import CorruptBlob, StoreTooNew, StoreUnavailable
from data_sources.series import Series, content_hash
from settings import load

SCHEMA = "0002"
"""The newest revision in `MIGRATIONS`."""

MIGRATIONS = Path(__file__).with_name("migrations")

_BUSY_SECONDS = 20
_OPENING = 0x62656C6C  # PostgreSQL's name of a lock: any number nobody else uses


class _Moment(sa.types.TypeDecorator[datetime]):
    """A moment: always UTC, with a time zone, even from SQLite, which stores none."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = sa.MetaData()

_BLOBS = sa.Table(
    "blobs",
    METADATA,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("unnamed_since", _Moment),
    sa.Column("bytes", sa.LargeBinary, nullable=False),
)
_HEADS = sa.Table(
    "heads",
    METADATA,
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("hash", sa.String(64), sa.ForeignKey("blobs.hash")),
    sa.Column("instrument", sa.JSON),
    sa.Column("source", sa.Text),
    sa.Column("is_sample", sa.Boolean),
    sa.Column("day_end", sa.Text),
    sa.Column("as_of", sa.Date),
    sa.Column("fetched_at", _Moment),
    sa.Column("last_error", sa.Text),
    sa.Column("failed_at", _Moment),
    sa.Column("next_try", _Moment),
    sa.Column("failures", sa.Integer, nullable=False),
)
_SNAPSHOTS = sa.Table(
    "snapshots",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("series", sa.JSON, nullable=False),
    sa.Column("title", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("created_at", _Moment, nullable=False),
    sa.Column("page", sa.Text, nullable=False, server_default="/"),
    sa.Column("about", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("expires_at", _Moment),
    sa.Column("secret", sa.String(64)),
    sa.Column("event", sa.Text),
    sa.Index("ix_snapshots_event", "event", unique=True),
)
_LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("until", _Moment, nullable=False),
)
_PAUSES = sa.Table(
    "pauses",
    METADATA,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", _Moment, nullable=False),
    sa.Column("until", _Moment, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("is_wish", sa.Boolean, nullable=False),
)


@dataclass(frozen=True)
class Head:
    """What is known of one series without reading its values.

    Attributes
    ----------
    instrument
        What it is of; None when all that is known is that fetching it failed.
    hash, source, as_of, fetched_at
        Of the last good copy, as in `Series`; None while there is none.
    last_error
        Why the last attempt to fetch it failed; None when it succeeded.
    failed_at, next_try
        When that was, and when to try again.
    failures
        Failed attempts since the last good copy.
    """

    instrument: Instrument | None
    hash: str | None
    source: str | None
    as_of: date | None
    fetched_at: datetime | None
    last_error: str | None
    failed_at: datetime | None
    next_try: datetime | None
    failures: int


@dataclass(frozen=True)
class Pause:
    """A provider that is left alone for a while.

    Attributes
    ----------
    reason
        In a sentence.
    since, until
        From when to when.
    failures
        How often in a row it failed.
    is_wish
        Whether the provider asked for it.
    """

    reason: str
    since: datetime
    until: datetime
    failures: int
    is_wish: bool


@dataclass(frozen=True)
class FrozenLink:
    """What a frozen link names: a view, and the very values it is drawn from.

    Attributes
    ----------
    id
        Cannot be guessed: whoever has it was given it.
    page
        Address of the page.
    query
        Canonical query of the view.
    series
        Content hash of each series, by its name in the store.
    about
        Of each, what a blob does not say: see `about_series`.
    title, note
        The author's words.
    created_at
        When it was frozen.
    expires_at
        From when on it is not shown; None for never.
    secret
        SHA-256 (hex) of what deleting it needs; None when nobody may.
    event
        What a feed tells of with it; each once. None for a reader's link.
    """

    id: str
    page: str
    query: str
    series: Mapping[str, str]
    about: Mapping[str, Mapping[str, Any]]
    title: str
    note: str
    created_at: datetime
    expires_at: datetime | None = None
    secret: str | None = None
    event: str | None = None


_LINK = [_SNAPSHOTS.c[name] for name in FrozenLink.__dataclass_fields__]


def about_series(series: Series) -> dict[str, Any]:
    """What is known of a series besides its values, as JSON holds it."""
    fields = asdict(series.instrument)
    return {
        "instrument": {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()},
        "source": series.source,
        "is_sample": series.is_sample,
        "day_end": series.day_end,
        "accepted": sorted(map(str, series.accepted)),
        "fetched_at": series.fetched_at.astimezone(UTC).isoformat(),
    }


def key_of(series: Series) -> str:
    """Name of a series in the store: a coin at New York's close is another one than by UTC day."""
    return new_york_key(series.id) if series.day_end == "nyclose" else series.id


def new_york_key(instrument_id: str) -> str:
    """Name in the store of a coin at New York's close; no instrument has an "@" in its id."""
    return f"{instrument_id}@nyclose"


class Store:
    """The tables of one database; made by `open_store`, used by any number of threads.

    Every method raises `StoreUnavailable` when the database cannot do it, and then has changed
    nothing.

    Parameters
    ----------
    engine
        Made for the database by `open_store`.
    clock
        The current time, with a time zone. Machines that share a store need clocks that agree
        to well within a lease.
    """

    def __init__(self, engine: sa.Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._clock = clock
        self._postgresql = engine.dialect.name == "postgresql"
        self._insert = postgresql.insert if self._postgresql else sqlite.insert

    def close(self) -> None:
        """Close every connection; new ones are made on use.

        To be called before a process forks: connections do not survive that.
        """
        self._engine.dispose()

    def put(self, series: Series) -> None:
        """Make a series the last good copy of its instrument, all or nothing."""
        head = {
            "hash": series.content_hash,
            "instrument": asdict(series.instrument),
            "source": series.source,
            "is_sample": series.is_sample,
            "day_end": series.day_end,
            "as_of": series.as_of.date(),
            "fetched_at": series.fetched_at,
            "last_error": None,
            "failed_at": None,
            "next_try": None,
            "failures": 0,
        }
        # The bytes are written even where the hash is known, which heals a damaged blob.
        blob = {"bytes": _encode(series.frame), "unnamed_since": None}
        with _writing(self._engine) as connection:
            connection.execute(self._upsert(_BLOBS, {"hash": series.content_hash}, blob))
            connection.execute(self._upsert(_HEADS, {"series": key_of(series)}, head))

    def get(
        self, ids: Iterable[str], on_damage: Callable[[CorruptBlob], object] | None = None
    ) -> dict[str, Series]:
        """Last good copies of the given series; one without is left out.

        Parameters
        ----------
        ids
            Names as `key_of` gives them; the result is in their order.
        on_damage
            Called for each damaged copy, which is then left out too.

        Raises
        ------
        CorruptBlob
            For the first damaged copy, when `on_damage` is not given.
        """
        wanted = list(ids)
        query = (
            sa.select(_HEADS, _BLOBS.c.bytes)
            .join_from(_HEADS, _BLOBS)
            .where(_HEADS.c.series.in_(wanted))
        )
        with _reading(self._engine) as connection:
            rows = {row.series: row for row in connection.execute(query)}
        result = {}
        for name in wanted:
            if name not in rows:
                continue
            try:
                result[name] = _series(rows[name])
            except CorruptBlob as problem:
                if on_damage is None:
                    raise
                on_damage(problem)
        return result

    def heads(self) -> dict[str, Head]:
        """What is known of every series, by name; no values are read."""
        columns = [_HEADS.c[name] for name in Head.__dataclass_fields__]
        with _reading(self._engine) as connection:
            rows = connection.execute(sa.select(_HEADS.c.series, *columns))
            return {name: Head(_instrument(instrument), *rest) for name, instrument, *rest in rows}

    def want(self, instrument: Instrument) -> None:
        """Note an instrument that is to be fetched; one that is known already stays as it is."""
        insert = self._insert(_HEADS).values(
            series=instrument.id, instrument=asdict(instrument), failures=0
        )
        with _writing(self._engine) as connection:
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["series"],
                    set_={"instrument": insert.excluded.instrument},
                    # Of one that was forgotten while it was fetched, only the failure is left.
                    where=_HEADS.c.instrument.is_(sa.null()),
                )
            )

    def forget(self, name: str) -> None:
        """Drop what is known of a series that has no copy."""
        lost = sa.and_(_HEADS.c.series == name, _HEADS.c.hash.is_(None))
        with _writing(self._engine) as connection:
            connection.execute(sa.delete(_HEADS).where(lost))

    def try_all_now(self) -> None:
        """Make now the next try of every series; a pause a provider asked for stays."""
        with _writing(self._engine) as connection:
            connection.execute(sa.update(_HEADS).values(next_try=self._clock()))
            connection.execute(sa.delete(_PAUSES).where(sa.not_(_PAUSES.c.is_wish)))

    def pauses(self) -> dict[str, Pause]:
        """Providers that failed and have not answered well since, by key."""
        columns = [_PAUSES.c[name] for name in Pause.__dataclass_fields__]
        with _reading(self._engine) as connection:
            rows = connection.execute(sa.select(_PAUSES.c.provider, *columns))
            return {provider: Pause(*fields) for provider, *fields in rows}

    def pause(self, provider: str, reason: str, until: datetime, *, is_wish: bool) -> None:
        """Leave a provider alone until then; `is_wish` says whether it asked for that.

        One that was noted meanwhile, on another machine perhaps, and ends later stays.
        """
        values = {"reason": reason, "since": self._clock(), "until": until, "is_wish": is_wish}
        insert = self._insert(_PAUSES).values(provider=provider, failures=1, **values)
        more = {**values, "failures": _PAUSES.c.failures + 1}
        update = insert.on_conflict_do_update(
            index_elements=["provider"], set_=more, where=_PAUSES.c.until <= until
        )
        with _writing(self._engine) as connection:
            connection.execute(update)

    def end_pause(self, provider: str) -> None:
        """Note that a provider answers well; a pause it asked for lasts until its end."""
        over = sa.or_(sa.not_(_PAUSES.c.is_wish), _PAUSES.c.until <= self._clock())
        with _writing(self._engine) as connection:
            connection.execute(sa.delete(_PAUSES).where(_PAUSES.c.provider == provider, over))

    def record_failure(self, series_id: str, error: str, next_try: datetime) -> None:
        """Note that fetching a series failed; its last good copy stays."""
        failure = {"last_error": error, "failed_at": self._clock(), "next_try": next_try}
        insert = self._insert(_HEADS).values(series=series_id, failures=1, **failure)
        with _writing(self._engine) as connection:
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["series"],
                    set_={**failure, "failures": _HEADS.c.failures + 1},
                )
            )

    def lease(self, series_id: str, owner: str, seconds: float) -> bool:
        """Take or renew the right to fetch a series; only one owner has it at a time.

        Returns
        -------
        bool
            Whether the owner has it now, for that many seconds.
        """
        now = self._clock()
        held = {"owner": owner, "until": now + timedelta(seconds=seconds)}
        free = sa.or_(_LEASES.c.until <= now, _LEASES.c.owner == owner)
        statement = self._upsert(_LEASES, {"series": series_id}, held, where=free)
        with _writing(self._engine) as connection:
            row = connection.execute(statement.returning(_LEASES.c.series)).one_or_none()
        return row is not None

    def release(self, series_id: str, owner: str) -> None:
        """Give a lease back; one that is not the owner's is left alone."""
        mine = sa.and_(_LEASES.c.series == series_id, _LEASES.c.owner == owner)
        with _writing(self._engine) as connection:
            connection.execute(sa.delete(_LEASES).where(mine))

    def prune(self, older_than: timedelta) -> int:
        """Delete expired frozen links, and the blobs that no head and no frozen link names.

        Parameters
        ----------
        older_than
            How long a blob must have been found unnamed, by this and earlier calls; it protects
            a copy that a page still shows and may yet freeze.

        Returns
        -------
        int
            How many were deleted.
        """
        now = self._clock()
        key = _BLOBS.c.hash == sa.bindparam("key")
        with _writing(self._engine) as connection:
            if self._postgresql:
                # As SQLite does anyway: wait for running puts and hold new ones, or a put could
                # name a blob between the look and the deletion.
                connection.exec_driver_sql("LOCK TABLE blobs IN SHARE ROW EXCLUSIVE MODE")
            connection.execute(_expired(now))
            named = {hash_ for _, hash_ in _names(connection)}
            marks, gone = [], []
            for hash_, marked in connection.execute(
                sa.select(_BLOBS.c.hash, _BLOBS.c.unnamed_since)
            ):
                since = None if hash_ in named else marked or now
                if since is not None and since <= now - older_than:
                    gone.append({"key": hash_})
                elif since != marked:
                    marks.append({"key": hash_, "since": since})
            if marks:
                mark = sa.update(_BLOBS).where(key).values(unnamed_since=sa.bindparam("since"))
                connection.execute(mark, marks)
            if gone:
                connection.execute(sa.delete(_BLOBS).where(key), gone)
        return len(gone)

    def freeze(self, link: FrozenLink, series: Iterable[Series], most: int) -> str | None:
        """Keep a frozen link and the values it names, all or nothing.

        What has expired is dropped on the way.

        Parameters
        ----------
        link, series
            The link, and the series it names.
        most
            How many links of its kind there may be: of readers, or of a feed.

        Returns
        -------
        str or None
            Its id, or that of the one there is already for its event; None where there are
            too many.
        """
        with _writing(self._engine) as connection:
            connection.execute(_expired(self._clock()))
            if link.event is not None:
                told = sa.select(_SNAPSHOTS.c.id).where(_SNAPSHOTS.c.event == link.event)
                if (known := connection.scalar(told)) is not None:
                    return known
            # Neither kind stands back for the other.
            is_event = _SNAPSHOTS.c.event.is_not(None)
            kind = is_event if link.event is not None else ~is_event
            count = sa.select(sa.func.count()).select_from(_SNAPSHOTS).where(kind)
            if connection.scalars(count).one() >= most:
                return None
            for one in series:
                blob = {"bytes": _encode(one.frame), "unnamed_since": None}
                connection.execute(self._upsert(_BLOBS, {"hash": one.content_hash}, blob))
            insert = self._insert(_SNAPSHOTS).values(**asdict(link))
            connection.execute(insert.on_conflict_do_nothing(index_elements=["event"]))
            mine = sa.select(_SNAPSHOTS.c.id)
            if link.event is None:
                return connection.scalar(mine.where(_SNAPSHOTS.c.id == link.id))
            return connection.scalar(mine.where(_SNAPSHOTS.c.event == link.event))

    def frozen(self, id_: str) -> FrozenLink | None:
        """The frozen link with this id; None when there is none, or none any more."""
        query = sa.select(*_LINK).where(_SNAPSHOTS.c.id == id_)
        with _reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        link = None if row is None else FrozenLink(*row)
        if link is None or (link.expires_at is not None and link.expires_at <= self._clock()):
            return None
        return link

    def told(self, events: Iterable[str]) -> dict[str, FrozenLink]:
        """The frozen links that tell of these events, by event; of those there are."""
        wanted = sa.select(*_LINK).where(_SNAPSHOTS.c.event.in_(list(events)))
        with _reading(self._engine) as connection:
            links = [FrozenLink(*row) for row in connection.execute(wanted)]
        return {link.event: link for link in links if link.event is not None}

    def thaw(self, id_: str, secret: str) -> bool:
        """Delete a frozen link; whether there was one with this secret (as its SHA-256)."""
        is_it = sa.and_(_SNAPSHOTS.c.id == id_, _SNAPSHOTS.c.secret == secret)
        with _writing(self._engine) as connection:
            return bool(connection.execute(sa.delete(_SNAPSHOTS).where(is_it)).rowcount)

    def named_by(self, link: FrozenLink) -> dict[str, Series]:
        """The series of a frozen link, by their names in the store.

        Raises
        ------
        CorruptBlob
            For the first that is damaged or gone.
        """
        wanted = sa.select(_BLOBS.c.hash, _BLOBS.c.bytes).where(
            _BLOBS.c.hash.in_(set(link.series.values()))
        )
        with _reading(self._engine) as connection:
            found = dict(map(tuple, connection.execute(wanted)))
        result = {}
        for name, hash_ in link.series.items():
            frame = _decode(found.get(hash_, b""), hash_)
            about = link.about.get(name)
            instrument = _instrument(about["instrument"]) if about else None
            if frame is None or about is None or instrument is None:
                raise CorruptBlob(name, hash_)
            result[name] = Series(
                instrument,
                frame,
                about["source"],
                datetime.fromisoformat(about["fetched_at"]),
                about["is_sample"],
                hash_,
                about["day_end"],
                # Links of the first release have none.
                accepted=frozenset(map(date.fromisoformat, about.get("accepted", ()))),
            )
        return result

    def check(self) -> list[str]:
        """Verify everything stored; one sentence for each problem, none when all is well."""
        problems, present = [], set()
        with _reading(self._engine) as connection:
            if self._postgresql:
                # One moment for all queries, as in SQLite: what is put meanwhile is no problem.
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            blobs = sa.select(_BLOBS.c.hash, _BLOBS.c.bytes).execution_options(yield_per=16)
            for hash_, content in connection.execute(blobs):
                present.add(hash_)
                if _decode(content, hash_) is None:
                    problems.append(f"Blob {hash_} is damaged")
            problems += [
                f"{name} names blob {hash_}, which is missing"
                for name, hash_ in _names(connection)
                if hash_ not in present
            ]
        return problems

    def _upsert(
        self,
        table: sa.Table,
        key: dict[str, Any],
        values: dict[str, Any],
        where: sa.ColumnElement[bool] | None = None,
    ) -> postgresql.Insert | sqlite.Insert:
        insert = self._insert(table).values(**key, **values)
        return insert.on_conflict_do_update(index_elements=list(key), set_=values, where=where)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def open_store(url: str, clock: Callable[[], datetime] = _utc_now) -> Store:
    """Open a store, creating or upgrading its tables where needed.

    Parameters
    ----------
    url
        ``sqlite:///path/file.db`` (the folder is created) or ``postgresql+psycopg://...``.
    clock
        The current time, with a time zone.

    Raises
    ------
    StoreTooNew
        When a newer Bellwether has upgraded it.
    StoreUnavailable
        When the database cannot be reached or written.
    ValueError
        When the address is of another database.
    """
    with _typed_errors():
        address = sa.make_url(url)
        backend = address.get_backend_name()
        if backend == "postgresql":
            engine, alone = _postgresql_engine(address), _alone_on_postgresql
        elif backend == "sqlite":
            engine, alone = _sqlite_engine(address), _alone_on_sqlite
        else:
            raise ValueError(f"store {backend!r} must be sqlite or postgresql")
        store = Store(engine, clock)
        try:
            # A store as it should be is only read: it opens on a full disk, too.
            if _version(engine) != SCHEMA:
                with alone(engine):
                    _migrate(engine)
        except BaseException:
            store.close()
            raise
    return store


class LazyStore:
    """A store that is opened when it is first needed; safe for threads.

    Parameters
    ----------
    url, clock
        As for `open_store`.
    """

    def __init__(self, url: str, clock: Callable[[], datetime] = _utc_now) -> None:
        self._url = url
        self._clock = clock
        self._opening = threading.Lock()
        self._store: Store | None = None

    def opened(self) -> Store:
        """The store; raises what `open_store` raises, and tries again the next time."""
        with self._opening:
            if self._store is None:
                self._store = open_store(self._url, self._clock)
            return self._store

    def close(self) -> None:
        """Close its connections, as `Store.close`."""
        if self._store is not None:
            self._store.close()


def _postgresql_engine(address: sa.URL) -> sa.Engine:
    # A database that does not answer must not keep anybody waiting for good.
    limits = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "options": f"-c statement_timeout={_BUSY_SECONDS * 1000}",
    }
    return sa.create_engine(address, pool_pre_ping=True, connect_args=limits)


def _sqlite_engine(address: sa.URL) -> sa.Engine:
    Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address)

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # Python's own BEGIN would leave out the DDL
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes its lock at once: one that has read first cannot wait for another.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _alone_on_sqlite(engine: sa.Engine) -> Iterator[None]:
    """Hold back whoever else opens the store, and put it in WAL mode, which stays."""
    # In a file of its own: two connections switching the same database to WAL lock each other
    # out. A database serves as the lock since it works on every platform and dies with us.
    lock = sqlite3.connect(f"{engine.url.database}.lock", timeout=_BUSY_SECONDS)
    with closing(lock), closing(engine.raw_connection()) as connection:
        lock.execute("BEGIN EXCLUSIVE")
        connection.cursor().execute("PRAGMA journal_mode = WAL")
        yield


@contextmanager
def _alone_on_postgresql(engine: sa.Engine) -> Iterator[None]:
    """Hold back whoever else opens the store."""
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_OPENING)))
        yield


def _migrate(engine: sa.Engine) -> None:
    # Somebody else may have just done it.
    version = _version(engine)
    if version == SCHEMA:
        return
    from alembic import command  # noqa: PLC0415 - slow to import and seldom needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    if version not in {None, *(script.revision for script in scripts.walk_revisions())}:
        raise StoreTooNew(str(version), SCHEMA)
    with _writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(engine: sa.Engine) -> str | None:
    with _reading(engine) as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailable(str(cause).strip().partition("\n")[0]) from error


@contextmanager
def _reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    with _typed_errors(), engine.begin() as connection:
        yield connection


@contextmanager
def _writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    with _reading(engine.execution_options(writes=True)) as connection:
        yield connection


def _expired(now: datetime) -> sa.Delete:
    return sa.delete(_SNAPSHOTS).where(_SNAPSHOTS.c.expires_at <= now)


def _names(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Everything that names a blob, for people, and the hash of the blob."""
    heads = sa.select(_HEADS.c.series, _HEADS.c.hash).where(_HEADS.c.hash.is_not(None))
    for name, hash_ in connection.execute(heads):
        yield f"Series {name}", hash_
    for name, series in connection.execute(sa.select(_SNAPSHOTS.c.id, _SNAPSHOTS.c.series)):
        for hash_ in series.values():
            yield f"Snapshot {name}", hash_


def _series(row: sa.Row) -> Series:
    frame = _decode(row.bytes, row.hash)
    if frame is None:
        raise CorruptBlob(row.series, row.hash)
    instrument = _instrument(row.instrument)
    if instrument is None:
        raise CorruptBlob(row.series, row.hash)
    return Series(
        instrument, frame, row.source, row.fetched_at, row.is_sample, row.hash, row.day_end
    )


def _instrument(fields: dict[str, Any] | None) -> Instrument | None:
    if fields is None:
        return None
    # JSON has lists only.
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Instrument(**{**fields, **lists})


def _encode(frame: pd.DataFrame) -> bytes:
    # Straight from numpy: by way of pandas, Arrow would make NaN a null and lose its bits.
    days = pa.array(frame.index.to_numpy().astype("datetime64[D]"))
    columns = [pa.array(frame[name].to_numpy()) for name in frame.columns]
    batch = pa.record_batch([days, *columns], names=["date", *frame.columns])
    sink = pa.BufferOutputStream()
    # Plain: 4,000 rows of OHLCV take 177 kB, 73 as zstd, but reading is three times as fast.
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


@cache
def _columns(names: tuple[str, ...]) -> pd.Index:
    """Remembered: pandas takes longer to make it than to make a frame."""
    return pd.Index(names)


def _decode(content: bytes, hash_: str) -> pd.DataFrame | None:
    """Read a frame back; None when it is not the one that was stored."""
    try:
        batch = pa.ipc.open_stream(content).read_next_batch()
        days, *columns = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        frame = pd.DataFrame(
            np.array(columns).T,
            index=pd.DatetimeIndex(days.astype("datetime64[us]"), name="date"),
            columns=_columns(tuple(batch.schema.names[1:])),
        )
        return frame if content_hash(frame) == hash_ else None
    except Exception:  # noqa: BLE001 - damaged bytes can raise anything
        return None


def main(arguments: Sequence[str] | None = None, default_url: str | None = None) -> None:
    """Run ``check``: print every problem and exit with 1 when there are any."""
    parser = argparse.ArgumentParser("python -m data_sources.store")
    check = parser.add_subparsers(required=True).add_parser("check", help="verify the store")
    check.add_argument("--url", default=default_url, required=default_url is None)
    try:
        with closing(open_store(parser.parse_args(arguments).url)) as store:
            problems = store.check()
    except (StoreTooNew, StoreUnavailable) as problem:
        problems = [str(problem)]
    print(*problems or ["No problems"], sep="\n")  # noqa: T201
    sys.exit(bool(problems))


if __name__ == "__main__":
    main(default_url=load().database_url)
