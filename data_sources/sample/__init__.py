"""Sample data: simulated between published turning points, with no network and no key."""

from datetime import UTC

from data_sources.catalog import CATALOG
from data_sources.sample.paths import nyse_sessions, read_waypoints, sample_paths
from data_sources.series import Series, make_series

SOURCE = "Sample data: simulated between published turning points"


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
    paths = sample_paths(waypoints, nyse_sessions(first, last))
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
