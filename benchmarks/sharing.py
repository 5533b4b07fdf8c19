"""What a link is besides a page: files, pictures and the HTML that previews read, over HTTP."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory

import kaleido
import pandas as pd

from benchmarks.report import Row, pair, percentiles
from benchmarks.serving import running, serve_naive
from components.chart import values
from components.plotting import Figure
from components.registry import CHARTS
from data_sources.market import Market, open_market
from settings import Settings
from sharing.exports import asked
from sharing.picture import SIZES, picture
from sharing.pictures import Pictures
from sharing.view import inputs, opened
from tests.load.test_gunicorn import gunicorn

ROUNDS = 20
PICTURE_ROUNDS = 3
LARGEST = ("overlay", "rolling-correlation")  # of all files
SIZE = {name: default for name, (_, _, default) in SIZES.items()}
OPTIONS = {"format": "png", **SIZE}
LONGEST_WAIT = 60

_windows = count(30)


def rows() -> list[Row]:
    market = open_market(Settings(data="sample"))
    closes = pd.DataFrame(
        {id_: market.series([id_], "utc")[id_].frame["close"] for id_ in ("RUT", "BTC")}
    ).dropna()
    with _served() as port, running(serve_naive, closes) as naive:
        server, baseline = Client(port), Client(naive)
        for card in CHARTS:
            server.warm(f"/chart/{card}.csv")
        return [*_files(server, market), *_pages(server, baseline), *_pictures(server, market)]


class Client:
    """Asks a server on this machine, with a new connection each time, as curl does."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(
        self, path: str, body: str | None = None, status: int = 200, **headers: str
    ) -> tuple[float, HTTPResponse]:
        """Milliseconds until the whole answer is there, and the answer."""
        start = time.perf_counter()
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=LONGEST_WAIT)) as connection:
            method = "GET" if body is None else "POST"
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            answer.read()
        took = _milliseconds_since(start)
        if answer.status != status:
            raise RuntimeError(f"{path}: {answer.status}")
        return took, answer

    def time(self, path: str) -> float:
        return self.ask(path)[0]

    def warm(self, path: str) -> None:
        """Ask until what is computed on a thread is there."""
        deadline = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < deadline:
            try:
                self.ask(path)
            except RuntimeError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"{path} is never ready")


@contextmanager
def _served() -> Iterator[int]:
    """gunicorn as configured, but for one worker: each remembers for itself."""
    with TemporaryDirectory() as folder:
        store = f"--env=BELLWETHER_DATABASE_URL=sqlite:///{folder}/store.db"
        with gunicorn(Path(folder), "--workers=1", store) as server:
            yield server.port


def _files(server: Client, market: Market) -> list[Row]:
    """Files of views whose charts are on a reader's screen already, and their 304s."""
    tables = {card: _table(card, market) for card in CHARTS}
    made = [
        row
        for form, write in (("csv", _csv), ("json", _json))
        for row in _file_rows(server, form, tables, write)
    ]
    path = f"/chart/{LARGEST[0]}.csv"
    tag = server.ask(path)[1].headers["ETag"]
    unchanged, full = [], []
    for _ in range(5 * ROUNDS):
        unchanged.append(server.ask(path, status=304, **{"If-None-Match": tag})[0])
        full.append(server.time(path))
    return [*made, _row(f"304 (all of the CSV, {LARGEST[0]})", unchanged, full, target=3)]


def _file_rows(
    server: Client,
    form: str,
    tables: Mapping[str, pd.DataFrame],
    write: Callable[[pd.DataFrame], str],
) -> list[Row]:
    ours, theirs = defaultdict(list), defaultdict(list)
    for card in [*tables] * ROUNDS:
        ours[card].append(server.time(f"/chart/{card}.{form}"))
        theirs[card].append(_milliseconds(partial(write, tables[card])))
    what = f"{form.upper()} of a warm view, {len(tables)} charts (pandas: writing it only)"
    both = ([*chain.from_iterable(times.values())] for times in (ours, theirs))
    return [
        _row(what, *both, target=30),
        *(_row(f"of them, {card}", ours[card], theirs[card], target=30) for card in LARGEST),
    ]


def _pages(server: Client, baseline: Client) -> list[Row]:
    """The workbench with its tags, which is all that a preview needs besides the picture."""
    warm, new, naive_warm, naive_new = [], [], [], []
    server.ask("/?w=90")
    for _ in range(2 * ROUNDS):
        window = next(_windows)
        new.append(server.time(f"/?w={window}"))
        naive_new.append(baseline.ask("/_dash-update-component", _moved(window))[0])
        warm.append(server.time("/?w=90"))
        naive_warm.append(baseline.ask("/_dash-update-component", _moved(90))[0])
    return [
        _row("preview HTML of a warm view (naive: a figure)", warm, naive_warm, target=40),
        _row("the same, another window each time", new, naive_new, target=40),
    ]


def _moved(window: int) -> str:
    """What the naive page sends when its slider is moved."""
    return (
        '{"output": "correlation.figure", "outputs": {"id": "correlation", "property": "figure"}, '
        f'"inputs": [{{"id": "window", "property": "value", "value": {window}}}], '
        '"changedPropIds": ["window.value"]}'
    )


def _pictures(server: Client, market: Market) -> list[Row]:
    """Pictures of every chart: of views not drawn before, and again; and with no Chrome running."""
    server.ask("/chart/overlay.png")  # starts what draws
    first, again, previews, alone, started = [], [], [], [], []
    for _ in range(PICTURE_ROUNDS):
        for card in CHARTS:
            path = f"/chart/{card}.png?w={next(_windows)}"
            first.append(server.time(path))
            again.extend(server.time(path) for _ in range(5))
            previews.append(server.time(f"/preview/{card}.png?w={next(_windows)}"))
        figure = _figure("overlay", market)
        alone.append(_milliseconds(partial(kaleido.calc_fig_sync, figure, OPTIONS)))
        started.append(_started(figure))
    return [
        _row("first picture of a view (kaleido started for it)", first, alone, target=1000),
        _row("first preview picture (likewise)", previews, alone, target=1000),
        _row("a picture again (the first time)", again, first, target=5),
        _row("a picture where Chrome has to start (kaleido likewise)", started, alone),
    ]


def _started(figure: Figure) -> float:
    """Milliseconds until a picture is there that nothing ran for before."""
    start = time.perf_counter()
    with closing(Pictures(timeout=LONGEST_WAIT)) as pictures:
        pictures.draw("first", lambda: figure, format="png", **SIZE)
        return _milliseconds_since(start)


def _figure(card: str, market: Market) -> Figure:
    ask = asked(card, "", market)
    return picture(ask, width=SIZE["width"], height=SIZE["height"])


def _table(card: str, market: Market) -> pd.DataFrame:
    """The table of a chart; of one that is computed on a thread when it is there."""
    chart, state = CHARTS[card], opened("", market).state
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        found, _, _ = values(chart, inputs(chart, state, market), state)
        if found:
            return found.table
    raise RuntimeError(f"{card} is never ready")


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv()


def _json(table: pd.DataFrame) -> str:
    return table.to_json(orient="split", date_format="iso")


def _row(
    what: str, ours: Sequence[float], theirs: Sequence[float], target: float | None = None
) -> Row:
    p50, p95 = percentiles(ours)
    ratio = percentiles(theirs)[0] / p50
    return Row(
        what=what,
        ours=pair(ours, "ms"),
        baseline=pair(theirs, "ms"),
        ratio=f"{ratio:.1f}×" if ratio >= 1 else f"{ratio:.2f}×",
        target="–" if target is None else f"p95 < {target:,.0f} ms",
        met=None if target is None else p95 < target,
    )


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return _milliseconds_since(start)


def _milliseconds_since(start: float) -> float:
    return 1000 * (time.perf_counter() - start)
