"""Pictures of figures, drawn by one Chrome that all workers of a server share.

Chrome takes a second to start and some hundred megabytes, so it is kept in a process of its own
(:mod:`sharing.renderer`), which the first worker that wants a picture starts and which ends with
the server. A worker only waits, and no longer than its time-out.
"""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, Literal

from choreographer.browsers.chromium import Chromium
from plotly.io.json import to_json_plotly

from components.plotting import Figure

Format = Literal["png", "svg"]

MOST_OF_A_WORKER = 3
MOST_PIXELS = 12_000_000  # of one picture, scaled
_ROOT = Path(__file__).parents[1]
_GLANCE = 0.02  # seconds between looks for what another process does
_TO_STOP = 5.0  # seconds
# Of its time-out, what a figure may keep Chrome busy: Chrome can then be replaced for who waits.
_SHARE = 2 / 3

_FAILED = "The picture could not be drawn."
_SLOW = "The picture took too long to draw. Try again in a moment."
_LARGE = "The picture is too large to be drawn here."


class PictureError(Exception):
    """There is no picture; the message says why, in words for the reader."""


class NoBrowserError(PictureError):
    """There is no Chrome on this host."""

    def __init__(self) -> None:
        super().__init__(
            "Pictures need Chrome or Chromium on the server, and there is none; the chart's own "
            "camera button works without."
        )


class BusyError(PictureError):
    """Too many pictures are waiting; `retry_after` is when to ask again, in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Many pictures are being drawn just now. Try again in a moment.")
        self.retry_after = retry_after


class DrawingError(PictureError):
    """Drawing failed, took too long, or the figure is too large."""


class _LostError(Exception):
    """The renderer has ended, or ends."""


class _Line:
    """A connection to the renderer; see there for what is said."""

    def __init__(self, path: Path, deadline: float) -> None:
        """Connect. Raises OSError where nothing listens."""
        self._deadline = deadline
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._give_time()
            self._socket.connect(str(path))
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def ask(self, head: dict[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Say something and hear the answer, or raise DrawingError in time."""
        try:
            self._give_time()
            self._socket.sendall(json.dumps(head).encode() + b"\n" + body)
            heard = bytearray()
            while b"\n" not in heard:
                heard += self._hear()
            line, _, _ = heard.partition(b"\n")
            answer = json.loads(line)
            while len(heard) < len(line) + 1 + answer["bytes"]:
                heard += self._hear()
        except TimeoutError:
            raise DrawingError(_SLOW) from None
        except OSError:
            raise _LostError from None
        return answer, bytes(heard[len(line) + 1 :])

    def _hear(self) -> bytes:
        self._give_time()
        heard = self._socket.recv(1 << 18)
        if not heard:
            raise _LostError
        return heard

    def _give_time(self) -> None:
        self._socket.settimeout(_remaining(self._deadline))


class Pictures:
    """Draws figures; made before the server forks, and shared by its workers.

    Nothing is started before it is needed. What is started ends with the process that made this,
    however that ends.

    Parameters
    ----------
    timeout : float
        Seconds that a caller waits for a picture, unless it says otherwise.
    environment : mapping, optional
        That of the renderer and of Chrome; otherwise this process's own.
    """

    def __init__(
        self, *, timeout: float = 15.0, environment: Mapping[str, str] | None = None
    ) -> None:
        self._timeout = timeout
        self._environment = environment
        self._name = f"bellwether-{token_hex(8)}"
        self._owner = os.getpid()
        # A copy of its own in each worker, which thereby always has a thread for a page.
        self._waiting = BoundedSemaphore(MOST_OF_A_WORKER)
        self._warming = Lock()
        self._closer = weakref.finalize(self, _stop, self._name, self._owner)

    def draw(
        self,
        key: str,
        figure: Callable[[], Figure],
        *,
        width: int,
        height: int,
        scale: float,
        format: Format,  # noqa: A002 -- what it is called everywhere else
        timeout: float | None = None,
    ) -> bytes:
        """Draw a picture, or return the one last drawn for its key.

        Parameters
        ----------
        key : str
            Names the picture: what it shows, its size and its format.
        figure : callable
            Makes the figure; called only when there is no such picture yet.
        width, height : int
            Size of the figure in CSS pixels.
        scale : float
            Pixels of the picture for one of these.
        format : {"png", "svg"}
            What is drawn.
        timeout : float, optional
            Seconds to wait, instead of those of the object.

        Raises
        ------
        PictureError
            NoBrowserError, BusyError or DrawingError, with a message for the reader.
        """
        if width * height * scale**2 > MOST_PIXELS:
            raise DrawingError(_LARGE)
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        order: dict[str, Any] = {
            "options": {"format": format, "width": width, "height": height, "scale": scale},
            "limit": self._timeout * _SHARE,
        }
        body: bytes | None = None
        for _ in range(2):  # again when the renderer ends over another one's figure, or is killed
            with suppress(_LostError), closing(self._line(deadline)) as line:
                answer, picture = line.ask({"key": key})
                if answer["answer"] == "unknown":
                    body = to_json_plotly(figure()).encode() if body is None else body
                    if len(body) > answer["largest"]:
                        raise DrawingError(_LARGE)
                    if not self._waiting.acquire(blocking=False):
                        raise BusyError(1)
                    try:
                        answer, picture = line.ask({**order, "bytes": len(body)}, body)
                    finally:
                        self._waiting.release()
                if answer["answer"] == "full":
                    raise BusyError(answer["retry_after"])
                if answer["answer"] != "picture":
                    raise DrawingError(_FAILED)
                return picture
        raise DrawingError(_FAILED)

    def warm(self) -> None:
        """Start what draws, without waiting for it and without saying when it cannot be.

        A worker does this on one thread at a time, and on none where it runs.
        """
        if self._is_running() or not self._warming.acquire(blocking=False):
            return

        def start() -> None:
            try:
                with suppress(PictureError, _LostError):
                    self._line(time.monotonic() + self._timeout).close()
            finally:
                self._warming.release()

        Thread(target=start, daemon=True).start()

    def _is_running(self) -> bool:
        try:
            _Line(_folder(self._name) / "socket", time.monotonic() + _GLANCE).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Stop what draws and remove its folder; in a fork of the maker, do nothing."""
        self._closer()

    def _line(self, deadline: float) -> _Line:
        """A connection to the renderer, which is started where there is none."""
        try:
            folder = _folder(self._name)
            with suppress(FileNotFoundError, ConnectionRefusedError):
                return _Line(folder / "socket", deadline)
            if not _has_browser():
                raise NoBrowserError
            folder.mkdir(mode=0o700, exist_ok=True)
            with _alone(folder, deadline):
                started = None
                while started is None or started.poll() is None:
                    with suppress(FileNotFoundError, ConnectionRefusedError):
                        return _Line(folder / "socket", deadline)
                    started = started or _start(folder, self._owner, self._environment)
                    _pause(deadline)
        except TimeoutError:
            raise DrawingError(_SLOW) from None
        except OSError as error:
            raise _LostError from error
        raise _LostError


def _has_browser() -> bool:
    """Whether kaleido will find a browser; a millisecond, so that a new one needs no restart."""
    found = Chromium.find_browser(skip_local=False)
    return found is not None and Path(found).is_file()


def _folder(name: str) -> Path:
    return Path(tempfile.gettempdir()) / name


def _start(
    folder: Path, owner: int, environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    renderer = subprocess.Popen(  # noqa: S603 -- nothing of it comes from a request
        [sys.executable, "-m", "sharing.renderer", str(folder), str(owner)],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    # It ends when it will; this leaves nothing of it in the table of processes.
    Thread(target=renderer.wait, daemon=True).start()
    return renderer


def _stop(name: str, owner: int) -> None:
    folder = _folder(name)
    if os.getpid() != owner or not folder.exists():
        return
    deadline = time.monotonic() + _TO_STOP
    # Alone, so that one which is being started is stopped too.
    with (
        suppress(_LostError, DrawingError, OSError),
        _alone(folder, deadline),
        closing(_Line(folder / "socket", deadline)) as line,
    ):
        line.ask({"stop": True})
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(folder: Path, deadline: float) -> Iterator[None]:
    """Hold the folder's lock, among all threads and processes."""
    with (folder / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _pause(deadline)
            else:
                break
        yield


def _pause(deadline: float) -> None:
    time.sleep(min(_GLANCE, _remaining(deadline)))


def _remaining(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
