"""The one door to data: which instruments there are, and their series."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from data_sources.catalog import Instrument
from data_sources.folder import Folder
from data_sources.sample import sample_series
from data_sources.series import Series
from data_sources.snapshot import Snapshot


class Market:
    """Data in memory, read without waiting for anyone.

    Each property shows the newest snapshot, so two reads can differ when a file changes in
    between; take `series` once for one chart.

    Parameters
    ----------
    current
        Returns the newest snapshot, at once.
    """

    def __init__(self, current: Callable[[], Snapshot]) -> None:
        self._current = current

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Instruments that have data, by id: the catalog's in its order, then new ones."""
        return {i: series.instrument for i, series in self._current().series.items()}

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence of plain text for everything that could not be used."""
        return self._current().problems

    @property
    def is_sample(self) -> bool:
        """Whether the data are simulated; sample and market data never mix."""
        return self._current().is_sample

    @property
    def label(self) -> str:
        """Short name of the data, for a badge."""
        return self._current().label

    def series(self, ids: Iterable[str]) -> dict[str, Series]:
        """Series of the given instruments; an id without data is left out."""
        held = self._current().series
        return {name: held[name] for name in ids if name in held}


def open_market(mode: str, folder: Path | None = None) -> Market:
    """Open the data of one mode.

    Parameters
    ----------
    mode
        "sample" for simulated data, "files" for a folder of price files.
    folder
        The folder, for "files"; a change in it shows about a second later.

    Raises
    ------
    ValueError
        For another mode. Bad or missing data never raise: see `Market.problems`.
    """
    if mode == "sample":
        sample = _sample()
        return Market(lambda: sample)
    if mode == "files" and folder is not None:
        return Market(Folder(folder).snapshot)
    raise ValueError(f"data mode {mode!r} must be sample, or files with a folder")


def _sample() -> Snapshot:
    return Snapshot(sample_series(), (), is_sample=True, label="Sample data")
