"""Live data: what the store holds, watched, and the threads that keep it current."""

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from data_sources.catalog import CATALOG, Kind
from data_sources.errors import (
    CorruptBlob,
    NotPossible,
    StoreTooNew,
    StoreUnavailable,
    TooSoon,
)
from data_sources.refresh import Refresher, known_instruments
from data_sources.sample import sample_snapshot
from data_sources.series import Series
from data_sources.snapshot import Snapshot, Status
from data_sources.store import Head, LazyStore, Store
from data_sources.stored import View, snapshot_of
from data_sources.symbols import requested
from data_sources.verdicts import Verdicts, read_verdicts
from settings import Settings

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_REFRESHES = 60
SECONDS_TO_STOP = 5.0
MOST_ADDED = 200
"""Symbols readers may add, together."""

logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Live:
    """Data that is fetched, as the store has it; nothing here waits for a provider.

    Parameters
    ----------
    settings
        Where the store is, how to reach providers, and whether to fetch here. In the mode
        "auto" the sample stands in until live data are there.
    clock
        The current time, with a time zone.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = _utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self.store = LazyStore(settings.database_url, clock)
        self._seen: object = None
        self._view: View | None = None
        self._memory: dict[str, Series] = {}
        self._snapshot = _stand_in(settings.data)
        self._threads: list[threading.Thread] = []
        self._looking = threading.Lock()
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self.look()

    def snapshot(self) -> Snapshot:
        """What there was at the last look, at most about a second ago."""
        return self._snapshot

    def start(self) -> None:
        """Start watching the store and, if set, refreshing it; does nothing when that runs."""
        with self._starting:
            # Threads do not survive a fork, and connections must not.
            if any(thread.is_alive() for thread in self._threads):
                return
            tasks = [self._watch] + ([self._refresh] if self._settings.refresh else [])
            # A flag of their own: that of those before stays set, for who has not seen it yet.
            self._stop = threading.Event()
            self._threads = [
                threading.Thread(target=task, args=(self._stop,), daemon=True) for task in tasks
            ]
            for thread in self._threads:
                thread.start()

    def close(self) -> None:
        """Stop the threads and close the connections; before a fork, for example.

        One that waits for a provider may take longer than this waits for it. It ends when it has
        its answer, whatever is started meanwhile.
        """
        with self._starting:
            self._stop.set()
            threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(SECONDS_TO_STOP)
        self.store.close()

    def status(self, instrument_id: str) -> Status | None:
        """How it stands with one instrument; None when nobody knows it."""
        return next(
            (
                one
                for one in self._snapshot.statuses
                if one.instrument.id == instrument_id and not one.is_new_york
            ),
            None,
        )

    def add(self, symbol: str, kind: Kind) -> str:
        """Have a symbol fetched; one that is known already stays as it is.

        Returns
        -------
        str
            Instrument id it has.

        Raises
        ------
        NotPossible
            With a sentence for the reader.
        """
        if not self._settings.any_symbol:
            raise NotPossible("Adding symbols is turned off here.")
        instrument = requested(symbol, kind)
        try:
            store = self.store.opened()
            known = known_instruments(store.heads())
            if instrument.id in known:
                if known[instrument.id].kind != kind:
                    raise NotPossible(f"{instrument.id} is of another kind here.")
                return instrument.id
            if len(known.keys() - {one.id for one in CATALOG}) >= MOST_ADDED:
                raise NotPossible(f"{MOST_ADDED} symbols have been added: that is the most.")
            store.want(instrument)
        except (StoreUnavailable, StoreTooNew) as problem:
            raise NotPossible(f"{problem}.") from problem
        return instrument.id

    def refresh_now(self) -> None:
        """Have everything tried at once, except at providers that asked for a pause.

        Raises
        ------
        TooSoon, NotPossible
        """
        try:
            store = self.store.opened()
            # A lease nobody gives back: for a while no other caller gets it, on any machine.
            if not store.lease("refresh now", uuid.uuid4().hex, SECONDS_BETWEEN_REFRESHES):
                raise TooSoon(SECONDS_BETWEEN_REFRESHES)
            store.try_all_now()
        except (StoreUnavailable, StoreTooNew) as problem:
            raise NotPossible(f"{problem}.") from problem

    def look(self) -> None:
        """Bring the snapshot up to date with the store; without one, the last stays."""
        with self._looking:
            try:
                store = self.store.opened()
                heads, pauses = store.heads(), store.pauses()
                # What is stale changes with time, too.
                seen = heads, pauses, self._clock().replace(second=0, microsecond=0)
                if seen != self._seen:
                    held = self._loaded(store, heads)
                    self._view = View(heads, pauses, held, self._clock(), self._verdicts())
                    self._snapshot = snapshot_of(self._view, self._settings.data)
                    self._seen = seen
            except (StoreUnavailable, StoreTooNew) as problem:
                if self._seen != str(problem):
                    logger.warning("%s", problem)
                self._seen = str(problem)
                if self._view is not None:
                    # What was read ages all the same.
                    view = replace(self._view, now=self._clock())
                    self._snapshot = snapshot_of(view, self._settings.data)
                self._snapshot = replace(self._snapshot, problems=(f"{problem}.",))

    def _verdicts(self) -> Verdicts:
        """What has been said of doubtful moves, read anew each time: at most once a minute."""
        if self._settings.moves is None:
            return {}
        verdicts, problems = read_verdicts(self._settings.moves)
        for problem in problems:
            logger.warning("%s", problem)
        return verdicts

    def _watch(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.look()
            except Exception:
                logger.exception("watching the store stumbled and goes on")
            stop.wait(SECONDS_BETWEEN_LOOKS)

    def _refresh(self, stop: threading.Event) -> None:
        while not stop.wait(SECONDS_BETWEEN_LOOKS):
            try:
                store = self.store.opened()
            except (StoreUnavailable, StoreTooNew):
                continue
            Refresher(store, self._settings, self._clock).run(stop)

    def _loaded(self, store: Store, heads: Mapping[str, Head]) -> dict[str, Series]:
        """Every copy, by its name in the store; only those that changed are read."""
        held = {
            key: replace(self._memory[key], fetched_at=head.fetched_at, source=head.source)
            for key, head in heads.items()
            if key in self._memory
            and self._memory[key].content_hash == head.hash
            and head.fetched_at is not None
            and head.source is not None
        }
        wanted = [key for key, head in heads.items() if head.hash and key not in held]

        def damaged(problem: CorruptBlob) -> None:
            # Due at once: it is fetched again. Until then the older copy serves, if there is one.
            logger.warning("%s", problem)
            if heads[problem.series].next_try is None:
                # A full disk must not hide the copies that can be read.
                with suppress(StoreUnavailable):
                    store.record_failure(problem.series, str(problem), self._clock())
            if problem.series in self._memory:
                held[problem.series] = self._memory[problem.series]

        self._memory = held | store.get(wanted, on_damage=damaged)
        return self._memory


def _stand_in(mode: str) -> Snapshot:
    """What is shown before anything has been read."""
    if mode == "auto":
        return sample_snapshot()
    return Snapshot({}, (), is_sample=False, label="Live prices")
