"""The process that draws pictures of figures, one for all workers of a server.

``python -m sharing.renderer <folder> <owner pid>`` keeps one Chrome open through kaleido and
listens at ``<folder>/socket``; :mod:`sharing.pictures` starts it and talks to it. It mends nothing:
when Chrome fails or hangs, both end, and the next request starts them afresh. It also ends when its
owner has.

A message is a line of JSON that says how many ``bytes`` follow it. The client asks for a ``key``.
The answer is the ``picture`` if it is remembered, ``full`` if too many wait, else ``unknown``.
The client then sends the figure, and is answered ``picture``, ``full``, ``refused`` or ``failed``.
A connection that ends without an answer says that the renderer has ended, by no known fault of
that figure.
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Any, NoReturn

from choreographer.browsers.chromium import Chromium
from kaleido import Kaleido
from kaleido.errors import JavascriptError, KaleidoError

# With the one being drawn fewer than two workers have threads: there is always one for a page.
MOST_WAITING = 4
LARGEST_FIGURE = 8 * 1024 * 1024  # bytes of JSON; ours have 0.1 million
REMEMBERED = 64 * 1024 * 1024  # bytes of pictures
PATIENCE_TO_OPEN = 30.0  # seconds; a cold disk is slow
MOST_DRAWN = 2000  # by one process: kaleido keeps some kilobytes of each picture's events
TICK = 1.0  # seconds between looks at the owner and at Chrome

logger = logging.getLogger("bellwether.renderer")


class _Chrome(Chromium):
    """Chrome that asks nothing of any network and writes nowhere but in our folder."""

    def get_cli(self) -> Sequence[str]:
        return [
            *super().get_cli(),
            # Of itself it would call its maker's hosts; no host, and no proxy, is ever found.
            "--host-resolver-rules=MAP * ~NOTFOUND",
            # A page of 80 megabytes instead of 320 after many pictures, each 0.04 s later; and one
            # figure can take no more than this.
            "--js-flags=--optimize-for-size --max-semi-space-size=2 --max-old-space-size=256",
        ]

    def get_env(self) -> MutableMapping[str, str]:
        home = tempfile.gettempdir()
        return {**super().get_env(), "HOME": home, "TMPDIR": home}


class _NoPictureError(Exception):
    """The answer where there is no picture."""

    def __init__(self, answer: str, **more: int) -> None:
        super().__init__(answer)
        self.answer = answer
        self.more = more


class _Memory:
    """The pictures last asked for, up to a number of bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._pictures: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        if key in self._pictures:
            self._pictures.move_to_end(key)
        return self._pictures.get(key)

    def put(self, key: str, picture: bytes) -> None:
        self._size += len(picture) - len(self._pictures.pop(key, b""))
        self._pictures[key] = picture
        while self._size > self._most:
            self._size -= len(self._pictures.popitem(last=False)[1])


class _Renderer:
    def __init__(self, folder: Path, owner: int) -> None:
        self._folder = folder
        self._owner = owner
        self._socket = folder / "socket"
        self._own = folder / str(os.getpid())
        self._memory = _Memory(REMEMBERED)
        self._turn = asyncio.Lock()
        self._asked = 0  # figures drawn or waiting
        self._drawn = 0
        self._took = TICK  # seconds the last one took
        self._stopped = asyncio.Event()
        self._is_ending = False
        self._kaleido = Kaleido(n=1, timeout=None, mathjax=False, browser_cls=_Chrome)

    async def run(self) -> NoReturn:
        """Serve until the owner, Chrome or the folder is gone."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopped.set)
        try:
            self._sweep()
            self._own.mkdir(exist_ok=True)
            tempfile.tempdir = str(self._own)
            # Listens before Chrome is there: what is asked meanwhile waits its turn.
            await asyncio.start_unix_server(self._serve, self._socket)
            opening = loop.create_task(self._open())
            while self._socket.exists() and _is_alive(self._owner) and not self._stopped.is_set():
                if opening.done():
                    opening.result()
                    if self._is_gone() or (self._drawn >= MOST_DRAWN and not self._asked):
                        break
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), TICK)
        except Exception:
            logger.exception("The renderer of pictures ends")
        await self._end()

    async def _open(self) -> None:
        async with self._turn:
            opening = asyncio.ensure_future(self._kaleido.open())
            await asyncio.wait({opening}, timeout=PATIENCE_TO_OPEN)
            if not opening.done():
                raise TimeoutError("Chrome did not start")
            opening.result()

    def _is_gone(self) -> bool:
        """Whether Chrome has ended, or could not start."""
        chrome = getattr(self._kaleido, "subprocess", None)
        return chrome is None or chrome.poll() is not None

    def _sweep(self) -> None:
        """Remove what renderers before this one could not, being killed."""
        for left in self._folder.iterdir():
            if left.name.isdecimal() and not _is_alive(int(left.name)):
                shutil.rmtree(left, ignore_errors=True)

    async def _end(self, *, forget: bool = False) -> NoReturn:
        """End, with Chrome and what it has written; with the folder, when no more is drawn."""
        if self._is_ending:
            await asyncio.Event().wait()
        self._is_ending = True
        self._socket.unlink(missing_ok=True)
        for _ in range(50):
            if hasattr(self._kaleido, "subprocess"):
                with suppress(ProcessLookupError):
                    os.killpg(self._kaleido.subprocess.pid, signal.SIGKILL)
                break
            await asyncio.sleep(0.02)  # it may be about to start
        gone = self._folder if forget or not _is_alive(self._owner) else self._own
        for _ in range(50):
            shutil.rmtree(gone, ignore_errors=True)
            if not gone.exists():
                break
            await asyncio.sleep(0.02)  # what is being killed may still write
        # Not by way of the interpreter, which would wait for threads that read from Chrome. And
        # never with another code: gunicorn, where it is the first process, stops at some.
        os._exit(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readline()
        if not asked:
            return
        request = json.loads(asked)
        if "stop" in request:
            await self._end(forget=True)
        try:
            key = request["key"]
            picture = self._memory.get(key) or await self._ordered(key, reader, writer)
        except _NoPictureError as no:
            await _say(writer, no.answer, **no.more)
        else:
            await _say(writer, "picture", picture)

    async def _ordered(
        self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Ask for the figure and draw it when its turn has come."""
        self._refuse_more()
        await _say(writer, "unknown", largest=LARGEST_FIGURE)
        order = json.loads(await reader.readuntil())
        if order["bytes"] > LARGEST_FIGURE:
            raise _NoPictureError("refused")
        body = await reader.readexactly(order["bytes"])
        self._refuse_more()
        self._asked += 1
        try:
            async with self._turn:
                if reader.at_eof():
                    raise ConnectionAbortedError  # whoever asked waits no longer
                picture = self._memory.get(key)
                if picture is None:
                    picture = await self._draw(json.loads(body), order, writer)
                    self._memory.put(key, picture)
                return picture
        finally:
            self._asked -= 1

    def _refuse_more(self) -> None:
        if self._asked > MOST_WAITING:
            raise _NoPictureError("full", retry_after=max(1, ceil(self._asked * self._took)))

    async def _draw(
        self, figure: dict[str, Any], order: dict[str, Any], writer: asyncio.StreamWriter
    ) -> bytes:
        """Draw a figure; or end, when Chrome is gone or fails or hangs."""
        if self._is_gone():
            await self._end()
        began = time.monotonic()
        drawing = asyncio.ensure_future(self._kaleido.calc_fig(figure, order["options"]))
        await asyncio.wait({drawing}, timeout=order["limit"])
        self._took = time.monotonic() - began
        self._drawn += 1
        if not drawing.done():
            logger.warning("A figure was too much for Chrome, which starts afresh")
            with suppress(ConnectionError):
                await _say(writer, "failed")
            await self._end()
        try:
            return drawing.result()
        except (JavascriptError, KaleidoError) as error:  # Chrome is well
            logger.warning("A picture could not be drawn: %s", error)
            raise _NoPictureError("failed") from error
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 -- whatever it was
            # Over this figure or not: it may be tried once more.
            logger.warning("Chrome has failed and starts afresh: %r", error)
            await self._end()


async def _say(
    writer: asyncio.StreamWriter, answer: str, picture: bytes = b"", /, **more: int
) -> None:
    head = json.dumps({"answer": answer, "bytes": len(picture), **more})
    writer.write(head.encode() + b"\n" + picture)
    await writer.drain()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


async def _run(folder: Path, owner: int) -> None:
    await _Renderer(folder, owner).run()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2])))
