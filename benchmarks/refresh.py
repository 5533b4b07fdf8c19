"""A refresh that finds nothing new, against fetching every history again."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import requests

from benchmarks.report import Row, pair, percentiles
from data_sources.catalog import CATALOG
from data_sources.refresh import Refresher
from data_sources.store import Store, open_store
from settings import Settings
from tests.upstream import Request, Upstream, serve, settings

FIRST_DAY = date(2014, 1, 1)
ROUNDS = 7
MOST_SECONDS = 1.5
COUNT = sum(bool(one.sources) for one in CATALOG)


def rows() -> list[Row]:
    ours, theirs = [], []
    with serve() as upstream, TemporaryDirectory() as name:
        upstream.now = datetime.now(UTC)
        upstream.first_day = FIRST_DAY
        live = settings(upstream, timeout=60)
        with closing(open_store(f"sqlite:///{Path(name) / 'kept.db'}")) as kept:
            _refresh(kept, live)  # the first one imports yfinance and fills the store
            for number in range(ROUNDS):
                with closing(open_store(f"sqlite:///{Path(name) / f'{number}.db'}")) as empty:
                    upstream.reset_counts()
                    theirs.append(_refresh(empty, live))
                anew = list(upstream.requests)
                kept.try_all_now()
                upstream.reset_counts()
                ours.append(_refresh(kept, live))
                again = list(upstream.requests)
        size, seconds = _replayed(upstream, again)
        anew_size, anew_seconds = _replayed(upstream, anew)
    series = {(one.vendor, one.symbol) for one in again}
    (p50, p95), anew_p50 = percentiles(ours), percentiles(theirs)[0]
    return [
        Row(
            what=f"{COUNT} series, nothing new (all histories)",
            ours=pair(ours, "s"),
            baseline=pair(theirs, "s"),
            ratio=f"{anew_p50 / p50:.1f}×",
            target=f"p95 < {MOST_SECONDS} s",
            met=p95 < MOST_SECONDS,
        ),
        Row(
            what="of that, the made-up vendors' own time",
            ours=f"{seconds:.1f} s",
            baseline=f"{anew_seconds:.1f} s",
            ratio="–",
            target="–",
            met=None,
        ),
        Row(
            what="requests (all histories)",
            ours=str(len(again)),
            baseline=str(len(anew)),
            ratio=f"{len(anew) / len(again):.1f}×",
            target="one per series",
            met=len(again) == len(series) == COUNT,
        ),
        Row(
            what="sent by the vendors (all histories)",
            ours=f"{size:.0f} kB",
            baseline=f"{anew_size:,.0f} kB",
            ratio=f"{anew_size / size:.0f}×",
            target="–",
            met=None,
        ),
    ]


def _refresh(store: Store, live: Settings) -> float:
    """Seconds one pass over all daily series takes; New York's closes come in later passes."""
    refresher = Refresher(store, live)
    start = perf_counter()
    refresher.work()
    seconds = perf_counter() - start
    heads = store.heads().values()
    done = sum(head.next_try is None and head.hash is not None for head in heads)
    if done != COUNT:
        raise RuntimeError(f"{done} of {COUNT} series were refreshed")
    return seconds


def _replayed(upstream: Upstream, asked: Sequence[Request]) -> tuple[float, float]:
    """Kilobytes and seconds of the same requests, asked without Bellwether."""
    start = perf_counter()
    with requests.Session() as session:
        size = sum(
            len(session.get(upstream.base_url + one.path, params=one.query, timeout=60).content)
            for one in asked
        )
    return size / 1000, perf_counter() - start
