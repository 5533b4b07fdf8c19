"""``/lead-lag``: who leads, and how sure anyone can be."""

from typing import Any

from dash import html

from components import controls
from components.card import card
from components.chart import render
from components.registry import CHARTS
from data_sources.market import Market
from sharing.view import available, inputs
from view_state import ViewState

PATH = "/lead-lag"


def content(state: ViewState, market: Market) -> list[Any]:
    """Everything below the top bar."""
    by_lag, by_time, granger = (
        (CHARTS[i], render(CHARTS[i], inputs(CHARTS[i], state, market), state))
        for i in ("lead-lag", "lead-lag-map", "granger")
    )
    return [
        html.Section(
            [
                *controls.instruments(market.instruments, state),
                controls.span(state),
                *_era(state, market),
            ],
            className="controls",
            **{"aria-label": "Controls"},
        ),
        html.Div(
            [
                # Room for a second panel where a coin may have one.
                card(*by_lag, height=480 if market.new_york else 340),
                card(*by_time, height=380, controls=controls.window(state)),
                card(*granger),
            ],
            className="cards lead-lag",
        ),
    ]


def _era(state: ViewState, market: Market) -> list[html.Div]:
    """The slider over all that any small cap shares with any coin, so that it suits every pair."""
    there = available(market)
    kinds = [market.series(there[kind], "utc").values() for kind in ("small_caps", "coins")]
    if not all(kinds):
        return []
    first = max(min(one.close.index[0] for one in kind) for kind in kinds)
    last = max(one.as_of for kind in kinds for one in kind)
    return [controls.era(state, first, last)]
