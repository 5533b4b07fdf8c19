"""``python -m benchmarks.cold store|csv <place>``: read everything once, print milliseconds.

A process of its own, so that nothing is remembered; imports and opening are not timed.
"""

import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter

import pandas as pd

from data_sources.store import open_store


def from_store(url: str) -> float:
    with closing(open_store(url)) as store:
        start = perf_counter()
        series = store.get([name for name in store.heads() if "@" not in name])
        seconds = perf_counter() - start
    return _milliseconds(seconds, len(series))


def from_csv(folder: str) -> float:
    start = perf_counter()
    files = Path(folder).glob("*.csv")
    frames = [pd.read_csv(file, index_col="date", parse_dates=["date"]) for file in files]
    return _milliseconds(perf_counter() - start, len(frames))


def _milliseconds(seconds: float, count: int) -> float:
    if count != 20:
        sys.exit(f"{count} series instead of 20")
    return 1000 * seconds


if __name__ == "__main__":
    print({"store": from_store, "csv": from_csv}[sys.argv[1]](sys.argv[2]))
