"""A watched folder of price files: what changed is read again, what turned bad is kept."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from data_sources.catalog import CATALOG, Instrument, resolve
from data_sources.errors import BadFile, echo
from data_sources.files.catalog_file import Hints, read_catalog
from data_sources.files.naming import CATALOG_FILE, MOVES_FILE, price_files
from data_sources.files.reading import read_file
from data_sources.series import Series
from data_sources.snapshot import Snapshot
from data_sources.verdicts import Verdicts, judged, read_verdicts

SECONDS_BETWEEN_CHECKS = 1.0


@dataclass(frozen=True)
class _Catalog:
    """Instruments that are known here, and how files of theirs are to be read."""

    known: tuple[Instrument, ...]
    hints: Mapping[str, Hints]

    def named(self, path: Path) -> tuple[Instrument | None, Hints]:
        """What the catalog says about a file of this name."""
        instrument = resolve(path.stem, self.known)
        return instrument, self.hints.get(instrument.id, Hints()) if instrument else Hints()

    def id_of(self, path: Path) -> str:
        """Id of the instrument a file is named after."""
        instrument, _ = self.named(path)
        return instrument.id if instrument else path.stem.upper()


@dataclass(frozen=True)
class _File:
    """A file as last read: how it looked, what it was read as, its last good series.

    Of the series, those in `kept` are copies from before the file turned bad.
    """

    stamp: tuple[int, ...]
    catalog: _Catalog
    series: Mapping[str, Series]
    kept: frozenset[str] = frozenset()
    problems: tuple[str, ...] = field(default=())


class Folder:
    """A folder of price files, checked for changes at most once a second.

    Parameters
    ----------
    path
        The folder; it may be missing, and come and go later.
    moves
        File that says which doubtful moves are real or splits; otherwise `moves.csv` in it.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        path: Path,
        moves: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._moves = moves or path / MOVES_FILE
        self._clock = clock
        self._checking = threading.Lock()
        self._files: dict[Path, _File] = {}
        # As read, and as shown on a day with what had been said of it.
        self._shown: dict[str, tuple[Series, date, Verdicts, Series]] = {}
        self._snapshot = self._check()
        self._next_check = clock() + SECONDS_BETWEEN_CHECKS

    def snapshot(self) -> Snapshot:
        """Everything usable in the folder as of the last check.

        One thread checks; the others get the previous snapshot meanwhile and never wait.
        """
        if self._clock() >= self._next_check and self._checking.acquire(blocking=False):
            try:
                self._snapshot = self._check()
                self._next_check = self._clock() + SECONDS_BETWEEN_CHECKS
            finally:
                self._checking.release()
        return self._snapshot

    def _check(self) -> Snapshot:
        name = echo(self._path.name)
        label = f"Files: {name}"
        try:
            paths = price_files(self._path)
        except OSError as error:
            self._files = {}
            problem = f"Folder {name} cannot be read ({error.strerror})"
            return Snapshot({}, (problem,), is_sample=False, label=label)
        catalog, catalog_problems = _open_catalog(self._path / CATALOG_FILE)
        self._files = {path: _read(path, catalog, self._files.get(path)) for path in paths}
        read, doubled = _chosen(self._files)
        verdicts, verdict_problems = read_verdicts(self._moves)
        problems = [*catalog_problems, *verdict_problems, *doubled]
        problems += [problem for file in self._files.values() for problem in file.problems]
        order = {instrument.id: position for position, instrument in enumerate(catalog.known)}
        read = dict(sorted(read.items(), key=lambda item: order.get(item[0], len(order))))
        series = self._as_shown(read, verdicts, datetime.now(UTC).date())
        if not series:
            problems.append(f"Folder {name} holds no usable price file")
        return Snapshot(series, tuple(problems), is_sample=False, label=label)

    def _as_shown(
        self, read: Mapping[str, Series], verdicts: Verdicts, today: date
    ) -> dict[str, Series]:
        """Series as looked at today and as somebody has said; unchanged ones are the same."""
        shown = {}
        for key, one in read.items():
            last = self._shown.get(key)
            if last is None or last[0] is not one or last[1:3] != (today, verdicts):
                last = (one, today, verdicts, judged(replace(one, looked_at=today), verdicts))
            shown[key] = last
        self._shown = shown
        return {key: last[3] for key, last in shown.items()}


def _open_catalog(path: Path) -> tuple[_Catalog, tuple[str, ...]]:
    """Merge the folder's own catalog, if it has one, into the built-in one."""
    if not _stamp(path):
        return _Catalog(CATALOG, {}), ()
    own, problems = read_catalog(path)
    merged = {one.id: one for one in (*CATALOG, *(entry.instrument for entry in own))}
    hints = {entry.instrument.id: entry.hints for entry in own}
    return _Catalog(tuple(merged.values()), hints), problems


def _chosen(files: Mapping[Path, _File]) -> tuple[dict[str, Series], list[str]]:
    """Of several series of one instrument: what is read now, a file of its own, the longest.

    Of equal ones the first by name.
    """
    held = [
        (key in file.kept, key != file.catalog.id_of(path), -len(file.series[key].frame), path, key)
        for path, file in files.items()
        for key in file.series
    ]
    owners: dict[str, Path] = {}
    problems = []
    for *_, path, key in sorted(held):
        if key in owners:
            reason = f"{key} is already read from {echo(owners[key].name)}"
            problems.append(str(BadFile(path, None, reason)))
        else:
            owners[key] = path
    return {key: files[path].series[key] for key, path in owners.items()}, problems


def _read(path: Path, catalog: _Catalog, last: _File | None) -> _File:
    """Read a file unless it looks as it did; when it turned bad, keep the last good series."""
    stamp = _stamp(path)
    if last is not None and (last.stamp, last.catalog) == (stamp, catalog):
        return last
    named, hints = catalog.named(path)
    copies = last.series if last and last.catalog.named(path) == (named, hints) else {}
    try:
        found = read_file(path, catalog.known, hints, datetime.now(UTC).date())
    except BadFile as error:
        kept = max(copies.values(), key=lambda one: one.fetched_at, default=None)
        return _File(stamp, catalog, copies, frozenset(copies), (_told(error, kept),))
    bad = {key: one for key, one in found.items() if isinstance(one, BadFile)}
    kept_copies = {key: copies[key] for key in bad if key in copies}
    good = {key: one for key, one in found.items() if isinstance(one, Series)}
    problems = tuple(_told(error, copies.get(key)) for key, error in bad.items())
    return _File(stamp, catalog, good | kept_copies, frozenset(kept_copies), problems)


def _told(error: BadFile, kept: Series | None) -> str:
    return f"{error}; keeping the copy from {kept.fetched_at:%H:%M} UTC" if kept else str(error)


def _stamp(path: Path) -> tuple[int, ...]:
    """Tell apart the states of a file by content and permissions; empty when it is not seen."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
