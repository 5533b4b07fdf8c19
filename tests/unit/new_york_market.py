"""A market as live data make it: some coins also at New York's close, an index out of date."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from data_sources.market import Market
from data_sources.sample import sample_series
from data_sources.series import Series, make_series
from data_sources.snapshot import Snapshot

STALE = "Yahoo Finance has been asked too often (14:02 UTC), next try 14:32 UTC."


def at_new_york(coin: Series, sessions: Collection) -> Series:
    """The coin a little before the end of its UTC day, on these sessions only."""
    log = np.log(coin.close)
    earlier = np.exp(0.85 * log + 0.15 * log.shift())
    return make_series(
        coin.instrument,
        earlier[earlier.index.isin(sessions)].to_frame("close"),
        source=f"Coinbase Exchange {coin.id}-USD",
        fetched_at=coin.fetched_at,
        day_end="nyclose",
    )


def new_york_market(coins: Collection[str], stale: Collection[str] = ()) -> Market:
    """The sample's prices as if they were live; `coins` have New York closes."""
    series = {
        i: replace(
            one,
            is_sample=False,
            source=one.instrument.sources[0].replace("yahoo:", "Yahoo Finance "),
            stale=STALE if i in stale else "",
        )
        for i, one in sample_series().items()
    }
    sessions = series["RUT"].close.index
    new_york = {i: at_new_york(series[i], sessions) for i in coins}
    snapshot = Snapshot(series, (), is_sample=False, label="Live data", new_york=new_york)
    return Market(lambda: snapshot)
