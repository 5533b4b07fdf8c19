"""The one door to data: which instruments there are, and their series."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping

from data_sources.catalog import Instrument
from data_sources.files.folder import Folder
from data_sources.frozen import FrozenLinks, excerpt
from data_sources.live import Live
from data_sources.providers import PROVIDERS
from data_sources.sample import sample_snapshot
from data_sources.series import DayEnd, Series
from data_sources.snapshot import Snapshot, Status
from data_sources.store import LazyStore
from settings import Settings

TERMS: Mapping[str, str] = {one.name: one.terms for one in PROVIDERS.values()}
"""What the data of each provider may be used for, by its name."""


class Market:
    """Data in memory, read without waiting for anyone.

    Each property shows the newest snapshot, so two reads can differ when data arrive in
    between; take `series` once for one chart.

    Parameters
    ----------
    current
        Returns the newest snapshot, at once.
    live
        What fetches the data; None where nothing is fetched.
    frozen
        The frozen links there are; None where there can be none.
    """

    def __init__(
        self,
        current: Callable[[], Snapshot],
        live: Live | None = None,
        frozen: FrozenLinks | None = None,
    ) -> None:
        self._current = current
        self.live = live
        self.frozen = frozen

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Instruments that have data, by id: the catalog's in its order, then new ones."""
        return {i: series.instrument for i, series in self._current().series.items()}

    @property
    def new_york(self) -> Collection[str]:
        """Ids of the coins that can be had at New York's close."""
        return self._current().new_york.keys()

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence of plain text for everything that could not be used."""
        return self._current().problems

    @property
    def is_sample(self) -> bool:
        """Whether the data are simulated; sample and market data never mix."""
        return self._current().is_sample

    @property
    def kind(self) -> str:
        """What the data are: "sample" or "market"."""
        return "sample" if self.is_sample else "market"

    @property
    def label(self) -> str:
        """Short name of the data, for a badge."""
        return self._current().label

    @property
    def progress(self) -> str:
        """How far the first load is, such as "7 of 20 series"; "" when it is over."""
        return self._current().progress

    @property
    def statuses(self) -> tuple[Status, ...]:
        """How it stands with every series."""
        snapshot = self._current()
        return snapshot.statuses or tuple(
            Status(one.instrument, one) for one in snapshot.series.values()
        )

    @property
    def version(self) -> str:
        """Changes whenever a value shown does."""
        snapshot = self._current()
        held = (*snapshot.series.values(), *snapshot.new_york.values())
        hashes = "".join(one.id + one.content_hash for one in held)
        return hashlib.sha256(hashes.encode()).hexdigest()[:16]

    def series(self, ids: Iterable[str], align: DayEnd = "") -> dict[str, Series]:
        """Series of the given instruments; an id without data is left out.

        Parameters
        ----------
        ids
            Instrument ids; the result is in their order.
        align
            When the days of coins end; "" is the better one available: New York's close, if
            every coin asked for can be had at it. Coins that cannot are by UTC day, and their
            `Series.day_end` says so.
        """
        snapshot = self._current()
        held = {name: snapshot.series[name] for name in ids if name in snapshot.series}
        coins = {name for name, one in held.items() if one.instrument.kind == "coin"}
        if align == "utc" or not coins <= snapshot.new_york.keys():
            return held
        return {name: snapshot.new_york.get(name, one) for name, one in held.items()}

    def still(self) -> "Market":
        """The same data as they are now, for who asks more than once and wants one answer."""
        snapshot = self._current()
        return Market(lambda: snapshot, self.live, self.frozen)

    def excerpt(self, ids: Iterable[str]) -> Snapshot:
        """All there is of these instruments, at one moment: what a frozen link keeps."""
        return excerpt(self._current(), set(ids))

    def find(self, instrument_id: str, content_hash: str) -> Series | None:
        """The series with these very values, None when it is no longer held."""
        snapshot = self._current()
        for held in (snapshot.series, snapshot.new_york):
            one = held.get(instrument_id)
            if one is not None and one.content_hash == content_hash:
                return one
        return None


def open_market(settings: Settings) -> Market:
    """Open the data of the mode that is set.

    Bad or missing data never raise: see `Market.problems`.
    """
    if settings.data in ("files", "sample"):
        frozen = FrozenLinks(LazyStore(settings.database_url))
        if settings.data == "files" and settings.files is not None:
            return Market(Folder(settings.files, settings.moves).snapshot, frozen=frozen)
        return Market(sample_snapshot, frozen=frozen)
    live = Live(settings)
    return Market(live.snapshot, live, FrozenLinks(live.store))
