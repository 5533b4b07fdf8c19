"""What takes seconds is computed once, on a thread, while the page says how far it is."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from components.plotting import UnfinishedChartError

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")
Say = Callable[[str], None]

PATIENCE = 0.3  # seconds a reader waits before the page is shown without it
KEEP = 2.0  # seconds: a page asks again more often than that
RETRY = 60.0  # seconds until what failed is tried again


class _SupersededError(Exception):
    """Something newer is wanted."""


class _Job(Generic[Key, Made]):
    """One computation, under way or over; it begins when the one before it has ended."""

    def __init__(
        self,
        work: Callable[[Key, Say], Made],
        key: Key,
        before: "_Job[Key, Made] | None",
        keep: float,
    ) -> None:
        self.progress = "Computing…"
        self.made: Made
        self.error: Exception | None = None
        self.asked = time.monotonic()
        self.ended = 0.0
        self.is_over = Event()
        self._keep = keep
        self._has_successor = False
        if before is not None:
            before._has_successor = True  # noqa: SLF001 -- one of ours
        # A server that stops does not wait for it.
        self._thread = Thread(target=self._run, args=(work, key, before), daemon=True)
        self._thread.start()

    def _run(
        self, work: Callable[[Key, Say], Made], key: Key, before: "_Job[Key, Made] | None"
    ) -> None:
        try:
            if before is not None:
                before.wait()
            self.made = work(key, self._say)
        except Exception as error:  # noqa: BLE001 -- raised again for whoever asks
            self.error = error
        self.ended = time.monotonic()
        self.is_over.set()

    def is_wanted(self) -> bool:
        """Whether nothing else is, or somebody has asked for it a moment ago."""
        return not self._has_successor or time.monotonic() - self.asked < self._keep

    def _say(self, progress: str) -> None:
        if not self.is_wanted():
            raise _SupersededError
        self.progress = progress

    def is_under_way(self) -> bool:
        """Whether it will end; the thread of one that was when the server forked is not there."""
        return not self.is_over.is_set() and self._thread.is_alive()

    def wait(self) -> None:
        """Until it has ended, or at once where a fork has left its thread behind."""
        if self._thread.is_alive():
            self._thread.join()

    def is_of_use(self, retry: float) -> bool:
        if not self.is_over.is_set():
            return self.is_under_way()
        if isinstance(self.error, _SupersededError):
            return False
        return self.error is None or time.monotonic() - self.ended < retry

    def result(self, patience: float) -> Made:
        if not self.is_over.wait(patience) or isinstance(self.error, _SupersededError):
            raise UnfinishedChartError(self.progress)
        if self.error:
            raise self.error
        return self.made


def in_background(
    work: Callable[[Key, Say], Made],
    *,
    most: int = 16,
    patience: float = PATIENCE,
    keep: float = KEEP,
    retry: float = RETRY,
) -> Callable[[Key], Made]:
    """Remember what `work` makes, computed on a thread: one for a key, however many ask for it.

    One is computed at a time, in the order they were asked for. What nobody asks for any more gives
    way to what somebody does, such as a newer key while data arrive. While `most` are under way,
    who asks for one more has to ask again.

    Parameters
    ----------
    work : callable
        ``(key, say) -> result``; ``say(text)`` tells the reader how far it is, and ends work that
        is no longer wanted.
    most : int
        Number of results remembered, the latest asked for.
    patience : float
        Seconds to wait for a result that is not there yet.
    keep : float
        Seconds for which somebody who has asked is taken to wait for the answer.
    retry : float
        Seconds after which a key that failed is tried again.

    Returns
    -------
    callable
        ``key -> result``. Raises UnfinishedChartError with the progress while it is computed, and
        what `work` raised where it failed.
    """
    jobs: OrderedDict[Key, _Job[Key, Made]] = OrderedDict()
    lock = Lock()

    latest: list[_Job[Key, Made]] = []

    def get(key: Key) -> Made:
        with lock:
            job = jobs.get(key)
            if job is None or not job.is_of_use(retry):
                if sum(other.is_under_way() for other in jobs.values()) >= most:
                    raise UnfinishedChartError("Others are being computed first…")
                job = jobs[key] = _Job(work, key, latest.pop() if latest else None, keep)
                latest.append(job)
            job.asked = time.monotonic()
            jobs.move_to_end(key)
            if len(jobs) > most:
                del jobs[next(one for one, other in jobs.items() if not other.is_under_way())]
        return job.result(patience)

    return get
