"""Twenty series from memory, from a cold store, and a server that starts on a filled one."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pandas as pd

from benchmarks.prices import SESSIONS
from benchmarks.report import Row, pair, percentiles
from benchmarks.serving import started
from data_sources.catalog import CATALOG, Instrument
from data_sources.fetch import sources_of
from data_sources.market import open_market
from data_sources.sample import sample_snapshot
from data_sources.series import PRICES, Series, make_series
from data_sources.store import open_store
from settings import Settings

LIVE = [one for one in CATALOG if one.sources]
SHOWN = "RUT"  # whose last day, in the page, tells that the data are there
READS = 40
PROCESSES = 9
STARTS = 5
MOST_WARM_MS = 0.1
MOST_COLD_MS = 25
MOST_START_SECONDS = 3


def rows() -> list[Row]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'store.db'}"
        with closing(open_store(url)) as store:
            for series in stored():
                store.put(series)
                if series.day_end != "nyclose":
                    series.frame.to_csv(folder / f"{series.id}.csv")
        return [_warm(url), _cold(url, folder), *_start(url)]


def stored() -> list[Series]:
    """Every live series with open to volume, then every coin at New York's close."""
    rng = np.random.default_rng(1)
    daily = [_made_up(rng, one) for one in LIVE]
    coins = [one for one in LIVE if sources_of(one, hourly=True)]
    return daily + [_made_up(rng, one, at_new_york=True) for one in coins]


def _made_up(rng: np.random.Generator, instrument: Instrument, *, at_new_york=False) -> Series:
    days = pd.bdate_range(end=pd.Timestamp.now().normalize(), periods=SESSIONS, name="date")
    close = 100 * np.exp(rng.normal(0, 0.02, SESSIONS).cumsum())
    frame = pd.DataFrame({"close": close}, days)
    if not at_new_york:
        spread = dict(zip(PRICES, (1.001, 1.01, 0.99, 1.0), strict=True))
        frame = pd.DataFrame({name: close * factor for name, factor in spread.items()}, days)
        frame["volume"] = rng.lognormal(15, 1, SESSIONS).round()
    end = "nyclose" if at_new_york else "utc" if instrument.kind == "coin" else ""
    source = sources_of(instrument, hourly=at_new_york)[0].label
    return make_series(instrument, frame, source=source, fetched_at=datetime.now(UTC), day_end=end)


def _warm(url: str) -> Row:
    ids = [one.id for one in LIVE]
    market = open_market(Settings(data="live", database_url=url, refresh=False))
    with closing(market.live), closing(open_store(url)) as store:
        if list(market.series(ids)) != ids:
            raise RuntimeError("the market does not hold every series")
        ours, theirs = [], []
        for _ in range(READS):
            ours.append(_milliseconds(lambda: market.series(ids)))
            theirs.append(_milliseconds(lambda: store.get(ids)))
    (p50, p95), slow = percentiles(ours), percentiles(theirs)[0]
    return Row(
        what=f"{len(ids)} series from memory (from the store)",
        ours=pair([1000 * one for one in ours], "µs"),
        baseline=pair(theirs, "ms"),
        ratio=f"{slow / p50:,.0f}×",
        target=f"p95 < {MOST_WARM_MS} ms",
        met=p95 < MOST_WARM_MS,
    )


def _cold(url: str, folder: Path) -> Row:
    ours, theirs = [], []
    for _ in range(PROCESSES):
        ours.append(_in_a_new_process("store", url))
        theirs.append(_in_a_new_process("csv", str(folder)))
    p50, csv = percentiles(ours)[0], percentiles(theirs)[0]
    return Row(
        what=f"{len(LIVE)} series × {SESSIONS:,} rows, new process (CSV)",
        ours=pair(ours, "ms"),
        baseline=pair(theirs, "ms"),
        ratio=f"{csv / p50:.1f}×",
        target=f"p50 < {MOST_COLD_MS} ms",
        met=p50 < MOST_COLD_MS,
    )


def _in_a_new_process(kind: str, place: str) -> float:
    command = [sys.executable, "-m", "benchmarks.cold", kind, place]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _start(url: str) -> list[Row]:
    live = {
        "BELLWETHER_DATA": "live",
        "BELLWETHER_DATABASE_URL": url,
        "BELLWETHER_REFRESH": "false",
    }
    sample = {"BELLWETHER_DATA": "sample"}
    with closing(open_store(url)) as store:
        as_of = store.heads()[SHOWN].as_of
    sample_as_of = sample_snapshot().series[SHOWN].as_of.date()
    ours, theirs = [], []
    for _ in range(STARTS):
        ours.append(started(live, shows=f'"{SHOWN}":"{as_of}"'))
        theirs.append(started(sample, shows=f'"{SHOWN}":"{sample_as_of}"'))
    (seconds, memory), (plain_seconds, plain_memory) = (
        zip(*one, strict=True) for one in (ours, theirs)
    )
    p50, plain_p50 = percentiles(seconds)[0], percentiles(plain_seconds)[0]
    megabytes, plain_megabytes = percentiles(memory)[0], percentiles(plain_memory)[0]
    return [
        Row(
            what="start to first page, filled store (sample)",
            ours=pair(seconds, "s"),
            baseline=pair(plain_seconds, "s"),
            ratio=f"{plain_p50 / p50:.2f}×",
            target=f"p50 < {MOST_START_SECONDS} s",
            met=p50 < MOST_START_SECONDS,
        ),
        Row(
            what="memory at that page (sample)",
            ours=f"{megabytes:.0f} MB",
            baseline=f"{plain_megabytes:.0f} MB",
            ratio=f"{plain_megabytes / megabytes:.2f}×",
            target="–",
            met=None,
        ),
    ]


def _milliseconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return 1000 * (perf_counter() - start)
