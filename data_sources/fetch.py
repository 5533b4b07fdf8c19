"""One series from one provider: the update that follows on the last good copy."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from data_sources.catalog import Instrument
from data_sources.errors import HasGaps, NoData, RefusedUpdate
from data_sources.new_york import at_close, session_closes
from data_sources.providers import PROVIDERS
from data_sources.series import DayEnd, Series, make_series
from data_sources.updates import OVERLAP, continues, extended, objection, spliced
from settings import Access

MOST_PAGES = 20
"""Requests one update may take, one after the other."""

_HOURLY_CHUNK = timedelta(days=180)
# Part of a chunk's sessions that may be without a price before a source counts as full of gaps.
_MOST_MISSING = 0.2


@dataclass(frozen=True)
class Source:
    """One way to an instrument: a provider's key and the symbol there."""

    provider: str
    symbol: str

    @property
    def label(self) -> str:
        """Provider and symbol, for people."""
        return f"{PROVIDERS[self.provider].name} {self.symbol}"

    def is_of(self, series: str | None) -> bool:
        """Whether a series, by its own account, got its latest days from here."""
        return series is not None and series.endswith(self.label)


def sources_of(instrument: Instrument, *, hourly: bool = False) -> list[Source]:
    """An instrument's sources, the preferred one first; only those with hours if asked."""
    sources = [Source(*text.split(":", 1)) for text in instrument.sources]
    return [one for one in sources if not hourly or PROVIDERS[one.provider].hourly is not None]


def candidates(
    sources: list[Source], used: str | None, paused: Collection[str], *, is_behind: bool
) -> list[Source]:
    """Sources to try, in order.

    Parameters
    ----------
    sources
        All there are, the preferred one first.
    used
        Where the copy comes from, None while there is none.
    paused
        Providers to leave alone.
    is_behind
        Whether the copy is so old that sources after its own may continue it.
    """
    if not is_behind:
        own = next((at for at, one in enumerate(sources) if one.is_of(used)), len(sources))
        sources = sources[: own + 1]
    return [one for one in sources if one.provider not in paused]


def daily_update(
    source: Source, instrument: Instrument, copy: Series | None, access: Access, now: datetime
) -> Series:
    """Daily values up to now: the copy and the days after it, or the whole history.

    A copy from this source is asked only for new days and a week before them; when those do not
    repeat what is known, history was restated and all of it is fetched. A source before the
    copy's own replaces it, one after it continues it.

    Raises
    ------
    SourceError
        `RefusedUpdate` when the copy is to be believed rather.
    """
    provider, today, label = PROVIDERS[source.provider], now.date(), source.label

    def ask(start: date | None) -> pd.DataFrame:
        return provider.daily(source.symbol, start, access, today)

    if copy is None or _is_preferred(source, instrument, copy):
        frame = ask(None)
    else:
        update = ask((copy.as_of - OVERLAP).date())
        if copy.source != label:
            # Days of another source are in the overlap: near is all it can be.
            if update.index[-1] <= copy.as_of:
                raise NoData(provider.name, source.symbol)
            joined = spliced(copy.frame, update)
            if joined is None:
                raise RefusedUpdate(provider.name, f"it does not fit the copy from {copy.source}")
            continued = copy.source if source.is_of(copy.source) else f"{copy.source}, then {label}"
            frame, label = joined, continued
        elif continues(copy.frame, update):
            frame = extended(copy.frame, update)
        else:
            frame = ask(None)
    _check(source, instrument, copy, frame, now)
    day_end: DayEnd = "utc" if instrument.kind == "coin" else ""
    return make_series(instrument, frame, source=label, fetched_at=now, day_end=day_end)


def new_york_update(
    source: Source,
    instrument: Instrument,
    copy: Series | None,
    access: Access,
    now: datetime,
    *,
    first_day: date,
    last_session: date,
    renew: Callable[[], object],
) -> Series:
    """Closes at New York's close: the copy, or nothing, and the next half year.

    Hours have no splits: a source that does not repeat the copy's last week is not believed, as
    another beginning would give up years of good closes.

    Parameters
    ----------
    first_day
        Where to begin without a copy; half years before the source's first hour are passed over.
    last_session
        Where to end.
    renew
        Called before every stretch, which takes up to `MOST_PAGES` requests.
    """
    name, symbol = PROVIDERS[source.provider].name, source.symbol
    hourly = PROVIDERS[source.provider].hourly
    if hourly is None:
        raise ValueError(f"{name} has no hours")
    start = first_day if copy is None else (copy.as_of - OVERLAP).date()
    sampled = pd.DataFrame()
    while sampled.empty:
        renew()
        end = min(start + _HOURLY_CHUNK, last_session)
        closes = session_closes(start, end)
        try:
            if not closes.empty:
                hours = hourly(symbol, closes.iloc[0], closes.iloc[-1], access)
                sampled = at_close(hours, closes)
        except NoData:
            if copy is not None:
                raise
        if sampled.empty and end >= last_session:
            raise NoData(name, symbol)
        start = end
    expected = closes[closes.index >= sampled.index[0]] if copy is None else closes
    if len(sampled) < (1 - _MOST_MISSING) * len(expected):
        raise HasGaps(name, symbol)
    if copy is not None:
        # An hour that is missing this time is no other price.
        shared = copy.frame.index.intersection(sampled.index)
        if not continues(copy.frame.loc[shared], sampled):
            raise RefusedUpdate(name, f"it does not repeat the hours of {symbol} in the copy")
    frame = sampled if copy is None else extended(copy.frame, sampled)
    _check(source, instrument, copy, frame, now)
    return make_series(instrument, frame, source=source.label, fetched_at=now, day_end="nyclose")


def _is_preferred(source: Source, instrument: Instrument, copy: Series) -> bool:
    sources = sources_of(instrument)
    own = next((at for at, one in enumerate(sources) if one.is_of(copy.source)), len(sources))
    return sources.index(source) < own


def _check(
    source: Source, instrument: Instrument, copy: Series | None, frame: pd.DataFrame, now: datetime
) -> None:
    known = None if copy is None else copy.frame
    reason = objection(known, frame, instrument.kind, now.date())
    if reason is not None:
        raise RefusedUpdate(PROVIDERS[source.provider].name, reason)
