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
RETRY = 60.0  # seconds until what failed is tried again


class _Job(Generic[Key, Made]):
    """One computation, under way or over."""

    def __init__(self, work: Callable[[Key, Say], Made], key: Key) -> None:
        self.progress = "Computing…"
        self.made: Made
        self.error: Exception | None = None
        self.ended = 0.0
        self.is_over = Event()
        # A server that stops does not wait for it.
        self._thread = Thread(target=self._run, args=(work, key), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[Key, Say], Made], key: Key) -> None:
        try:
            self.made = work(key, self._say)
        except Exception as error:  # noqa: BLE001 -- raised again for whoever asks
            self.error = error
        self.ended = time.monotonic()
        self.is_over.set()

    def _say(self, progress: str) -> None:
        self.progress = progress

    def is_of_use(self, retry: float) -> bool:
        # The thread of a job that was under way when the server forked is not in the fork.
        is_alive = self._thread.is_alive()
        if not self.is_over.is_set():
            return is_alive
        return self.error is None or time.monotonic() - self.ended < retry


def in_background(
    work: Callable[[Key, Say], Made],
    *,
    most: int = 4,
    patience: float = PATIENCE,
    retry: float = RETRY,
) -> Callable[[Key], Made]:
    """Remember what `work` makes, computed on a thread: one for a key, however many ask for it.

    Parameters
    ----------
    work : callable
        ``(key, say) -> result``; ``say(text)`` tells the reader how far it is.
    most : int
        Number of results remembered, the latest asked for.
    patience : float
        Seconds to wait for a result that is not there yet.
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

    def get(key: Key) -> Made:
        with lock:
            job = jobs.get(key)
            if job is None or not job.is_of_use(retry):
                job = jobs[key] = _Job(work, key)
            jobs.move_to_end(key)
            while len(jobs) > most:
                jobs.popitem(last=False)
        if not job.is_over.wait(patience):
            raise UnfinishedChartError(job.progress)
        if job.error:
            raise job.error
        return job.made

    return get
