"""Everything the server does for one view: query in, the answers of a page's charts out."""

import sys
from collections.abc import Callable
from itertools import product
from time import perf_counter
from typing import Any

from brotli import compress
from plotly.io.json import to_json_plotly

from benchmarks import naive
from benchmarks.prices import SESSIONS, PriceFolder, closes
from benchmarks.report import Row, pair, percentiles
from components.chart import Rendered, render
from components.registry import CHARTS
from data_sources.market import Market, open_market
from settings import Settings
from sharing.view import inputs, opened
from view_state import parse

QUERIES = [
    f"v=1&scale={scale}&w={window}"
    for window, scale in product((30, 60, 90, 180, 250), ("rebased", "z", "drawdown", "price"))
]
ROUNDS = 3
MOST_MS = 40
MOST_BYTES = 60_000  # of a figure as it is sent


def rows() -> list[Row]:
    prices = closes()
    with PriceFolder() as folder:
        market = open_market(Settings(data="files", files=folder))
        ours, theirs = [], []
        for query in QUERIES * ROUNDS:
            ours.append(_first_milliseconds(market, query, "/"))
            window = parse(query)[0].window
            theirs.append(_milliseconds(lambda window=window: _naive_answer(prices, window)))
        others = {
            page: [_first_milliseconds(market, query, page) for query in QUERIES[::2]]
            for page in ("/evidence", "/lead-lag")
        }
        figures = {
            name: _kilobytes(one.figure)
            for page in ("/", *others)
            for name, one in rendered(market, "", page).items()
            if CHARTS[name].figure
        }
    (p50, p95), naive_p50 = percentiles(ours), percentiles(theirs)[0]
    naive_figure = _kilobytes(naive.figure(prices, 90))
    return [
        Row(
            what=f"whole view, {SESSIONS:,} sessions × 2 (naive: correlation only)",
            ours=pair(ours, "ms"),
            baseline=pair(theirs, "ms"),
            ratio=f"{naive_p50 / p50:.1f}×",
            target=f"p95 < {MOST_MS} ms",
            met=p95 < MOST_MS,
        ),
        *(
            Row(f"the same of {page}", pair(times, "ms"), "–", "–", "–", None)
            for page, times in others.items()
        ),
        *(
            Row(
                what=f"{name} figure (naive: correlation)",
                ours=f"{size:.0f} kB",
                baseline=f"{naive_figure:.0f} kB",
                ratio=f"{naive_figure / size:.1f}×",
                target=f"< {MOST_BYTES // 1000} kB",
                met=size < MOST_BYTES / 1000,
            )
            for name, size in figures.items()
        ),
    ]


def rendered(market: Market, query: str, page: str) -> dict[str, Rendered]:
    """Every chart of a page for a query."""
    state = opened(query, market).state
    return {
        name: render(chart, inputs(chart, state, market), state)
        for name, chart in CHARTS.items()
        if chart.page == page
    }


def answers(market: Market, query: str, page: str) -> list[str]:
    """The charts' answers as the callbacks send them."""
    return [
        to_json_plotly([one.figure, one.finding, one.message, one.source, one.details])
        for one in rendered(market, query, page).values()
    ]


def _first_milliseconds(market: Market, query: str, page: str) -> float:
    """As if the view were the first to ask."""
    for name, module in sys.modules.items():
        if name.startswith("components."):
            for thing in vars(module).values():
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()
    return _milliseconds(lambda: answers(market, query, page))


def _naive_answer(prices: Any, window: int) -> str:
    return to_json_plotly(naive.figure(prices, window))


def _milliseconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return 1000 * (perf_counter() - start)


def _kilobytes(figure: Any) -> float:
    """Size of a figure as it is sent."""
    return len(compress(to_json_plotly(figure).encode(), quality=4)) / 1000
