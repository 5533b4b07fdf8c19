"""All data at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from data_sources.catalog import Instrument
from data_sources.series import Series


@dataclass(frozen=True)
class Status:
    """How it stands with one series, whether there are values of it or not.

    Attributes
    ----------
    instrument
        What it is of.
    series
        The values that are shown; None while there are none.
    is_new_york
        Whether it is the coin at New York's close instead of by UTC day.
    is_filling
        Whether its history is still being fetched, a stretch at a time from the beginning.
    error
        Why the last attempt to fetch it failed, in a sentence; "" when it did not.
    failed_at, next_try
        When that was, and when it is tried again.
    """

    instrument: Instrument
    series: Series | None
    is_new_york: bool = False
    is_filling: bool = False
    error: str = ""
    failed_at: datetime | None = None
    next_try: datetime | None = None


@dataclass(frozen=True)
class Snapshot:
    """What a source of data holds at one moment; never changed, only replaced.

    Attributes
    ----------
    series
        By instrument id: the catalog's in its order, then new ones.
    problems
        One sentence for everything that could not be used.
    is_sample
        Whether all of it is simulated.
    label
        Short name of the data, for a badge.
    new_york
        Coins sampled at New York's close, by instrument id; complete ones only.
    progress
        How far the first load is, such as "7 of 20 series"; "" when it is over.
    statuses
        Everything that is known or being fetched; empty where nothing is fetched.
    """

    series: Mapping[str, Series]
    problems: tuple[str, ...]
    is_sample: bool
    label: str
    new_york: Mapping[str, Series] = field(default_factory=dict)
    progress: str = ""
    statuses: tuple[Status, ...] = ()
