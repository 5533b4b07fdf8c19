"""A watched folder of price files: what changed is read again, what turned bad is kept."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from data_sources.catalog import CATALOG, Instrument
from data_sources.errors import BadFile, echo
from data_sources.files import (
    CATALOG_FILE,
    classified,
    instrument_of,
    price_files,
    read_catalog,
    read_series,
)
from data_sources.series import Series
from data_sources.snapshot import Snapshot
from data_sources.verdicts import MOVES_FILE, judged, read_verdicts

SECONDS_BETWEEN_CHECKS = 1.0


@dataclass(frozen=True)
class _File:
    """A file as last read: how it looked, what it was read as, its last good series."""

    stamp: tuple[int, ...]
    read_as: Instrument
    series: Series | None
    problem: str | None


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
        known, catalog_problems = _known_instruments(self._path / CATALOG_FILE)
        named, name_problems = _name_files(paths, known)
        self._files = {
            path: _read(path, instrument, known, self._files.get(path))
            for path, instrument in named.items()
        }
        verdicts, verdict_problems = read_verdicts(self._moves)
        problems = [*catalog_problems, *name_problems, *verdict_problems]
        problems += [file.problem for file in self._files.values() if file.problem is not None]

        order = {instrument.id: position for position, instrument in enumerate(known)}
        read = [file.series for file in self._files.values() if file.series is not None]
        read.sort(key=lambda one: order.get(one.id, len(order)))
        series = {one.id: judged(one, verdicts) for one in read}
        if not series:
            problems.append(f"Folder {name} holds no usable price file")
        return Snapshot(series, tuple(problems), is_sample=False, label=label)


def _known_instruments(path: Path) -> tuple[tuple[Instrument, ...], tuple[str, ...]]:
    """Merge the folder's own catalog, if it has one, into the built-in one."""
    if not _stamp(path):
        return CATALOG, ()
    own, problems = read_catalog(path)
    merged = {instrument.id: instrument for instrument in (*CATALOG, *own)}
    return tuple(merged.values()), problems


def _name_files(
    paths: Iterable[Path], known: tuple[Instrument, ...]
) -> tuple[dict[Path, Instrument], list[str]]:
    """Tell which instrument each file holds; of two files for one, the first by name counts."""
    named: dict[Path, Instrument] = {}
    owners: dict[str, Path] = {}
    problems = []
    for path in paths:
        try:
            instrument = instrument_of(path, known)
        except BadFile as error:
            problems.append(str(error))
            continue
        if instrument.id in owners:
            owner = echo(owners[instrument.id].name)
            reason = f"{instrument.id} is already read from {owner}"
            problems.append(str(BadFile(path, None, reason)))
        else:
            owners[instrument.id] = path
            named[path] = instrument
    return named, problems


def _read(
    path: Path, instrument: Instrument, known: tuple[Instrument, ...], last: _File | None
) -> _File:
    """Read a file unless it looks as it did; when it turned bad, keep the last good series."""
    stamp = _stamp(path)
    if last is not None and last.read_as != instrument:
        last = None
    today = datetime.now(UTC).date()
    if last is not None and last.stamp == stamp:
        if last.series is None or last.series.looked_at == today:
            return last
        return replace(last, series=replace(last.series, looked_at=today))
    try:
        series = replace(read_series(path, instrument, today), looked_at=today)
    except BadFile as error:
        if last is None or last.series is None:
            return _File(stamp, instrument, None, str(error))
        problem = f"{error}; keeping the copy from {last.series.fetched_at:%H:%M} UTC"
        return replace(last, stamp=stamp, problem=problem)
    return _File(stamp, instrument, series if instrument in known else classified(series), None)


def _stamp(path: Path) -> tuple[int, ...]:
    """Tell apart the states of a file by content and permissions; empty when it is not seen."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
