"""From what the store holds to what pages see: which data, how stale, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from data_sources.catalog import CATALOG, Instrument
from data_sources.fetch import candidates, sources_of
from data_sources.refresh import known_instruments
from data_sources.sample import sample_snapshot
from data_sources.schedule import expected_day, expected_session, is_behind
from data_sources.series import Series
from data_sources.snapshot import Snapshot, Status
from data_sources.store import Head, Pause, new_york_key
from data_sources.verdicts import Verdicts, judged

LABEL = "Live prices"
CORE = ("RUT", "IWM", "BTC", "ETH")
"""What must have been tried before live data take the place of the sample."""

# A source may be late by so much before its values are called stale.
_GRACE = timedelta(hours=6)
# New York closes are offered once their history has come so near to the present.
_NEARLY = timedelta(days=7)


@dataclass(frozen=True)
class View:
    """The store at one moment.

    Attributes
    ----------
    heads, pauses
        As the store has them.
    held
        Copies by their name in the store.
    now
        When that is.
    verdicts
        What has been said of doubtful moves.
    """

    heads: Mapping[str, Head]
    pauses: Mapping[str, Pause]
    held: Mapping[str, Series]
    now: datetime
    verdicts: Verdicts = field(default_factory=dict)


def snapshot_of(view: View, mode: str) -> Snapshot:
    """What pages see; in the mode "auto" the sample, until there are live data."""
    known = known_instruments(view.heads)
    daily = {name: _status(view, one) for name, one in known.items()}
    new_york = {
        name: _status(view, one, is_new_york=True)
        for name, one in known.items()
        if new_york_key(name) in view.heads
    }
    series = {name: one.series for name, one in daily.items() if one.series is not None}
    statuses = tuple(
        status
        for name in known
        for status in (daily[name], new_york.get(name))
        if status is not None
    )
    kinds = {one.instrument.kind for one in series.values()}
    is_there = {"small_cap", "coin"} <= kinds
    fetched = [one.id for one in CATALOG if one.sources]
    tried = {name for name in fetched if daily[name].series or daily[name].error}
    is_loading = len(tried) < len(fetched) or not is_there
    loaded = sum(name in series for name in fetched)
    progress = f"{loaded} of {len(fetched)} series" if is_loading else ""
    problems = () if is_there else _reasons(view, daily)
    if mode == "auto" and not (is_there and tried.issuperset(CORE)):
        return replace(sample_snapshot(), problems=problems, progress=progress, statuses=statuses)
    return Snapshot(
        series,
        problems,
        is_sample=False,
        label=LABEL,
        new_york={
            name: one.series
            for name, one in new_york.items()
            if one.series and _is_near(one.series, view.now)
        },
        progress=progress,
        statuses=statuses,
    )


def _status(view: View, instrument: Instrument, *, is_new_york: bool = False) -> Status:
    key = new_york_key(instrument.id) if is_new_york else instrument.id
    head, held = view.heads.get(key), view.held.get(key)
    pause = _pause(view, instrument, head, is_new_york=is_new_york)
    error, failed_at, next_try = "", None, None
    if head is not None and head.last_error:
        error, failed_at, next_try = head.last_error, head.failed_at, head.next_try
        if pause is not None and next_try is not None:
            next_try = max(next_try, pause.until)
    elif pause is not None:
        error, failed_at, next_try = pause.reason, pause.since, pause.until
    is_filling = is_new_york and held is not None and not error and not _is_near(held, view.now)
    if held is not None:
        stale = "" if is_filling else _stale(view, held, error, failed_at, next_try)
        # The catalog may know better than the day it was stored.
        held = replace(held, instrument=instrument, stale=stale, looked_at=view.now.date())
        held = judged(held, view.verdicts)
    return Status(instrument, held, is_new_york, is_filling, error, failed_at, next_try)


def _is_near(series: Series, now: datetime) -> bool:
    """Whether a coin at New York's close has come near enough to the present to be offered."""
    return series.as_of.date() >= expected_session(now) - _NEARLY


def _pause(
    view: View, instrument: Instrument, head: Head | None, *, is_new_york: bool
) -> Pause | None:
    """The pause that ends first, when a day is missing and every source of it is paused."""
    expected = _expected(instrument, view.now, is_new_york=is_new_york)
    used, as_of = (head.source, head.as_of) if head else (None, None)
    if as_of is not None and as_of >= expected:
        return None
    all_sources = sources_of(instrument, hourly=is_new_york)
    sources = candidates(all_sources, used, (), is_behind=is_behind(as_of, expected))
    pauses = [view.pauses[one.provider] for one in sources if one.provider in view.pauses]
    active = [pause for pause in pauses if pause.until > view.now]
    if len(active) < len(sources):
        return None
    return min(active, key=lambda pause: pause.until)


def _expected(instrument: Instrument, now: datetime, *, is_new_york: bool) -> date:
    return expected_session(now) if is_new_york else expected_day(instrument, now)


def _stale(
    view: View,
    series: Series,
    error: str,
    failed_at: datetime | None,
    next_try: datetime | None,
) -> str:
    def is_late(now: datetime) -> bool:
        is_new_york = series.day_end == "nyclose"
        return series.as_of.date() < _expected(series.instrument, now, is_new_york=is_new_york)

    if not is_late(view.now):
        return ""
    if error and failed_at and next_try:
        when = _moment(failed_at, view.now)
        return f"{error} ({when}), {_again(next_try, view.now)}."
    if not is_late(view.now - _GRACE):
        return ""
    asked = _moment(series.fetched_at, view.now)
    if not is_late(series.fetched_at):
        return f"The source has not been asked since {asked}."
    return f"There was nothing newer at the source ({asked})."


def _again(next_try: datetime, now: datetime) -> str:
    if next_try < now - _GRACE:
        return "not tried again since"
    return f"next try {_moment(next_try, now)}"


def _moment(when: datetime, now: datetime) -> str:
    day = "" if when.date() == now.date() else f"{when.day} {when:%b} "
    return f"{day}{when:%H:%M} UTC"


def _reasons(view: View, daily: Mapping[str, Status]) -> tuple[str, ...]:
    """Why there are no live data; nothing while the first attempt is still under way."""
    failed = [one for one in daily.values() if one.error]
    if not failed:
        return ()
    errors = dict.fromkeys(part for one in failed for part in one.error.split("; "))
    again = min(one.next_try for one in failed if one.next_try is not None)
    return (f"No live prices yet: {'; '.join(errors)}; {_again(again, view.now)}.",)
