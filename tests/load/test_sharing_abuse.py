"""Thousands of hostile requests to what a link is besides a page, and pictures that cannot be had.

All of it to the real server: gunicorn as configured, on the sample, with a store of its own.
"""

import json
import os
import random
import re
import secrets
import signal
import socket
import statistics
import string
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPMessage, HTTPResponse
from itertools import cycle, product
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from components.registry import CHARTS
from sharing.preview import CARD, LEAD
from sharing.renderer import MOST_WAITING
from tests.load.test_gunicorn import PATIENCE, Server, eventually, gunicorn
from tests.unit.test_view_state import HOSTILE, hostile_query

pytestmark = pytest.mark.xdist_group("clock")
MANY = 2000
AT_ONCE = 12
LARGEST_ANSWER = 3_000_000  # bytes; six small caps, six coins and all their days are 1.3 million
# Megabytes of workers, renderer and Chrome together.
MOST_GROWTH = 300
MOST_LEAK = 100
ALPHABET = string.ascii_letters + string.digits

SCRIPT = "<script>alert(7)</script>"
MARKUP = [SCRIPT, "</title><svg/onload=alert(7)>", '"><img src=x onerror=alert(7)>', "]]>--><b>"]
FORMS = ["csv", "json", "png", "svg", "schema.json"]
TRICKS = [
    "%2e%2e", "..", "..%2f..%2fsettings", "%2e%2e%2f%2e%2e%2fapp.py", "....//", "//", "%2f%2f",
    "%00", "overlay%00", "overlay.csv%00", "%0d%0aX-Bad:%201", "%c0%ae%c0%ae", "%ff%fe", "%u002e",
    "%E2%80%AE", "%F0%9F%92%A5", "overlay%2ecsv", "overlay.csv", ".", "~", "*", "matrix;a=1", "%",
    "constructor", "__class__", "x" * 300, "%3Cscript%3Ealert(7)%3C/script%3E", "OVERLAY", "-",
    "C:%5Cwindows", "file:%2f%2f%2fetc%2fpasswd", "{{7*7}}", "card",
]  # fmt: skip
BAD_SIZES = [
    "width=1e9", "width=99999999999999999999", "width=-1200", "width=", "width=479", "width=2401",
    "height=0", "height=1601", "height=nan", "height=630.0", "height=%D9%A6%D9%A3%D9%A0",
    "scale=1e9", "scale=1000000000", "scale=0", "scale=4", "scale=inf", "scale=%C2%B2", "scale=2L",
    "width=0x500", "height=+630", "width=1_200", "width=2400&height=1600&scale=3",
    "width=%3Cscript%3Ealert(7)%3C/script%3E",
]  # fmt: skip
LONG_PARTS = [
    "s=RUT~IWN~IWM~VBR~MDY~IJR&c=BTC~ETH~SOL~XRP~ADA~LTC",
    "s=" + "RUT~" * 900,
    "ev=" + "~".join(f"20{year:02}-01-02" for year in range(10, 26)) * 2,
    "mark=" + "~".join(f"20{year}-01-02_{quote(MARKUP[year % 4])}" for year in range(10, 16)),
    "title=" + quote(SCRIPT) + "&note=" + quote(MARKUP[2]),
    "&".join(f"k{i}=1" for i in range(400)),
    "a[b][c][d]" * 60 + "=1",
    "w=60&" * 500,
]
HOSTS = [
    b"evil.example", b"evil.example:99999", b"127.0.0.1@evil.example", b"evil.example/path?a=b",
    b'"><script>alert(7)</script>', b"", b"[::1]:80", b"[::", b"a\tb", b"\xff\xfe", b"x" * 5000,
    b"localhost:8050, evil.example", b"..", b"%00", b"xn--80ak6aa92e.com",
]  # fmt: skip
OTHER_TYPES = [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
    "application/xml", "application/json; charset=utf-7", "application/json;charset=nope", "*/*",
    "application/json, text/html", "APPLICATION/JSON",
]  # fmt: skip
WRONG: list[Any] = [
    None, True, 7, -1, 1e308, 10**400, float("nan"), float("inf"), "", "x" * 9000, [], ["a"], {},
    {"a": {"b": ["c"]}}, [[[[]]]], "\ud800", "\x00", SCRIPT, "<b>" * 20, "/", "//evil.example",
]  # fmt: skip
RAW_BODIES = [
    b"", b"null", b"[]", b'"text"', b"7", b"{", b"{}", b"[" * 30_000, b'{"a":' * 10_000, b"\xff",
    b"\xef\xbb\xbf{}", '{"title": "é"}'.encode("utf-16"), b"\x00" * 1000, b'{"days": NaN}',
    b'{"days": 1e999}', b'{"days": ' + b"9" * 6000 + b"}", b'{"title": "\\ud800"}', b"a=b&c=d",
    b'{"page": "/", "page": ["/"]}', b"{" + b" " * 65_000 + b"}", b'"' + b"x" * 70_000 + b'"',
    b"<a/>", b'{"query": "' + b"s=RUT~" * 1000 + b'"}',
]  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """A request, byte by byte as it is sent."""

    target: bytes
    method: str = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    host: bytes = b"127.0.0.1"

    def written(self) -> bytes:
        lines = [
            f"{self.method} ".encode() + self.target + b" HTTP/1.1",
            b"Host: " + self.host,
            *(f"{name}: {value}".encode() for name, value in self.headers.items()),
            f"Content-Length: {len(self.body)}".encode(),
            b"Connection: close",
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes
    seconds: float

    @property
    def kind(self) -> str:
        return self.headers.get_content_type()


def ask(port: int, what: Ask | str) -> Answer:
    """The answer to a request, from an address of this machine that differs each time.

    So that the server does not take all of it for one client that asks too often.
    """
    what = Ask(what.encode()) if isinstance(what, str) else what
    began = time.perf_counter()
    with socket.socket() as line:
        line.settimeout(PATIENCE)
        with suppress(OSError):  # not every system has the whole of 127.0.0.0/8
            line.bind((f"127.{secrets.randbelow(200) + 10}.{secrets.randbelow(250)}.7", 0))
        line.connect(("127.0.0.1", port))
        with suppress(ConnectionError):  # answered before it was read to its end
            line.sendall(what.written())
        response = HTTPResponse(line, method=what.method)
        response.begin()
        body = response.read()
        return Answer(response.status, response.headers, body, time.perf_counter() - began)


def one_of(rng: random.Random, *makers: Callable[[random.Random], Ask]) -> Ask:
    return rng.choice(makers)(rng)


def query(rng: random.Random) -> str:
    raw = rng.choice([hostile_query(rng), rng.choice(LONG_PARTS)])
    # Mostly such that it gets past gunicorn.
    return quote(raw, safe=string.punctuation, errors="surrogatepass").replace("#", "%23")


def name(rng: random.Random) -> str:
    return rng.choice(TRICKS) if rng.random() < 0.4 else rng.choice([*CHARTS])


def id_(rng: random.Random) -> str:
    return "".join(rng.choices(ALPHABET, k=22))


def chart(rng: random.Random) -> Ask:
    """A file, or a picture that is not drawn."""
    card, form = name(rng), rng.choice(FORMS)
    asked = query(rng)
    if form in ("png", "svg"):
        asked = rng.choice([f"{rng.choice(BAD_SIZES)}&{asked}", f"frozen={id_(rng)}"])
    return Ask(f"/chart/{card}.{form}?{asked}".encode())


def frozen(rng: random.Random) -> Ask:
    place = rng.choice(
        ["/s/{}", "/chart/overlay.csv?frozen={}", "/?frozen={}", "/s/{}?w=60&frozen=x"]
    )
    named = rng.choice(
        [id_(rng), id_(rng), rng.choice(TRICKS), quote(rng.choice(MARKUP)), "a" * 2000]
    )
    return Ask(place.format(named).encode())


def embed(rng: random.Random) -> Ask:
    card = rng.choice([name(rng), rng.choice(TRICKS)])
    return Ask(f"/embed/{card}?{query(rng)}".encode())


def preview(rng: random.Random) -> Ask:
    """One whose picture there is not: the card that stands for it is sent."""
    place = rng.choice(
        [f"{rng.choice(TRICKS)}.png?{query(rng)}", f"{name(rng)}.png?frozen={id_(rng)}"]
    )
    return Ask(f"/preview/{place}".encode())


def oembed(rng: random.Random) -> Ask:
    url = rng.choice(
        [
            *HOSTILE, *TRICKS, *MARKUP, "", "http://[", "//", "javascript:alert(7)", "http://a@b:c/",
            f"/s/{id_(rng)}", "/s/" + "a" * 22 + "/../..", f"/embed/{name(rng)}?{query(rng)}",
            f"http://evil.example/?{query(rng)}", f"{rng.choice([*LEAD])}?{query(rng)}",
        ]
    )  # fmt: skip
    most = rng.choice(["", "1", "0", "-5", "9" * 400, "1e9", "%D9%A6%D9%A3", "320"])
    url = quote(url, errors="surrogatepass")
    return Ask(f"/oembed?url={url}&maxwidth={most}&maxheight={most}".encode())


def share(rng: random.Random) -> Ask:
    page = rng.choice([*LEAD, *TRICKS, *map(quote, MARKUP)])
    return Ask(f"/share?{rng.choice([f'page={page}&', ''])}{query(rng)}".encode())


def make(rng: random.Random) -> Ask:
    """Freeze something: of a wrong type, in a wrong format, or with mischief in its words."""
    body: dict[str, Any] = {"page": "/", "query": "w=60", "title": rng.choice(MARKUP), "days": 1}
    for key in rng.sample(["page", "query", "title", "note", "days", "version", "x"], 2):
        body[key] = rng.choice(WRONG)
    written = rng.choice([json.dumps(body).encode(), rng.choice(RAW_BODIES)])
    mime = rng.choice(["application/json"] * 4 + OTHER_TYPES)
    return Ask(b"/s", "POST", written, {"Content-Type": mime} if mime else {})


def delete(rng: random.Random) -> Ask:
    secret = rng.choice(["", "Bearer ", f"Bearer {id_(rng)}", "Bearer é", "Basic eDp4", "x" * 4000])
    headers = {"Authorization": secret} if secret else {}
    return Ask(f"/s/{rng.choice([id_(rng), rng.choice(TRICKS)])}".encode(), "DELETE", b"", headers)


def host(rng: random.Random) -> Ask:
    target = rng.choice(
        [b"/", b"/share", b"/chart/matrix.json", b"/oembed?url=/", b"/embed/matrix"]
    )
    headers = rng.choice(
        [{}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": 'host="<script>alert(7)"'}]
    )
    return Ask(target, headers=headers, host=rng.choice(HOSTS))


def raw(rng: random.Random) -> Ask:
    """What no client sends by itself."""
    target = rng.choice(
        [
            b"//chart//overlay.csv", b"//evil.example/%2e%2e", b"/chart/../chart/matrix.csv",
            b"/./chart/%2e%2e/app.py", b"http://evil.example/chart/matrix.csv", b"*", b"chart",
            b"/chart/overlay.csv?\xff\xfe=\x80", "/chart/ovérlay.csv?s=💥".encode(), b"/chart/\x00",
            b"/chart/overlay.csv?" + b"a" * 9000, b"/s/" + "日本".encode(), b"/chart/a b.csv",
            b"/assets/..%2fapp.py", b"/assets/%2e%2e/settings.py", b"/breakouts.xml/../s",
        ]
    )  # fmt: skip
    return Ask(target, rng.choice(["GET", "GET", "GET", "HEAD", "PUT", "TRACE", "OPTIONS", "BREW"]))


MAKERS = [
    chart,
    chart,
    chart,
    frozen,
    embed,
    preview,
    oembed,
    oembed,
    share,
    make,
    delete,
    host,
    raw,
]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """gunicorn with a store of its own in a folder."""
    store = f"--env=BELLWETHER_DATABASE_URL=sqlite:///{folder}/store.db"
    with gunicorn(folder, store, *options) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose workers have computed what takes long, and that has drawn a picture."""
    with serving(tmp_path_factory.mktemp("abuse")) as running:
        eventually(lambda: is_warm(running))
        assert ask(running.port, "/chart/matrix.png").status == 200
        yield running


def is_warm(server: Server) -> bool:
    """Whether each worker has every chart ready."""
    begun = len(answerers(server))
    cards = [card for card, chart in CHARTS.items() for _ in range(12 if chart.is_slow else 2)]
    answers = together(server, [f"/chart/{card}.csv" for card in cards])
    return {one.status for one in answers} == {200} and len(set(answerers(server)[begun:])) == 2


def answerers(server: Server) -> list[str]:
    """The worker that answered, request by request."""
    return server.access_log.read_text().split()


def together(server: Server, asks: Sequence[Ask | str], at_once: int = AT_ONCE) -> list[Answer]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda one: ask(server.port, one), asks))


def test_two_thousand_hostile_requests_do_no_harm(server: Server) -> None:
    rng = random.Random(20270105)
    asks = [one_of(rng, *MAKERS) for _ in range(MANY)]
    before = {path: ask(server.port, path).body for path in WHOLE}
    memory = [megabytes(server)]
    with ThreadPoolExecutor(2) as painters:  # pictures, fewer at a time than may wait
        pictures = [painters.submit(ask, server.port, path) for path in hostile_pictures()]
        answers = together(server, asks[: MANY // 2])
    memory.append(megabytes(server))
    answers += together(server, asks[MANY // 2 :])
    memory.append(megabytes(server))
    for asked, answer in zip(asks, answers, strict=True):
        check(answer, asked)
    for drawn in map(Future.result, pictures):
        check(drawn, "a picture")
        assert drawn.status == 200
        assert drawn.kind in ("image/png", "image/svg+xml")
        if drawn.kind == "image/svg+xml":
            check_svg(drawn.body)
    statuses = Counter(answer.status for answer in answers)
    # Much of it was understood and answered, not only turned away.
    assert statuses[200] > MANY / 5
    assert {200, 201, 400, 404, 405, 413, 415} <= set(statuses)
    # At first workers take apart what they shared since they were forked, and fill their caches.
    assert memory[1] - memory[0] < MOST_GROWTH, memory
    assert memory[2] - memory[1] < MOST_LEAK, memory
    assert {path: ask(server.port, path).body for path in WHOLE} == before
    assert server.process.poll() is None


def hostile_pictures() -> list[str]:
    """One of every chart with mischief in its words, at the bounds of the sizes."""
    sizes = ["width=480&height=320&scale=1", "", "width=2400&height=1600&scale=1"]
    words = [f"title={quote(text)}&mark=2020-03-23_{quote(text[:40])}" for text in MARKUP]
    views = zip(CHARTS, product(words, sizes), cycle(["svg", "svg", "png"]), strict=False)
    return [f"/chart/{card}.{form}?{size}&{text}" for card, (text, size), form in views]


WHOLE = ["/chart/overlay.csv", "/chart/matrix.json?w=60", "/chart/claims.csv", "/chart/matrix.png"]


def check(answer: Answer, asked: object) -> None:
    """That an answer to mischief is one that may be given."""
    assert answer.status < 500, asked
    assert len(answer.body) < LARGEST_ANSWER, asked
    if answer.status == 429:
        assert int(answer.headers["Retry-After"]) > 0, asked
    if answer.kind in ("text/html", "image/svg+xml"):
        text = answer.body.lower()
        assert b"<script>alert" not in text, asked
        assert b"<img src=x" not in text, asked
        assert b"<svg/onload" not in text, asked
    assert answer.headers["X-Bad"] is None, asked
    assert answer.headers["Set-Cookie"] is None, asked
    # What gunicorn turns away by itself has no such header, and is HTML without an echo.
    if "X-Content-Type-Options" not in answer.headers:
        assert 400 <= answer.status < 500, asked
        assert b"alert" not in answer.body, asked


def check_svg(svg: bytes) -> None:
    """That nothing in a picture runs or leads anywhere."""
    for element in ET.fromstring(svg).iter():
        assert element.tag.rpartition("}")[2] not in ("script", "foreignObject", "iframe", "a")
        assert not any(name.rpartition("}")[2].startswith("on") for name in element.attrib)
        assert not any("javascript:" in value for value in element.attrib.values())


def test_ids_of_frozen_links_cannot_be_found_by_trying(server: Server) -> None:
    def freeze() -> dict[str, str]:
        body = json.dumps({"title": SCRIPT, "note": MARKUP[2]}).encode()
        made = ask(server.port, Ask(b"/s", "POST", body, {"Content-Type": "application/json"}))
        assert made.status == 201
        return json.loads(made.body)

    kept, gone = freeze(), freeze()
    authorization = {"Authorization": f"Bearer {gone['secret']}"}
    thaw = Ask(f"/s/{gone['id']}".encode(), "DELETE", headers=authorization)
    assert [ask(server.port, thaw).status for _ in range(2)] == [200, 404]
    rng = random.Random(22)
    kinds = {
        "random": [id_(rng) for _ in range(60)],
        "all but one character": [kept["id"][:-1] + one for one in ALPHABET],
        "deleted": [gone["id"]] * 60,
    }
    for place in ("/s/{}", "/chart/matrix.csv?frozen={}"):
        # In turns, so that whatever else the machine does slows all of them.
        times = {kind: [] for kind in kinds}
        for ids in zip(*kinds.values(), strict=False):
            for kind, one in zip(kinds, ids, strict=True):
                if one != kept["id"]:
                    answer = ask(server.port, place.format(one))
                    assert answer.status == 404
                    times[kind].append(answer.seconds)
        medians = [statistics.median(some) for some in times.values()]
        assert max(medians) < 1.5 * min(medians) + 0.002
    for malformed in [*TRICKS, "a" * 21, "a" * 23, "é" * 22, "-" * 22, "%20" * 22]:
        assert ask(server.port, f"/s/{quote(malformed, safe='%')}").status != 200, malformed
    page = ask(server.port, f"/s/{kept['id']}")
    assert page.status == 200
    check(page, "the frozen link itself")


def test_when_many_pictures_wait_others_are_told_and_pages_answer(server: Server) -> None:
    asks = [f"/chart/overlay.png?w={window}" for window in range(200, 220)]
    with ThreadPoolExecutor(len(asks)) as pool, stopped(chrome(server)) as go_on:
        pictures = [pool.submit(ask, server.port, path) for path in asks]
        # While those that may wait do, whoever else comes is answered, whichever worker it is.
        time.sleep(2)
        assert sum(not one.done() for one in pictures) <= MOST_WAITING + 1
        pages = together(server, ["/healthz"] * 40)
        assert {one.status for one in pages} == {200}
        assert max(one.seconds for one in pages) < 1
        go_on()
        answers = [one.result() for one in pictures]
    statuses = Counter(one.status for one in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] > 2
    for refused in (one for one in answers if one.status == 429):
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert "Try again" in refused.body.decode()
    assert ask(server.port, asks[-1]).status == 200


def test_without_a_browser_only_pictures_are_missing(tmp_path: Path) -> None:
    with serving(tmp_path, "--env=BROWSER_PATH=/nowhere/chrome") as server:
        for form in ("png", "svg"):
            picture = ask(server.port, f"/chart/overlay.{form}")
            assert (picture.status, picture.kind) == (501, "text/plain")
            assert picture.body.decode().startswith("Pictures need Chrome or Chromium")
        preview = ask(server.port, "/preview/overlay.png?w=60")
        assert (preview.status, preview.kind) == (200, "image/png")
        assert preview.body == CARD.read_bytes()
        unharmed = [
            "/",
            "/evidence",
            "/lead-lag",
            "/claims",
            "/chart/overlay.csv",
            "/share",
            "/embed/matrix",
        ]
        assert {one.status for one in together(server, unharmed)} == {200}
        assert "sharing.renderer" not in "".join(family(server).values())


def family(server: Server) -> dict[int, str]:
    """Ids and commands of the server's processes: workers, renderer and Chrome."""
    listed = subprocess.run(
        ["ps", "-ewwo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=3) for line in listed.stdout.splitlines()]
    found: dict[int, str] = {server.process.pid: ""}
    grown = True
    while grown:
        grown = False
        for pid, parent, state, command in rows:
            if int(parent) in found and int(pid) not in found and state[0] != "Z":
                found[int(pid)] = command
                grown = True
    return found


def megabytes(server: Server) -> float:
    """Memory of the server's processes; what workers share counts once, where the system says so.

    The files of programs do not count: who else runs them comes and goes.
    """
    return sum(map(_megabytes, family(server)))


def _megabytes(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if rollup.exists():
        kibibytes = re.findall(r"^Pss_(?:Anon|Shmem): +(\d+)", rollup.read_text(), re.MULTILINE)
    else:
        kibibytes = [subprocess.check_output(["ps", "-o", "rss=", "-p", str(pid)])]
    return sum(map(int, kibibytes)) * 1024 / 1e6


def chrome(server: Server) -> list[int]:
    return [pid for pid, command in family(server).items() if "--user-data-dir" in command]


@contextmanager
def stopped(processes: list[int]) -> Iterator[Callable[[], None]]:
    """Processes that stand still, until it is called or the block ends."""

    def go_on() -> None:
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield go_on
    finally:
        go_on()
