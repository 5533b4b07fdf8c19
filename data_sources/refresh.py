"""The refresher: fetches what is stale into the store, politely. The only caller of providers.

It runs as a thread of the server, or alone as ``python -m data_sources.refresh [--once]``. Any
number may watch one store: a lease lets one of them work at a time, so that the rates in the
settings hold for all of them together.
"""

import argparse
import logging
import sys
import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

from data_sources.catalog import CATALOG, Instrument
from data_sources.errors import (
    BadResponse,
    HasGaps,
    NoData,
    RateLimited,
    SourceError,
    SourceUnavailable,
    StoreTooNew,
    StoreUnavailable,
    UnknownSymbol,
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
from data_sources.updates import OVERLAP
from settings import Access, Settings, load

SECONDS_BETWEEN_PASSES = 5.0
SECONDS_AFTER_TROUBLE = 60.0

# What nobody names any more is kept for a week: a page may still show it.
_PRUNE_AFTER = timedelta(days=7)
_PRUNE_EVERY = timedelta(hours=1)
_LEASE = "refresher"
# Sessions of New York closes that may be missing in a history that is otherwise complete.
_NEARLY_DONE = timedelta(days=60)
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
                # What was fetched could not be kept: asking for it again must not be frequent.
                stop.wait(SECONDS_AFTER_TROUBLE)
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
            Whether anything was due; False too while another refresher is at work.
        """
        if not self._renew():
            return False
        try:
            return self._work()
        finally:
            self._store.release(_LEASE, self._owner)

    def _work(self) -> bool:
        self._forget()
        heads = self._store.heads()
        known = known_instruments(heads).values()
        worked = [self._refresh(one, heads.get(one.id)) for one in known]
        if any(worked):
            return True
        for one in known:
            has_days = one.id in heads and heads[one.id].hash is not None
            if has_days and self._refresh_new_york(one, heads.get(new_york_key(one.id))):
                return True
        if self._clock() >= self._next_prune:
            self._next_prune = self._clock() + _PRUNE_EVERY
            self._store.prune(_PRUNE_AFTER)
        return False

    def _refresh(self, instrument: Instrument, head: Head | None) -> bool:
        """Fetch daily values if they are due; whether that was tried."""
        expected = expected_day(instrument, self._clock())
        if not is_due(head, expected, self._clock()):
            return False
        copy = self._copy(instrument.id)
        used, as_of = (copy.source, copy.as_of.date()) if copy else (None, None)
        behind = is_behind(as_of, expected)
        sources = candidates(sources_of(instrument), used, self._paused(), is_behind=behind)

        def update(source: Source) -> Series:
            access = self._access(source)
            return daily_update(source, instrument, copy, access, self._clock())

        return self._ask(instrument.id, head, sources, update)

    def _refresh_new_york(self, instrument: Instrument, head: Head | None) -> bool:
        """Fetch closes at New York's close if they are due; whether that was tried."""
        key, last = new_york_key(instrument.id), expected_session(self._clock())
        sources = sources_of(instrument, hourly=True)
        as_of = head.as_of if head else None
        # While there is much history to come, the next stretch is due at once.
        is_filling = (
            head is not None
            and head.next_try is None
            and as_of is not None
            and last - as_of > OVERLAP
        )
        if not sources or not (is_filling or is_due(head, last, self._clock())):
            return False
        copy = self._copy(key)
        if copy is None:
            # The first has the longest history: it is worth waiting for, if it wants a pause.
            wishes = {name for name, pause in self._store.pauses().items() if pause.is_wish}
            gives_way: tuple[type[SourceError], ...] = (SourceError,)
            if sources[0].provider in wishes & self._paused():
                return False
        else:
            own = next((at for at, one in enumerate(sources) if one.is_of(copy.source)), 0)
            # Gaps make a source give way to the next, from the beginning; not once it has
            # brought everything, which would be lost.
            is_early = last - copy.as_of.date() > _NEARLY_DONE
            sources = sources[own:] if is_early else sources[own : own + 1]
            gives_way = (NoData, HasGaps)
            if sources[0].provider in self._paused():
                return False

        def update(source: Source) -> Series:
            daily = self._copy(instrument.id)
            return new_york_update(
                source,
                instrument,
                copy if copy is not None and source.is_of(copy.source) else None,
                self._access(source),
                self._clock(),
                first_day=daily.frame.index[0].date() if daily else _FIRST_HOURS,
                last_session=last,
                renew=self._renew,
            )

        paused = self._paused()
        usable = [one for one in sources if one.provider not in paused]
        return self._ask(key, head, usable, update, gives_way)

    def _ask(
        self,
        key: str,
        head: Head | None,
        sources: Sequence[Source],
        update: Callable[[Source], Series],
        gives_way: tuple[type[SourceError], ...] = (SourceError,),
    ) -> bool:
        """Ask sources in turn, the next one where a problem gives way; whether any was asked."""
        problems: list[SourceError] = []
        for source in sources:
            if not self._renew():
                break
            try:
                series = _checked(source, update)
            except SourceError as problem:
                logger.info("%s: %s", key, problem)
                problems.append(problem)
                self._note_trouble(source, problem)
                if not isinstance(problem, gives_way):
                    break
            else:
                self._store.put(series)
                self._note_health(source)
                return True
        if problems:
            failures = head.failures if head else 0
            next_try = self._clock() + wait(gravest(problems), failures)
            if isinstance(gravest(problems), UnknownSymbol):
                # One that is left alone just now may have it.
                asked = {one.provider for one in sources}
                next_try = min([next_try, *self._ends_of_pauses(asked)])
            self._store.record_failure(key, "; ".join(map(str, problems)), next_try)
        return bool(problems)

    def _copy(self, key: str) -> Series | None:
        """The last good copy; a damaged one is none, so that all of it is fetched again."""
        return self._store.get([key], on_damage=_pass_over).get(key)

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

    def _ends_of_pauses(self, asked: Collection[str]) -> list[datetime]:
        """When the providers that were not asked may be asked again."""
        now, pauses = self._clock(), self._store.pauses()
        return [one.until for name, one in pauses.items() if name not in asked and one.until > now]

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

    def _renew(self) -> bool:
        """Be, or stay, the one that works on this store, as long as one update may take."""
        providers = (getattr(self._settings, name) for name in PROVIDERS)
        longest = max(one.timeout + one.min_interval for one in providers)
        return self._store.lease(_LEASE, self._owner, MOST_PAGES * longest)


def _checked(source: Source, update: Callable[[Source], Series]) -> Series:
    """An update; what a provider did not foresee is its bad response, and stops no other."""
    try:
        return update(source)
    except (SourceError, StoreUnavailable):
        raise
    except Exception as error:
        logger.exception("%s sent something that nobody foresaw", source.label)
        name = PROVIDERS[source.provider].name
        raise BadResponse(name, f"sent something unexpected for {source.symbol}") from error


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
