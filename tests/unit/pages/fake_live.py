"""Live data without a store, threads or anything to fetch: tests say what arrives."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from data_sources.catalog import Instrument, Kind
from data_sources.errors import TooSoon
from data_sources.market import Market
from data_sources.sample import sample_series
from data_sources.series import Series
from data_sources.snapshot import Snapshot, Status
from data_sources.symbols import requested

NOW = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)
SAMPLE = Snapshot(sample_series(), (), is_sample=True, label="Sample data")


def fetched(instrument: Instrument, like: str = "") -> Series:
    """Values as if they had been fetched; `like` names the sample series they repeat."""
    return replace(
        SAMPLE.series[like or instrument.id],
        instrument=instrument,
        is_sample=False,
        source=f"Yahoo Finance {instrument.symbols[0] if instrument.symbols else instrument.id}",
        fetched_at=NOW,
        day_end="utc" if instrument.kind == "coin" else "",
    )


def row(series: Series, **more: object) -> Status:
    return Status(series.instrument, series, **more)


class FakeLive:
    """Stands in for `data_sources.live.Live`."""

    def __init__(self, ids: tuple[str, ...] = ("RUT", "IWN", "BTC", "ETH")) -> None:
        self.market = Market(lambda: self.snapshot, self)
        self.started = False
        self.begin(ids)

    def begin(self, ids: tuple[str, ...] = ("RUT", "IWN", "BTC", "ETH")) -> None:
        """Hold these series, and nothing of what happened before."""
        series = {i: fetched(SAMPLE.series[i].instrument) for i in ids}
        self.snapshot = Snapshot(
            series, (), is_sample=False, label="Live prices",
            statuses=tuple(map(row, series.values())),
        )  # fmt: skip
        self.refreshes = 0

    def change(self, **what: object) -> None:
        self.snapshot = replace(self.snapshot, **what)

    def put(self, *statuses: Status) -> None:
        """Replace the statuses of these series, or add them."""
        keys = {(one.instrument.id, one.is_new_york) for one in statuses}
        kept = [
            one
            for one in self.snapshot.statuses
            if (one.instrument.id, one.is_new_york) not in keys
        ]
        self.change(statuses=(*kept, *statuses))

    def arrive(self, id_: str, like: str = "IWN") -> None:
        """Values of something that was asked for."""
        series = fetched(self.status(id_).instrument, like)
        self.put(row(series))
        self.change(series={**self.snapshot.series, id_: series})

    def fail(self, id_: str, error: str) -> None:
        instrument = self.status(id_).instrument
        later = NOW + timedelta(minutes=30)
        self.put(Status(instrument, None, error=error, failed_at=NOW, next_try=later))

    def update(self, id_: str) -> None:
        """A newer value of something that is here."""
        old = self.snapshot.series[id_]
        series = replace(old, frame=old.frame * 1.01, content_hash=pd.Timestamp.now().isoformat())
        self.change(series={**self.snapshot.series, id_: series})

    # What the server calls.

    def start(self) -> None:
        self.started = True

    def close(self) -> None:
        self.started = False

    def status(self, instrument_id: str) -> Status | None:
        rows = (one for one in self.snapshot.statuses if not one.is_new_york)
        return next((one for one in rows if one.instrument.id == instrument_id), None)

    def add(self, symbol: str, kind: Kind) -> str:
        instrument = requested(symbol, kind)
        if self.status(instrument.id) is None:
            self.put(Status(instrument, None))
        return instrument.id

    def refresh_now(self) -> None:
        self.refreshes += 1
        if self.refreshes > 1:
            raise TooSoon(60)
