"""How a source is reached: politely, within a time and a size, failures told apart by type."""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from typing import Any

import requests
import urllib3

from data_sources.errors import BadResponse, RateLimited, SourceError, SourceUnavailable
from settings import Access

MAX_BYTES = 20_000_000
_CHUNK = 65_536

Refusal = Callable[[Any], SourceError | None]
"""Reads the JSON body of an HTTP error: what it means at this source, None if nothing special."""


@dataclass(frozen=True)
class _Reply:
    status: int
    retry_after: str | None
    body: bytes


def get_json(
    source: str, path: str, params: Mapping[str, Any], access: Access, refusal: Refusal
) -> Any:
    """Ask a source for JSON, once; trying again is the caller's decision.

    Parameters
    ----------
    source
        Name of the source, for messages.
    path
        Begins with a slash and is percent-encoded already.
    params
        The query.
    access
        Where to ask, and how politely.
    refusal
        Gives an HTTP error of this source its meaning.

    Raises
    ------
    RateLimited, SourceUnavailable, BadResponse
        And what `refusal` returns.
    """
    _wait_for_turn(access)
    replies: SimpleQueue[_Reply | Exception] = SimpleQueue()

    def exchange() -> None:
        try:
            replies.put(_exchange(source, path, params, access))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            replies.put(error)

    # Time-outs of sockets hold for one step each: neither a slow look-up of the name nor an
    # answer that drips adds up. So a thread asks, and it is left behind when time is up.
    threading.Thread(target=exchange, daemon=True).start()
    try:
        reply = replies.get(timeout=access.timeout)
    except Empty:
        raise _too_slow(source, access) from None
    if isinstance(reply, Exception):
        raise reply
    return _data(source, reply, refusal)


def at(data: Any, *path: str | int) -> Any:
    """Value at a path of keys and positions in parsed JSON; None where the path ends early.

    Examples
    --------
    >>> at({"a": [{"b": 1}]}, "a", 0, "b")
    1
    """
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


_turns: dict[str, float] = {}
_turns_lock = threading.Lock()


def _wait_for_turn(access: Access) -> None:
    with _turns_lock:
        now = time.monotonic()
        turn = max(now, _turns.get(access.base_url, now))
        _turns[access.base_url] = turn + access.min_interval
    time.sleep(turn - now)


def _exchange(source: str, path: str, params: Mapping[str, Any], access: Access) -> _Reply:
    deadline = time.monotonic() + access.timeout
    try:
        with requests.get(
            access.base_url.rstrip("/") + path,
            params=params,
            headers={"User-Agent": access.user_agent},
            timeout=access.timeout,
            stream=True,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            # read1 returns what has arrived; other reads wait until a chunk is full.
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise BadResponse(source, f"sent more than {MAX_BYTES // 1_000_000} MB")
                if time.monotonic() > deadline:
                    raise _too_slow(source, access)
            return _Reply(response.status_code, response.headers.get("Retry-After"), bytes(body))
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise _too_slow(source, access) from error
    except requests.RequestException as error:
        raise SourceUnavailable(source, "cannot be reached") from error
    except urllib3.exceptions.HTTPError as error:
        raise BadResponse(source, "broke off its answer") from error


def _too_slow(source: str, access: Access) -> SourceUnavailable:
    return SourceUnavailable(source, f"did not answer within {access.timeout:g} seconds")


def _data(source: str, reply: _Reply, refusal: Refusal) -> Any:
    status = reply.status
    # 418 is Binance's ban for not stopping at 429.
    if status in (418, 429):
        raise RateLimited(source, _seconds(reply.retry_after))
    if status >= 500:
        raise SourceUnavailable(source, f"is out of order (HTTP {status})")
    if 300 <= status < 400:
        raise BadResponse(source, "sent the request on to another address")
    try:
        data = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        if status == 200:
            raise BadResponse(source, f"sent {_kind(reply.body)} instead of data") from error
        data = None
    if status == 200:
        return data
    meaning = refusal(data)
    if meaning is not None:
        raise meaning
    if status in (401, 403, 451):
        raise SourceUnavailable(source, f"turns this computer away (HTTP {status})")
    raise BadResponse(source, f"refused the request (HTTP {status})")


def _kind(body: bytes) -> str:
    start = body.lstrip()[:1]
    if not start:
        return "an empty answer"
    return "a web page" if start == b"<" else "a broken answer"


def _seconds(retry_after: str | None) -> float | None:
    """Seconds a Retry-After header asks for, given as a number or as a date."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            moment = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        seconds = (moment - datetime.now(moment.tzinfo)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
