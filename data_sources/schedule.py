"""When a series is due, and when to try again what failed."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from data_sources.catalog import Instrument
from data_sources.errors import RateLimited, RefusedUpdate, SourceError, UnknownSymbol
from data_sources.new_york import last_complete_session
from data_sources.store import Head

# How long after the end of a day its prices are out.
_CLOSE_DELAY = timedelta(minutes=30)
_MIDNIGHT_DELAY = timedelta(minutes=10)
_ASK_AGAIN = timedelta(minutes=30)
_BEHIND = timedelta(days=2)
_DAY = timedelta(days=1)
_CLOCKS_DIFFER = timedelta(minutes=5)
_JITTER = 0.2

# The first wait after a failure, which doubles with each one, and the longest.
_WAITS = (
    (RateLimited, timedelta(minutes=30), timedelta(hours=6)),
    (UnknownSymbol, _DAY, _DAY),
    (RefusedUpdate, timedelta(hours=1), timedelta(hours=6)),
    (SourceError, timedelta(minutes=1), timedelta(hours=1)),
)


def expected_day(instrument: Instrument, now: datetime) -> date:
    """The last day that sources should have of an instrument by now."""
    if instrument.kind in ("coin", "macro"):
        return (now - _MIDNIGHT_DELAY).date() - _DAY
    return expected_session(now)


def expected_session(now: datetime) -> date:
    """The last session of New York that sources should have by now."""
    return last_complete_session(now, _CLOSE_DELAY)


def is_due(head: Head | None, expected: date, now: datetime) -> bool:
    """Whether a series should be fetched now."""
    if head is None or (head.as_of is None and head.next_try is None):
        return True
    noted = head.failed_at or head.fetched_at
    if noted is not None and noted > now + _CLOCKS_DIFFER:
        # Noted by a clock that was ahead: what it saw, and its waits, mean nothing.
        return True
    if head.next_try is not None:
        return now >= head.next_try
    if head.as_of is None or head.fetched_at is None or head.as_of >= expected:
        return False
    # A source may be late with a day: it is asked again, but not at once.
    return now >= head.fetched_at + _ASK_AGAIN


def is_behind(as_of: date | None, expected: date) -> bool:
    """Whether a copy is missing or so old that another source may continue it."""
    return as_of is None or expected - as_of > _BEHIND


def wait(problem: SourceError, failures: int) -> timedelta:
    """How long to leave alone what failed.

    Parameters
    ----------
    problem
        Why it failed; a source's own wish for a pause is granted, up to a day.
    failures
        How often it had failed before, in a row.
    """
    if isinstance(problem, RateLimited) and problem.retry_after is not None:
        # Later than asked, never sooner; and at least a little, whatever is asked.
        asked = timedelta(seconds=min(max(5, problem.retry_after), _DAY.total_seconds()))
        return asked * random.uniform(1, 1 + _JITTER)  # noqa: S311 - no secret
    first, longest = next((f, most) for kind, f, most in _WAITS if isinstance(problem, kind))
    doubled = min(first * 2 ** min(failures, 20), longest)
    return doubled * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311


def gravest(problems: Sequence[SourceError]) -> SourceError:
    """Of what several sources said, the one that has hope the soonest."""
    return min(problems, key=lambda problem: wait(problem, 0))
