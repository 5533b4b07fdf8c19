"""The refresher: fetches what is stale into the store, politely. The only caller of providers.

It runs as a thread of the server, or alone as ``python -m data_sources.refresh [--once]``. Any
number may work on one store: a lease lets one of them fetch a series at a time.
"""

import argparse
import logging
import sys
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

from data_sources.catalog import CATALOG, Instrument
from data_sources.errors import (
    RateLimited,
    SourceError,
    SourceUnavailable,
    StoreTooNew,
    StoreUnavailable,
)
from data_sources.fetch import (
    MOST_PAGES,
    Source,
    candidates,
    daily_update,
    new_york_update,
    sources_of,
)
from data_sources.providers import PROVIDERS
from data_sources.schedule import (
    expected_day,
    expected_session,
    gravest,
    is_behind,
    is_due,
    wait,
)
from data_sources.series import Series
from data_sources.store import Head, Store, new_york_key, open_store
from settings import Access, Settings, load

SECONDS_BETWEEN_PASSES = 5.0

# What nobody names any more is kept for a week: a page may still show it.
_PRUNE_AFTER = timedelta(days=7)
_PRUNE_EVERY = timedelta(hours=1)
# No exchange has hourly prices from before.
_FIRST_HOURS = date(2015, 1, 26)
# An added symbol that cannot be had is remembered for as long, so that it is not asked again.
_REMEMBERED = timedelta(hours=12)
_MOST_FAILURES = 8

logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def known_instruments(heads: Mapping[str, Head]) -> dict[str, Instrument]:
    """Every instrument that has a source: the catalog's in its order, then what was added."""
    known = {one.id: one for one in CATALOG if one.sources}
    for head in heads.values():
        if head.instrument is not None:
            known.setdefault(head.instrument.id, head.instrument)
    return known


class Refresher:
    """Keeps a store current.

    Parameters
    ----------
    store
        Where copies, failures and leases are kept.
    settings
        How to reach the providers.
    clock
        The current time, with a time zone.
    """

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._owner = uuid.uuid4().hex
        self._next_prune = clock()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; trouble with the store is logged and waited out."""
        while not stop.is_set():
            try:
                worked = self.work()
            except StoreUnavailable as problem:
                logger.warning("%s", problem)
                worked = False
            except Exception:
                logger.exception("the refresher stumbled and goes on")
                worked = False
            if not worked:
                stop.wait(SECONDS_BETWEEN_PASSES)

    def work(self) -> bool:
        """Fetch every series that is due; if none is, half a year of one coin's hours.

        Returns
        -------
        bool
            Whether anything was due.
        """
        self._forget()
        known = known_instruments(self._store.heads()).values()
        worked = [self._refresh(one) for one in known]
        if any(worked) or any(self._refresh_new_york(one) for one in known):
            return True
        if self._clock() >= self._next_prune:
            self._next_prune = self._clock() + _PRUNE_EVERY
            self._store.prune(_PRUNE_AFTER)
        return False

    def _refresh(self, instrument: Instrument) -> bool:
        """Fetch daily values if they are due; whether that was tried."""
        sources = sources_of(instrument)
        expected = expected_day(instrument, self._clock())

        def to_ask(head: Head | None) -> list[Source]:
            if not is_due(head, expected, self._clock()):
                return []
            used, as_of = (head.source, head.as_of) if head else (None, None)
            behind = is_behind(as_of, expected)
            return candidates(sources, used, self._paused(), is_behind=behind)

        def update(source: Source, copy: Series | None) -> Series:
            access = self._access(source)
            return daily_update(source, instrument, copy, access, self._clock())

        return self._leased(instrument.id, to_ask, update)

    def _refresh_new_york(self, instrument: Instrument) -> bool:
        """Fetch closes at New York's close if they are due; whether that was tried."""
        key, sources = new_york_key(instrument.id), sources_of(instrument, hourly=True)
        last = expected_session(self._clock())

        def to_ask(head: Head | None) -> list[Source]:
            # While there is history to come, the next stretch is due at once.
            is_filling = head is not None and head.next_try is None and is_behind(head.as_of, last)
            if not is_filling and not is_due(head, last, self._clock()):
                return []
            if head is None or head.source is None:
                return candidates(sources, None, self._paused(), is_behind=True)
            own = [one for one in sources if one.is_of(head.source)]
            # A source that turns out to have gaps gives way to the next, from the beginning.
            others = sources[sources.index(own[0]) + 1 :] if is_filling and own else []
            return candidates([*own, *others], None, self._paused(), is_behind=True)

        def update(source: Source, copy: Series | None) -> Series:
            own = copy if copy is not None and source.is_of(copy.source) else None
            daily = self._store.get([instrument.id], on_damage=_pass_over).get(instrument.id)
            return new_york_update(
                source,
                instrument,
                own,
                self._access(source),
                self._clock(),
                first_day=daily.frame.index[0].date() if daily else _FIRST_HOURS,
                last_session=last,
                renew=lambda: self._lease(key),
            )

        daily = self._store.heads().get(instrument.id)
        if daily is None or daily.hash is None:
            return False
        return self._leased(key, to_ask, update)

    def _leased(
        self,
        key: str,
        to_ask: Callable[[Head | None], list[Source]],
        update: Callable[[Source, Series | None], Series],
    ) -> bool:
        """Ask the sources in turn, unless there are none to ask or somebody else is at it."""
        if not to_ask(self._store.heads().get(key)) or not self._lease(key):
            return False
        try:
            # Somebody else may have just done it.
            head = self._store.heads().get(key)
            sources = to_ask(head)
            if sources:
                self._ask(key, head, sources, update)
            return bool(sources)
        finally:
            self._store.release(key, self._owner)

    def _ask(
        self,
        key: str,
        head: Head | None,
        sources: Sequence[Source],
        update: Callable[[Source, Series | None], Series],
    ) -> None:
        # A damaged copy is no copy: all of it is fetched again.
        copy = self._store.get([key], on_damage=_pass_over).get(key)
        problems: list[SourceError] = []
        for source in sources:
            try:
                series = update(source, copy)
            except SourceError as problem:
                logger.info("%s: %s", key, problem)
                problems.append(problem)
                self._note_trouble(source, problem)
            else:
                self._store.put(series)
                self._note_health(source)
                return
        failures = head.failures if head else 0
        next_try = self._clock() + wait(gravest(problems), failures)
        self._store.record_failure(key, "; ".join(map(str, problems)), next_try)

    def _note_trouble(self, source: Source, problem: SourceError) -> None:
        if isinstance(problem, RateLimited | SourceUnavailable):
            before = self._store.pauses().get(source.provider)
            until = self._clock() + wait(problem, before.failures if before else 0)
            is_wish = isinstance(problem, RateLimited)
            self._store.pause(source.provider, str(problem), until, is_wish=is_wish)

    def _note_health(self, source: Source) -> None:
        if source.provider in self._store.pauses():
            self._store.end_pause(source.provider)

    def _paused(self) -> set[str]:
        now = self._clock()
        return {name for name, pause in self._store.pauses().items() if pause.until > now}

    def _forget(self) -> None:
        """Drop added symbols that could not be had, so that they can be asked for again."""
        now = self._clock()
        for key, head in self._store.heads().items():
            is_added = head.instrument is not None and head.instrument not in CATALOG
            if not is_added or head.hash or not head.failed_at or not head.next_try:
                continue
            is_old = now - head.failed_at > _REMEMBERED or head.failures >= _MOST_FAILURES
            if is_old and now >= head.next_try:
                self._store.forget(key)

    def _access(self, source: Source) -> Access:
        access: Access = getattr(self._settings, source.provider)
        return access

    def _lease(self, key: str) -> bool:
        providers = (getattr(self._settings, name) for name in PROVIDERS)
        longest = max(one.timeout + one.min_interval for one in providers)
        return self._store.lease(key, self._owner, MOST_PAGES * longest)


def _pass_over(problem: Exception) -> None:
    logger.warning("%s", problem)


def main(arguments: Sequence[str] | None = None) -> None:
    """Keep the store current until stopped; with ``--once``, until nothing is due."""
    parser = argparse.ArgumentParser("python -m data_sources.refresh", description=main.__doc__)
    parser.add_argument("--once", action="store_true", help="end when nothing is due")
    once = parser.parse_args(arguments).once
    settings = load()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        with closing(open_store(settings.database_url)) as store:
            refresher = Refresher(store, settings)
            if not once:
                refresher.run(threading.Event())
            while refresher.work():
                pass
            problems = [
                f"{key}: {head.last_error}"
                for key, head in store.heads().items()
                if head.last_error
            ]
    except (StoreTooNew, StoreUnavailable) as problem:
        problems = [str(problem)]
    except KeyboardInterrupt:
        problems = []
    sys.exit("\n".join(problems) or None)


if __name__ == "__main__":
    main()
