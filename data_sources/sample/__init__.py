"""Sample data: simulated between published turning points, with no network and no key."""

from datetime import UTC
from functools import cache

import pandas as pd

from data_sources.catalog import CATALOG
from data_sources.new_york import session_closes
from data_sources.sample.paths import read_waypoints, sample_paths
from data_sources.series import Series, make_series
from data_sources.snapshot import Snapshot

SOURCE = "Sample data: simulated between published turning points"


@cache
def sample_snapshot() -> Snapshot:
    """The sample as pages see it; made once."""
    return Snapshot(sample_series(), (), is_sample=True, label="Sample data")


def sample_series() -> dict[str, Series]:
    """Make the sample, the same on every call.

    Returns
    -------
    dict of str to Series
        One series per column of `waypoints.csv`, close only, passing through every published
        level exactly; ``fetched_at`` is the last published date.
    """
    waypoints = read_waypoints()
    first, last = waypoints.index[0], waypoints.index[-1]
    sessions = pd.DatetimeIndex(session_closes(first.date(), last.date()).index)
    paths = sample_paths(waypoints, sessions)
    return {
        instrument.id: make_series(
            instrument,
            closes.to_frame("close"),
            source=SOURCE,
            fetched_at=last.to_pydatetime().replace(tzinfo=UTC),
            is_sample=True,
            day_end="utc" if instrument.kind == "coin" else "",
        )
        for instrument in CATALOG
        if (closes := paths.get(instrument.id)) is not None
    }
