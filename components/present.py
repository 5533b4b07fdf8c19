"""Whether a value may be called that of now, and what its day is called when it may not."""

from collections.abc import Collection

import pandas as pd

from components.plotting import day
from data_sources.series import Series
from view_state import ViewState


def present_from(series: Collection[Series]) -> pd.Timestamp | None:
    """First day whose values may be called those of now.

    None where one of the series is not fresh against the calendar of its market today, or where
    nothing newer will ever come.
    """
    starts = [one.present_from for one in series]
    is_fresh = all(
        start is not None and one.as_of >= start for one, start in zip(series, starts, strict=True)
    )
    return min((start for start in starts if start is not None), default=None) if is_fresh else None


def is_present(when: pd.Timestamp, series: Collection[Series], state: ViewState) -> bool:
    """Whether a value of that day, made of these series, may be called that of now."""
    start = present_from(series)
    return state.span[1] is None and start is not None and when >= start


def dated(when: pd.Timestamp, series: Collection[Series], state: ViewState) -> str:
    """When a value is of: "now", "on 31 Mar 2026, 245 days ago", or "on 31 Mar 2026".

    How long ago is said where the latest value was asked for and this is what there is of it.
    assets/live.js writes the same words.
    """
    if is_present(when, series, state):
        return "now"
    today = looked_at(series)
    is_latest = state.span[1] is None and today is not None
    return f"on {day(when)}" + (f", {age((today - when).days)}" if is_latest and today else "")


def looked_at(series: Collection[Series]) -> pd.Timestamp | None:
    """The day on which these series were the newest there were; None where they get no newer."""
    days = [one.looked_at for one in series]
    return None if None in days or not days else pd.Timestamp(max(d for d in days if d))


def age(days: int) -> str:
    """How long ago, in words."""
    # East of Greenwich a file may hold a day that UTC has not begun.
    return {0: "today", 1: "yesterday"}.get(max(days, 0), f"{days:,} days ago")
